//! Why it is not so, as a sentence for the journal and an exit status.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use sd_sys::exit;

use crate::session::Sessions;

/// Why it is not so.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The kernel refuses to protect this process.
    Hardening(String),
    /// Who the user is cannot be learnt.
    NotSetUp(String, String),
    /// logind cannot be asked.
    NoAnswer(String, String),
    /// Nobody of this name is logged in.
    NoSession(String, Duration),
    /// Somebody of this name still is.
    StillHere(String, Sessions),
}

impl Failure {
    /// Whether it happens in good health every day.
    pub(crate) fn is_ordinary(&self) -> bool {
        matches!(self, Self::StillHere(..))
    }

    pub(crate) fn exit(&self) -> ExitCode {
        exit::code(match self {
            Self::Hardening(_) => exit::BUG,
            Self::NotSetUp(..) => exit::MISCONFIGURED,
            Self::NoAnswer(..) => exit::UNAVAILABLE,
            Self::NoSession(..) => exit::FORBIDDEN,
            Self::StillHere(..) => exit::LATER,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardening(why) => write!(f, "sessions cannot be looked at: {why}"),
            Self::NotSetUp(user, why) => {
                write!(f, "{user} is not set up here: {why}; run sd-provision --user {user}")
            }
            Self::NoAnswer(user, why) => {
                write!(f, "whether {user} has a session is not known, for logind cannot be asked: {why}")
            }
            Self::NoSession(user, waited) => write!(
                f,
                "{user} has no session, and without one nothing is started: log in as {user} (on a console, by ssh, or \
                 a display manager); logind was looked at for {} s, see loginctl list-sessions",
                waited.as_secs()
            ),
            Self::StillHere(user, sessions) => {
                write!(f, "{user} still has a session ({sessions})")
            }
        }
    }
}

impl std::error::Error for Failure {}
