//! sd-agent: the desktop's Secret Service, which asks for each secret instead of holding any.
//!
//! Holds:  the name org.freedesktop.secrets on the session bus; each application's sessions, prompts and approvals.
//! Trusts: the gate's answers by the uid that the kernel names. Believes of an application what the bus and /proc say.
//! Never:  approves; keeps a secret; tells an application what it did not already know of an item; forks.
#![forbid(unsafe_code)]

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

fn main() -> ExitCode {
    sd_start::run(|cli::Cli {}| {
        sd_start::hardened()?;
        let stop = stop::Stop::take()?;
        smol::block_on(bus::serve(&stop)).map_err(|e| NotServing::Unavailable(e.to_string()))
    })
}
