//! Where the socket is, from the point of view of the companion.

use std::fmt;
use std::path::PathBuf;

use sd_sys::identity::own_uid;

const ROOT: &str = "/run/secrets-dispatcher";
const VARIABLE: &str = "SECRETS_DISPATCHER_PASSPHRASE";
const COMPANION: &str = "secrets-";

/// Why this process cannot know which socket is its own. Provision again.
#[derive(Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// The name of its uid could not be looked up.
    Nameless(u32),
    /// It does not run as a companion: its user's name.
    NoCompanion(String),
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nameless(uid) => {
                write!(f, "uid {uid} has no user name on this machine; run sd-provision again")
            }
            Self::NoCompanion(name) => write!(
                f,
                "user {name} is no companion (secrets-<desktop user>); this is for the companion's programs only"
            ),
        }
    }
}

impl std::error::Error for NoPlace {}

/// The path of `passphrase.sock`: `$SECRETS_DISPATCHER_PASSPHRASE`, or else in the folder of the desktop user that
/// the user of this process is the companion of.
///
/// The variable opens nothing: an answer is believed only from the uid of `sd-decide`.
///
/// # Errors
/// [`NoPlace`] when the variable is not set and the user of this process is not called `secrets-<desktop user>`.
pub fn socket() -> Result<PathBuf, NoPlace> {
    match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(path) => Ok(PathBuf::from(path)),
        None => Ok(PathBuf::from(ROOT).join(desktop_user()?).join("passphrase.sock")),
    }
}

/// The name of the desktop user whose companion runs this process.
///
/// # Errors
/// [`NoPlace`].
pub fn desktop_user() -> Result<String, NoPlace> {
    let uid = own_uid();
    match nix::unistd::User::from_uid(uid.into()) {
        Ok(Some(user)) => companion_of(&user.name),
        _ => Err(NoPlace::Nameless(uid)),
    }
}

fn companion_of(name: &str) -> Result<String, NoPlace> {
    match name.strip_prefix(COMPANION) {
        // It becomes a part of a path.
        Some(desktop) if !desktop.is_empty() && !desktop.contains('/') && !desktop.starts_with('.') => {
            Ok(desktop.to_owned())
        }
        _ => Err(NoPlace::NoCompanion(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companion_is_called_after_its_desktop_user() {
        assert_eq!(companion_of("secrets-nb"), Ok("nb".into()));
    }

    #[test]
    fn nobody_else_is_a_companion() {
        for name in ["nb", "secrets-", "secrets", "secrets-..", "secrets-a/b"] {
            assert_eq!(companion_of(name), Err(NoPlace::NoCompanion(name.into())));
        }
    }
}
