//! How every daemon begins, and how it takes a packet at its door: the same steps in the same order in each, so that
//! two mains can be compared line by line.
#![forbid(unsafe_code)]

mod door;
mod start;

pub use door::{Refused, one_packet};
pub use start::{NotServing, Start, run};
