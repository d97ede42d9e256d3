//! Users, and programs that run as one of them.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use nix::unistd::{Uid, User};
use sd_sys::identity::own_uid;

use crate::failure::Failure;

/// What stands before a desktop user's name in that of the companion.
const COMPANION: &str = "secrets-";

/// The shell of users that nobody logs in as.
pub(crate) const NO_LOGIN: &str = "/usr/sbin/nologin";

/// A user of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: PathBuf,
    /// What a login of it would start.
    pub(crate) shell: PathBuf,
}

impl Account {
    /// The user of this name.
    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        match User::from_name(name) {
            Ok(Some(user)) => Ok(Self::of(user)),
            Ok(None) => Err(Failure::Misconfigured(format!("there is no user {name} on this machine"))),
            Err(e) => Err(Failure::Misconfigured(format!("the user {name} cannot be looked up: {e}"))),
        }
    }

    /// A user that is no more.
    pub(crate) fn former(name: &str, uid: u32) -> Self {
        Self { name: name.to_owned(), uid, gid: uid, home: "/nonexistent".into(), shell: NO_LOGIN.into() }
    }

    /// The companion of the desktop user of this name.
    pub(crate) fn companion_of(desktop: &str) -> Result<Self, Failure> {
        Self::named(&format!("{COMPANION}{desktop}"))
    }

    /// Who runs this process, if the machine has a name for it.
    pub(crate) fn own() -> Option<Self> {
        User::from_uid(Uid::from_raw(own_uid())).ok().flatten().map(Self::of)
    }

    /// The desktop user whose companion this is.
    pub(crate) fn desktop(&self) -> Option<&str> {
        self.name.strip_prefix(COMPANION)
    }

    /// A program as this user would start it, with nothing of our environment; for root, as this user indeed.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &self.home)
            .env("USER", &self.name)
            .env("LOGNAME", &self.name)
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/");
        if own_uid() == 0 && self.uid != 0 {
            // std drops the other groups of root's (setgroups(2)) when it changes the uid.
            command.gid(self.gid).uid(self.uid);
        }
        command
    }

    fn of(user: User) -> Self {
        Self {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            home: user.dir,
            shell: user.shell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_that_is_not_there_is_named() {
        let why = Account::companion_of("nobody at all").unwrap_err().to_string();
        assert!(why.contains("secrets-nobody at all"), "{why}");
    }

    #[test]
    fn a_companion_is_known_by_its_name() {
        let account =
            |name: &str| Account { name: name.into(), uid: 1, gid: 1, home: "/".into(), shell: "/".into() };
        assert_eq!(account("secrets-nb").desktop(), Some("nb"));
        assert_eq!(account("nb").desktop(), None);
    }
}
