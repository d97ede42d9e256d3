//! Where the companion's keys are, and where it stands which of them sign.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sd_keys::{Allowed, FirstUse, SYSTEM_STATE};

use crate::account::Account;
use crate::cli::Whose;
use crate::failure::Failure;

/// The places of one companion, seen by the companion itself.
#[derive(Debug)]
pub(crate) struct Place {
    /// The GnuPG home.
    pub(crate) home: PathBuf,
    /// The key of the first use.
    pub(crate) first_use: FirstUse,
    /// The list that goes before it, if there is one.
    pub(crate) list: Option<PathBuf>,
}

impl Place {
    /// The places of whoever runs this process.
    pub(crate) fn of(whose: &Whose) -> Result<Self, Failure> {
        let own = Account::own();
        let desktop = own.as_ref().and_then(Account::desktop);
        let variable =
            std::env::var_os("GNUPGHOME").map(PathBuf::from).filter(|path| !path.as_os_str().is_empty());
        let named = whose.gnupghome.clone().or(variable);
        let home = match (named, &own) {
            (Some(home), _) => home,
            // Whoever is no companion has keys of its own, among which a new one is not looked for.
            (None, Some(own)) if desktop.is_some() => own.home.join(".gnupg"),
            _ => {
                return Err(Failure::Usage(
                    "whose key? run it as the companion, as root with --user NAME, or say --gnupghome DIR"
                        .into(),
                ));
            }
        };
        let home = std::path::absolute(&home)
            .map_err(|e| Failure::Usage(format!("{} is no path: {e}", home.display())))?;
        let first_use = match (&whose.state, desktop) {
            (Some(state), _) => FirstUse::within(state.clone()),
            (None, None) => FirstUse::within_gnupg(&home),
            (None, Some(desktop)) => {
                let state = state_of(desktop);
                if !state.is_dir() {
                    // Written elsewhere it would not be what sd-sign reads, and the next key would be the first.
                    return Err(Failure::Misconfigured(format!(
                        "{} is not there yet: run this as root with --user {desktop}, which makes it, or say --state",
                        state.display()
                    )));
                }
                FirstUse::within(state)
            }
        };
        let list = desktop.map(list_of).filter(|list| list.symlink_metadata().is_ok());
        Ok(Self { home, first_use, list })
    }

    /// Makes the GnuPG home if it is not there, as gpg would.
    pub(crate) fn make_home(&self) -> Result<(), Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.home).map_err(|e| {
            Failure::Misconfigured(format!("the GnuPG home {} cannot be made: {e}", self.home.display()))
        })
    }

    /// The keys that sign.
    pub(crate) fn allowed(&self) -> Result<Allowed, Failure> {
        Allowed::read(self.list.as_deref(), &self.first_use).map_err(Failure::Misconfigured)
    }
}

/// `StateDirectory=` of sd-sign@.service.
pub(crate) fn state_of(desktop: &str) -> PathBuf {
    Path::new(SYSTEM_STATE).join(desktop).join("sign")
}

/// What sd-sign@.service loads as its list.
fn list_of(desktop: &str) -> PathBuf {
    Path::new("/etc/secrets-dispatcher").join(desktop).join("signing_keys")
}
