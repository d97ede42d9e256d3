//! sd-audit — writes down what was decided before it happens, so that nobody can change it later; and shows it.
//!
//! Holds:  the audit record, as its one writer; the key of the next line, and none of those before it.
//! Trusts: what the decider's uid says happened, not that it is true: a record is its word, with a time.
//! Never:  says that something is written before it is on the disk; changes or deletes a line but the oldest files as a
//!         whole, which it records; learns a secret, or a label that sd-decide does not tell it.
#![forbid(unsafe_code)]

mod chain;
mod cli;
mod entry;
mod failure;
mod folder;
mod keeper;
mod key;
mod line;
mod metrics;
mod moment;
mod news;
mod paper;
mod past;
mod place;
mod row;
mod say;
mod serve;
mod show;
mod state;
mod verify;
mod visitor;

use std::process::ExitCode;

use cli::{Cli, Wish};
use failure::Failure;
use paper::Paper;

fn main() -> ExitCode {
    sd_start::run(|Cli { wish }| match wish {
        Wish::Serve(options) => serve::run(&options).map(|()| ExitCode::SUCCESS),
        other => Ok(told(fulfil(other))),
    })
}

fn told(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has read enough.
        Err(Failure::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sd-audit: {failure}");
            failure.exit()
        }
    }
}

fn fulfil(wish: Wish) -> Result<(), Failure> {
    let mut paper = Paper::new();
    match wish {
        Wish::Show(options) => show::show(&options, &mut paper),
        Wish::Tail(options) => show::tail(&options, &mut paper),
        Wish::Verify(options) => say::verify(&options, &mut paper),
        Wish::Export(options) => show::export(&options, &mut paper),
        // `main` serves itself: a daemon ends by other rules.
        Wish::Serve(_) => Ok(()),
    }
}
