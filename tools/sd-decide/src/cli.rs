//! The command line and the parties file, and why the tool does not start.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sd_sys::{exit, identity, trusted};
use sd_wire::deadline;
use sd_wire::line::Words;
use sd_wire::parties::{self, Parties};

/// Shows each ask on the terminal given as fd 0 and lets a person settle it.
#[derive(Debug, Parser)]
#[command(name = "sd-decide", version)]
pub(crate) struct Cli {
    /// The socket on which sd-fetch listens.
    #[arg(long, value_name = "PATH")]
    pub(crate) fetch: PathBuf,
    /// The socket on which sd-sign listens.
    #[arg(long, value_name = "PATH")]
    pub(crate) sign: PathBuf,
    /// How long an ask waits for a key.
    #[arg(long, value_name = "SECONDS", default_value_t = deadline::ASK.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=deadline::ASK_MOST.as_secs()))]
    expire: u64,
    /// The file with the uids of the roles; otherwise `parties` in $CREDENTIALS_DIRECTORY.
    #[arg(long, value_name = "FILE")]
    parties: Option<PathBuf>,
}

/// Why the tool ends.
#[derive(Debug)]
pub(crate) enum Error {
    /// The kernel refused what protects this process.
    Harden(String),
    /// The parties file is missing, not to be trusted, or not understood.
    Parties(String),
    /// The tool does not run as the uid that the parties file names.
    WrongUid {
        /// The uid that it runs as.
        found: u32,
        /// The uid that it should run as.
        expected: u32,
    },
    /// No listening socket was handed over.
    Door(String),
    /// Fd 0 is not a terminal.
    NoTerminal(io::Error),
    /// The terminal hung up.
    TerminalGone,
    /// A system call failed that cannot fail.
    Kernel(io::Error),
}

impl Cli {
    /// How long an ask waits for a key.
    pub(crate) fn expire(&self) -> Duration {
        Duration::from_secs(self.expire)
    }

    /// Who is who, if this process is who it should be.
    pub(crate) fn parties(&self) -> Result<Parties, Error> {
        let path = self
            .parties
            .clone()
            .or_else(|| Some(PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join("parties")))
            .ok_or_else(|| {
                Error::Parties("neither --parties nor $CREDENTIALS_DIRECTORY says where it is".to_owned())
            })?;
        let file =
            trusted::read_trusted(&path, parties::MAX_FILE).map_err(|why| Error::Parties(why.to_string()))?;
        let parties = Parties::from_line(&file).map_err(|why| Error::Parties(why.to_string()))?;
        let found = identity::own_uid();
        if found != parties.decide {
            return Err(Error::WrongUid { found, expected: parties.decide });
        }
        Ok(parties)
    }
}

impl Error {
    /// The exit code for it, by sysexits.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Parties(_) | Self::WrongUid { .. } | Self::Door(_) | Self::NoTerminal(_) => {
                exit::MISCONFIGURED
            }
            Self::TerminalGone => exit::UNAVAILABLE,
            Self::Harden(_) | Self::Kernel(_) => exit::BUG,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Harden(why) => f.write_str(why),
            Self::Parties(why) => {
                write!(f, "the parties file cannot be used: {why}; provision this user again")
            }
            Self::WrongUid { found, expected } => {
                write!(
                    f,
                    "this process runs as uid {found}, the parties file says {expected}; see User= in its unit"
                )
            }
            Self::Door(why) => write!(f, "there is no door for the gate: {why}"),
            Self::NoTerminal(why) => {
                write!(f, "fd 0 is not a usable terminal: {why}; see TTYPath= in its unit")
            }
            Self::TerminalGone => f.write_str("the terminal hung up; pending asks have failed"),
            Self::Kernel(why) => write!(f, "a system call failed: {why}"),
        }
    }
}

impl std::error::Error for Error {}
