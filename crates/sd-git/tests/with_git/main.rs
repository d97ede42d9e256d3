//! The proved list against git's own, on repositories that the real git made.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod lies;
mod random;
mod repository;
mod shapes;
