//! Why the rig itself did not do what it was asked to do.

use std::fmt;
use std::io;

/// What went wrong, by what the caller can do about it.
#[derive(Debug)]
pub enum Failure {
    /// The command line asks for something that cannot be.
    Usage(String),
    /// A program or a file that the rig needs is not there.
    Missing(String),
    /// A process of the chain did not come up.
    NotReady {
        /// Which one.
        who: String,
        /// What it said, or what happened to it.
        why: String,
    },
    /// The system refused something.
    System {
        /// What the rig was doing.
        doing: String,
        /// What the system said.
        error: io::Error,
    },
}

impl Failure {
    /// The exit status by sysexits: 64 usage, 69 something is missing or did not come up, 71 the system refused.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Missing(_) | Self::NotReady { .. } => 69,
            Self::System { .. } => 71,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Missing(what) => f.write_str(what),
            Self::NotReady { who, why } => write!(f, "{who} did not come up: {why}"),
            Self::System { doing, error } => write!(f, "could not {doing}: {error}"),
        }
    }
}

/// Names what was being done when the system refused.
pub trait Doing<T> {
    /// The value, or [`Failure::System`] with these words behind "could not".
    ///
    /// # Errors
    /// The error that was there, under its name.
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::System { doing: what.to_string(), error: error.into() })
    }
}
