//! sd-pinentry — has a person type a passphrase for gpg-agent on the approval screen.
//!
//! Holds:  a passphrase, from sd-decide's answer to gpg-agent's ear; the right to connect to passphrase.sock.
//! Trusts: an answer from the decider's uid. What gpg-agent says of the key is shown, not checked.
//! Never:  shows anything itself; keeps, logs or copies a passphrase; asks for a new one.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sd_pinentry::main()
}
