//! How every daemon begins, and how it takes a packet at its door: the same steps in the same order in each, so that
//! two mains can be compared line by line.
#![forbid(unsafe_code)]

mod door;
mod orders;
mod start;
mod worker;

pub use door::{Refused, answer, one_packet};
pub use orders::{AT_ONCE, each_connection};
pub use start::{NotServing, Start, hardened, run};
pub use worker::Worker;
