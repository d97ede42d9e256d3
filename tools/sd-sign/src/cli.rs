//! The command line.

/// Signs sealed payloads with the companion's OpenPGP keys, and locks and unlocks them, by orders of sd-decide.
///
/// Started by systemd when the first order arrives (sd-sign@USER.socket). The keyring is the
/// companion's GNUPGHOME.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) worker: sd_start::Worker,
}
