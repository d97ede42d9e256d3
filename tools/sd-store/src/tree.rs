//! The folder of a store: what is in it, and how a file gets there whole or not at all.
//!
//! Every folder must be ours and closed to others, or nothing is read or written: whoever can write there could put
//! another's key into `.gpg-id`. Symbolic links are not followed. `.git` and whatever else begins with a dot is left
//! alone.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::fcntl::OFlag;
use sd_sys::identity::own_uid;
use sd_sys::trusted;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The most entries of a store, and folders in one another.
const MOST: usize = 50_000;
const DEEPEST: usize = 32;
/// The longest file: an entry of the most bytes, encrypted to some hundred keys.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// The longest list of recipients.
const MAX_RECIPIENTS: usize = 64 * 1024;
const ENTRY: &str = ".gpg";
const RECIPIENTS: &str = ".gpg-id";
/// How files begin that are being written.
const UNFINISHED: &str = ".sd-store-";

/// What tells one content of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    inode: u64,
    size: u64,
    changed: (i64, i64),
    /// When it was modified, in seconds since 1970.
    pub(crate) modified: u64,
}

impl Stamp {
    fn is_older(&self, than: SystemTime) -> bool {
        let (seconds, nanos) = self.changed;
        let changed = u64::try_from(seconds).ok().zip(u32::try_from(nanos).ok());
        let changed = changed.map(|(seconds, nanos)| UNIX_EPOCH + Duration::new(seconds, nanos));
        changed.is_some_and(|changed| changed + COARSE < than)
    }

    fn of(file: &fs::Metadata) -> Self {
        Self {
            inode: file.ino(),
            size: file.size(),
            // Of the inode, which nobody can set.
            changed: (file.ctime(), file.ctime_nsec()),
            modified: u64::try_from(file.mtime()).unwrap_or(0),
        }
    }
}

/// What is in a store.
pub(crate) struct Entries {
    /// The files of all entries, by their names: paths from the root, without `.gpg`.
    pub(crate) files: BTreeMap<String, Stamp>,
    folders: Vec<(PathBuf, Stamp)>,
    began: SystemTime,
}

/// The kernel's clock for files is coarse: a folder that changed so shortly before it was looked at may have changed
/// again since, and look the same.
const COARSE: Duration = Duration::from_millis(50);

impl Entries {
    /// Whether each folder is as it was: then there are the same files, whatever is in them by now.
    pub(crate) fn are_still_all(&self) -> bool {
        let same = |(path, then): &(PathBuf, Stamp)| {
            let now = path.symlink_metadata();
            now.is_ok_and(|what| what.is_dir() && Stamp::of(&what) == *then)
        };
        self.folders.iter().all(|one| one.1.is_older(self.began) && same(one))
    }
}

/// A store's folder.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// All entries.
    pub(crate) fn entries(&self) -> Result<Entries, Fault> {
        let mut found = Entries { files: BTreeMap::new(), folders: Vec::new(), began: SystemTime::now() };
        let root = is_fit(&self.root, 0o077)?;
        found.folders.push((self.root.clone(), root));
        self.walk(&self.root, "", 0, &mut found)?;
        Ok(found)
    }

    fn walk(&self, at: &Path, name: &str, depth: usize, found: &mut Entries) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(Fault::TooLarge("the store's folders are too deep in one another"));
        }
        for one in fs::read_dir(at).map_err(Fault::io(at))? {
            let one = one.map_err(Fault::io(at))?;
            let file = one.file_name();
            // What begins with a dot is not shown by pass either; what is no text, nobody could name on the bus.
            let Some(file) = file.to_str().filter(|file| !file.starts_with('.')) else { continue };
            let path = one.path();
            let what = match path.symlink_metadata() {
                Ok(what) => what,
                Err(why) if why.kind() == ErrorKind::NotFound => continue,
                Err(why) => return Err(Fault::Io(path, why)),
            };
            let below = if name.is_empty() { file.to_owned() } else { format!("{name}/{file}") };
            if what.is_dir() {
                found.folders.push((path.clone(), is_fit(&path, 0o022)?));
                self.walk(&path, &below, depth + 1, found)?;
            } else if let Some(entry) = below.strip_suffix(ENTRY).filter(|_| what.is_file()) {
                if found.files.len() >= MOST {
                    return Err(Fault::TooLarge("the store has too many entries"));
                }
                found.files.insert(entry.to_owned(), Stamp::of(&what));
            }
        }
        Ok(())
    }

    /// The file of an entry, encrypted as it is, and what it is at this moment.
    pub(crate) fn read(&self, name: &str) -> Result<(Vec<u8>, Stamp), Fault> {
        get(&self.file(name)?, MAX_FILE)
    }

    /// What the file of an entry is at this moment.
    pub(crate) fn stamp(&self, name: &str) -> Result<Stamp, Fault> {
        let path = self.file(name)?;
        let what = path.symlink_metadata().map_err(Fault::io(&path))?;
        if what.is_file() { Ok(Stamp::of(&what)) } else { Err(Fault::NotFound) }
    }

    /// Puts an entry there, whole or not at all, and on the disk before it is said to be there. Says what the file is then.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<Stamp, Fault> {
        let path = self.file(name)?;
        let folder = path.parent().unwrap_or(&self.root);
        self.folders(folder)?;
        put(&path, bytes)
    }

    /// Removes an entry, and the folders above it that are empty then.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Fault> {
        let path = self.file(name)?;
        fs::remove_file(&path).map_err(Fault::io(&path))?;
        let mut folder = path.parent();
        while let Some(at) = folder.filter(|at| *at != self.root) {
            sync(at).map_err(Fault::io(at))?;
            if fs::remove_dir(at).is_err() {
                return Ok(());
            }
            folder = at.parent();
        }
        sync(&self.root).map_err(Fault::io(&self.root))
    }

    /// Makes the folders down to this one.
    pub(crate) fn folders(&self, folder: &Path) -> Result<(), Fault> {
        let below = folder.strip_prefix(&self.root).map_err(|_| Fault::NotFound)?;
        is_fit(&self.root, 0o077)?;
        let mut at = self.root.clone();
        for part in below.components() {
            let above = at.clone();
            at.push(part);
            match DirBuilder::new().mode(0o700).create(&at) {
                Ok(()) => sync(&above).map_err(Fault::io(&above))?,
                Err(why) if why.kind() == ErrorKind::AlreadyExists => drop(is_fit(&at, 0o022)?),
                Err(why) => return Err(Fault::Io(at, why)),
            }
        }
        Ok(())
    }

    /// Whom an entry is encrypted to: the names in the nearest `.gpg-id` above it.
    pub(crate) fn recipients(&self, name: &str) -> Result<Vec<String>, Fault> {
        let path = self.file(name)?;
        let mut folder = path.parent();
        while let Some(at) = folder.filter(|at| at.starts_with(&self.root)) {
            let file = at.join(RECIPIENTS);
            if file.symlink_metadata().is_ok() {
                let bytes = trusted::read_trusted(&file, MAX_RECIPIENTS)
                    .map_err(|why| Fault::Wrong(why.to_string()))?;
                let nobody = || Fault::Unfit(file.clone(), "names nobody to encrypt to".into());
                return names_in(&bytes).ok_or_else(nobody);
            }
            folder = at.parent();
        }
        Err(Fault::Unfit(self.root.clone(), format!("has no {RECIPIENTS}; run `sd-store init`")))
    }

    /// Removes what was being written when a process before us ended.
    pub(crate) fn tidy(&self) {
        let mut folders = vec![(self.root.clone(), 0)];
        while let Some((at, depth)) = folders.pop() {
            for one in fs::read_dir(&at).into_iter().flatten().flatten() {
                let kind = one.file_type();
                if one.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    // It will be in nobody's way.
                    let _ = fs::remove_file(one.path());
                } else if depth < DEEPEST && kind.is_ok_and(|kind| kind.is_dir()) {
                    folders.push((one.path(), depth + 1));
                }
            }
        }
    }

    /// Where an entry is. Names come from our own lists, or are made by us; what could lead elsewhere is refused even so.
    fn file(&self, name: &str) -> Result<PathBuf, Fault> {
        let fit = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains('\0');
        if !name.split('/').all(fit) {
            return Err(Fault::NotFound);
        }
        Ok(self.root.join(format!("{name}{ENTRY}")))
    }
}

/// The names in a `.gpg-id`; none when there is not one, or one that nobody can have.
pub(crate) fn names_in(bytes: &[u8]) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(bytes);
    let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // gpgme wants C strings and panics without.
    (!names.is_empty() && !names.iter().any(|name| name.contains('\0'))).then_some(names)
}

/// Whether a folder is ours, and closed to others as far as this mask says.
pub(crate) fn is_fit(folder: &Path, closed: u32) -> Result<Stamp, Fault> {
    let what = folder.symlink_metadata().map_err(Fault::io(folder))?;
    let unfit = |why: String| Err(Fault::Unfit(folder.to_owned(), why));
    if !what.is_dir() {
        return unfit("is not a folder".into());
    }
    if what.uid() != own_uid() {
        return unfit(format!("belongs to uid {}, not to us; nothing is done with it", what.uid()));
    }
    if what.mode() & closed != 0 {
        let mode = what.mode() & 0o777;
        return unfit(format!("has mode {mode:03o}; it must be closed to others: chmod go-rwx"));
    }
    Ok(Stamp::of(&what))
}

/// Puts a file there, whole or not at all.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<Stamp, Fault> {
    let failed = || Fault::Io(path.to_owned(), ErrorKind::Other.into());
    let folder = path.parent().ok_or_else(failed)?;
    let unfinished = folder.join(format!("{UNFINISHED}{}", crate::names::item().ok_or_else(failed)?));
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, path)?;
            sync(folder)?;
            // Of this file, whatever stands in its place by now.
            file.metadata().map(|what| Stamp::of(&what))
        });
    if written.is_err() {
        // It is encrypted, and nobody takes it for an entry.
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(Fault::io(path))
}

/// What is in a file, if it is one of ours alone, and what it is at this moment.
pub(crate) fn get(path: &Path, most: u64) -> Result<(Vec<u8>, Stamp), Fault> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path)
        .map_err(Fault::io(path))?;
    let what = file.metadata().map_err(Fault::io(path))?;
    if !what.is_file() || what.uid() != own_uid() || what.mode() & 0o022 != 0 {
        return Err(Fault::Unfit(path.to_owned(), "is not a file of ours alone".into()));
    }
    let mut bytes = Vec::new();
    let length = file.take(most + 1).read_to_end(&mut bytes).map_err(Fault::io(path))?;
    if u64::try_from(length).unwrap_or(u64::MAX) > most {
        return Err(Fault::Unfit(path.to_owned(), format!("is longer than {most} bytes")));
    }
    Ok((bytes, Stamp::of(&what)))
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
