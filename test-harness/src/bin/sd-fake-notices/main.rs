//! sd-fake-notices — a notification server that shows nothing, prints what it is told, and misbehaves as told.
//!
//! For trying notifications by hand and for the tests of what the desktop is told. It runs until it is killed.
#![forbid(unsafe_code)]

mod desk;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use desk::Desk;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// Owns org.freedesktop.Notifications on the session bus, and prints a line for each notification and each closing.
#[derive(Debug, Parser)]
#[command(name = "sd-fake-notices", version)]
struct Cli {
    /// What it does wrong.
    #[arg(long)]
    fault: Option<Fault>,
    /// Capabilities that it lacks, of body, body-markup and persistence.
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    /// Each notification is put away by itself after so many milliseconds, as a person would do it.
    #[arg(long, value_name = "MS")]
    dismiss: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// Answers every call after four seconds.
    Slow,
    /// Answers no call.
    Mute,
    /// Answers every call by an error.
    Refuse,
    /// Closes nothing.
    Noclose,
    /// Is there, but under no name.
    None,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let named = cli.fault != Some(Fault::None);
    let served: zbus::Result<()> = smol::block_on(async {
        let desk = Desk::new(cli);
        let mut bus = zbus::connection::Builder::session()?.serve_at(PATH, desk)?;
        if named {
            bus = bus.name(NAME)?;
        }
        let _bus = bus.build().await?;
        println!("serving");
        smol::future::pending().await
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-fake-notices: {e}");
            ExitCode::FAILURE
        }
    }
}
