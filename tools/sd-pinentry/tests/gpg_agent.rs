//! sd-pinentry as the real gpg-agent's pinentry, where sd-sign has no part in it.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod stage;

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use stage::{Stage, goes_away, private, typed};

/// A companion with a gpg-agent of its own, which ends with it.
struct Companion(Stage);

impl Companion {
    fn new() -> Self {
        let stage = Stage::new();
        std::fs::create_dir(stage.at("g")).unwrap();
        std::fs::set_permissions(stage.at("g"), Permissions::from_mode(0o700)).unwrap();
        let conf = format!("pinentry-program {}\ns2k-count 65536\n", env!("CARGO_BIN_EXE_sd-pinentry"));
        private(&stage.at("g/gpg-agent.conf"), conf.as_bytes());
        Self(stage)
    }

    /// gpg with this on its standard input.
    fn gpg(&self, arguments: &[&str], input: &str) -> Child {
        let mut gpg = self.0.companion("gpg");
        gpg.arg("--batch").args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = gpg.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        let _ = self.0.companion("gpgconf").args(["--kill", "gpg-agent"]).status();
    }
}

const NEW_KEY: [&str; 5] = ["--quick-gen-key", "Ada Example <ada@example.org>", "ed25519", "sign", "never"];

#[test]
fn a_prompt_leaves_the_screen_when_whoever_wanted_it_is_killed() {
    let companion = Companion::new();
    let loopback = ["--pinentry-mode", "loopback", "--passphrase-fd", "0"];
    let made = companion.gpg(&[&loopback[..], &NEW_KEY].concat(), "right\n").wait_with_output().unwrap();
    assert!(made.status.success(), "{made:?}");
    assert!(companion.0.companion("gpgconf").args(["--reload", "gpg-agent"]).status().unwrap().success());

    let mut gpg = companion.gpg(&["--detach-sign"], "text");
    let (screen, _) = companion.0.prompt();
    gpg.kill().unwrap();
    gpg.wait().unwrap();
    assert!(goes_away(&screen));

    // And the agent asks again for the next.
    let mut gpg = companion.gpg(&["--detach-sign"], "text");
    let (screen, _) = companion.0.prompt();
    typed(&screen, "right");
    drop(screen);
    assert!(gpg.wait().unwrap().success());
}

#[test]
fn the_passphrase_of_a_new_key_is_refused_and_nobody_is_asked() {
    let companion = Companion::new();
    let made = companion.gpg(&NEW_KEY, "").wait_with_output().unwrap();
    let said = String::from_utf8(made.stderr).unwrap();
    assert!(!made.status.success() && said.contains("Not supported"), "{said}");
    assert!(companion.0.is_quiet());
}
