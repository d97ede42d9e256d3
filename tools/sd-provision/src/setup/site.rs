//! One desktop user on this machine: its names, its numbers, and where everything of it lies.

use std::path::{Path, PathBuf};

use sd_wire::parties::Parties;

use crate::account::Account;
use crate::setup::choice::Choice;

/// The folder of all our configuration.
pub(crate) const CONFIGURATION: &str = "/etc/secrets-dispatcher";
/// Where the package puts what is no command.
pub(crate) const LIBEXEC: &str = "/usr/libexec/secrets-dispatcher";

/// A desktop user, and what was chosen for it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// What stands before every path: nothing, but in tests.
    root: PathBuf,
    /// The desktop user.
    pub(crate) desktop: Account,
    /// What was chosen.
    pub(crate) choice: Choice,
    /// Whether systemd runs; it does not in an image that is being made.
    pub(crate) live: bool,
    /// Who has a name.
    lookup: fn(&str) -> Option<Account>,
}

impl Site {
    /// On the machine that this process runs on.
    pub(crate) fn here(desktop: Account, choice: Choice) -> Self {
        let live = Path::new("/run/systemd/system").is_dir();
        Self { root: "/".into(), desktop, choice, live, lookup: |name| Account::named(name).ok() }
    }

    /// Below a folder, among these users.
    #[cfg(test)]
    pub(crate) fn below(
        root: &Path,
        desktop: Account,
        choice: Choice,
        lookup: fn(&str) -> Option<Account>,
    ) -> Self {
        Self { root: root.to_owned(), desktop, choice, live: false, lookup }
    }

    /// The same on another virtual terminal.
    pub(crate) fn on(&self, vt: u16) -> Self {
        Self { choice: Choice { vt, ..self.choice }, ..self.clone() }
    }

    /// The desktop user's name.
    pub(crate) fn user(&self) -> &str {
        &self.desktop.name
    }

    /// Where an absolute path lies.
    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A file of this user's configuration.
    pub(crate) fn configured(&self, name: &str) -> PathBuf {
        self.at(CONFIGURATION).join(self.user()).join(name)
    }

    /// What the companion's side keeps: its home, and what its units keep.
    pub(crate) fn kept(&self) -> PathBuf {
        self.at(format!("/var/lib/secrets-dispatcher/{}", self.user()))
    }

    /// The companion's home.
    pub(crate) fn home(&self) -> String {
        format!("/var/lib/secrets-dispatcher/{}/home", self.user())
    }

    /// The names of the users that serve this one: gate, decider, audit, companion.
    pub(crate) fn servants(&self) -> [String; 4] {
        let user = self.user();
        [
            format!("sd-gate-{user}"),
            format!("sd-decide-{user}"),
            format!("sd-audit-{user}"),
            format!("secrets-{user}"),
        ]
    }

    /// The companion, once it is there.
    pub(crate) fn companion(&self) -> Option<Account> {
        let [.., companion] = self.servants();
        (self.lookup)(&companion)
    }

    /// Which uid has which role, once all are there.
    pub(crate) fn parties(&self) -> Option<Parties> {
        let [gate, decide, audit, companion] = self.servants().map(|name| (self.lookup)(&name));
        Some(Parties {
            desktop: self.desktop.uid,
            gate: gate?.uid,
            decide: decide?.uid,
            companion: companion?.uid,
            audit: Some(audit?.uid),
        })
    }

    /// Who has this name.
    pub(crate) fn named(&self, name: &str) -> Option<Account> {
        (self.lookup)(name)
    }

    /// The target that holds everything of this user.
    pub(crate) fn target(&self) -> String {
        format!("secrets-dispatcher@{}.target", self.user())
    }

    /// The command that sets this user up, and mends most of what can be wrong.
    pub(crate) fn command(&self) -> String {
        format!("sd-provision --user {}", self.user())
    }
}
