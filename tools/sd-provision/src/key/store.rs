//! The store of the backends that keep one in files under gpg: its folder, and the key that it is encrypted to.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use sd_wire::sign::Fingerprint;

use crate::account::Account;
use crate::failure::Failure;
use crate::key::{generate, say};
use crate::keyring::Keyring;
use crate::place::Place;
use crate::setup::choice::Backend;
use crate::setup::{backend_of, store_of};

const SD_STORE: &str = "/usr/libexec/secrets-dispatcher/sd-store";

/// Begins it, as the companion; what is there already stays.
pub(super) fn begin(place: &Place, key: Option<Fingerprint>, open: bool) -> Result<(), Failure> {
    let own = Account::own().filter(|own| own.desktop().is_some());
    let own = own.ok_or_else(|| Failure::Usage("whose store? run it as root with --user NAME".into()))?;
    let desktop = own.desktop().unwrap_or_default();
    let backend = backend_of(desktop)?;
    let Some(folder) = store_of(&own.home, backend) else {
        return Err(Failure::Usage(format!(
            "the backend {backend} keeps its store by itself: the approval screen asks for its passphrase when it first opens"
        )));
    };
    if folder.join(".gpg-id").symlink_metadata().is_ok() {
        return say(&format!("{} is there already", folder.display()));
    }
    let key = match key {
        Some(key) => key,
        None => chosen(place, desktop, open)?,
    };
    match backend {
        Backend::Store => by_sd_store(place, &key)?,
        _ => by_hand(&folder, &key)?,
    }
    say(&format!("begun     {}\n          encrypted to {}", folder.display(), key.as_str()))
}

/// The only key that can be encrypted to, else a new one.
fn chosen(place: &Place, desktop: &str, open: bool) -> Result<Fingerprint, Failure> {
    place.make_home()?;
    let keys = Keyring::open(&place.home)?.keys()?;
    let mut fit = keys.into_iter().filter(|key| key.secret && key.encrypts);
    match (fit.next(), fit.next()) {
        (Some(key), None) => Ok(key.fingerprint),
        (Some(_), Some(_)) => Err(Failure::Data(
            "more than one key can be encrypted to; choose by --key FPR: `sd-provision key list` has them"
                .into(),
        )),
        (None, _) => generate::for_a_store(place, &format!("Store of {desktop}"), open),
    }
}

fn by_sd_store(place: &Place, key: &Fingerprint) -> Result<(), Failure> {
    let mut init = Command::new(SD_STORE);
    let done = init.env("GNUPGHOME", &place.home).args(["init", "--key", key.as_str()]).status();
    match done {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Unavailable(format!("`sd-store init` failed ({status})"))),
        Err(e) => Err(Failure::Unavailable(format!("{SD_STORE} cannot be run: {e}"))),
    }
}

/// As gopass finds one: a folder that says whom it is encrypted to.
fn by_hand(folder: &Path, key: &Fingerprint) -> Result<(), Failure> {
    let file: PathBuf = folder.join(".gpg-id");
    let made = || -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        writeln!(file, "{}", key.as_str())?;
        file.sync_all()
    };
    made().map_err(|e| Failure::Unavailable(format!("{} cannot be made: {e}", file.display())))
}
