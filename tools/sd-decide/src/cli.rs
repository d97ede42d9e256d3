//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sd_wire::deadline;

/// Shows each ask on the terminal given as fd 0 and lets a person settle it.
#[derive(Debug, Parser)]
#[command(
    name = "sd-decide",
    version,
    after_help = "With --rescue alone: puts the virtual terminal on fd 0 back to what a login expects, and ends."
)]
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
    pub(crate) parties: Option<PathBuf>,
}

impl Cli {
    /// How long an ask waits for a key.
    pub(crate) fn expire(&self) -> Duration {
        Duration::from_secs(self.expire)
    }
}
