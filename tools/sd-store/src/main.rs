//! sd-store — a Secret Service over a password store, for the companion: one GPG file a secret.
//!
//! Holds:  the name org.freedesktop.secrets on the companion's bus; the store's folder; what entries tell of themselves,
//!         in memory and while the store is open; a secret, for the moment of its passing.
//! Trusts: every caller on that bus, which admits the companion only; .gpg-id, of a folder that is ours alone; gpg.
//! Never:  keeps a secret, or a passphrase; follows a link; touches .git; has anybody asked for a passphrase but to
//!         unlock.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sd_store::main()
}
