//! sd-decide on the kernel's own /dev/tty8: what stands on it is read from /dev/vcs8, keys come by TIOCSTI.
//!
//! Needs root and a kernel with virtual terminals; the ring `vt` runs it, and nothing else does. One test at a time has
//! the terminal, and none leaves anything of it changed.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alone;
mod holds;
mod keys;
mod painted;
mod record;
mod rescued;
mod stage;
mod terminal;
mod typed;

/// Uids of nobody, as the rig takes them; the test itself is the companion.
const DESKTOP: u32 = 65520;
const GATE: u32 = 65521;
const DECIDE: u32 = 65522;
