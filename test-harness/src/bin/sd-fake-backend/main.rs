//! sd-fake-backend — a Secret Service with one collection, in memory, which misbehaves as told.
//!
//! For trying one tool by hand, and for the tests of what a broken or hostile backend can do. Secrets are given on
//! the command line: it is for made-up ones only. Speaks the `plain` algorithm alone.
#![forbid(unsafe_code)]

mod faults;
mod item;
mod lock;
mod made;
mod service;
mod shelf;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, ValueEnum};

use crate::faults::Faults;
use crate::item::Item;
use crate::lock::{Lock, Locking, Master, Unlocking};
use crate::made::{Creating, Maker};
use crate::service::{COLLECTION, Collection, SERVICE, Service};
use crate::shelf::{Shelf, item, put};

/// A Secret Service on the session bus, for tests: one collection in memory, and one fault.
#[derive(Debug, Parser)]
#[command(name = "sd-fake-backend", version)]
struct Cli {
    /// An item: LABEL, the secret, and attributes. Repeat for more.
    #[arg(long = "item", value_name = "LABEL=SECRET[,NAME=VALUE]...")]
    items: Vec<String>,
    /// So many items more: `Item 1` and so on, with the attributes `service=demo` and `number=1` and so on.
    #[arg(long, default_value_t = 0)]
    stock: usize,
    /// What it does when it is asked for a secret.
    #[arg(long, value_enum, default_value_t = Fault::None)]
    fault: Fault,
    /// Look for the word of `--fault` in this file instead, each time; when it is not there, it behaves.
    #[arg(long, value_name = "FILE", conflicts_with = "fault")]
    fault_in: Option<PathBuf>,
    /// Its collection is locked from the start.
    #[arg(long)]
    locked: bool,
    /// What it does when it is told to lock.
    #[arg(long, value_enum, default_value_t = Locking::Works)]
    locking: Locking,
    /// What it does when it is told to unlock.
    #[arg(long, value_enum, default_value_t = Unlocking::AtOnce)]
    unlocking: Unlocking,
    /// What it does when it is told to make a collection.
    #[arg(long, value_enum, default_value_t = Creating::AtOnce)]
    creating: Creating,
    /// Be as gopass-secret-service is: a plain session with an empty array of bytes, an error of its own for other
    /// algorithms, and no second item with equal attributes.
    #[arg(long)]
    gopass: bool,
    /// Reply to nothing for this member, for example SearchItems.
    #[arg(long, value_name = "MEMBER")]
    hang: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// Behaves.
    None,
    /// Never answers.
    Hang,
    /// Ends before it answers.
    Crash,
    /// Answers with another type than the specification's.
    Garbage,
    /// Answers with 10 MB.
    Huge,
    /// Changes the item's label while it answers.
    Relabel,
    /// Says that the item is locked.
    Locked,
    /// Changes an item's label each time when it has been described.
    Restless,
    /// Likewise one of its attributes.
    Shifting,
    /// Does not tell an item's label.
    Mute,
    /// Names an item that is not there.
    Ghosts,
    /// Says that it has changed or deleted something, and has not.
    Forgetful,
    /// Has no collection, as one that is starting.
    Bare,
}

async fn serve(cli: &Cli) -> zbus::Result<()> {
    let shelf = Shelf::default();
    let hang = cli.hang.clone();
    let faults = Faults::new(cli.fault, cli.fault_in.clone());
    let lock = Lock::new(cli.locked, cli.locking, cli.unlocking);
    // All by the builder: an object server that is started beside a connection in use now and then never answers.
    let mut builder = zbus::connection::Builder::session()?.serve_at(
        COLLECTION,
        Collection {
            shelf: Arc::clone(&shelf),
            faults: faults.clone(),
            lock: lock.clone(),
            hang: hang.clone(),
            gopass: cli.gopass,
        },
    )?;
    let stock = (1..=cli.stock).map(|n| item(&format!("Item {n}=hunter2,service=demo,number={n}")));
    for kept in cli.items.iter().map(|words| item(words)).chain(stock).flatten() {
        let name = put(&shelf, kept);
        let at = format!("{COLLECTION}/{name}");
        builder = builder.serve_at(
            at,
            Item { shelf: Arc::clone(&shelf), name, faults: faults.clone(), lock: lock.clone() },
        )?;
    }
    if cli.unlocking == Unlocking::Plain {
        builder = builder.serve_at(SERVICE, Master(lock.clone()))?;
    }
    let builder = builder
        .serve_at(
            SERVICE,
            Service { shelf, hang, lock, gopass: cli.gopass, maker: Maker::new(cli.creating, faults) },
        )?
        .name("org.freedesktop.secrets")?;
    let _bus = builder.build().await?;
    std::future::pending().await
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.items.iter().any(|words| item(words).is_none()) {
        eprintln!("sd-fake-backend: an item is LABEL=SECRET[,NAME=VALUE]...");
        return ExitCode::from(64);
    }
    match smol::block_on(serve(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-fake-backend: {e}");
            ExitCode::from(69)
        }
    }
}
