//! sd-gpg: git's gpg.program. Signs through the gate; everything that is not signing is gpg's own.
//!
//! Holds:  git's arguments, the payload that git wants signed, and the commits and trees that prove its files.
//! Trusts: nothing but the uid beside the answer. What it says of repository, branch and files are claims.
//! Never:  holds a key; changes anything about a call that is not signing.
#![forbid(unsafe_code)]

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

fn main() -> ExitCode {
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
