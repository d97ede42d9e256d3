//! The real sd-sign, gpg, gpg-agent and sd-pinentry, and a person played at passphrase.sock.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod keys;
mod passphrases;
mod stage;
mod unfit;
