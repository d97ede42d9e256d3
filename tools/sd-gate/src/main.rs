//! sd-gate — takes requests from the system bus, checks them, and moves them on to sd-decide.
//!
//! Holds:  the bus name net.mowaka.SecretsDispatcher1; the right to connect to decide.sock.
//! Trusts: the kernel's word on who made a sink, the bus's word on who sent a message. No argument of any message.
//! Never:  holds a secret; reaches a worker; approves; keeps a sink after it has moved on.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sd_gate::main()
}
