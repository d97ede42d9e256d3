//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sd_wire::deadline;

/// Shows each ask on the terminal given as fd 0 and lets a person settle it.
///
/// Started by systemd (sd-decide@USER.service), with the virtual terminal as fd 0 and the listening sockets `decide` and
/// `passphrase`. To serve it needs --fetch, --sign and
/// --audit. With --rescue or --check-rules it does that one thing and ends.
///
/// Exit status: 64 for a wrong command line, 69 when a listening socket is not there or the terminal has gone, 70 when the
/// kernel refused what it never should, 78 when fd 0 is no terminal of ours, or parties, rules or phrase are not usable.
#[derive(Debug, Parser)]
#[command(name = "sd-decide", version)]
pub(crate) struct Options {
    /// The socket on which sd-fetch listens.
    #[arg(long, value_name = "PATH", required_unless_present_any = ["check_rules", "rescue"])]
    fetch: Option<PathBuf>,
    /// The socket on which sd-sign listens.
    #[arg(long, value_name = "PATH", required_unless_present_any = ["check_rules", "rescue"])]
    sign: Option<PathBuf>,
    /// The socket on which sd-audit listens: nothing is released that it has not written down.
    #[arg(long, value_name = "PATH", required_unless_present_any = ["check_rules", "rescue"])]
    audit: Option<PathBuf>,
    /// How long an ask waits for a key, at most 900.
    #[arg(long, value_name = "SECONDS", default_value_t = deadline::ASK.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=deadline::ASK_MOST.as_secs()))]
    expire: u64,
    /// The file with the uids of the roles; otherwise `parties` in $CREDENTIALS_DIRECTORY.
    #[arg(long, value_name = "FILE")]
    parties: Option<PathBuf>,
    /// The file with the rules, which can only restrict; otherwise `rules` in $CREDENTIALS_DIRECTORY, if there is one.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The file with the personal phrase that stands in the header; otherwise `phrase` in $CREDENTIALS_DIRECTORY, if
    /// there is one.
    #[arg(long, value_name = "FILE")]
    phrase: Option<PathBuf>,
    /// Instead of serving, puts the virtual terminal on fd 0 back to what a login expects.
    #[arg(long, exclusive = true)]
    rescue: bool,
    /// Instead of serving, says whether a file of rules is valid and what each rule does; exits with 78 if it is not.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fetch", "sign", "audit", "expire", "parties", "rules", "phrase"])]
    check_rules: Option<PathBuf>,
    /// With --check-rules: says it as one JSON object.
    // Both: clap lets go of a requirement that something else on the line conflicts with.
    #[arg(long, requires = "check_rules", conflicts_with_all = ["fetch", "sign", "audit"])]
    json: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Task {
    /// To serve.
    Serve(Cli),
    /// To put the virtual terminal back, and to end.
    Rescue,
    /// To look at a file of rules, and to end.
    CheckRules {
        /// The file.
        file: PathBuf,
        /// Whether a program reads the answer.
        json: bool,
    },
}

/// How to serve.
#[derive(Debug)]
pub(crate) struct Cli {
    /// The socket on which sd-fetch listens.
    pub(crate) fetch: PathBuf,
    /// The socket on which sd-sign listens.
    pub(crate) sign: PathBuf,
    /// The socket on which sd-audit listens.
    pub(crate) audit: PathBuf,
    expire: u64,
    /// The file with the uids of the roles, if not the credential.
    pub(crate) parties: Option<PathBuf>,
    /// The file with the rules, if not the credential.
    pub(crate) rules: Option<PathBuf>,
    /// The file with the phrase, if not the credential.
    pub(crate) phrase: Option<PathBuf>,
}

impl Options {
    /// What it asks for.
    pub(crate) fn task(self) -> Task {
        let Self { fetch, sign, audit, expire, parties, rules, phrase, rescue, check_rules, json } = self;
        match check_rules {
            Some(file) => Task::CheckRules { file, json },
            None if rescue => Task::Rescue,
            // Without any of them clap has insisted on all sockets.
            None => Task::Serve(Cli {
                fetch: fetch.unwrap_or_default(),
                sign: sign.unwrap_or_default(),
                audit: audit.unwrap_or_default(),
                expire,
                parties,
                rules,
                phrase,
            }),
        }
    }
}

impl Cli {
    /// How long an ask waits for a key.
    pub(crate) fn expire(&self) -> Duration {
        Duration::from_secs(self.expire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(line: &[&str]) -> Option<Task> {
        let line = std::iter::once("sd-decide").chain(line.iter().copied());
        Options::try_parse_from(line).ok().map(Options::task)
    }

    #[test]
    fn the_rescue_is_meant_by_its_argument_alone() {
        assert!(matches!(task(&["--rescue"]), Some(Task::Rescue)));
        assert!(task(&["--rescue", "--fetch", "x"]).is_none());
        assert!(task(&[]).is_none());
    }

    #[test]
    fn all_sockets_are_needed_to_serve() {
        assert!(matches!(task(&["--fetch", "a", "--sign", "b", "--audit", "c"]), Some(Task::Serve(_))));
        assert!(task(&["--fetch", "a", "--sign", "b"]).is_none());
    }
}
