//! Why a request did not succeed, as a sentence for the person in front of the application.
//!
//! Applications print these texts as they are (libsecret, git, and what is built on them), so each says what to do.

use std::fmt;
use std::io;

use sd_wire::fault::Fault;
use sd_wire::outcome::What;
use sd_wire::parties::Role;

use crate::screen;

/// Why there is no answer, or not the one wished for.
#[derive(Debug)]
pub enum Failure {
    /// Nobody owns the gate's name on the system bus, or it did not take the request within a second.
    Absent,
    /// This side is set up wrongly: the parties file, the user's name, an argument that the wire cannot carry.
    Misconfigured(String),
    /// The gate answered the method call with this sentence of its own.
    Refused(String),
    /// Too many requests wait already; the gate's sentence. Later there may be room.
    Full(String),
    /// The gate cannot take requests on just now, in a sentence of its own: what stands behind it is not running.
    Unavailable(String),
    /// None waits under the id that was named; the gate's sentence.
    NoSuch(String),
    /// The ask ended, but not with what was asked for: denied, expired, cancelled, rejected, failed.
    Ended(What),
    /// Somebody wrote into the sink who may not say such a thing.
    Forged {
        /// Who may.
        role: Role,
        /// The uid of whoever did; `None` when the kernel named none.
        writer: Option<u32>,
    },
    /// What came back is not what the protocol allows here.
    Garbled(String),
    /// The sink closed without an outcome: a stage of the pipeline has died.
    Lost,
    /// No outcome within the time that every stage together may take.
    Timeout,
    /// The kernel or the bus refused something that cannot fail in good health.
    System(String),
}

impl Failure {
    /// Whether somebody must start something before any request of this kind can succeed.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Absent | Self::Unavailable(_) => true,
            Self::Ended(What::Failed { why, .. } | What::Rejected { why }) => {
                matches!(why, Fault::Unavailable | Fault::NoAgent)
            }
            _ => false,
        }
    }

    /// Whether too many requests wait already, so that the same may succeed later.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full(_) => true,
            Self::Ended(What::Rejected { why } | What::Failed { why, .. }) => *why == Fault::TooMany,
            _ => false,
        }
    }

    /// Whether a person or a clock said no: the request was understood, and the answer is no.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Ended(What::Denied {} | What::Expired {} | What::Cancelled {}) | Self::Timeout)
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::System(e.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str(
                "the approval side is not running: log in again, or run \
                 `systemctl start secrets-dispatcher@<user>.target` as root",
            ),
            Self::Misconfigured(what) | Self::NoSuch(what) => f.write_str(what),
            Self::Refused(sentence) | Self::Full(sentence) => {
                write!(f, "sd-gate refused the request: {sentence}")
            }
            Self::Unavailable(sentence) => write!(f, "the approval side is not running: {sentence}"),
            Self::Ended(what) => write!(f, "{what}"),
            Self::Forged { role, writer: Some(uid) } => write!(
                f,
                "uid {uid} answered in the place of {role}; the answer was refused, nothing of it was used"
            ),
            Self::Forged { role, writer: None } => {
                write!(f, "nobody known answered in the place of {role}; the answer was refused")
            }
            Self::Garbled(what) => write!(f, "the answer was not understood and was refused: {what}"),
            Self::Lost => f.write_str(
                "the approval side closed the request without an answer; nothing was released, try again",
            ),
            Self::Timeout => write!(
                f,
                "no answer from the approval side in time; press {} to see what waits there, and try again",
                screen::key()
            ),
            Self::System(what) => write!(f, "the request could not be sent: {what}"),
        }
    }
}

impl std::error::Error for Failure {}
