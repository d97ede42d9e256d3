//! All of sd-agent; what it holds, trusts and never does stands in `main.rs`.
//!
//! A library only so that the fuzzer reaches what reads hostile bytes: of the product nothing but [`main`] is public.
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod hostile;

mod alias;
mod approvals;
mod asks;
mod browser;
mod bus;
mod call;
mod caller;
mod change;
mod cli;
mod collection;
mod desk;
mod dispatch;
mod dummy;
mod exchange;
mod introspect;
mod item;
mod lanes;
mod news;
mod notices;
mod offer;
mod opened;
mod peer;
mod place;
mod prompt;
mod properties;
mod refusal;
mod service;
mod session;
mod stand_in;
mod stop;
mod store;
mod told;

use std::process::ExitCode;

use sd_start::NotServing;

/// The tool, from its arguments to its status.
pub fn main() -> ExitCode {
    sd_start::run(|cli::Cli {}| {
        sd_start::hardened()?;
        let stop = stop::Stop::take()?;
        // All of it is tasks of smol's one thread, and this one only waits: nothing that comes is handed from thread to
        // thread, which would cost more than most answers.
        smol::future::block_on(smol::spawn(bus::serve(stop)))
            .map_err(|e| NotServing::Unavailable(e.to_string()))
    })
}
