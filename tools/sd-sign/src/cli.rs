//! The command line.

use std::path::PathBuf;

/// Signs sealed payloads with the companion's OpenPGP keys, and locks and unlocks them, by orders of sd-decide.
///
/// Started by systemd when the first order arrives (sd-sign@USER.socket). The keyring is the
/// companion's GNUPGHOME.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) worker: sd_start::Worker,
    /// The only keys that may sign: one primary key's fingerprint a line, `#` begins a comment, or the word `first-use`
    /// for none but the first that signed [default: $CREDENTIALS_DIRECTORY/signing_keys if it is there, else first-use].
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_keys: Option<PathBuf>,
}
