//! Real Secret Service clients, as their authors ship them, against the whole chain: each approved, denied, left waiting
//! until it expired, and killed while it waits. A file a client.
//!
//! The ring `clients` runs it, as an ordinary user. What no package brings, scripts/clients.sh has got before.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod fates;
mod rig;

mod all_at_once;
mod chromium;
mod docker;
mod git;
mod git_remote;
mod keyring;
mod libsecret;
mod rust;
mod secret_storage;
mod secret_tool;
