//! sd-session — says by its exit status whether a desktop user has a session, for the units that start and stop.
//!
//! Holds:  nothing; it runs for a moment, as a user that nothing else runs as.
//! Trusts: logind's word on sessions, and the parties file on which uid is meant.
//! Never:  starts or stops anything; runs inside a login; waits longer than its deadline.
#![forbid(unsafe_code)]

mod cli;
mod failure;
mod logind;
mod owner;
mod session;
mod verdict;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Moment};
use failure::Failure;
use session::Sessions;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => {
            // What cannot be printed cannot be reported either; the status still says it.
            let _ = why.print();
            return sd_sys::exit::code(if why.use_stderr() { sd_sys::exit::USAGE } else { 0 });
        }
    };
    match say(&cli) {
        Ok(sentence) => {
            sd_journal::info(&sentence);
            ExitCode::SUCCESS
        }
        Err(why) => {
            if why.is_ordinary() {
                sd_journal::info(&why)
            } else {
                sd_journal::error(&why)
            }
            why.exit()
        }
    }
}

/// What there is to say of the user's sessions, once it is what was asked for or the patience has ended.
fn say(cli: &Cli) -> Result<String, Failure> {
    sd_start::hardened().map_err(|e| Failure::Hardening(e.to_string()))?;
    let user = &cli.whose.user;
    let uid = owner::uid(user, cli.whose.parties.as_deref())?;
    let patience = cli.patience();
    match cli.moment {
        Moment::Begun => {
            verdict::begun(user, patience, logind::look_until(uid, patience, |seen| !seen.is_empty()))
        }
        Moment::Ended => {
            verdict::ended(user, patience, logind::look_until(uid, patience, Sessions::is_empty))
        }
    }
}
