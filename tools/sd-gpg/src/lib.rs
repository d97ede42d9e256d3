//! All of sd-gpg; what it holds, trusts and never does stands in `main.rs`.
//!
//! A library only so that the fuzzer reaches what reads hostile bytes: of the product nothing but [`main`] is public.
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod hostile;

mod arguments;
mod changed;
mod destination;
mod failure;
mod objects;
mod person;
mod real;
mod repository;
mod setup;
mod sign;
mod summary;

use std::process::ExitCode;

use arguments::Wanted;

/// The tool, from its arguments to its status.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match arguments::wanted(&arguments) {
        _ if setup::is_wanted(&arguments) => setup::run(&arguments),
        // Before anything of this process is changed: gpg must find it as git left it.
        Wanted::Gpg => Err(real::become_gpg(&arguments)),
        Wanted::Signature(request) => sign::sign(&request),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sd-gpg: {failure}");
            person::tell(&failure);
            failure.exit()
        }
    }
}
