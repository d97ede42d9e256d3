//! How a program of the companion gets a passphrase from the screen: one connection to `passphrase.sock`, one
//! question, one answer.
//!
//! `sd-decide` answers only while it has an order or an unlock under way, so this is not a way to make the screen ask
//! for a passphrase out of the blue. The passphrase comes from the kernel straight into a [`Secret`]'s memory.
#![forbid(unsafe_code)]

mod ask;
mod place;
mod refusal;

pub use ask::{PATIENCE, ask};
pub use place::{NoPlace, desktop_user, socket};
pub use refusal::NoPassphrase;
#[doc(no_inline)]
pub use sd_sys::secret::Secret;
