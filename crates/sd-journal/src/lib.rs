//! One structured record to the journal, or one line to standard error; and the few words that a
//! service says to systemd.
//!
//! Values of attributes, labels of items and secrets never come here: a record names the ask, the
//! uid and the outcome.

#![forbid(unsafe_code)]

mod line;
mod notify;
mod record;

pub use notify::{ready, stopping, watchdog, watchdog_interval};
pub use record::{Record, Severity, error, info, warning};
