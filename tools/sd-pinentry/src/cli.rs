//! The command line: that of every pinentry, because gpg-agent does not ask which one it starts.

use std::ffi::OsString;
use std::time::Duration;

use clap::Parser;

/// Has a person type passphrases for gpg-agent on the approval screen (VT8).
///
/// gpg-agent of the companion starts it; in its gpg-agent.conf stands
///
///   pinentry-program /usr/libexec/secrets-dispatcher/sd-pinentry
///
/// It speaks the pinentry protocol (Assuan) on standard input and output, shows
/// nothing itself, and asks sd-decide, which asks a person only while an unlock or
/// an approved order is under way. It unlocks keys; it does not ask for new
/// passphrases, confirmations or messages, and says so to gpg-agent.
///
/// Exit status: 0 at the end, 64 for a wrong command line, 69 when gpg-agent went
/// away, 70 when the kernel refused to protect the process, 76 when gpg-agent
/// misspoke, 78 when this user is not set up.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment, after_help = ENVIRONMENT)]
pub(crate) struct Cli {
    /// Wait so long for a passphrase, if that is less than the screen does; 0 means as the screen.
    #[arg(long, short = 'o', value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,
    /// Ignored, as are the other options of pinentries: nothing is shown here.
    #[arg(long, short = 'D', value_name = "DISPLAY")]
    display: Option<OsString>,
    #[arg(long, short = 'T', value_name = "FILE", hide = true)]
    ttyname: Option<OsString>,
    #[arg(long, short = 'N', value_name = "NAME", hide = true)]
    ttytype: Option<OsString>,
    #[arg(long, short = 'C', value_name = "STRING", hide = true)]
    lc_ctype: Option<OsString>,
    #[arg(long, short = 'M', value_name = "STRING", hide = true)]
    lc_messages: Option<OsString>,
    #[arg(long, short = 'W', value_name = "WINDOW", hide = true)]
    parent_wid: Option<OsString>,
    #[arg(long, short = 'g', hide = true)]
    no_global_grab: bool,
}

const ENVIRONMENT: &str = "\
Environment:
  SECRETS_DISPATCHER_PASSPHRASE
          The socket [default: /run/secrets-dispatcher/<desktop user>/passphrase.sock]
  SECRETS_DISPATCHER_CONFIG
          The folder of parties.json [default: /etc/secrets-dispatcher/<desktop user>]";

impl Cli {
    /// How long gpg-agent's caller lets us wait.
    pub(crate) fn patience(&self) -> Duration {
        bounded(self.timeout)
    }
}

/// Seconds as pinentries count them: 0 is "as long as you like", which here is as long as the screen asks.
pub(crate) fn bounded(seconds: u64) -> Duration {
    match seconds {
        0 => sd_passphrase::PATIENCE,
        some => Duration::from_secs(some).min(sd_passphrase::PATIENCE),
    }
}
