//! sd-decide — shows each ask on the terminal and lets a person settle it.
//!
//! Holds:  the terminal (fd 0); the docket; the right to connect to the workers and to the record.
//! Trusts: the kernel, the keyboard, and the workers' word about what they hold. Believes of a caller only what the
//!         kernel attests.
//! Never:  lets anything go that is not in the record; sees a secret of the store; speaks D-Bus; forks; once it serves,
//!         opens anything but `/proc/<pid>` of callers.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sd_decide::main()
}
