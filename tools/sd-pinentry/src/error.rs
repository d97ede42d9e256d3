//! Why the conversation with gpg-agent ended early.

use std::fmt;
use std::io;
use std::process::ExitCode;

use sd_sys::exit;

/// Why the conversation with gpg-agent ended early.
#[derive(Debug)]
pub(crate) enum Error {
    /// The kernel refuses to protect this process.
    Hardening(String),
    /// This user is not set up. Provision again.
    Misconfigured(String),
    /// gpg-agent went away, or does not take an answer.
    Gone(io::Error),
    /// gpg-agent said nothing for so long that it must have forgotten us.
    Forgotten,
    /// A line longer than Assuan allows.
    TooLong,
}

impl Error {
    pub(crate) fn exit(&self) -> ExitCode {
        exit::code(match self {
            Self::Hardening(_) => exit::BUG,
            Self::Misconfigured(_) => exit::MISCONFIGURED,
            Self::Gone(_) | Self::Forgotten => exit::UNAVAILABLE,
            Self::TooLong => exit::PROTOCOL,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardening(why) => write!(f, "no passphrase can be asked for: {why}"),
            Self::Misconfigured(why) => write!(f, "this companion is not set up: {why}; run sd-provision"),
            Self::Gone(why) => write!(f, "gpg-agent went away: {why}"),
            Self::Forgotten => f.write_str("gpg-agent said nothing more"),
            Self::TooLong => f.write_str("gpg-agent sent a line that is longer than Assuan allows"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(why: io::Error) -> Self {
        Self::Gone(why)
    }
}
