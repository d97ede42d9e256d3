//! The key with which was first signed: one fingerprint in a file of the companion's.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sd_sys::trusted::{Reason, read_trusted};
use sd_wire::sign::Fingerprint;

use crate::list::{List, MAX_FILE};

/// Where systemd keeps the state of a companion's units: `StateDirectory=` of sd-sign@.service, without its user.
pub const SYSTEM_STATE: &str = "/var/lib/secrets-dispatcher";

const FILE: &str = "trusted_key";

/// Where the key of the first use is kept.
#[derive(Clone, Debug)]
pub struct FirstUse {
    folder: PathBuf,
}

/// It cannot be read or written, in a sentence.
#[derive(Debug)]
pub struct NotKept(pub String);

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotKept {}

impl FirstUse {
    /// In this folder, which is made when something is kept in it.
    #[must_use]
    pub fn within(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// In this GnuPG home, where no unit has a folder for it.
    #[must_use]
    pub fn within_gnupg(home: &Path) -> Self {
        Self::within(home.join("secrets-dispatcher"))
    }

    /// The file, for a person.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The key of the first use; `None` while nothing was signed.
    ///
    /// # Errors
    /// [`NotKept`], when the file is there and cannot be read, may be written by others, or holds no one fingerprint.
    pub fn read(&self) -> Result<Option<Fingerprint>, NotKept> {
        let path = self.path();
        let bytes = match read_trusted(&path, MAX_FILE) {
            Ok(bytes) => bytes,
            Err(why) => match &why.reason {
                Reason::Io(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
                _ => return Err(NotKept(why.to_string())),
            },
        };
        match List::parse(&bytes) {
            Ok(List::Keys(keys)) if keys.len() == 1 => Ok(keys.into_iter().next()),
            // Not taken for "nothing was signed yet": that would let the next key in.
            _ => Err(NotKept(format!("{} does not hold one fingerprint", path.display()))),
        }
    }

    /// Keeps this key unless one is kept already; the one that is kept afterwards. Of two that come at once one is first.
    ///
    /// # Errors
    /// [`NotKept`].
    pub fn keep(&self, key: &Fingerprint) -> Result<Fingerprint, NotKept> {
        let fresh = self.write(key)?;
        // Unlike a rename, a link does not take the place of what is there.
        let linked = fs::hard_link(&fresh.0, self.path());
        match linked {
            Ok(()) => self.lasting()?,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(self.cannot(&e)),
        }
        self.read()?.ok_or_else(|| NotKept(format!("{} went away", self.path().display())))
    }

    /// Keeps this key in the place of whatever is kept.
    ///
    /// # Errors
    /// [`NotKept`].
    pub fn replace(&self, key: &Fingerprint) -> Result<(), NotKept> {
        let fresh = self.write(key)?;
        fs::rename(&fresh.0, self.path()).map_err(|e| self.cannot(&e))?;
        self.lasting()
    }

    /// A file beside, all of it on the disk.
    fn write(&self, key: &Fingerprint) -> Result<Fresh, NotKept> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(|e| self.cannot(&e))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let fresh = Fresh(self.folder.join(format!(".{FILE}.{}.{number}", std::process::id())));
        // One that a process of the same number left behind when it was killed.
        let _ = fs::remove_file(&fresh.0);
        let written = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh.0)?;
            let text = format!(
                "# The key that signs here, kept when it first did; `sd-provision key trust` takes another one.\n{}\n",
                key.as_str()
            );
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        written().map_err(|e| self.cannot(&e))?;
        Ok(fresh)
    }

    fn lasting(&self) -> Result<(), NotKept> {
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|e| self.cannot(&e))
    }

    fn cannot(&self, e: &io::Error) -> NotKept {
        NotKept(format!("the key of the first use cannot be kept in {}: {e}", self.path().display()))
    }
}

/// A file that is gone afterwards, unless it was renamed.
struct Fresh(PathBuf);

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn key(digit: char) -> Fingerprint {
        Fingerprint::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn place() -> (tempfile::TempDir, FirstUse) {
        let place = tempfile::tempdir().unwrap();
        let kept = FirstUse::within(place.path().join("state/sign"));
        (place, kept)
    }

    #[test]
    fn the_first_key_is_kept_and_no_later_one() {
        let (_place, kept) = place();
        assert_eq!(kept.read().unwrap(), None);
        assert_eq!(kept.keep(&key('A')).unwrap(), key('A'));
        assert_eq!(kept.keep(&key('B')).unwrap(), key('A'));
        assert_eq!(kept.read().unwrap(), Some(key('A')));
        kept.replace(&key('B')).unwrap();
        assert_eq!(kept.read().unwrap(), Some(key('B')));
        let mode = fs::metadata(kept.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&kept.folder).unwrap().count(), 1, "something was left behind");
    }

    #[test]
    fn of_many_at_once_one_is_first() {
        let (_place, kept) = place();
        let kept = &kept;
        let digits = ['1', '2', '3', '4', '5', '6', '7', '8'];
        let told: Vec<_> = std::thread::scope(|threads| {
            let all = digits.map(|digit| threads.spawn(move || kept.keep(&key(digit)).unwrap()));
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let first = kept.read().unwrap().unwrap();
        assert!(told.iter().all(|one| *one == first), "{told:?}");
    }

    #[test]
    fn a_file_that_holds_no_one_key_is_not_taken_for_none() {
        let (_place, kept) = place();
        kept.replace(&key('A')).unwrap();
        for bad in
            ["", "# gone\n", "first-use\n", "ABC\n", &format!("{}\n{}\n", "A".repeat(40), "B".repeat(40))]
        {
            fs::write(kept.path(), bad).unwrap();
            assert!(kept.read().is_err(), "{bad:?}");
            assert!(kept.keep(&key('B')).is_err(), "{bad:?}");
        }
        fs::write(kept.path(), "A".repeat(40)).unwrap();
        fs::set_permissions(kept.path(), fs::Permissions::from_mode(0o622)).unwrap();
        assert!(kept.read().is_err());
        fs::remove_file(kept.path()).unwrap();
        std::os::unix::fs::symlink("/dev/zero", kept.path()).unwrap();
        assert!(kept.read().is_err());
    }
}
