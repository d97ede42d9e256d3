//! The command line.

use std::path::PathBuf;

/// Finds, releases, stores and deletes items of the backend's Secret Service, and locks and unlocks it, by orders of
/// sd-decide.
///
/// Started by systemd when the first order arrives (sd-fetch@USER.socket). The backend is whatever owns
/// org.freedesktop.secrets on the session bus of the companion (DBUS_SESSION_BUS_ADDRESS).
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) worker: sd_start::Worker,
    /// Where sd-decide is asked for the passphrase of a locked collection; without it, none can be asked for.
    #[arg(long, value_name = "PATH")]
    pub(crate) passphrase: Option<PathBuf>,
}
