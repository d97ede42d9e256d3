//! sd-gpg: git's gpg.program. Signs through the gate; everything that is not signing is gpg's own.
//!
//! Holds:  git's arguments, the payload that git wants signed, and the commits and trees that prove its files.
//! Trusts: nothing but the uid beside the answer. What it says of repository, branch and files are claims.
//! Never:  holds a key; changes anything about a call that is not signing.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sd_gpg::main()
}
