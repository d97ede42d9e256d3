//! The real sd-provision with the real gpg, as a companion that is whoever runs the test.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const ADA: &str = "Ada Example <ada@example.org>";
const PHRASE: &str = "cänary 100% right";

/// A companion's GnuPG home, and the desktop's.
struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        for home in ["companion", "desktop"] {
            fs::create_dir(stage.at(home)).unwrap();
            fs::set_permissions(stage.at(home), fs::Permissions::from_mode(0o700)).unwrap();
        }
        // As provisioning writes it: no passphrase comes but by the pinentry.
        fs::write(stage.at("companion/gpg-agent.conf"), "no-allow-loopback-pinentry\n").unwrap();
        stage
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn key(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sd-provision"));
        self.companion(&mut program).arg("key").args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// What it says, when it succeeds.
    fn says(&self, arguments: &[&str]) -> String {
        let done = self.key(arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Its exit status and what it says, when it fails.
    fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let done = self.key(arguments);
        assert!(!done.status.success(), "{arguments:?}: {done:?}");
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    }

    fn companion<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", self.0.path())
            .env("GNUPGHOME", self.at("companion"))
    }

    fn gpg(&self, home: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut gpg = Command::new("gpg");
        gpg.env("LC_ALL", "C.UTF-8").arg("--homedir").arg(self.at(home)).args(["--batch", "--quiet"]);
        let mut gpg = gpg
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        gpg.stdin.take().unwrap().write_all(input).unwrap();
        let done = gpg.wait_with_output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        done.stdout
    }

    /// A secret key of the desktop's with a passphrase, in a file; its fingerprint.
    fn secret_of_desktop(&self, file: &str) -> String {
        let loopback = ["--pinentry-mode", "loopback", "--passphrase-fd", "0"];
        let with = |more: &[&str]| {
            self.gpg("desktop", &[&loopback[..], more].concat(), format!("{PHRASE}\n").as_bytes())
        };
        with(&["--quick-gen-key", ADA, "ed25519", "sign", "never"]);
        let secret = with(&["--armor", "--export-secret-keys"]);
        fs::write(self.at(file), secret).unwrap();
        let listed = String::from_utf8(self.gpg("desktop", &["--with-colons", "-K"], b"")).unwrap();
        let print = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
        print.trim_end_matches(':').to_owned()
    }

    fn kept(&self) -> String {
        fs::read_to_string(self.at("companion/secrets-dispatcher/trusted_key")).unwrap_or_default()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for home in ["companion", "desktop"] {
            let end =
                Command::new("gpgconf").arg("--homedir").arg(self.at(home)).args(["--kill", "all"]).status();
            assert!(end.is_ok());
        }
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn an_imported_key_keeps_its_passphrase_and_is_the_one_that_signs() {
    let stage = Stage::new();
    let file = stage.at("secret.asc");
    let key = stage.secret_of_desktop("secret.asc");
    let said = stage.says(&["import", path(&file)]);
    assert!(said.contains(&key) && said.contains(ADA), "{said}");
    assert!(said.contains("still holds the secret key"), "{said}");
    assert!(stage.kept().contains(&key), "{}", stage.kept());
    assert_eq!(stage.says(&["signing"]).trim(), key);
    let listed = stage.says(&["list"]);
    assert!(listed.contains("secret part here; signs"), "{listed}");
    // gpg-agent has it protected: `P` and not `C`.
    let mut ask = Command::new("gpg-connect-agent");
    let told = stage.companion(&mut ask).args(["keyinfo --list", "/bye"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains(" P ") && !told.contains(" C "), "{told}");
    assert!(stage.says(&["import", path(&file)]).contains("signs from now on"), "twice is no matter");
}

#[test]
fn a_key_whose_primary_part_stays_elsewhere_is_taken_by_its_subkey() {
    let stage = Stage::new();
    let with = |more: &[&str]| {
        stage.gpg("desktop", &[&["--passphrase", "", "--pinentry-mode", "loopback"], more].concat(), b"")
    };
    with(&["--quick-gen-key", ADA, "ed25519", "cert", "never"]);
    let listed = String::from_utf8(with(&["--with-colons", "-K"])).unwrap();
    let key = listed
        .lines()
        .find_map(|line| line.strip_prefix("fpr:::::::::"))
        .unwrap()
        .trim_end_matches(':')
        .to_owned();
    with(&["--quick-add-key", &key, "ed25519", "sign", "never"]);
    fs::write(stage.at("sub.asc"), with(&["--armor", "--export-secret-subkeys", &key])).unwrap();
    stage.says(&["import", path(&stage.at("sub.asc"))]);
    assert_eq!(stage.says(&["signing"]).trim(), key);
    assert!(!stage.gpg("companion", &["--detach-sign"], b"payload").is_empty());
}

#[test]
fn without_gpg_agent_an_import_says_so_and_can_be_repeated() {
    let stage = Stage::new();
    let key = stage.secret_of_desktop("secret.asc");
    // As provisioning writes it: only the companion's user manager starts an agent.
    fs::write(stage.at("companion/gpg.conf"), "no-autostart\n").unwrap();
    let (status, why) = stage.fails(&["import", path(&stage.at("secret.asc"))]);
    assert!(status == 69 && why.contains("gpg-agent"), "{status} {why}");
    assert_eq!(stage.kept(), "");
    fs::remove_file(stage.at("companion/gpg.conf")).unwrap();
    stage.says(&["import", path(&stage.at("secret.asc"))]);
    assert!(stage.kept().contains(&key));
}

#[test]
fn a_second_key_signs_only_when_a_person_says_so() {
    let stage = Stage::new();
    stage.says(&["generate", "--no-passphrase", "--name", "First"]);
    let first = stage.says(&["signing"]).trim().to_owned();
    let second = stage.secret_of_desktop("secret.asc");
    let said = stage.says(&["import", path(&stage.at("secret.asc"))]);
    assert!(said.contains("it does not sign") && said.contains(&format!("key trust {second}")), "{said}");
    assert_eq!(stage.says(&["signing"]).trim(), first);
    let said = stage.says(&["trust", &second.to_lowercase()]);
    assert!(said.contains(&first) && said.contains(&second), "{said}");
    assert_eq!(stage.says(&["signing"]).trim(), second);
    stage.says(&["generate", "--no-passphrase", "--name", "Third", "--replace"]);
    assert_ne!(stage.says(&["signing"]).trim(), second);
    let (status, why) = stage.fails(&["trust", &"A".repeat(40)]);
    assert!(status == 65 && why.contains("no key"), "{status} {why}");
}

#[test]
fn a_file_that_holds_no_one_secret_key_is_refused_and_nothing_is_taken() {
    let stage = Stage::new();
    stage.secret_of_desktop("secret.asc");
    let public = stage.gpg("desktop", &["--armor", "--export"], b"");
    fs::write(stage.at("public.asc"), &public).unwrap();
    let secret = fs::read(stage.at("secret.asc")).unwrap();
    stage.gpg("desktop", &["--passphrase", "", "--quick-gen-key", "Eve", "ed25519", "sign", "never"], b"");
    let eve = stage.gpg("desktop", &["--armor", "--export", "Eve"], b"");
    fs::write(stage.at("two.asc"), [&secret[..], &eve].concat()).unwrap();
    fs::write(stage.at("none.asc"), "what is this\n").unwrap();
    fs::write(stage.at("empty.asc"), "").unwrap();
    fs::write(stage.at("long.asc"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    for (file, said) in [
        ("public.asc", "no secret key"),
        ("two.asc", "2 keys"),
        ("none.asc", "no"),
        ("empty.asc", "no"),
        ("long.asc", "longer than"),
        ("missing.asc", "cannot be read"),
    ] {
        let (status, why) = stage.fails(&["import", path(&stage.at(file))]);
        assert!(status == 65 && why.contains(said), "{file}: {status} {why}");
    }
    assert!(stage.says(&["list"]).contains("has no key"));
    assert_eq!(stage.kept(), "");
}

#[test]
fn the_published_key_verifies_in_the_desktops_keyring() {
    let stage = Stage::new();
    stage.says(&["generate", "--no-passphrase", "--name", "Ada Example", "--email", "ada@example.org"]);
    let desktop = stage.at("desktop");
    let verify = |signature: &[u8]| {
        fs::write(stage.at("signature"), signature).unwrap();
        let signature = stage.at("signature");
        let arguments = ["--status-fd", "1", "--verify", path(&signature), "-"];
        String::from_utf8(stage.gpg("desktop", &arguments, b"payload")).unwrap()
    };
    stage.says(&["publish-to-desktop", "--home", path(&desktop)]);
    let signature = stage.gpg("companion", &["--armor", "--detach-sign"], b"payload");
    assert!(verify(&signature).contains("GOODSIG") && !verify(&signature).contains("TRUST_ULTIMATE"));
    let said = stage.says(&["publish-to-desktop", "--home", path(&desktop), "--trust"]);
    assert!(said.contains("as the user's own"), "{said}");
    assert!(verify(&signature).contains("TRUST_ULTIMATE"));
    // Into a file, which must be new, and what it holds is public only.
    let file = stage.at("public.asc");
    stage.says(&["export-public", path(&file)]);
    assert!(fs::read_to_string(&file).unwrap().starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
    assert_eq!(stage.fails(&["export-public", path(&file)]).0, 64);
    let (status, why) = stage.fails(&["publish-to-desktop"]);
    assert!(status == 77 && why.contains("as root"), "{status} {why}");
    let (status, why) = stage.fails(&["publish-to-desktop", "--home", "/nonexistent"]);
    assert!(status == 69 && why.contains("refused"), "{status} {why}");
}

#[test]
fn a_new_passphrase_is_typed_twice_without_being_shown_and_protects_the_key() {
    let stage = Stage::new();
    let said = on_a_terminal(&stage, &[PHRASE, "something else"]);
    assert!(said.contains("the two passphrases differ"), "{said}");
    assert!(stage.says(&["list"]).contains("has no key"));
    let said = on_a_terminal(&stage, &[PHRASE, PHRASE]);
    assert!(said.contains("signs from now on") && !said.contains("100%"), "{said}");
    let protected = fs::read_dir(stage.at("companion/private-keys-v1.d")).unwrap().next().unwrap().unwrap();
    let protected = fs::read_to_string(protected.path()).unwrap();
    assert!(protected.contains("protected-private-key"), "{protected}");
    let left: Vec<_> =
        fs::read_dir(stage.at("companion")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("new.")), "{left:?}");
    // It is the right one: the agent of the companion would take it from a pinentry only, so that of the desktop does.
    for entry in fs::read_dir(stage.at("companion/private-keys-v1.d")).unwrap() {
        let entry = entry.unwrap();
        fs::create_dir_all(stage.at("desktop/private-keys-v1.d")).unwrap();
        fs::copy(entry.path(), stage.at("desktop/private-keys-v1.d").join(entry.file_name())).unwrap();
    }
    stage.says(&["publish-to-desktop", "--home", path(&stage.at("desktop"))]);
    fs::write(stage.at("payload"), "payload").unwrap();
    let payload = stage.at("payload");
    let loopback =
        ["--pinentry-mode", "loopback", "--passphrase-fd", "0", "--detach-sign", "-o", "-", path(&payload)];
    stage.gpg("desktop", &loopback, format!("{PHRASE}\n").as_bytes());
}

#[test]
fn without_a_terminal_no_key_is_made_unless_it_shall_have_no_passphrase() {
    let stage = Stage::new();
    let mut program = Command::new("setsid");
    let program = stage.companion(&mut program).arg("--wait").arg(env!("CARGO_BIN_EXE_sd-provision"));
    let done = program.args(["key", "generate", "--name", "Ada"]).stdin(Stdio::null()).output().unwrap();
    let why = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.code() == Some(69) && why.contains("--no-passphrase"), "{:?} {why}", done.status);
    assert_eq!(stage.fails(&["generate", "--no-passphrase"]).0, 64, "whose key?");
    assert_eq!(
        stage.fails(&["generate", "--name", "x", "--passphrase", "y"]).0,
        64,
        "there is no such option"
    );
}

#[test]
fn whose_keyring_is_meant_must_be_clear() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sd-provision"));
    let done = program.env_remove("GNUPGHOME").args(["key", "list"]).output().unwrap();
    assert_eq!(done.status.code(), Some(64), "{done:?}");
    let stage = Stage::new();
    if !nix::unistd::geteuid().is_root() {
        assert_eq!(stage.fails(&["--user", "ada", "list"]).0, 77);
    } else {
        assert_eq!(stage.fails(&["--user", "nobody at all", "list"]).0, 78);
    }
}

#[test]
fn an_expired_key_is_not_taken() {
    let stage = Stage::new();
    let loopback =
        ["--passphrase", "", "--pinentry-mode", "loopback", "--faked-system-time", "20200101T000000"];
    let with = |more: &[&str]| stage.gpg("desktop", &[&loopback[..], more].concat(), b"");
    with(&["--quick-gen-key", ADA, "ed25519", "sign", "seconds=10"]);
    fs::write(stage.at("old.asc"), with(&["--export-secret-keys"])).unwrap();
    let (status, why) = stage.fails(&["import", path(&stage.at("old.asc"))]);
    assert!(status == 65 && why.contains("expired"), "{status} {why}");
}

/// Makes a key on a terminal, typing these lines each at its prompt; what the terminal shows.
fn on_a_terminal(stage: &Stage, lines: &[&str]) -> String {
    let mut script = Command::new("script");
    let made =
        format!("{} key generate --name Ada --email ada@example.org", env!("CARGO_BIN_EXE_sd-provision"));
    let mut script = stage
        .companion(&mut script)
        .args(["--quiet", "--return", "--command", &made, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keyboard, mut screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let (mut shown, mut typed, mut part) = (Vec::new(), 0, [0; 256]);
    loop {
        let length = screen.read(&mut part).unwrap();
        if length == 0 {
            break;
        }
        shown.extend_from_slice(&part[..length]);
        let prompts = String::from_utf8_lossy(&shown).matches(": ").count();
        while typed < prompts.min(lines.len()) {
            writeln!(keyboard, "{}", lines[typed]).unwrap();
            typed += 1;
        }
    }
    drop(keyboard);
    script.wait().unwrap();
    String::from_utf8_lossy(&shown).into_owned()
}
