//! The command line of `sd-rig`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, ValueEnum};

use crate::answer::Answers;

/// Which Secret Service stands at the end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// gnome-keyring-daemon with a keyring of its own, unlocked with the password of --password.
    GnomeKeyring,
    /// oo7-daemon 0.7 or newer, likewise: in PATH, or as scripts/get-oo7-daemon.sh puts it below target.
    Oo7,
    /// sd-store, over a store of its own with a key of its own in the GnuPG home, which has the password of --password.
    Store,
    /// The Secret Service that already lives on the bus of --backend-bus.
    External,
}

/// Runs COMMAND against the whole of Secrets Dispatcher, on private buses and a pty as the VT.
///
/// COMMAND finds the private buses in DBUS_SESSION_BUS_ADDRESS and DBUS_SYSTEM_BUS_ADDRESS, sd-gpg in PATH, and the
/// directory of this run in SD_RIG_RUN (sockets, pids/NAME, log/NAME.log). The exit status is COMMAND's, 128 + N when
/// signal N ended it, 124 when --timeout did. Nothing is left behind, no process and no file, also when killed.
///
/// As root every tool runs as a user of its own, COMMAND as the desktop user with a HOME of its own.
#[derive(Debug, Clone, Parser)]
#[command(name = "sd-rig", version, max_term_width = 100)]
pub struct Options {
    /// The Secret Service at the end of the chain.
    #[arg(long, value_enum, default_value = "gnome-keyring")]
    pub backend: Backend,

    /// D-Bus address of the bus where an external backend lives.
    #[arg(long, value_name = "ADDRESS", required_if_eq("backend", "external"))]
    pub backend_bus: Option<String>,

    /// Start the backend again when it ends, as a supervisor would.
    #[arg(long)]
    pub restart_backend: bool,

    /// How often a tool that fails is started again before it is left dead, as a unit with a start limit has it.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub restarts: u32,

    /// Password of the backend's keyring, a made-up one; without it, one that nobody knows.
    #[arg(long, value_name = "TEXT")]
    pub password: Option<String>,

    /// The personal phrase in the header of the screen.
    #[arg(long, value_name = "TEXT")]
    pub phrase: Option<String>,

    /// The file of rules, and with it the setting `metadata`; a copy of it is used.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,

    /// The companion's list of keys that may sign, a fingerprint a line; a copy of it is used. Without it, the first key
    /// that signs is the only one.
    #[arg(long, value_name = "FILE")]
    pub signing_keys: Option<PathBuf>,

    /// What is typed at an ask: y or n at every one, `none` nothing at all, `ask` lets you answer on this terminal; a
    /// word of two or more of y and n is typed one key an ask, and n once it is used up.
    #[arg(long, value_name = "y|n|none|ask|SCRIPT", default_value = "none")]
    pub answer: Answers,

    /// Type nothing before this file exists: for what must happen while an ask is on the screen.
    #[arg(long, value_name = "FILE")]
    pub hold: Option<PathBuf>,

    /// A named pipe: what is written into it is typed on the screen, whatever stands there.
    #[arg(long, value_name = "FIFO")]
    pub keyboard: Option<PathBuf>,

    /// GnuPG home with the signing key. It is used in place; as root a copy is made for the companion user, and
    /// changes to the copy are lost.
    #[arg(long, value_name = "DIR")]
    pub gnupghome: Option<PathBuf>,

    /// Write every screen that was shown to this file, as text.
    #[arg(long, value_name = "FILE")]
    pub screen: Option<PathBuf>,

    /// Columns and rows of the screen; with `--answer ask` those of this terminal.
    #[arg(long, value_name = "COLSxROWS", default_value = "120x40")]
    pub size: Size,

    /// Seconds after which an ask expires; given to sd-decide, which has a default of its own.
    #[arg(long, value_name = "SECONDS")]
    pub expire: Option<u64>,

    /// Seconds after which the whole run is ended with status 124.
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,

    /// Keep the logs of all processes in this directory, one NAME.log each.
    #[arg(long, value_name = "DIR")]
    pub log: Option<PathBuf>,

    /// The command to run, and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns, at least 20.
    pub cols: u16,
    /// Rows, at least 5.
    pub rows: u16,
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (cols, rows) = text.split_once('x').ok_or("give it as COLSxROWS, for example 120x40")?;
        match (cols.parse(), rows.parse()) {
            (Ok(cols @ 20..=1000), Ok(rows @ 5..=1000)) => Ok(Self { cols, rows }),
            _ => Err("columns go from 20 to 1000, rows from 5 to 1000".to_owned()),
        }
    }
}

/// The options, or the exit status when there is nothing to run: 0 after `--help`, 64 after a usage error,
/// which is then on stderr.
///
/// # Errors
/// See above; never anything but an exit status.
pub fn read(arguments: &[OsString]) -> Result<Options, ExitCode> {
    let line = std::iter::once(OsString::from("sd-rig")).chain(arguments.iter().cloned());
    let options = Options::try_parse_from(line).and_then(|options| {
        let external = options.backend == Backend::External;
        let conflict = |words| Err(Options::command().error(clap::error::ErrorKind::ArgumentConflict, words));
        if options.backend_bus.is_some() && !external {
            return conflict("--backend-bus goes with --backend external only");
        }
        if options.password.is_some() && external {
            return conflict("--password is for a backend that the rig starts itself");
        }
        Ok(options)
    });
    options.map_err(|error| {
        // What cannot be printed cannot be reported either; the status still says it.
        let _ = error.print();
        if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS }
    })
}
