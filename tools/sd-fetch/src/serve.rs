//! One connection, one order: read it, carry it out, tell the sink, tell sd-decide.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_sys::link::Link;
use sd_sys::payload::Payload;
use sd_sys::sink::Sink;
use sd_wire::change::Change;
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order, Sequel};
use sd_wire::id::AskId;
use sd_wire::import::{MAX_MANIFEST, Manifest};
use sd_wire::line::Words;
use sd_wire::outcome::{Granted, Outcome, What};
use sd_wire::parties::Parties;
use smol::future::FutureExt;

use crate::asking::Asking;
use crate::carry_out::{Body, Yield, carry_out};
use crate::rest::Resting;

/// What every order is carried out with.
pub(crate) struct Place {
    /// Who is who.
    pub(crate) parties: Parties,
    /// Where sd-decide is asked for a passphrase.
    pub(crate) passphrase: Option<PathBuf>,
    /// The connections to the backend that are there already.
    pub(crate) resting: Resting,
}

/// One connection from its first byte to its last.
pub(crate) fn one(link: &Link, place: &Place) {
    let parties = &place.parties;
    let (order, fds) = match sd_start::one_packet::<Order>(link, parties.decide) {
        Ok(received) => received,
        Err(why) => return sd_journal::warning(format!("an order was refused: {why}")),
    };
    let refused = |why| {
        sd_journal::warning(format!("an order was refused: {why}"));
        say(link, &Note::Failed { why: Fault::Malformed });
    };
    let ahead = fds.is_empty() && order.may_go_ahead();
    let beside = if ahead { Ok((None, None)) } else { beside(&order, fds, parties.desktop) };
    let (sink, manifest) = match beside {
        Ok(beside) => beside,
        Err(why) => return refused(why),
    };
    let until = Instant::now() + patience(&order);
    let carried_out = smol::block_on(async {
        let tired = async {
            Timer::at(until).await;
            Err(Fault::Timeout)
        };
        let asking = Asking { place, until, order: link };
        carry_out(&order, sink.as_ref(), manifest.as_ref(), &asking).or(tired).await
    });
    let sink = match ahead.then(|| sequel(link, parties.desktop, until)) {
        None => sink,
        Some(Ok(Some(sink))) => Some(sink),
        // It is not to be released, and nobody listens any more. What was read is wiped.
        Some(Ok(None)) => return,
        Some(Err(why)) => return refused(why),
    };
    let ended = match (sink, id_of(&order), carried_out) {
        (_, _, Ok(Yield::Notes(notes))) => return notes.iter().for_each(|note| say(link, note)),
        (Some(sink), Some(id), Ok(Yield::Outcome(granted, body))) => settle(sink, id, granted, &body),
        (Some(sink), Some(id), Ok(Yield::Made(granted, item))) => {
            // Before the requester hears of it: it may read the item at once. It is done, also where it cannot be told.
            if let Some(note) = item.map(Note::Made).filter(|note| note.to_line().is_ok()) {
                say(link, &note);
            }
            settle(sink, id, granted, &Body::Nothing)
        }
        (Some(sink), Some(id), Err(why)) => {
            fail(sink, id, why);
            Err(why)
        }
        (_, _, Ok(Yield::Outcome(..) | Yield::Made(..))) => Err(Fault::Malformed),
        (_, _, Err(why)) => Err(why),
    };
    say(link, &ended.map_or_else(|why| Note::Failed { why }, |()| Note::Done {}));
}

/// How long an order may take in all.
fn patience(order: &Order) -> Duration {
    match order {
        // gnome-keyring looks through all that it has for each item of a list.
        Order::List { .. }
        | Order::Unlock { .. }
        | Order::Change { change: Change::CreateCollection { .. }, .. } => deadline::WORKER_ASKS,
        Order::DescribeImport { .. } | Order::Import { .. } => deadline::WORKER_IMPORT,
        _ => deadline::WORKER,
    }
}

/// What came beside the order.
fn beside(
    order: &Order,
    fds: Vec<OwnedFd>,
    desktop: u32,
) -> Result<(Option<Sink>, Option<Manifest>), String> {
    let (count, wanted) = (fds.len(), order.descriptors());
    if count != wanted {
        return Err(format!("{count} descriptors came with it, it takes {wanted}"));
    }
    let mut fds = fds.into_iter();
    let sink = if order.takes_sink() { fds.next() } else { None };
    let sink = sink.map(|fd| Sink::admit(fd, desktop)).transpose().map_err(|e| format!("sink: {e}"))?;
    let manifest = fds.next().map(read).transpose().map_err(|e| format!("manifest: {e}"))?;
    Ok((sink, manifest))
}

/// The sink of an order that came ahead of it. `None` when it never comes.
fn sequel(link: &Link, desktop: u32, until: Instant) -> Result<Option<Sink>, String> {
    // The connection's maker was looked at before the order was read; whoever it is, nobody else can write on it.
    let Some(packet) = link.receive_by(until).map_err(|e| e.to_string())? else { return Ok(None) };
    let Sequel::Go {} = Sequel::from_line(&packet.bytes).map_err(|e| e.to_string())?;
    let mut fds = packet.fds.into_iter();
    let (Some(sink), None) = (fds.next(), fds.next()) else {
        return Err("a go takes the sink along, and nothing else".into());
    };
    Sink::admit(sink, desktop).map(Some).map_err(|e| format!("sink: {e}"))
}

/// Reads the same bytes that sd-decide has read and shown: by their seals nobody has changed them since.
fn read(fd: OwnedFd) -> Result<Manifest, String> {
    let payload = Payload::admit(fd, MAX_MANIFEST).map_err(|e| e.to_string())?;
    let bytes = payload.read().map_err(|e| e.to_string())?;
    Manifest::from_line(&bytes).map_err(|e| e.to_string())
}

fn settle(sink: Sink, id: &AskId, granted: Granted, body: &Body) -> Result<(), Fault> {
    let until = Instant::now() + patience_of_requester(&granted);
    let line = Outcome::line(id, What::Granted(granted)).map_err(|_| Fault::TooLarge)?;
    let bytes = match body {
        Body::Nothing => &[][..],
        Body::Open(bytes) => bytes,
        Body::Secret(secret) => secret.expose(),
    };
    // A requester that is gone, or does not read, gets nothing; that is its own doing.
    sink.settle_with(&line, bytes, until).map_err(|_| Fault::NoReader)
}

/// How long the requester may take to make room for it. What needed no key must not hold up what did: a requester
/// that does not read its own search keeps a thread for less than the shortest wait of an honest one.
fn patience_of_requester(granted: &Granted) -> Duration {
    match granted {
        Granted::Found { .. } | Granted::Collections { .. } => deadline::WITHOUT_KEYPRESS,
        _ => deadline::UPLOAD,
    }
}

fn fail(sink: Sink, id: &AskId, why: Fault) {
    if let Ok(line) = Outcome::line(id, What::Failed { stage: Stage::Fetch, why }) {
        let _ = sink.settle(&line);
    }
}

fn id_of(order: &Order) -> Option<&AskId> {
    match order {
        Order::State {} => None,
        Order::Describe { id, .. }
        | Order::DescribeTarget { id, .. }
        | Order::DescribeList { id, .. }
        | Order::DescribeChange { id, .. }
        | Order::DescribeImport { id, .. }
        | Order::Import { id, .. }
        | Order::Search { id, .. }
        | Order::Lock { id }
        | Order::Unlock { id }
        | Order::Collections { id, .. }
        | Order::List { id, .. }
        | Order::SetSecret { id, .. }
        | Order::Change { id, .. }
        | Order::Read { id, .. }
        | Order::Store { id, .. }
        | Order::Delete { id, .. } => Some(id),
    }
}

/// A note too long for a packet cannot be shown, so it fails instead of being cut.
fn say(link: &Link, note: &Note) {
    match note.to_line() {
        Ok(_) => sd_start::answer(link, note),
        Err(_) => sd_start::answer(link, &Note::Failed { why: Fault::TooLarge }),
    }
}
