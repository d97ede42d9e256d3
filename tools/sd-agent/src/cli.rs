//! The command line.

/// The Secret Service of the desktop session; secrets come from the companion after a keypress on VT8
///
/// It owns org.freedesktop.secrets on the session bus and asks sd-gate on the system bus. The bus addresses come from
/// DBUS_SESSION_BUS_ADDRESS and DBUS_SYSTEM_BUS_ADDRESS.
#[derive(Debug, clap::Parser)]
#[command(name = "sd-agent", version)]
pub(crate) struct Cli {}
