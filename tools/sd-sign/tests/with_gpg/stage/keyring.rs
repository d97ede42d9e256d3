//! The companion's keyring and gpg-agent, changed behind sd-sign's back.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sd_wire::sign::Fingerprint;

use super::{Stage, companion, private};

/// A gpg-agent that hangs. It goes on when this goes: whoever ends it waits for its answer.
pub(crate) struct Stopped(Pid);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGCONT);
    }
}

/// Whether all its threads are (proc(5), `/proc/pid/stat`).
fn is_stopped(process: Pid) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat"))).all(|stat| {
        // One that has ended meanwhile wakes nobody either.
        stat.is_err() || stat.is_ok_and(|stat| stat.contains(") T "))
    })
}

impl Stage {
    /// The pid of the companion's gpg-agent, if one runs.
    pub(crate) fn agent(&self) -> Option<u32> {
        let mut ask = Command::new("gpg-connect-agent");
        let told = companion(&mut ask, self.folder.path())
            .args(["--no-autostart", "getinfo pid", "/bye"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(told.stdout).unwrap().lines().find_map(|line| line.strip_prefix("D ")?.parse().ok())
    }

    /// Has the companion's gpg-agent hang for as long as this is kept.
    pub(crate) fn stop_agent(&self) -> Stopped {
        let agent = Pid::from_raw(self.agent().unwrap().try_into().unwrap());
        // A connection that ends has gpg-agent wake itself by SIGCONT (agent/gpg-agent.c, "kick the loop"), which undoes a
        // stop. Who stands still with all threads wakes nobody.
        for _ in 0..500 {
            kill(agent, Signal::SIGSTOP).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(10));
            if is_stopped(agent) {
                return Stopped(agent);
            }
        }
        panic!("gpg-agent does not stop");
    }

    /// Makes a key without a passphrase; its fingerprint.
    pub(crate) fn key_of(&self, user_id: &str, options: &[&str]) -> Fingerprint {
        let before = self.fingerprints();
        self.make_key("", &[options, &["--quick-gen-key", user_id, "ed25519", "sign", "never"]].concat());
        self.fingerprints().into_iter().find(|key| !before.contains(key)).unwrap()
    }

    /// Every primary key's fingerprint.
    fn fingerprints(&self) -> Vec<Fingerprint> {
        let listed = self.gpg(&["--batch", "--with-colons", "--list-keys"], "").stdout;
        let listed = String::from_utf8(listed).unwrap();
        let of_primary = |pair: (&str, &str)| {
            pair.0.starts_with("pub:").then(|| pair.1.split(':').nth(9).unwrap().to_owned())
        };
        let pairs = listed.lines().zip(listed.lines().skip(1));
        pairs.filter_map(of_primary).map(|key| Fingerprint::parse(&key).unwrap()).collect()
    }

    /// Runs gpg in the companion's keyring; it must succeed.
    pub(crate) fn must(&self, arguments: &[&str], input: &str) -> Vec<u8> {
        let done = self.gpg(&[&["--batch", "--yes"], arguments].concat(), input);
        assert!(done.status.success(), "{done:?}");
        done.stdout
    }

    /// Ends the companion's gpg-agent.
    pub(crate) fn end_agent(&self) {
        let mut end = Command::new("gpgconf");
        let ended = companion(&mut end, self.folder.path()).args(["--kill", "gpg-agent"]).status();
        assert!(ended.is_ok_and(|status| status.success()));
        // It answers first and ends then; at last it takes its socket away.
        for _ in 0..500 {
            if !self.at("g/S.gpg-agent").exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// Has gpg-agent read its configuration again, and forget what it knows.
    pub(crate) fn forget(&self) {
        let mut reload = Command::new("gpgconf");
        let done = companion(&mut reload, self.folder.path()).args(["--reload", "gpg-agent"]).status();
        assert!(done.is_ok_and(|status| status.success()));
    }

    /// Gives the key a subkey for signing, which gpg prefers to the key itself.
    pub(crate) fn add_signing_subkey(&self, right: &str) {
        let fingerprint = self.fingerprint();
        self.make_key(right, &["--quick-add-key", fingerprint.as_str(), "ed25519", "sign", "never"]);
    }

    /// Keeps gpg from starting a gpg-agent, as provisioning does.
    pub(crate) fn forbid_starting_agents(&self) {
        private(&self.at("g/gpg.conf"), b"no-autostart\n");
    }

    /// Makes a key with exactly these arguments, and forgets its passphrase.
    pub(crate) fn make_key(&self, right: &str, arguments: &[&str]) {
        let loopback = ["--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0"];
        let made = self.gpg(&[&loopback[..], arguments].concat(), &format!("{right}\n"));
        assert!(made.status.success(), "{made:?}");
        self.forget();
    }

    pub(super) fn gpg(&self, arguments: &[&str], input: &str) -> Output {
        let mut gpg = Command::new("gpg");
        let mut child = companion(&mut gpg, self.folder.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}
