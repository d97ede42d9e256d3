//! The files of the record as its writer finds and makes them, and why it cannot.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use sd_wire::record::Unwritten;

use crate::folder::{self, CURRENT};
use crate::key::{Key, LEN};
use crate::moment;
use crate::state::State;

/// Why the record cannot be opened.
#[derive(Debug)]
pub(crate) enum Closed {
    /// There is neither a state nor a first key: provisioning has to make one.
    NoKey,
    /// Another process writes it.
    Taken,
    /// What was written last cannot be told.
    NoState,
    /// The disk is full.
    Full,
    /// A system call failed.
    Io(&'static str, io::Error),
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoKey => f.write_str("the audit record has no key"),
            Self::Taken => f.write_str("another process writes the audit record already"),
            Self::NoState => f.write_str(
                "what was written last cannot be told: the file `state` was changed; `sd-audit verify` says what the \
                 record still shows, and `sd-provision --user USER` begins a new one beside it",
            ),
            Self::Full => f.write_str("the disk of the audit record is full; make room below /var/log"),
            Self::Io(what, e) => write!(f, "the audit record cannot be opened, {what}: {e}"),
        }
    }
}

/// Puts what is there of another record into a folder of its own; what to say about it.
pub(super) fn begin(folder: &Path) -> io::Result<String> {
    let mut files = folder::all(folder)?;
    files.retain(|path| fs::symlink_metadata(path).is_ok_and(|about| about.len() > 0));
    if files.is_empty() {
        return Ok("the audit record begins".to_owned());
    }
    let name = format!("before-{}", moment::now().as_micros());
    let before = folder.join(&name);
    fs::DirBuilder::new().mode(0o700).create(&before)?;
    for path in &files {
        if let Some(file) = path.file_name() {
            fs::rename(path, before.join(file))?;
        }
    }
    folder::sync(&before)?;
    Ok(format!("the audit record begins anew; what was there before is in {name}"))
}

/// A rename that power was cut behind: the full file has its name, and the state still speaks of it.
pub(super) fn finish_rotation(folder: &Path, state: &mut State) -> io::Result<()> {
    if state.size == 0 {
        return Ok(());
    }
    let renamed = folder.join(folder::full_name(state.seq));
    let current = fs::symlink_metadata(folder.join(CURRENT)).map_or(0, |about| about.len());
    let whole = fs::symlink_metadata(renamed).is_ok_and(|about| about.is_file() && about.len() == state.size);
    if current == 0 && whole {
        state.size = 0;
    }
    Ok(())
}

pub(super) fn first_key(path: &Path) -> Result<Key, Closed> {
    let bytes = match sd_sys::read_trusted(path, 2 * LEN + 1) {
        Err(sd_sys::Untrusted { reason: sd_sys::trusted::Reason::Io(e), .. })
            if e.kind() == io::ErrorKind::NotFound =>
        {
            return Err(Closed::NoKey);
        }
        Err(e) => return Err(Closed::Io("first.key", io::Error::other(e.to_string()))),
        Ok(bytes) => zeroize::Zeroizing::new(bytes),
    };
    std::str::from_utf8(&bytes).ok().and_then(Key::read).ok_or(Closed::NoKey)
}

pub(super) fn current(folder: &Path) -> io::Result<File> {
    let path = folder.join(CURRENT);
    match new_file(&path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
            let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path)?;
            if !file.metadata()?.is_file() {
                return Err(io::Error::other("it is no regular file"));
            }
            Ok(file)
        }
        new => new,
    }
}

pub(super) fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

pub(super) fn unwritten(e: &io::Error) -> Unwritten {
    sd_journal::error(format!("the audit record could not be written: {e}"));
    match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Unwritten::Full
        }
        _ => Unwritten::Broken,
    }
}

pub(super) fn doing(what: &'static str) -> impl Fn(io::Error) -> Closed {
    move |e| match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Closed::Full,
        _ => Closed::Io(what, e),
    }
}
