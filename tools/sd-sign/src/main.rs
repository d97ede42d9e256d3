//! sd-sign — signs one sealed payload with the key that the order names.
//!
//! Holds:  the companion's GNUPGHOME, and so its gpg-agent; can make it ask for a passphrase and forget them all.
//! Trusts: an order from the decider's uid, and the sink and the sealed payload that came with it.
//! Never:  chooses what to sign; signs what could still change; signs with a key that the companion has not listed, or
//!         with another than the first; sees a passphrase; keeps anything else between two orders but what gpg lists of the
//!         last key.
#![forbid(unsafe_code)]

mod cli;
mod keyring;
mod keys;
mod listed;
mod serve;
mod status;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sd_start::Start;
use sd_wire::parties::Role;

fn main() -> ExitCode {
    sd_start::run(|cli::Cli { worker, signing_keys }| {
        let start = Start::as_role(Role::Companion, worker.parties.as_deref())?;
        let listener = start.listener("sign")?;
        let parties = start.parties;
        let keys = keys::Keys::of_unit(signing_keys);
        // A gpg that hangs cannot be called back, nor one be found that was not at first: the process ends, and its unit
        // ends gpg with it.
        let gpg_is_lost = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&gpg_is_lost);
        sd_start::each_connection(
            &listener,
            worker.idle(),
            move || seen.load(Ordering::Acquire),
            move |link| serve::one(link, &parties, &keys, &gpg_is_lost),
        )
    })
}
