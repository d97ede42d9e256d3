//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

const AFTER: &str = "\
A session is one that logind lists for the user's uid with the class user and that is not closing: on a console, by \
ssh, of a display manager. Greeters, lock screens, background work and user managers are none.

Exit status: 0 it is so; 64 usage; 69 logind does not answer; 70 the kernel refused to protect the process; 75 ended: \
there still is a session; 77 begun: there is no session; 78 the user is not set up.";

/// logind knows of a session before PAM comes to our line, and that it is closing too; what was killed it knows by a pipe.
/// The seconds are for a machine that is very busy.
const USUAL: u64 = 3;

/// Says whether a desktop user has a session, by logind's word.
///
/// systemd runs it in sd-login@USER.service and sd-logout@USER.service.
#[derive(Debug, Parser)]
#[command(name = "sd-session", version, after_help = AFTER)]
pub(crate) struct Cli {
    /// What is asked.
    pub(crate) moment: Moment,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// How long to wait for it to become so [default: 3].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=60))]
    wait: Option<u64>,
}

/// Whose sessions.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// The desktop user.
    pub(crate) user: String,
    /// Who is who: the file that provisioning wrote [default: /etc/secrets-dispatcher/USER/parties.json].
    #[arg(long, value_name = "FILE")]
    pub(crate) parties: Option<PathBuf>,
}

/// A moment in the life of a login.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Moment {
    /// The user has a session; waits a little for the first to appear.
    Begun,
    /// The user has no session any more; waits a while for the last to go.
    Ended,
}

impl Cli {
    /// How long to wait.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.wait.unwrap_or(USUAL))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nobody_waits_longer_than_a_minute() {
        assert!(Cli::try_parse_from(["sd-session", "ended", "nb", "--wait", "61"]).is_err());
        let cli = Cli::try_parse_from(["sd-session", "begun", "nb", "--wait", "0"]).unwrap();
        assert_eq!(cli.patience(), Duration::ZERO);
    }
}
