//! Which keys the companion may sign with, for who signs (`sd-sign`) and for who brings keys over (`sd-provision`).
//!
//! Either a person has listed them, or the one with which was first signed is kept and no other is taken.
#![forbid(unsafe_code)]

mod allowed;
mod first_use;
#[cfg(any(test, fuzzing))]
pub mod hostile;
mod list;

pub use allowed::{Allowed, Refused};
pub use first_use::{FirstUse, NotKept, SYSTEM_STATE};
pub use list::{BadList, List, MAX_FILE, MAX_KEYS, fingerprint};
