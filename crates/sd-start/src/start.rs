//! The beginning: harden, learn who is who, make sure to be who one should be.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Termination};

use sd_sys::listener::Listener;
use sd_sys::{exit, harden, identity, trusted};
use sd_wire::line::Words;
use sd_wire::parties::{self, Parties, Role};

/// A daemon that may serve.
#[derive(Debug)]
pub struct Start {
    /// Who is who.
    pub parties: Parties,
}

impl Start {
    /// Hardens the process and reads the parties: from `file`, else from the credential `parties` that the unit loads
    /// (systemd.exec(5), `LoadCredential=`).
    ///
    /// # Errors
    /// [`NotServing::Misconfigured`] when there is no such file, it is not to be trusted, it is malformed, or it
    /// gives the role to another uid than this process has.
    pub fn as_role(role: Role, file: Option<&Path>) -> Result<Self, NotServing> {
        hardened()?;
        let path = match file {
            Some(path) => path.to_owned(),
            None => credential("parties")?,
        };
        let bytes =
            trusted::read_trusted(&path, parties::MAX_FILE).map_err(|e| misconfigured(&e.to_string()))?;
        let parties =
            Parties::from_line(&bytes).map_err(|e| misconfigured(&format!("{}: {e}", path.display())))?;
        let (given, own) = (parties.uid(role), identity::own_uid());
        if given == parties::NOBODY {
            return Err(misconfigured(&format!("{} gives the role {role} to nobody", path.display())));
        }
        if given != own {
            return Err(misconfigured(&format!(
                "{} gives the role {role} to uid {given}, but this process has uid {own}",
                path.display()
            )));
        }
        Ok(Self { parties })
    }

    /// The listening socket that systemd handed over under this name.
    ///
    /// # Errors
    /// [`NotServing::Activation`].
    pub fn listener(&self, name: &str) -> Result<Listener, NotServing> {
        Listener::activated(name).map_err(|e| NotServing::Activation(e.to_string()))
    }

    /// The listening sockets that systemd handed over under these names, in this order.
    ///
    /// # Errors
    /// [`NotServing::Activation`].
    pub fn listeners<const N: usize>(&self, names: [&str; N]) -> Result<[Listener; N], NotServing> {
        Listener::activated_each(names).map_err(|e| NotServing::Activation(e.to_string()))
    }
}

/// Hardens the process: the first step of every daemon, also of one that plays no role of its own.
///
/// # Errors
/// [`NotServing::Hardening`].
pub fn hardened() -> Result<(), NotServing> {
    harden::this_process().map_err(|e| NotServing::Hardening(e.to_string()))
}

fn credential(name: &str) -> Result<PathBuf, NotServing> {
    match std::env::var_os("CREDENTIALS_DIRECTORY") {
        Some(directory) => Ok(Path::new(&directory).join(name)),
        None => Err(misconfigured(&format!(
            "neither --{name} nor $CREDENTIALS_DIRECTORY says who is who; start the unit instead of the program"
        ))),
    }
}

fn misconfigured(why: &str) -> NotServing {
    NotServing::Misconfigured(why.to_owned())
}

/// Reads the command line and runs a daemon to its end: the error, if any, to the journal, and the exit status by
/// sysexits(3), 64 for a command line that is not understood.
///
/// What a daemon returns in the end is the exit status: success, unless it says another one itself.
pub fn run<C: clap::Parser, E: Termination>(daemon: impl FnOnce(C) -> Result<E, NotServing>) -> ExitCode {
    let cli = match C::try_parse() {
        Ok(cli) => cli,
        Err(why) => {
            // What cannot be printed cannot be reported either; the status still says it.
            let _ = why.print();
            return if why.use_stderr() { exit::code(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match daemon(cli) {
        Ok(end) => end.report(),
        Err(e) => {
            sd_journal::error(&e);
            exit::code(e.exit_code())
        }
    }
}

/// Why a daemon does not serve, or no longer.
#[derive(Debug)]
pub enum NotServing {
    /// The kernel refuses to harden the process.
    Hardening(String),
    /// Who is who cannot be learnt, or this process is somebody else. Provision again.
    Misconfigured(String),
    /// A file that a person writes is invalid. Mend it where the sentence says.
    Invalid(String),
    /// The listening socket is missing. Start the socket unit.
    Activation(String),
    /// Something that the daemon serves from, such as a bus or a terminal, is not there or went away.
    Unavailable(String),
    /// A system call failed that does not fail in good health.
    Io(io::Error),
}

impl NotServing {
    /// The exit status.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Misconfigured(_) | Self::Invalid(_) => exit::MISCONFIGURED,
            Self::Activation(_) | Self::Unavailable(_) => exit::UNAVAILABLE,
            Self::Hardening(_) | Self::Io(_) => exit::BUG,
        }
    }
}

impl fmt::Display for NotServing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardening(why) => write!(f, "the process could not be hardened: {why}"),
            Self::Misconfigured(why) => write!(f, "{why}; run sd-provision for this user again"),
            Self::Activation(why) => write!(f, "no listening socket: {why}; start the socket unit instead"),
            Self::Invalid(why) | Self::Unavailable(why) => f.write_str(why),
            Self::Io(why) => write!(f, "a system call failed: {why}"),
        }
    }
}

impl std::error::Error for NotServing {}

impl From<io::Error> for NotServing {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}
