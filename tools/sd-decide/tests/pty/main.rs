//! The binary as it is installed, on a pseudo terminal.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod asks;
mod floods;
mod imports;
mod keys;
mod passphrases;
mod recorder;
mod recording;
mod stage;
mod strangers;
mod terminal;

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sd_sys::link::Link;
use sd_sys::payload::Payload;
use sd_wire::ask::{self, Note, Resolution, Want};
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage as At};
use sd_wire::fetch;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::outcome::What;
use sd_wire::parties::Parties;
use sd_wire::path::ItemPath;
use sd_wire::sign;
use stage::{Stage, everybody_is_me, hear, outcome, say};

fn item() -> ItemPath {
    ItemPath::parse("/org/freedesktop/secrets/collection/login/7").unwrap()
}

fn read() -> Want {
    Want::Read { item: item() }
}

fn description() -> Description {
    Description {
        item: item(),
        collection: Text::new("Login").unwrap(),
        label: Text::new("the label").unwrap(),
        attributes: Attributes::default(),
        created: 0,
        modified: 0,
        locked: false,
    }
}

/// Files a read and describes it; our end of the sink, and the gate's connection.
fn described(stage: &Stage, n: u64) -> (Link, Link) {
    let (sink, gate) = stage.file(n, read());
    let (worker, order, packet) = stage.ordered::<fetch::Order>();
    assert!(matches!(order, fetch::Order::Describe { .. }) && packet.fds.is_empty());
    say(&worker, &fetch::Note::Described(description()));
    (sink, gate)
}

fn resolved(gate: &Link) -> Resolution {
    match Note::from_line(&hear(gate).unwrap().bytes).unwrap() {
        Note::Resolved { how, .. } => how,
        other => panic!("{other:?}"),
    }
}
