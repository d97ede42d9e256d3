//! sd-agent: the desktop's Secret Service, which asks for each secret instead of holding any.
//!
//! Holds:  the name org.freedesktop.secrets on the session bus; each application's sessions, prompts and approvals.
//! Trusts: the gate's answers by the uid that the kernel names. Believes of an application what the bus and /proc say.
//! Never:  approves; keeps a secret; tells an application what it did not already know of an item; forks.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sd_agent::main()
}
