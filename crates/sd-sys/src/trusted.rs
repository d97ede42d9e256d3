//! Files whose content steers a tool: only from an owner who could replace the tool itself.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::identity::own_uid;

/// A file that is not read, and why.
#[derive(Debug)]
pub struct Untrusted {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum Reason {
    /// It could not be opened or read; a symbolic link in its place gives `ELOOP`.
    Io(io::Error),
    /// It is not a regular file.
    NotRegular,
    /// It belongs to neither root nor the reader.
    Owner(u32),
    /// Its group or everyone may write it.
    Writable(u32),
    /// It is longer than this many bytes.
    TooLong(usize),
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Io(why) => write!(f, "{path} could not be read: {why}"),
            Reason::NotRegular => write!(f, "{path} is not a regular file"),
            Reason::Owner(uid) => {
                write!(f, "{path} belongs to uid {uid}; it must belong to root or the reader")
            }
            Reason::Writable(mode) => {
                write!(f, "{path} has mode {mode:03o}; neither group nor others may be able to write it")
            }
            Reason::TooLong(max) => write!(f, "{path} is longer than {max} bytes"),
        }
    }
}

impl std::error::Error for Untrusted {}

/// The content of a regular file of at most `max` bytes that belongs to root or to this process'
/// uid and that neither group nor others may write. Only the file itself is examined, not the
/// directories above it: who names the path vouches for them.
pub fn read_trusted(path: &Path, max: usize) -> Result<Vec<u8>, Untrusted> {
    read(path, max).map_err(|reason| Untrusted { path: path.to_owned(), reason })
}

fn read(path: &Path, max: usize) -> Result<Vec<u8>, Reason> {
    let file = OpenOptions::new()
        .read(true)
        // O_NONBLOCK: the open of a pipe without a writer would wait for ever.
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(Reason::Io)?;
    // Of the open file, not of the path: what was checked is what is read.
    let found = file.metadata().map_err(Reason::Io)?;
    if !found.is_file() {
        return Err(Reason::NotRegular);
    }
    if found.uid() != 0 && found.uid() != own_uid() {
        return Err(Reason::Owner(found.uid()));
    }
    if found.mode() & 0o022 != 0 {
        return Err(Reason::Writable(found.mode() & 0o7777));
    }
    let limit = u64::try_from(max).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Reason::Io)?;
    if bytes.len() > max { Err(Reason::TooLong(max)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;
