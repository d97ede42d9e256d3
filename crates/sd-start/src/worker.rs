//! The command line of a worker, which is the same whatever its work is.

use std::path::PathBuf;
use std::time::Duration;

/// What sd-fetch and sd-sign take, by `#[command(flatten)]`.
#[derive(Debug, clap::Args)]
pub struct Worker {
    /// End after so many seconds without an order.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400))]
    idle: u64,
    /// Who is who: the file that provisioning wrote [default: $CREDENTIALS_DIRECTORY/parties].
    #[arg(long, value_name = "FILE")]
    pub parties: Option<PathBuf>,
}

impl Worker {
    /// How long to wait for an order before ending: one second to one day.
    #[must_use]
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle)
    }
}
