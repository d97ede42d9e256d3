//! How a desktop program asks: the gate's D-Bus interface, and the sink that the answer comes home by.
//!
//! A request is a future of [`Gate`]. Dropping it closes our end of the sink, which withdraws the ask: the kernel
//! tells `sd-decide`, and the ask leaves the screen. Nobody's answer is believed without the uid that the kernel puts
//! beside it.
#![forbid(unsafe_code)]

mod answer;
mod change;
mod claims;
mod failure;
mod gate;
mod home;
mod parties;
mod request;

pub use failure::Failure;
pub use gate::{Gate, Signature};
