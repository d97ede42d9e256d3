//! Keys that are brought over, chosen, and published.

use std::fs;
use std::process::Command;

use crate::stage::{ADA, Stage, path};

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
