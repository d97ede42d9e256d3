//! The command line.

use std::path::PathBuf;
use std::time::Duration;

/// Signs sealed payloads with the companion's OpenPGP keys, by orders of sd-decide.
///
/// Started by systemd when the first order arrives (sd-sign@USER.socket). The keyring is the
/// companion's GNUPGHOME.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// End after so many seconds without an order.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400))]
    idle: u64,
    /// Who is who: the file that provisioning wrote [default: $CREDENTIALS_DIRECTORY/parties].
    #[arg(long, value_name = "FILE")]
    pub(crate) parties: Option<PathBuf>,
}

impl Cli {
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle)
    }
}
