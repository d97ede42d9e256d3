//! sd-bench — measures what Secrets Dispatcher costs, side by side with what there would be without it, in one run.
//!
//! What is compared is measured in turn, round by round, so that whatever else the machine does falls on all alike; a
//! figure is a median. `just bench` builds and runs it as root: each tool then has a uid of its own, as installed, and
//! memory can be looked at.
#![forbid(unsafe_code)]
#![expect(clippy::as_conversions, reason = "counts of rounds and of kilobytes become numbers to divide by")]

mod client;
mod figures;
mod keepass;
mod latency;
mod memory;
mod rate;
mod signing;
mod stage;

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use crate::figures::Row;

/// Whatever went wrong, in words.
pub(crate) type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Measures what Secrets Dispatcher costs, against its targets.
#[derive(Debug, Parser)]
#[command(name = "sd-bench", version)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    /// Few rounds: to see that it works, not how fast.
    #[arg(long)]
    quick: bool,
    /// Only these parts: latency, prompt, search, rate, memory, signing, start, files.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Write the tables there as well.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Another oo7-daemon than the one below target.
    #[arg(long, value_name = "FILE")]
    oo7: Option<PathBuf>,
    /// The date to write down.
    #[arg(long, default_value = "")]
    date: String,
}

/// What its own children are.
#[derive(Debug, Subcommand)]
enum Role {
    /// A client with an open connection.
    #[command(hide = true)]
    Obey,
    /// One that asks as often as it can.
    #[command(hide = true)]
    Rush { name: String, value: String, most: usize, seconds: u64, reads: String },
    /// One that makes items.
    #[command(hide = true)]
    Stock { from: usize, to: usize },
    /// One application for many processes.
    #[command(hide = true)]
    Relay { socket: PathBuf, bus: String },
}

/// How often everything is done.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) oo7: Option<PathBuf>,
}

impl Plan {
    /// So many rounds, or few.
    pub(crate) fn rounds(&self, whole: usize, quick: usize) -> usize {
        if self.quick { quick } else { whole }
    }
}

/// A heading, a sentence about what is measured, and the figures.
type Part = (&'static str, &'static str, &'static str, fn(&Plan) -> Done<Vec<Row>>);

const PARTS: [Part; 8] = [
    ("latency", "Lookups under a live grant", latency::ABOUT, latency::lookups),
    ("prompt", "Lookups that a person answers", latency::ABOUT_PROMPTS, latency::prompts),
    ("search", "Searches", latency::ABOUT_SEARCHES, latency::searches),
    ("signing", "Signatures", signing::ABOUT, signing::commits),
    ("rate", "Requests a second", rate::ABOUT, rate::rates),
    ("memory", "Memory, idleness and growth", memory::ABOUT, memory::all),
    ("start", "Start", memory::ABOUT_START, memory::start),
    ("files", "Files", memory::ABOUT_FILES, memory::files),
];

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.role {
        Some(Role::Obey) => client::obey(),
        Some(Role::Rush { name, value, most, seconds, reads }) => {
            client::rush(name, value, *most, *seconds, reads == "reads")
        }
        Some(Role::Stock { from, to }) => client::stock(*from, *to),
        Some(Role::Relay { socket, bus }) => client::relay(socket, bus),
        None => measure(&cli),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("sd-bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(cli: &Cli) -> Done {
    let plan = Plan { quick: cli.quick, oo7: cli.oo7.clone() };
    let began = Instant::now();
    let mut text = String::from("# Benchmarks\n\n");
    let quick = if cli.quick { ", few rounds (`--quick`)" } else { "" };
    writeln!(text, "What `just bench` measured{quick} on {}: {}.", cli.date, figures::machine())?;
    writeln!(
        text,
        "Written by it. All comparisons are of one run, the rivals in turn; figures are medians, and the targets are the\n\
         project's own. The tools are those of the release profile, on the buses and with the users of `sd-rig`.\n"
    )?;
    print!("{text}");
    let (mut missed, mut rows) = (0, 0);
    let mut failed = Vec::new();
    for (name, heading, about, part) in PARTS {
        if !cli.only.is_empty() && !cli.only.iter().any(|only| only == name) {
            continue;
        }
        let mut section =
            format!("## {heading}\n\n{about}\n\n| what | figure | target | |\n|---|---|---|---|\n");
        match part(&plan) {
            Ok(found) => {
                missed += found.iter().filter(|row| row.met == Some(false)).count();
                rows += found.iter().filter(|row| row.met.is_some()).count();
                for row in found {
                    writeln!(section, "{}", row.markdown())?;
                }
            }
            Err(why) => {
                writeln!(section, "| could not be measured | {why} | | |")?;
                failed.push(format!("{name}: {why}"));
            }
        }
        println!("{section}");
        writeln!(text, "{section}")?;
    }
    let last =
        format!("{} of {rows} targets are met. It took {} s.", rows - missed, began.elapsed().as_secs());
    println!("{last}");
    writeln!(text, "{last}")?;
    if let Some(file) = &cli.write {
        std::fs::write(file, text)?;
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not measured: {}", failed.join("; ")).into()) }
}
