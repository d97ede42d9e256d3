//! What a person chooses for one desktop user.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The longest name of a user that Linux takes, in bytes.
const LONGEST: usize = 31;
/// The longest word that is put before a desktop user's name.
const PREFIX: &str = "sd-decide-";

/// Which program is the Secret Service of the companion's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[value(rename_all = "kebab-case")]
pub(crate) enum Backend {
    /// sd-store: a password-store directory, one file encrypted by gpg for each secret.
    Store,
    /// gopass-secret-service, on gopass' own store.
    Gopass,
    /// gnome-keyring-daemon.
    GnomeKeyring,
    /// oo7-daemon.
    Oo7,
}

impl Backend {
    /// The word for it, on the command line, in files and in names of units.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Gopass => "gopass",
            Self::GnomeKeyring => "gnome-keyring",
            Self::Oo7 => "oo7",
        }
    }

    /// The user unit that runs it.
    pub(crate) fn unit(self) -> String {
        format!("sd-backend-{}.service", self.word())
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The choices for one desktop user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// The number of the virtual terminal.
    pub(crate) vt: u16,
    /// The companion's Secret Service.
    pub(crate) backend: Backend,
    /// Whether this user's gate owns the bus name without a uid.
    pub(crate) plain_name: bool,
}

/// Errors: no user of this name could have a companion.
pub(crate) fn fit_for_a_companion(name: &str) -> Result<(), Failure> {
    let mut letters = name.bytes();
    let first = letters.next().is_some_and(|c| c.is_ascii_lowercase() || c == b'_');
    let rest = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'_' | b'-'));
    if !first || !rest {
        return Err(Failure::Usage(format!(
            "{name:?} stands in names of units and files, so it must match [a-z_][a-z0-9_-]*"
        )));
    }
    if PREFIX.len() + name.len() > LONGEST {
        return Err(Failure::Usage(format!(
            "{name} is too long: {PREFIX}{name} would be no name of a user, which has at most {LONGEST} bytes"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_another_path_or_unit_are_refused() {
        for good in ["nb", "_x", "ada-2", "a23456789012345678901"] {
            assert!(fit_for_a_companion(good).is_ok(), "{good}");
        }
        for bad in ["", "Ada", "../x", "a/b", "-a", "1a", "a b", "a@b", "a%i", "ä", "a234567890123456789012"]
        {
            assert!(fit_for_a_companion(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_backend_is_written_as_it_is_typed() {
        for backend in Backend::value_variants() {
            let typed = backend.to_possible_value().unwrap();
            assert_eq!(typed.get_name(), backend.word());
            assert_eq!(serde_json::to_string(backend).unwrap(), format!("\"{backend}\""));
        }
    }
}
