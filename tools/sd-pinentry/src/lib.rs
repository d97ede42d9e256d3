//! All of sd-pinentry; what it holds, trusts and never does stands in `main.rs`.
//!
//! A library only so that the fuzzer reaches what reads hostile bytes: of the product nothing but [`main`] is public.
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod hostile;

mod cli;
mod code;
mod command;
mod dialog;
mod error;
mod input;
mod output;
mod owner;
mod parties;
mod pipe;
mod serve;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use error::Error;

/// The tool, from its arguments to its status.
pub fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => {
            // What cannot be printed cannot be reported either; the status still says it.
            let _ = why.print();
            let code = if why.use_stderr() { sd_sys::exit::USAGE } else { 0 };
            return sd_sys::exit::code(code);
        }
    };
    match talk(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            sd_journal::error(&why);
            why.exit()
        }
    }
}

fn talk(cli: &cli::Cli) -> Result<(), Error> {
    sd_start::hardened().map_err(|e| Error::Hardening(e.to_string()))?;
    let decide = parties::of_the_companion()?.decide;
    let socket = sd_passphrase::socket().map_err(|e| Error::Misconfigured(e.to_string()))?;
    let agent = pipe::Pipe::standard()?;
    let ask = |dialog: &dialog::Dialog, patience| {
        let still_wanted = || dialog.wants() && !agent.hung_up();
        sd_passphrase::ask(&socket, decide, dialog.wanted(), Instant::now() + patience, still_wanted)
    };
    serve::until_bye(&mut agent.commands(), &mut agent.replies(), cli.patience(), ask)
}
