//! How a tool ends, in the numbers of `<sysexits.h>`, which systemd prints by name.

use std::process::ExitCode;

/// The command line is wrong.
pub const USAGE: u8 = 64;
/// What the tool was given to read is not what it takes.
pub const DATA: u8 = 65;
/// Something that the tool needs (a bus, a socket, a backend) is not there.
pub const UNAVAILABLE: u8 = 69;
/// A fault of the tool itself.
pub const BUG: u8 = 70;
/// Not now: in good health, and worth another try when something has changed.
pub const LATER: u8 = 75;
/// A peer misspoke, and nothing more can be said to it.
pub const PROTOCOL: u8 = 76;
/// The caller has not the right to do this.
pub const FORBIDDEN: u8 = 77;
/// The installation is wrong: a missing or untrusted file, a wrong uid.
pub const MISCONFIGURED: u8 = 78;

/// The exit code for one of the numbers above.
pub fn code(n: u8) -> ExitCode {
    ExitCode::from(n)
}
