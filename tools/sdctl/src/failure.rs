//! Why a wish was not fulfilled, as a sentence on standard error and an exit status.

use std::fmt;
use std::io;
use std::process::ExitCode;

use sd_client::Failure as Client;
use sd_sys::exit;
use sd_wire::id::AskId;

use crate::import::Why;

/// No such id, or more than one.
const UNKNOWN: u8 = 1;

/// What a person can do differs from one to the next.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The gate, or the way to it.
    Gate(Client),
    /// The gate is there, the approval screen is not.
    NoScreen,
    /// No request begins so.
    Unknown(String),
    /// The request of this id is settled, by this outcome.
    Settled(AskId, String),
    /// More than one request begins so.
    Ambiguous(String, Vec<AskId>),
    /// An import was not made, or not to its end.
    Import(Why),
    /// Standard output takes no more.
    Output(io::Error),
}

impl Failure {
    /// The exit status.
    pub(crate) fn exit(&self) -> ExitCode {
        exit::code(match self {
            Self::Unknown(_) | Self::Settled(..) | Self::Ambiguous(..) | Self::Gate(Client::NoSuch(_)) => {
                UNKNOWN
            }
            Self::Import(why) => why.exit(),
            Self::Gate(Client::Misconfigured(_)) => exit::MISCONFIGURED,
            Self::Gate(Client::Garbled(_) | Client::Forged { .. }) => exit::PROTOCOL,
            Self::Gate(_) | Self::NoScreen | Self::Output(_) => exit::UNAVAILABLE,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(e) => write!(f, "{e}"),
            Self::NoScreen => f.write_str(
                "the approval screen does not answer: run `systemctl restart sd-decide@<user>.service` as root",
            ),
            Self::Unknown(id) => write!(f, "no request begins with {id}; see `sdctl list` and `sdctl history`"),
            Self::Settled(id, outcome) => write!(f, "request {id} does not wait any more, it is {outcome}"),
            Self::Ambiguous(id, ids) => {
                write!(f, "{} requests begin with {id}, type more of one:", ids.len())?;
                ids.iter().try_for_each(|id| write!(f, " {id}"))
            }
            Self::Import(why) => write!(f, "{why}"),
            Self::Output(e) => write!(f, "the answer could not be written: {e}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Client> for Failure {
    fn from(e: Client) -> Self {
        Self::Gate(e)
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Output(e)
    }
}

impl From<Why> for Failure {
    fn from(why: Why) -> Self {
        Self::Import(why)
    }
}
