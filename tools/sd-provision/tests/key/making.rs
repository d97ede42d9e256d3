//! A new key, and its passphrase.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::stage::{PHRASE, Stage, path};

#[test]
fn a_new_passphrase_is_typed_twice_without_being_shown_and_protects_the_key() {
    let stage = Stage::new();
    let said = on_a_terminal(&stage, &[PHRASE, "something else"]);
    assert!(said.contains("the two passphrases differ"), "{said}");
    assert!(stage.says(&["list"]).contains("has no key"));
    let said = on_a_terminal(&stage, &[PHRASE, PHRASE]);
    assert!(said.contains("signs from now on") && !said.contains("100%"), "{said}");
    let protected = fs::read_dir(stage.at("companion/private-keys-v1.d")).unwrap().next().unwrap().unwrap();
    // Newer versions of gpg-agent write text, older ones bytes.
    let protected = fs::read(protected.path()).unwrap();
    assert!(String::from_utf8_lossy(&protected).contains("protected-private-key"), "{protected:?}");
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
