//! Why there is no passphrase.

use std::fmt;
use std::io;

use sd_wire::fault::Fault;

/// Why there is no passphrase. Each says something else to the person.
#[derive(Debug)]
pub enum NoPassphrase {
    /// A person pressed Esc.
    Dismissed,
    /// Nobody typed it in time.
    Expired,
    /// `sd-decide` will not ask now: nothing is under way that could need it, or too much is.
    NotNow,
    /// Whoever wanted it is gone, so it was not waited for.
    Withdrawn,
    /// `sd-decide` is not there: its socket cannot be reached.
    Unavailable(io::Error),
    /// `sd-decide` hung up without an answer.
    Lost,
    /// `sd-decide` was silent until the deadline.
    Silent,
    /// An answer that `sd-decide` did not write. Holds the uid that did, if the kernel named one.
    Forged(Option<u32>),
    /// An answer, or the bytes after it, that was not well formed.
    Garbled(String),
}

impl NoPassphrase {
    /// The same as the closed list of the wire says it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Dismissed => Fault::Dismissed,
            Self::Expired => Fault::NoPassphrase,
            Self::NotNow => Fault::Refused,
            Self::Withdrawn | Self::Lost => Fault::Lost,
            Self::Unavailable(_) => Fault::Unavailable,
            Self::Silent => Fault::Timeout,
            Self::Forged(_) | Self::Garbled(_) => Fault::Malformed,
        }
    }
}

impl fmt::Display for NoPassphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dismissed => f.write_str("the passphrase prompt was dismissed"),
            Self::Expired => f.write_str("nobody typed the passphrase in time"),
            Self::NotNow => {
                f.write_str("sd-decide does not ask for a passphrase now: nothing that it approved needs one")
            }
            Self::Withdrawn => f.write_str("whoever wanted the passphrase is gone"),
            Self::Unavailable(why) => write!(f, "sd-decide could not be asked for a passphrase: {why}"),
            Self::Lost => f.write_str("sd-decide hung up without an answer about the passphrase"),
            Self::Silent => f.write_str("sd-decide did not answer about the passphrase in time"),
            Self::Forged(Some(uid)) => {
                write!(f, "an answer about the passphrase came from uid {uid}, which is not sd-decide's")
            }
            Self::Forged(None) => f.write_str("an answer about the passphrase came from nobody"),
            Self::Garbled(why) => write!(f, "the answer about the passphrase was not understood: {why}"),
        }
    }
}

impl std::error::Error for NoPassphrase {}
