//! sd-provision — makes a machine a protected one for a desktop user, checks that, renews it, and takes it back; brings the
//! companion its keys.
//!
//! Holds:  what whoever runs it has: the companion its keyring; root everything, once, for as long as a run takes.
//! Trusts: its command line, root's files, the terminal, and the programs of the system.
//! Never:  runs as a daemon; takes a passphrase from an argument, the environment or a file, or prints the phrase; as root,
//!         opens anything in another user's home, or runs gpg: a child does, which is that user and has no terminal of root's.
#![forbid(unsafe_code)]

mod account;
mod cli;
mod failure;
mod key;
mod keyring;
mod place;
mod prompt;
mod setup;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Wish};
use failure::Failure;
use sd_sys::exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => {
            // What cannot be printed cannot be reported either; the status still says it.
            let _ = why.print();
            return if why.use_stderr() { exit::code(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match fulfil(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has read enough.
        Err(Failure::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        // It has said so itself.
        Err(Failure::OfChild(status)) => exit::code(status),
        Err(failure) => {
            eprintln!("sd-provision: {failure}");
            failure.exit()
        }
    }
}

fn fulfil(cli: Cli) -> Result<(), Failure> {
    match cli.wish {
        None => setup::run(&cli.setup),
        Some(Wish::Key(options)) => key::run(options),
        Some(Wish::CompanionHome { task, backend }) => setup::home::inside::run(task, backend),
        Some(Wish::Completions { shell }) => Ok(cli::completions(shell)?),
        Some(Wish::Man { folder }) => Ok(cli::man(&folder)?),
    }
}
