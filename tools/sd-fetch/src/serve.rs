//! One connection, one order: read it, carry it out, tell the sink, tell sd-decide.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_sys::link::Link;
use sd_sys::secret::Secret;
use sd_sys::sink::Sink;
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::outcome::{Granted, MAX_BODY, MAX_SECRET, Outcome, Upload, What};
use sd_wire::parties::Parties;
use serde::Serialize;
use smol::future::FutureExt;

use crate::asking::Asking;
use crate::backend::Backend;
use crate::store::NewItem;
use crate::{find, hide, lock, release, store, unlock};

/// What every order is carried out with.
pub(crate) struct Place {
    /// Who is who.
    pub(crate) parties: Parties,
    /// Where sd-decide is asked for a passphrase.
    pub(crate) passphrase: Option<PathBuf>,
}

/// One connection from its first byte to its last.
pub(crate) fn one(link: &Link, place: &Place) {
    let parties = &place.parties;
    let (order, fds) = match sd_start::one_packet::<Order>(link, parties.decide) {
        Ok(received) => received,
        Err(why) => return sd_journal::warning(format!("an order was refused: {why}")),
    };
    let sink = match the_sink(&order, fds, parties.desktop) {
        Ok(sink) => sink,
        Err(why) => {
            sd_journal::warning(format!("an order was refused: {why}"));
            return say(link, &Note::Failed { why: Fault::Malformed });
        }
    };
    let until = Instant::now() + patience(&order);
    let carried_out = smol::block_on(async {
        let tired = async {
            Timer::at(until).await;
            Err(Fault::Timeout)
        };
        let asking = Asking { place, until, order: link };
        carry_out(&order, sink.as_ref(), &asking).or(tired).await
    });
    let ended = match (sink, carried_out) {
        (_, Ok(Yield::Notes(notes))) => return notes.iter().for_each(|note| say(link, note)),
        (Some(sink), Ok(Yield::Outcome { id, granted, body })) => settle(sink, id, granted, &body),
        (Some(sink), Err(why)) => {
            if let Some(id) = id_of(&order) {
                fail(sink, id, why);
            }
            Err(why)
        }
        (None, Ok(Yield::Outcome { .. })) => Err(Fault::Malformed),
        (None, Err(why)) => Err(why),
    };
    say(link, &ended.map_or_else(|why| Note::Failed { why }, |()| Note::Done {}));
}

/// How long an order may take in all.
fn patience(order: &Order) -> Duration {
    match order {
        Order::Unlock { .. } => deadline::WORKER_ASKS,
        _ => deadline::WORKER,
    }
}

fn the_sink(order: &Order, fds: Vec<OwnedFd>, desktop: u32) -> Result<Option<Sink>, String> {
    let (count, wanted) = (fds.len(), order.descriptors());
    if count != wanted {
        return Err(format!("{count} descriptors came with it, it takes {wanted}"));
    }
    fds.into_iter().next().map(|fd| Sink::admit(fd, desktop)).transpose().map_err(|e| format!("sink: {e}"))
}

/// What an order yields: notes for sd-decide, or an outcome for the requester.
enum Yield {
    Notes(Vec<Note>),
    Outcome { id: AskId, granted: Granted, body: Body },
}

impl Body {
    /// How long the requester may take to make room for it. What needed no key must not hold up what did: a requester
    /// that does not read its own search keeps a thread for less than the shortest wait of an honest one.
    fn patience(&self) -> Duration {
        match self {
            Self::Open(_) => deadline::WITHOUT_KEYPRESS,
            Self::Nothing | Self::Secret(_) => deadline::UPLOAD,
        }
    }
}

/// What follows the outcome line.
enum Body {
    Nothing,
    Open(Vec<u8>),
    Secret(Secret),
}

async fn carry_out(order: &Order, sink: Option<&Sink>, asking: &Asking<'_>) -> Result<Yield, Fault> {
    // A connection an order: setting one up costs about a millisecond, and no state outlives the order.
    let backend = Backend::connect().await?;
    match order {
        Order::Describe { items, .. } => {
            let mut notes = Vec::with_capacity(items.len());
            for item in items.iter() {
                notes.push(Note::Described(backend.describe(item).await?));
            }
            Ok(Yield::Notes(notes))
        }
        Order::DescribeTarget { collection, attributes, replace, .. } => {
            Ok(Yield::Notes(vec![store::target(&backend, collection, attributes, *replace).await?]))
        }
        Order::State {} => Ok(Yield::Notes(vec![Note::State { locked: find::locked(&backend).await? }])),
        Order::Lock { .. } => lock::all(&backend).await.map(|()| Yield::Notes(vec![Note::Done {}])),
        Order::Unlock { .. } => {
            unlock::all(&backend, asking).await.map(|()| Yield::Notes(vec![Note::Done {}]))
        }
        Order::Search { id, collection, attributes, hidden } => {
            let mut found = find::items(&backend, collection.as_ref(), attributes).await?;
            hide::from(&backend, &mut found, attributes, hidden).await;
            open_body(id, &found, |len| Granted::Found { len })
        }
        Order::Collections { id } => {
            open_body(id, &find::collections(&backend).await?, |len| Granted::Collections { len })
        }
        Order::Read { id, item, digest } => {
            let (secret, content_type) = release::secret(&backend, item, digest).await?;
            let len = length(secret.expose().len(), MAX_SECRET)?;
            let granted = Granted::Secret { len, content_type };
            Ok(Yield::Outcome { id: id.clone(), granted, body: Body::Secret(secret) })
        }
        Order::Delete { id, item, digest } => {
            release::delete(&backend, item, digest).await?;
            Ok(Yield::Outcome { id: id.clone(), granted: Granted::Deleted {}, body: Body::Nothing })
        }
        Order::Store { id, collection, label, attributes, content_type, replaces } => {
            let replaces = replaces.as_ref();
            let new = NewItem { collection, label, attributes, content_type, replaces };
            store::ready(&backend, &new).await?;
            let secret = invited(sink.ok_or(Fault::Malformed)?, id, asking.place.parties.desktop)?;
            let item = store::put(&backend, &new, &secret).await?;
            Ok(Yield::Outcome { id: id.clone(), granted: Granted::Stored { item }, body: Body::Nothing })
        }
    }
}

/// Invites the secret through the sink, by a socket that only the requester and this process know.
fn invited(sink: &Sink, id: &AskId, desktop: u32) -> Result<Secret, Fault> {
    let deadline = Instant::now() + deadline::UPLOAD;
    let line = Outcome::line(id, What::Invited {}).map_err(|_| Fault::TooLarge)?;
    let (ours, theirs) = Link::pair().map_err(|_| Fault::Unavailable)?;
    sink.invite(&line, theirs).map_err(|_| Fault::NoUpload)?;
    let packet = ours.receive_by(deadline).ok().flatten().ok_or(Fault::NoUpload)?;
    if packet.writer.map(|w| w.uid) != Some(desktop) || !packet.fds.is_empty() {
        return Err(Fault::NoUpload);
    }
    let upload = Upload::from_line(&packet.bytes).map_err(|_| Fault::Malformed)?;
    if upload.len > MAX_SECRET {
        return Err(Fault::TooLarge);
    }
    let len = usize::try_from(upload.len).map_err(|_| Fault::TooLarge)?;
    Secret::receive(&ours, len, desktop, deadline).map_err(|_| Fault::NoUpload)
}

fn open_body<T: Serialize>(
    id: &AskId,
    body: &T,
    granted: impl FnOnce(u32) -> Granted,
) -> Result<Yield, Fault> {
    let body = serde_json::to_vec(body).map_err(|_| Fault::Malformed)?;
    let len = length(body.len(), MAX_BODY)?;
    Ok(Yield::Outcome { id: id.clone(), granted: granted(len), body: Body::Open(body) })
}

fn length(len: usize, most: u32) -> Result<u32, Fault> {
    u32::try_from(len).ok().filter(|len| *len <= most).ok_or(Fault::TooLarge)
}

fn settle(sink: Sink, id: AskId, granted: Granted, body: &Body) -> Result<(), Fault> {
    let line = Outcome::line(&id, What::Granted(granted)).map_err(|_| Fault::TooLarge)?;
    let bytes = match body {
        Body::Nothing => &[][..],
        Body::Open(bytes) => bytes,
        Body::Secret(secret) => secret.expose(),
    };
    // A requester that is gone, or does not read, gets nothing; that is its own doing.
    sink.settle_with(&line, bytes, Instant::now() + body.patience()).map_err(|_| Fault::Lost)
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
        | Order::Search { id, .. }
        | Order::Lock { id }
        | Order::Unlock { id }
        | Order::Collections { id }
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
