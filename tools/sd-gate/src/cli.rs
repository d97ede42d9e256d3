//! The command line.

use std::path::PathBuf;

/// Takes requests of one desktop user from the system bus, checks them, and moves them on to sd-decide.
///
/// Started by systemd as sd-gate@USER.service. The bus is the system bus (or DBUS_SYSTEM_BUS_ADDRESS).
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// The socket of sd-decide.
    #[arg(long, value_name = "PATH")]
    pub(crate) decide: PathBuf,
    /// Who is who: the file that provisioning wrote [default: $CREDENTIALS_DIRECTORY/parties].
    #[arg(long, value_name = "FILE")]
    pub(crate) parties: Option<PathBuf>,
}
