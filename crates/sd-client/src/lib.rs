//! How a desktop program asks: the gate's D-Bus interface, and the sink that the answer comes home by.
//!
//! A request is a future of [`Gate`]. Dropping it closes our end of the sink, which withdraws the ask: the kernel
//! tells `sd-decide`, and the ask leaves the screen. Nobody's answer is believed without the uid that the kernel puts
//! beside it.
//!
//! What waits and what comes of it is told without a sink: [`Gate::list`], [`Gate::history`], [`Watch`].
#![forbid(unsafe_code)]

mod answer;
mod call;
mod change;
mod claims;
mod ear;
mod failure;
mod gate;
mod home;
mod known;
mod listing;
mod parties;
mod request;
pub mod screen;
mod watch;

pub use ear::Ear;
pub use failure::Failure;
pub use gate::{Gate, Signature, turn};
pub use listing::{Settled, Waiting};
pub use watch::{Event, Watch};
