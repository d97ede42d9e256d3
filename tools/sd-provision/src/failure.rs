//! Why a wish was not fulfilled, as a sentence on standard error and an exit status.

use std::fmt;
use std::io;
use std::process::ExitCode;

use sd_sys::exit;

/// What a person can do differs from one to the next.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line does not fit who runs it, or what is there.
    Usage(String),
    /// The file holds no key that could be taken.
    Data(String),
    /// gpg, gpg-agent or the terminal is not there, or refuses.
    Unavailable(String),
    /// Another user must run it.
    Permission(String),
    /// The user or the companion is not set up.
    Misconfigured(String),
    /// Standard output takes no more.
    Output(io::Error),
    /// The companion's child has failed and said why: its exit status.
    OfChild(u8),
}

impl Failure {
    /// The exit status.
    pub(crate) fn exit(&self) -> ExitCode {
        exit::code(match self {
            Self::Usage(_) => exit::USAGE,
            Self::Data(_) => exit::DATA,
            Self::Unavailable(_) | Self::Output(_) => exit::UNAVAILABLE,
            Self::Permission(_) => exit::FORBIDDEN,
            Self::Misconfigured(_) => exit::MISCONFIGURED,
            Self::OfChild(status) => *status,
        })
    }

    /// What gpg refused, and what to do about it if that is known.
    pub(crate) fn gpg(doing: &str, e: gpgme::Error) -> Self {
        let advice = if e.code() == gpgme::Error::NO_AGENT.code() {
            "; gpg-agent does not run for the companion: start gpg-agent.socket of its user manager"
        } else {
            ""
        };
        Self::Unavailable(format!("gpg could not {doing}: {e}{advice}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why)
            | Self::Data(why)
            | Self::Unavailable(why)
            | Self::Permission(why)
            | Self::Misconfigured(why) => f.write_str(why),
            Self::Output(e) => write!(f, "the answer could not be written: {e}"),
            Self::OfChild(status) => write!(f, "it ended with status {status} as the companion"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Output(e)
    }
}
