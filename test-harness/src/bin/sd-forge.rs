//! sd-forge — sits in the place of one tool of the chain, and writes into each sink that it gets what it is told to.
//!
//! For the tests of what a requester believes of whom: it has the uid, the sockets and the name of the tool whose
//! place it takes, and whatever it writes is as well formed as the real one's.
#![forbid(unsafe_code)]

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_wire::ask::Packet;
use sd_wire::fetch::Order;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::parties::Parties;
use smol::stream::StreamExt;
use zbus::MessageStream;
use zbus::message::Type;

const NAME: &str = "net.mowaka.SecretsDispatcher1";
const PATIENCE: Duration = Duration::from_secs(5);

/// Sits in the place of one tool, and writes into each sink that it gets what it is told to.
#[derive(Debug, Parser)]
#[command(name = "sd-forge", version)]
struct Cli {
    /// Whose place it takes.
    #[arg(value_enum)]
    place: Place,
    /// What the outcome says, as JSON, such as {"denied":{}}.
    what: String,
    /// The bytes that follow the outcome.
    #[arg(long, default_value = "")]
    body: String,
    /// The arguments of the tool whose place it takes; of no use here.
    #[arg(last = true)]
    _rest: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// On the system bus, as sd-gate.
    Gate,
    /// Behind decide.sock, as sd-decide.
    Decide,
    /// Behind fetch.sock, as sd-fetch; for searches and collections, which need no key.
    Fetch,
}

type Ended = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.place {
        Place::Gate => smol::block_on(gate(&cli)),
        Place::Decide => served(&cli, "decide", |bytes| match Packet::from_line(bytes) {
            Ok(Packet::Ask(ask)) => Some(ask.id),
            _ => None,
        }),
        Place::Fetch => served(&cli, "fetch", |bytes| match Order::from_line(bytes) {
            Ok(Order::Search { id, .. } | Order::Collections { id, .. }) => Some(id),
            _ => None,
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-forge: {e}");
            ExitCode::FAILURE
        }
    }
}

fn forge(cli: &Cli, id: &AskId, sink: OwnedFd) -> Ended {
    let sink = Link::adopt(sink)?;
    let line = format!("{{\"v\":1,\"body\":{{\"id\":\"{id}\",\"what\":{}}}}}\n", cli.what);
    let until = Instant::now() + PATIENCE;
    sink.send_by(line.as_bytes(), &[], until)?;
    if !cli.body.is_empty() {
        sink.send_by(cli.body.as_bytes(), &[], until)?;
    }
    sd_journal::info(format_args!("forged {} for {id}", cli.what));
    Ok(())
}

async fn gate(cli: &Cli) -> Ended {
    let file = std::env::var("CREDENTIALS_DIRECTORY")?;
    let parties = Parties::from_line(&std::fs::read(Path::new(&file).join("parties"))?)?;
    let bus = zbus::connection::Builder::system()?.build().await?;
    let mut calls = MessageStream::from(&bus);
    for name in [format!("{NAME}.u{}", parties.desktop), NAME.to_owned()] {
        bus.request_name(name).await?;
    }
    sd_journal::ready();
    while let Some(call) = calls.next().await {
        let call = call?;
        let header = call.header();
        if call.message_type() != Type::MethodCall || header.interface().is_none_or(|it| *it != NAME) {
            continue;
        }
        let id = AskId::parse("0123456789abcdef")?;
        bus.reply(&header, &(id.as_str())).await?;
        if let Some(sink) = call.data().fds().first() {
            forge(cli, &id, sink.as_fd().try_clone_to_owned()?)?;
        }
    }
    Ok(())
}

fn served(cli: &Cli, name: &str, id_of: impl Fn(&[u8]) -> Option<AskId>) -> Ended {
    let listener = Listener::activated(name)?;
    sd_journal::ready();
    loop {
        if !listener.wait(Duration::from_secs(3600))? {
            continue;
        }
        let Some(link) = listener.accept()? else { continue };
        let until = Instant::now() + PATIENCE;
        let Some(packet) = link.receive_by(until)? else { continue };
        let Some(id) = id_of(&packet.bytes) else { continue };
        let mut fds = packet.fds;
        // The sink of an order that came ahead of it comes next, if it comes.
        if fds.is_empty() {
            fds.extend(link.receive_by(until)?.into_iter().flat_map(|sequel| sequel.fds));
        }
        if !fds.is_empty() {
            forge(cli, &id, fds.remove(0))?;
        }
    }
}
