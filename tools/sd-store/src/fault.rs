//! What goes wrong with a store, for the caller and for the journal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// gpg-agent would have to ask for a passphrase, or the collection was locked.
    Locked,
    /// There is no such collection or item, or no longer.
    NotFound,
    /// This kind of collection or item has no such thing.
    NotSupported(&'static str),
    /// What the caller gave cannot be kept.
    Invalid(&'static str),
    /// More than a store, an entry or an answer may hold.
    TooLarge(&'static str),
    /// A folder or a file of the store is not as it has to be.
    Unfit(PathBuf, String),
    /// gpg says so, or gpg-agent.
    Gpg(sd_wire::fault::Fault),
    /// What gpg decrypted is no entry, or a recipient cannot be used.
    Wrong(String),
    /// A system call failed on this file.
    Io(PathBuf, io::Error),
    /// The kernel gives no memory for the secret.
    NoMemory(io::Error),
    /// It takes too long.
    Late(String),
}

impl Fault {
    /// For `map_err`, of a system call on this file.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| {
            if why.kind() == io::ErrorKind::NotFound { Self::NotFound } else { Self::Io(path, why) }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("the store is locked; unlock it first"),
            Self::NotFound => f.write_str("there is no such entry in the store"),
            Self::NotSupported(what) | Self::Invalid(what) | Self::TooLarge(what) => f.write_str(what),
            Self::Unfit(path, why) => write!(f, "{} {why}", path.display()),
            Self::Gpg(why) => write!(f, "{why}"),
            Self::Wrong(why) | Self::Late(why) => f.write_str(why),
            Self::Io(path, why) => write!(f, "{}: {why}", path.display()),
            Self::NoMemory(why) => write!(f, "the kernel gives no memory for the secret: {why}"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<gpgme::Error> for Fault {
    fn from(e: gpgme::Error) -> Self {
        Self::Gpg(sd_gpg_agent::fault(e, false))
    }
}
