//! All of sd-gate; what it holds, trusts and never does stands in `main.rs`.
//!
//! A library only so that the fuzzer reaches what reads hostile bytes: of the product nothing but [`main`] is public.
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod hostile;

mod admission;
mod claims;
mod cli;
mod decide;
mod error;
mod forward;
mod history;
mod interface;
mod on_the_bus;
mod signals;
mod tally;

use std::process::ExitCode;

use sd_start::{NotServing, Start};
use sd_wire::parties::{Parties, Role};

/// The tool, from its arguments to its status.
pub fn main() -> ExitCode {
    sd_start::run(|cli: cli::Cli| {
        let start = Start::as_role(Role::Gate, cli.parties.as_deref())?;
        smol::block_on(serve(&cli, start.parties))
    })
}

/// Never ends well: a gate without its bus is to be started again.
async fn serve(cli: &cli::Cli, parties: Parties) -> Result<(), NotServing> {
    on_the_bus::serve(cli, parties).await.map_err(|e| {
        NotServing::Unavailable(format!(
            "the system bus does not let the gate serve: {e}; is the bus up, and the gate's policy file installed?"
        ))
    })?;
    Err(NotServing::Unavailable(
        "the system bus went away while the gate was serving; it serves again once both are started again"
            .to_owned(),
    ))
}
