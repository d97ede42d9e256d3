//! The store of the backends that keep one in files under gpg. A person begins it, for its key has a passphrase.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::setup::choice::Backend;
use crate::setup::home;
use crate::setup::home::inside::Task;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// The step.
#[derive(Debug)]
pub(crate) struct Store;

/// Where a backend has its store, if it is one of files under gpg.
pub(crate) fn store_of(home: &Path, backend: Backend) -> Option<PathBuf> {
    match backend {
        Backend::Store => Some(home.join(".password-store")),
        Backend::Gopass => Some(home.join(".local/share/gopass/stores/root")),
        Backend::GnomeKeyring | Backend::Oo7 => None,
    }
}

impl Step for Store {
    fn name(&self) -> &'static str {
        "store"
    }

    fn says(&self, site: &Site) -> String {
        match store_of(Path::new(&site.home()), site.choice.backend) {
            Some(folder) => format!("the store, encrypted to a key of the companion: {}", folder.display()),
            None => format!("the store, which {} begins when it is first opened", site.choice.backend),
        }
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let site = &work.site;
        if store_of(Path::new(&site.home()), site.choice.backend).is_none() {
            return Ok(Found::Good);
        }
        let lack = match site.companion() {
            Some(companion) if companion.home.is_dir() => home::child(site, &companion, Task::Store)?,
            _ => Some("there is no companion".into()),
        };
        Ok(lack.map_or(Found::Good, Found::Left))
    }

    fn apply(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        // It goes with the folders.
        Ok(())
    }

    fn mend(&self, site: &Site) -> String {
        format!("sd-provision key --user {} store", site.user())
    }
}
