//! sd-gate — takes requests from the system bus, checks them, and moves them on to sd-decide.
//!
//! Holds:  the bus name net.mowaka.SecretsDispatcher1; the right to connect to decide.sock.
//! Trusts: the kernel's word on who made a sink, the bus's word on who sent a message. No argument of any message.
//! Never:  holds a secret; reaches a worker; approves; keeps a sink after it has moved on.
#![forbid(unsafe_code)]

mod admission;
mod claims;
mod cli;
mod decide;
mod error;
mod interface;
mod signals;
mod tally;

use std::process::ExitCode;

use clap::Parser;
use sd_sys::{exit, harden};

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if let Err(e) = harden::this_process() {
        sd_journal::error(&format!("cannot harden the process: {e}"), &[]);
        return exit::code(exit::BUG);
    }
    match smol::block_on(interface::serve(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            sd_journal::error(&e.to_string(), &[]);
            exit::code(e.exit_code())
        }
    }
}
