//! Why a wish was not fulfilled, as a sentence on standard error and an exit status.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use sd_sys::exit;

/// What a person can do differs from one to the next.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There are several records, or none, and which is meant was not said.
    Which(Vec<String>),
    /// There is nothing.
    NoRecord(PathBuf),
    /// It takes root.
    Forbidden(PathBuf),
    /// The command line has a word that cannot be meant.
    Word(&'static str, String),
    /// The key is no key.
    NoKey(PathBuf, String),
    /// It could not be read.
    Io(PathBuf, io::Error),
    /// `verify` has found something, and said so.
    Changed,
    /// Standard output takes no more.
    Output(io::Error),
}

impl Failure {
    /// Of reading something.
    pub(crate) fn reading(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |e| match e.kind() {
            io::ErrorKind::PermissionDenied => Self::Forbidden(path),
            io::ErrorKind::NotFound => Self::NoRecord(path),
            _ => Self::Io(path, e),
        }
    }

    /// The exit status.
    pub(crate) fn exit(&self) -> ExitCode {
        exit::code(match self {
            Self::Word(..) | Self::Which(_) => exit::USAGE,
            Self::Changed => exit::DATA,
            Self::Forbidden(_) => exit::FORBIDDEN,
            Self::NoKey(..) => exit::MISCONFIGURED,
            Self::NoRecord(_) | Self::Io(..) | Self::Output(_) => exit::UNAVAILABLE,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Which(users) if users.is_empty() => f.write_str(
                "there is no record below /var/log/secrets-dispatcher; `sd-provision --user NAME` sets a user up",
            ),
            Self::Which(users) => {
                write!(f, "there are several records; say which by --user: {}", users.join(", "))
            }
            Self::NoRecord(path) => {
                write!(f, "there is no record: {} is not there; is the user right?", path.display())
            }
            Self::Forbidden(path) => {
                write!(f, "{} is closed to you; run this as root", path.display())
            }
            Self::Word(what, word) => write!(f, "'{word}' is no {what}"),
            Self::NoKey(path, why) => {
                write!(f, "{} is not the first key of a record: {why}", path.display())
            }
            Self::Io(path, e) => write!(f, "{} cannot be read: {e}", path.display()),
            Self::Changed => f.write_str("the record is not as it was written; see above"),
            Self::Output(e) => write!(f, "standard output takes no more: {e}"),
        }
    }
}
