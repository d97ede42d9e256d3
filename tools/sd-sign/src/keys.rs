//! Which keys may sign here: where that stands, and what is told when another one would.

use std::path::{Path, PathBuf};

use sd_keys::{Allowed, FirstUse};
use sd_wire::fault::Fault;
use sd_wire::sign::Fingerprint;

use crate::listed::Listed;

/// Where it stands. It is read anew for each order.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    list: Option<PathBuf>,
    first_use: FirstUse,
    /// The GnuPG home.
    pub(crate) home: PathBuf,
    /// What gpg has said of the key that signed last.
    pub(crate) listed: Listed,
}

impl Keys {
    /// By the list that was named, or else the unit's credential if it has one (systemd.exec(5)); and what is kept of
    /// the first use in the unit's state, or else in the GnuPG home.
    pub(crate) fn of_unit(named: Option<PathBuf>) -> Self {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let credential = || folder("CREDENTIALS_DIRECTORY").map(|all| all.join("signing_keys"));
        let list = named.or_else(|| credential().filter(|path| path.symlink_metadata().is_ok()));
        let first_use = match folder("STATE_DIRECTORY") {
            Some(state) => FirstUse::within(state),
            None => FirstUse::within_gnupg(&home()),
        };
        Self { list, first_use, home: home(), listed: Listed::default() }
    }

    /// The keys that may sign just now.
    ///
    /// # Errors
    /// [`Fault::KeysUnknown`]; the log says why.
    pub(crate) fn allowed(&self) -> Result<Allowed, Fault> {
        Allowed::read(self.list.as_deref(), &self.first_use).map_err(|why| {
            sd_journal::warning(format!("nothing is signed, for it is not known which key may: {why}"));
            Fault::KeysUnknown
        })
    }

    /// This key has signed: unless there is a list, it is the one of the first use, or there was one already.
    ///
    /// # Errors
    /// [`Fault::KeyChanged`] when another one signed meanwhile, [`Fault::KeysUnknown`] when it cannot be kept.
    pub(crate) fn used(&self, key: &Fingerprint) -> Result<(), Fault> {
        if !matches!(self.allowed()?, Allowed::First(None)) {
            return Ok(());
        }
        let kept = self.first_use.keep(key).map_err(|why| {
            sd_journal::warning(format!("a signature was thrown away: {why}"));
            Fault::KeysUnknown
        })?;
        if kept == *key {
            let path = self.first_use.path();
            sd_journal::info(format!("key {} signed first and is kept in {}", key.as_str(), path.display()));
        }
        Allowed::First(Some(kept)).admit(key).map_err(|why| self.told(why.fault()))
    }

    /// Tells the journal of what somebody should look into.
    pub(crate) fn told(&self, why: Fault) -> Fault {
        if matches!(why, Fault::KeyChanged { .. }) {
            let path = self.first_use.path();
            sd_journal::error(format!("nothing is signed: {why}; it is kept in {}", path.display()));
        } else if matches!(why, Fault::KeyNotAllowed { .. }) {
            let list = self.list.as_deref().unwrap_or(Path::new("signing_keys"));
            sd_journal::warning(format!("nothing is signed: {why}; the list is {}", list.display()));
        }
        why
    }
}

/// The GnuPG home, as gpg itself finds it.
fn home() -> PathBuf {
    PathBuf::from(gpgme::init().get_dir_info("homedir").unwrap_or("/nonexistent"))
}
