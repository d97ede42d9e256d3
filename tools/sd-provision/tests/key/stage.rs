//! The GnuPG homes of a companion and of a desktop.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const ADA: &str = "Ada Example <ada@example.org>";
pub(crate) const PHRASE: &str = "cänary 100% right";

/// A companion's GnuPG home, and the desktop's.
pub(crate) struct Stage(TempDir);

impl Stage {
    pub(crate) fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        for home in ["companion", "desktop"] {
            fs::create_dir(stage.at(home)).unwrap();
            fs::set_permissions(stage.at(home), fs::Permissions::from_mode(0o700)).unwrap();
        }
        // As provisioning writes it: no passphrase comes but by the pinentry.
        fs::write(stage.at("companion/gpg-agent.conf"), "no-allow-loopback-pinentry\n").unwrap();
        stage
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn key(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sd-provision"));
        self.companion(&mut program).arg("key").args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// What it says, when it succeeds.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let done = self.key(arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Its exit status and what it says, when it fails.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let done = self.key(arguments);
        assert!(!done.status.success(), "{arguments:?}: {done:?}");
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    }

    pub(crate) fn companion<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", self.0.path())
            .env("GNUPGHOME", self.at("companion"))
    }

    pub(crate) fn gpg(&self, home: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
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
    pub(crate) fn secret_of_desktop(&self, file: &str) -> String {
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

    pub(crate) fn kept(&self) -> String {
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

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
