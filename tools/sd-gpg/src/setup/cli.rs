//! The command line of `sd-gpg setup`.

/// Has git sign through Secrets Dispatcher, and says what it changes.
///
/// Sets gpg.program, and user.signingKey when a key is named. What was set before is kept in the same file of git's and
/// comes back by --undo. Without this program nothing of git's needs to change to verify signatures: all that is not
/// signing is passed on to the real gpg.
#[derive(Debug, clap::Parser)]
#[command(name = "sd-gpg setup", bin_name = "sd-gpg setup", version)]
pub(crate) struct Cli {
    /// For all repositories of this user; the default.
    #[arg(long, conflicts_with = "local")]
    pub(crate) global: bool,
    /// For the repository that this is called in.
    #[arg(long)]
    pub(crate) local: bool,
    /// The key to sign with, as a fingerprint, a key id or an address; else the companion's own choice.
    #[arg(long, value_name = "FPR")]
    pub(crate) key: Option<String>,
    /// Puts everything back as it was.
    #[arg(long, conflicts_with = "key")]
    pub(crate) undo: bool,
    /// Only says what it would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
