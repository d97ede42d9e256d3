//! All of sd-decide; what it holds, trusts and never does stands in `main.rs`.
//!
//! A library only so that the fuzzer reaches what reads hostile bytes: of the product nothing but [`main`] is public.
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod hostile;

mod caller;
mod clerk;
mod cli;
mod console;
mod dates;
mod docket;
mod field;
mod gate_door;
mod keys;
mod lobby;
#[cfg(test)]
mod made_up;
mod passphrase_door;
mod phrase;
mod rescue;
mod routing;
mod rules;
mod screen;
mod terminal;
mod worker;

use std::process::ExitCode;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sd_start::{NotServing, Start};
use sd_wire::parties::Role;

use crate::clerk::Clerk;
use crate::cli::{Cli, Options, Task};

/// Enough for the most asks, each with its sink, payload and connections and a handle on each of their peers.
const DESCRIPTORS: u64 = 4096;

/// The tool, from its arguments to its status.
pub fn main() -> ExitCode {
    sd_start::run(|options: Options| match options.task() {
        Task::Serve(cli) => serve(&cli).map(|()| ExitCode::SUCCESS),
        Task::Rescue => Ok(rescue::run()),
        Task::CheckRules { file, json } => Ok(rules::check(&file, json)),
    })
}

fn serve(cli: &Cli) -> Result<(), NotServing> {
    let start = Start::as_role(Role::Decide, cli.parties.as_deref())?;
    more_descriptors();
    let rules = rules::load(cli.rules.as_deref())?;
    let phrase = phrase::load(cli.phrase.as_deref())?;
    let audit = start.parties.audit.ok_or_else(no_audit)?;
    let listeners = start.listeners(["decide", "passphrase"])?;
    Clerk::new(cli, start.parties, audit, listeners, rules, phrase)?.serve()
}

fn no_audit() -> NotServing {
    NotServing::Misconfigured(
        "the parties file names no `audit`, and what is not recorded is not released".into(),
    )
}

/// Raises the soft limit as far as the hard one lets it; with fewer descriptors fewer asks are let in at once.
fn more_descriptors() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, soft.max(DESCRIPTORS.min(hard)), hard);
    }
}
