//! sd-fetch — finds, releases and stores items of the backend, one order at a time.
//!
//! Holds:  the companion's session bus, and so the backend's Secret Service; a secret, or the passphrase of a
//!         collection, for the moment of its passing.
//! Trusts: an order from the decider's uid, and the sink that came with it if the desktop user made it.
//! Never:  acts without an order; keeps anything between two orders but connections (rest.rs); sends a secret anywhere but into the sink, or a
//!         passphrase anywhere but to the backend, encrypted.
#![forbid(unsafe_code)]

mod accounts;
mod alias;
mod asking;
mod backend;
mod carry_out;
mod change;
mod cli;
mod create;
mod find;
mod first;
mod hide;
mod import;
mod invite;
mod listing;
mod lock;
mod master;
mod prompt;
mod refusal;
mod release;
mod rest;
mod running;
mod serve;
mod session;
mod set;
mod store;
mod unlock;

use std::process::ExitCode;

use sd_start::Start;
use sd_wire::parties::Role;

fn main() -> ExitCode {
    sd_start::run(|cli::Cli { worker, passphrase }| {
        let start = Start::as_role(Role::Companion, worker.parties.as_deref())?;
        let listener = start.listener("fetch")?;
        let resting = rest::Resting::default();
        let place = serve::Place { parties: start.parties, passphrase, resting };
        sd_start::each_connection(&listener, worker.idle(), || false, move |link| serve::one(link, &place))
    })
}
