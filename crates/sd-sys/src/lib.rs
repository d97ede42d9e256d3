//! The quarry: every line of unsafe code of the project, and nothing that decides anything.
//!
//! Links that carry lines and file descriptors, sinks, sealed payloads, secrets in locked memory,
//! what the kernel attests of a peer, what `/proc` shows of a process, hardening, terminals and
//! virtual terminals. Each function is a thin face over a few system calls, safe to call with any
//! argument; what crosses it from another process is checked here or said to be unchecked.

#[cfg(not(target_os = "linux"))]
compile_error!("sd-sys stands on Linux system calls");

pub mod exit;
pub mod harden;
#[cfg(any(test, fuzzing))]
pub mod hostile;
pub mod identity;
pub mod link;
pub mod listener;
mod mapping;
mod message;
mod option;
mod parting;
pub mod payload;
pub mod peer;
pub mod process;
pub mod secret;
pub mod sink;
pub mod terminal;
pub mod trusted;
pub mod vt;
mod wait;

pub use link::{Link, MAX_FDS, MAX_PACKET, NotALink, Packet, ReceiveError, Writer};
pub use listener::{ActivationError, Listener};
pub use payload::{Payload, PayloadRefused};
pub use peer::Peer;
pub use process::Process;
pub use secret::{MemoryKind, Secret, SecretError, TooLong};
pub use sink::{Sink, SinkRefused};
pub use trusted::{Untrusted, read_trusted};
