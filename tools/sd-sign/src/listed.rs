//! What gpg has listed of the key that signed last, for as long as nothing has changed of which it was listed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use sd_wire::sign::Fingerprint;

/// What a listing is made of: gpg writes to one of these for whatever it learns of a key (gnupg doc, "GPG
/// Configuration").
const SOURCES: [&str; 7] = [
    "pubring.kbx",
    "pubring.gpg",
    // Where keyboxd has the keys, and what says that it does (GnuPG 2.4).
    "public-keys.d/pubring.db",
    "common.conf",
    "private-keys-v1.d",
    "trustdb.gpg",
    "gpg.conf",
];

/// Which versions of its sources a listing is of; `None` of one that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp([Option<Version>; SOURCES.len()]);

/// Device, inode, size, and the time of the last change in seconds and nanoseconds, which nobody sets but the kernel
/// (stat(2), `st_ctim`).
type Version = (u64, u64, u64, i64, i64);

impl Stamp {
    /// As they are now.
    pub(crate) fn of(home: &Path) -> Self {
        Self(SOURCES.map(|name| {
            let about = fs::metadata(home.join(name)).ok()?;
            Some((about.dev(), about.ino(), about.size(), about.ctime(), about.ctime_nsec()))
        }))
    }
}

/// The key, if any has signed. Its clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed(Arc<Mutex<Option<One>>>);

#[derive(Debug)]
struct One {
    fingerprint: Fingerprint,
    key: gpgme::Key,
    stamp: Stamp,
}

impl Listed {
    /// Keeps what was listed of this key by what there was before.
    pub(crate) fn keep(&self, fingerprint: &Fingerprint, key: &gpgme::Key, stamp: Stamp) {
        let one = One { fingerprint: fingerprint.clone(), key: key.clone(), stamp };
        *self.one() = Some(one);
    }

    /// What was listed of this key, if that would be listed again: its sources are as they were, and no part of it has
    /// expired since.
    pub(crate) fn get(&self, fingerprint: &Fingerprint, home: &Path) -> Option<gpgme::Key> {
        let mut kept = self.one();
        let one = kept.as_ref().filter(|one| one.fingerprint == *fingerprint)?;
        if one.stamp != Stamp::of(home) || expires(&one.key) {
            *kept = None;
            return None;
        }
        Some(one.key.clone())
    }

    fn one(&self) -> MutexGuard<'_, Option<One>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether any part of it has expired by now, or does within the next second.
fn expires(key: &gpgme::Key) -> bool {
    let soon =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |now| now.as_secs().saturating_add(1));
    let at = |time: Option<SystemTime>| time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let parts = key.subkeys().filter(|part| !part.is_expired());
    parts.filter_map(|part| at(part.expiration_time())).any(|expiry| expiry.as_secs() <= soon)
}
