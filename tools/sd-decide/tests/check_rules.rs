//! `--check-rules` and `--rules` of the binary as it is installed, without a terminal or a socket.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sd_sys::identity::own_uid;
use sd_wire::line::Words;
use sd_wire::parties::Parties;
use tempfile::TempDir;

const VALID: &str =
    "version = 1\n\n[[rule]]\nname = \"bank\"\nlabel = \"Bank*\"\nprocess = \"firefox\"\ndeny = true\n";
const INVALID: &str = "version = 1\n\n[[rule]]\nname = \"bank\"\nlabel = \"Bank*\"\napprove = true\n";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        path
    }

    /// Everybody is this uid.
    fn parties(&self) -> PathBuf {
        let me = own_uid();
        self.file(
            "parties",
            Parties { desktop: me, gate: me, decide: me, companion: me, audit: Some(me) }.to_line().unwrap(),
        )
    }
}

fn decide() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sd-decide"));
    command.stdin(Stdio::null()).env_remove("CREDENTIALS_DIRECTORY").env_remove("LISTEN_FDS");
    command
}

fn check(file: &Path) -> Output {
    decide().arg("--check-rules").arg(file).output().unwrap()
}

fn start(folder: &Folder, more: impl FnOnce(&mut Command)) -> (i32, String) {
    let mut command = decide();
    command.args([
        "--fetch",
        "/nowhere/fetch.sock",
        "--sign",
        "/nowhere/sign.sock",
        "--audit",
        "/nowhere/audit.sock",
        "--parties",
    ]);
    command.arg(folder.parties());
    more(&mut command);
    let output = command.output().unwrap();
    (output.status.code().unwrap(), text(&output.stderr))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a start without a socket ends with, once the rules are in order.
const NO_SOCKET: i32 = 69;

#[test]
fn valid_rules_are_counted_and_said_in_words() {
    let folder = Folder::new();
    let file = folder.file("rules.toml", VALID);
    let output = check(&file);
    assert_eq!(output.status.code(), Some(0));
    let expected =
        format!("{}: 1 rule is valid\n3: bank: denies every ask of label Bank* by firefox\n", file.display());
    assert_eq!((text(&output.stdout), text(&output.stderr)), (expected, String::new()));
    let empty = check(&folder.file("empty.toml", ""));
    assert!(empty.status.success() && text(&empty.stdout).ends_with("empty.toml: 0 rules are valid\n"));
}

#[test]
fn invalid_rules_are_told_by_file_line_and_column() {
    let folder = Folder::new();
    let file = folder.file("rules.toml", INVALID);
    let output = check(&file);
    assert_eq!(output.status.code(), Some(78));
    assert!(output.stdout.is_empty());
    let said = text(&output.stderr);
    assert!(said.starts_with(&format!("{}:6:1: unknown word `approve`: ", file.display())), "{said}");
    assert_eq!(said.lines().count(), 1);
    let bytes = check(&folder.file("bytes.toml", b"# a\n#\xc3\xa9 \xff"));
    assert!(text(&bytes.stderr).ends_with("bytes.toml:2:4: not UTF-8\n"), "{bytes:?}");
}

#[test]
fn a_script_reads_one_json_object() {
    let folder = Folder::new();
    let json = |file: &Path| -> serde_json::Value {
        let output = decide().args(["--json", "--check-rules"]).arg(file).output().unwrap();
        assert!(output.stderr.is_empty());
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.success(), value["valid"] == true);
        value
    };
    let valid = json(&folder.file("rules.toml", VALID));
    assert_eq!((&valid["rules"][0]["name"], &valid["rules"][0]["line"]), (&"bank".into(), &3.into()));
    let invalid = json(&folder.file("rules.toml", INVALID));
    assert_eq!((&invalid["line"], &invalid["column"]), (&6.into(), &1.into()));
    assert!(json(&folder.0.path().join("absent"))["reason"].as_str().unwrap().contains("could not be read"));
}

#[test]
fn a_file_that_others_may_write_is_not_valid_whatever_it_says() {
    let folder = Folder::new();
    let file = folder.file("rules.toml", VALID);
    std::fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    let output = check(&file);
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains("has mode 666"));
}

#[test]
fn what_is_no_file_or_too_long_a_one_ends_at_once() {
    let folder = Folder::new();
    let pipe = folder.0.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let long = folder.file("long.toml", "#".repeat(64 * 1024 + 1));
    for file in [&pipe, &long, folder.0.path(), Path::new("/dev/zero")] {
        assert_eq!(check(file).status.code(), Some(78), "{}", file.display());
    }
    assert_eq!(check(&folder.file("most.toml", "#".repeat(64 * 1024))).status.code(), Some(0));
}

#[test]
fn checking_goes_with_nothing_else() {
    for arguments in [
        &["--check-rules", "x", "--fetch", "y"][..],
        &["--check-rules", "x", "--rules", "y"],
        &["--json", "--fetch", "x", "--sign", "y"],
        &["--fetch", "x"],
        &[],
    ] {
        assert_eq!(decide().args(arguments).output().unwrap().status.code(), Some(64), "{arguments:?}");
    }
}

#[test]
fn with_invalid_rules_it_does_not_start() {
    let folder = Folder::new();
    let file = folder.file("rules.toml", INVALID);
    let (code, said) = start(&folder, |command| {
        command.arg("--rules").arg(&file);
    });
    assert_eq!(code, 78, "{said}");
    assert!(said.contains(&format!("{}:6:1: unknown word", file.display())), "{said}");
    let file = folder.file("rules.toml", VALID);
    let (code, said) = start(&folder, |command| {
        command.arg("--rules").arg(&file);
    });
    assert_eq!(code, NO_SOCKET, "{said}");
}

#[test]
fn rules_that_are_named_must_be_there() {
    let folder = Folder::new();
    let (code, said) = start(&folder, |command| {
        command.args(["--rules", "/nowhere/rules.toml"]);
    });
    assert_eq!(code, 78, "{said}");
    assert!(said.contains("/nowhere/rules.toml could not be read"), "{said}");
}

#[test]
fn a_credential_that_is_there_is_read_and_one_that_is_not_is_no_rules() {
    let folder = Folder::new();
    let with_credentials = |folder: &Folder| {
        start(folder, |command| {
            command.env("CREDENTIALS_DIRECTORY", folder.0.path());
        })
    };
    assert_eq!(with_credentials(&folder).0, NO_SOCKET);
    folder.file("rules", INVALID);
    let (code, said) = with_credentials(&folder);
    assert!(code == 78 && said.contains("rules:6:1: "), "{said}");
    std::fs::remove_file(folder.0.path().join("rules")).unwrap();
    symlink("/nowhere", folder.0.path().join("rules")).unwrap();
    assert_eq!(with_credentials(&folder).0, 78, "a link to nothing was meant to be read");
    assert_eq!(start(&folder, |_| ()).0, NO_SOCKET, "without credentials there are no rules");
}
