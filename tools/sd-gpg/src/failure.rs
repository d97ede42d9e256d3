//! Why there is no signature. git prints the sentence below its own "gpg failed to sign the data".

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use sd_sys::harden::HardenError;
use sd_wire::sign::MAX_PAYLOAD;

/// Why this program did not do what git asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request ended without a signature.
    Gate(sd_client::Failure),
    /// git did not send all of what is to be signed, or nobody takes the signature.
    Stream(&'static str, io::Error),
    /// The file that is to be signed cannot be read.
    Unreadable(PathBuf, io::Error),
    /// There is a file already where the signature would go.
    Exists(PathBuf),
    /// The signature cannot be written there.
    Unwritable(PathBuf, io::Error),
    /// What is to be signed is longer than can be shown.
    TooLong,
    /// There is nothing to sign.
    Empty,
    /// The kernel refused to protect this process.
    Unprotected(HardenError),
    /// The real gpg was found but cannot be run.
    Exec(PathBuf, io::Error),
    /// There is no gpg but this program.
    NoGpg,
    /// git's configuration was not changed as wanted.
    Setup(String),
}

impl Failure {
    /// 1: somebody said no, or nobody said anything; 2: it could not be asked. As gpg: 1 is a bad signature, 2 is
    /// everything else.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Gate(failure) if failure.is_refusal() => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}

impl From<sd_client::Failure> for Failure {
    fn from(failure: sd_client::Failure) -> Self {
        Self::Gate(failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(failure) => write!(f, "no signature: {failure}"),
            Self::Stream(what, e) => write!(f, "{what}: {e}"),
            Self::Unreadable(path, e) => write!(f, "{} cannot be read: {e}", path.display()),
            Self::Exists(path) => {
                write!(
                    f,
                    "{} is there already; --yes writes over it, --output names another file",
                    path.display()
                )
            }
            Self::Unwritable(path, e) => {
                write!(f, "the signature cannot be written to {}: {e}", path.display())
            }
            Self::TooLong => {
                write!(f, "what is to be signed is longer than {MAX_PAYLOAD} bytes, more than can be shown")
            }
            Self::Empty => f.write_str("there is nothing to sign"),
            Self::Unprotected(e) => write!(f, "{e}"),
            Self::Exec(path, e) => write!(f, "{} cannot be run: {e}", path.display()),
            Self::Setup(why) => f.write_str(why),
            Self::NoGpg => f.write_str("no gpg in PATH but this program; install gnupg"),
        }
    }
}

impl std::error::Error for Failure {}
