//! sd-rig — runs one command against the whole of Secrets Dispatcher, on private buses and a pty as the VT.
//!
//! Holds:  every process that it started, and the directory they live in.
//! Trusts: the person who calls it. It opens no door in the tools: what they check, they check here too.
//! Never:  answers an ask but by a key typed at a picture of the screen; outlives its command.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::process::ExitCode;

use test_harness::{await_backend, cli, front, keeper, launched};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // The words by which the rig calls itself. A person cannot hit them: every option begins with a
    // dash, and COMMAND stands behind `--`.
    match arguments.split_first() {
        Some((word, rest)) if word == launched::WORD => launched::main(rest),
        Some((word, rest)) if word == await_backend::WORD => await_backend::main(rest),
        Some((word, rest)) if word == keeper::WORD => keeper::main(rest),
        _ => match cli::read(&arguments) {
            Ok(options) => front::main(&options, &arguments),
            Err(code) => code,
        },
    }
}
