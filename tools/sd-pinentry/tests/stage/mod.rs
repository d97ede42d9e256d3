//! A companion, with sd-decide played by the test.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sd_sys::identity::own_uid;
use sd_sys::link::{Link, Packet};
use sd_sys::listener::Listener;
use sd_wire::line::Words;
use sd_wire::parties::Parties;
use sd_wire::passphrase::Note;
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A companion's home, and the socket that sd-decide would listen at.
pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) screen: Listener,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let uid = own_uid();
        Self::among(Parties { desktop: uid, gate: uid, decide: uid, companion: uid, audit: None })
    }

    pub(crate) fn among(parties: Parties) -> Self {
        let folder = tempfile::tempdir().unwrap();
        private(&folder.path().join("parties.json"), &parties.to_line().unwrap());
        let screen = Listener::bind(&folder.path().join("passphrase.sock"), 0o600).unwrap();
        Self { folder, screen }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program with the companion's environment and no other.
    pub(crate) fn companion(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .env("GNUPGHOME", self.at("g"))
            .env("SECRETS_DISPATCHER_PASSPHRASE", self.at("passphrase.sock"))
            .env("SECRETS_DISPATCHER_CONFIG", self.folder.path());
        command
    }

    /// The next prompt on the screen, and its question.
    pub(crate) fn prompt(&self) -> (Link, Packet) {
        assert!(self.screen.wait(PATIENCE).unwrap(), "no prompt");
        let link = self.screen.accept().unwrap().unwrap();
        let question = link.receive_by(Instant::now() + PATIENCE).unwrap().unwrap();
        (link, question)
    }

    /// Whether nobody asks anything at the screen.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.screen.wait(Duration::ZERO).unwrap()
    }
}

/// What sd-decide says when a person typed this.
pub(crate) fn typed(link: &Link, text: &str) {
    let note = Note::Entered { len: u32::try_from(text.len()).unwrap() };
    link.send(&note.to_line().unwrap(), &[]).unwrap();
    link.send(text.as_bytes(), &[]).unwrap();
}

/// Waits until the other end of a prompt is gone.
pub(crate) fn goes_away(link: &Link) -> bool {
    matches!(link.receive_by(Instant::now() + PATIENCE), Ok(None))
}

pub(crate) fn private(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}
