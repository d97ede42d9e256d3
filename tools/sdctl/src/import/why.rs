//! Why an import was not made, or not to its end.

use std::fmt;

use sd_client::Failure as Client;
use sd_sys::exit;
use sd_wire::printable::Printable;

/// Not all of it arrived; also what a person did not allow.
const NOT_ALL: u8 = 1;

/// What a person can do differs from one to the next.
#[derive(Debug)]
pub(crate) enum Why {
    /// The command line.
    Usage(String),
    /// The bus of the source, or nobody on it.
    NoSource(String),
    /// The source is the store that would be imported into.
    Ourselves(u32),
    /// The source has no such collection; these are there.
    NoCollection(String, Vec<String>),
    /// A collection of the source stayed locked.
    Locked(String),
    /// The source did not do what it was asked for.
    Source(String),
    /// An ask was not approved, or not carried out to its end.
    Stopped(Client),
    /// Some items are not in the store.
    Incomplete,
    /// They were not deleted from the source.
    NotDeleted(String),
    /// The kernel refused what cannot fail in good health.
    Kernel(String),
}

impl Why {
    /// The exit status.
    pub(crate) fn exit(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Stopped(Client::Ended(_) | Client::Lost | Client::Timeout)
            | Self::NoCollection(..)
            | Self::Locked(_)
            | Self::Incomplete
            | Self::NotDeleted(_) => NOT_ALL,
            Self::Stopped(Client::Misconfigured(_)) => exit::MISCONFIGURED,
            Self::Stopped(Client::Garbled(_) | Client::Forged { .. }) => exit::PROTOCOL,
            Self::NoSource(_) | Self::Ourselves(_) | Self::Source(_) | Self::Stopped(_) | Self::Kernel(_) => {
                exit::UNAVAILABLE
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Kernel(what) | Self::NotDeleted(what) => f.write_str(what),
            Self::NoSource(what) => write!(f, "there is nothing to import from: {what}"),
            Self::Ourselves(pid) => write!(
                f,
                "the Secret Service on this bus is sd-agent itself (pid {pid}), so there is nothing to import: start the \
                 old keyring on a bus of its own and name that with --from; `sdctl import --help` shows how"
            ),
            Self::NoCollection(name, there) => {
                let there: Vec<String> = there.iter().map(|it| Printable::line(it).to_string()).collect();
                write!(
                    f,
                    "the source has no collection {}; it has: {}",
                    Printable::line(name),
                    there.join(", ")
                )
            }
            Self::Locked(label) => write!(
                f,
                "the collection {} of the source stayed locked: unlock it there, or choose others with --collection",
                Printable::line(label)
            ),
            Self::Source(what) => write!(f, "the source did not answer as it should: {what}"),
            Self::Stopped(e) => write!(f, "{e}"),
            Self::Incomplete => {
                f.write_str("some items are not in the store; nothing was deleted from the source")
            }
        }
    }
}

impl std::error::Error for Why {}
