//! sd-decide — shows each ask on the terminal and lets a person settle it.
//!
//! Holds:  the terminal (fd 0); the docket; the right to connect to the workers.
//! Trusts: the kernel, the keyboard, and the workers' word about what they hold. Believes of a caller only what the
//!         kernel attests.
//! Never:  sees a secret; speaks D-Bus; forks; once it serves, opens anything but `/proc/<pid>` of callers.
#![forbid(unsafe_code)]

mod caller;
mod clerk;
mod cli;
mod commit;
mod dates;
mod docket;
mod gate_door;
mod keys;
#[cfg(test)]
mod made_up;
mod routing;
mod screen;
mod terminal;
mod worker;

use std::process::ExitCode;

use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sd_sys::listener::Listener;
use sd_sys::{exit, harden};

use crate::clerk::Clerk;
use crate::cli::{Cli, Error};

/// Enough for the most asks, each with its sink, payload and connections and a handle on each of their peers.
const DESCRIPTORS: u64 = 4096;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => {
            let _ = why.print();
            return if why.use_stderr() { exit::code(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            sd_journal::error(&why);
            exit::code(why.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<(), Error> {
    harden::this_process().map_err(|why| Error::Harden(why.to_string()))?;
    more_descriptors();
    let parties = cli.parties()?;
    let listener = Listener::activated("decide").map_err(|why| Error::Door(why.to_string()))?;
    Clerk::new(cli, parties, listener)?.serve()
}

/// Raises the soft limit as far as the hard one lets it; with fewer descriptors fewer asks are let in at once.
fn more_descriptors() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, soft.max(DESCRIPTORS.min(hard)), hard);
    }
}
