//! The real program, as systemd starts it and as a person calls it, with sd-decide played by the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod stage;

mod failing;
mod metrics;
mod reading;
mod serving;
