//! The command line.

use std::path::PathBuf;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;

const AFTER: &str = "\
Only root and the user sd-audit-USER can read the record, and only root holds the key by which `verify` can tell every \
change.

Times are UTC. Colour is used on a terminal only, and not when NO_COLOR is set.

Exit status: 0 done, and for `verify` that every line is as it was written; 64 usage; 65 the record was changed, or is \
damaged; 69 there is no record, or it cannot be read; 77 it takes root; 78 this user is not set up.";

/// Writes down what was decided before it happens, so that nobody can change it later; and shows it.
#[derive(Debug, clap::Parser)]
#[command(name = "sd-audit", version, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) wish: Wish,
}

/// What is wanted.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Wish {
    /// Shows what was decided, the oldest first.
    Show(Show),
    /// Shows the last lines; with --follow also what comes, until Ctrl+C.
    Tail(Tail),
    /// Holds every line against its MAC, its hash and its neighbours, and says which were changed, moved or deleted.
    Verify(Verify),
    /// Writes the lines out as they stand in the files, for safekeeping or another program: JSON, one object a line.
    Export(Export),
    /// Serves sd-decide; started by systemd (sd-audit@USER.socket).
    Serve(Serve),
}

/// Which record.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Which {
    /// The desktop user whose record it is [default: the only one on this machine].
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The folder of the record, such as a copy of it [default: /var/log/secrets-dispatcher/USER].
    #[arg(long, value_name = "DIR", conflicts_with = "user")]
    pub(crate) folder: Option<PathBuf>,
}

/// Which lines.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Lines {
    /// Only what is about the ask of this id, or of one that begins so.
    #[arg(long, value_name = "ID")]
    pub(crate) ask: Option<String>,
    /// Only this event, such as `released` or `ended`.
    #[arg(long, value_name = "WORD")]
    pub(crate) event: Option<String>,
    /// Only asks of this kind, such as `read` or `sign`.
    #[arg(long, value_name = "WORD")]
    pub(crate) kind: Option<String>,
    /// Only from this moment on, such as 2026-11-22 or 2026-11-22T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}

/// `sd-audit show`
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// Prints the lines as JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sd-audit tail`
#[derive(Debug, clap::Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// So many lines.
    #[arg(short = 'n', long = "lines", value_name = "NUMBER", default_value_t = 20)]
    pub(crate) most: usize,
    /// Goes on with what comes.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Prints the lines as JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sd-audit verify`
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The first key [default: /etc/secrets-dispatcher/USER/audit.key, which only root can read].
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Prints one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sd-audit export`
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) which: Which,
    /// From the line of this number on.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) from: u64,
    /// One JSON document, an array, instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sd-audit serve`
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// The folder of the record [default: $LOGS_DIRECTORY].
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// A file of so many MiB is full, and the next one begins.
    #[arg(long, value_name = "MIB", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=4096))]
    rotate: u64,
    /// The most MiB of full files: above it the oldest are deleted, which is recorded.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    keep: u64,
    /// End after so many seconds without a connection.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400))]
    idle: u64,
    /// Who is who: the file that provisioning wrote [default: $CREDENTIALS_DIRECTORY/parties].
    #[arg(long, value_name = "FILE")]
    pub(crate) parties: Option<PathBuf>,
}

impl Serve {
    /// From how many bytes on a file is full.
    pub(crate) fn file_size(&self) -> u64 {
        self.rotate.saturating_mul(MIB)
    }

    /// The most bytes of full files.
    pub(crate) fn full_size(&self) -> u64 {
        self.keep.saturating_mul(MIB)
    }

    /// How long to wait for a connection before ending.
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle)
    }
}
