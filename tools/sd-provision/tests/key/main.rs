//! The real sd-provision with the real gpg, as a companion that is whoever runs the test.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bringing;
mod making;
mod stage;
