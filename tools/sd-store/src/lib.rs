//! All of sd-store; what it holds, trusts and never does stands in `main.rs`.
//!
//! A library only so that the fuzzer reaches what reads hostile bytes: of the product nothing but [`main`] is public.
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod hostile;

mod asked;
mod base64;
mod bus;
mod call;
mod cli;
mod collection;
mod desk;
mod dispatch;
mod entry;
mod fault;
mod gpg;
mod index;
mod init;
mod introspect;
mod item;
mod moment;
mod names;
mod place;
mod prompt;
mod properties;
mod refusal;
mod service;
mod session;
mod shelf;
mod stop;
mod store;
mod tree;

use std::process::ExitCode;

use sd_start::NotServing;

/// The tool, from its arguments to its status.
pub fn main() -> ExitCode {
    sd_start::run(|cli: cli::Cli| {
        sd_start::hardened()?;
        let unfit = |why: fault::Fault| NotServing::Invalid(why.to_string());
        let folder = cli
            .folder()
            .ok_or_else(|| NotServing::Invalid("neither --store nor HOME says where the store is".into()))?;
        match cli.command {
            Some(cli::Command::Init { keys, collection }) => {
                return init::init(&folder, &keys, &collection).map(|()| ExitCode::SUCCESS).map_err(unfit);
            }
            Some(cli::Command::AskPassphrase { name }) => return Ok(asked::ask(&folder, &name)),
            None => {}
        }
        if !sd_gpg_agent::gpg_is_known() {
            return Err(NotServing::Unavailable("gpg and gpgconf do not answer; are they installed?".into()));
        }
        let stop = stop::Stop::take()?;
        let store = store::Store::open(folder).map_err(unfit)?;
        smol::block_on(bus::serve(store, &stop)).map_err(|e| NotServing::Unavailable(e.to_string()))?;
        Ok(ExitCode::SUCCESS)
    })
}
