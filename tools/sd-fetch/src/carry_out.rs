//! An order, and what it yields.

use std::time::Instant;

use sd_sys::secret::Secret;
use sd_sys::sink::Sink;
use sd_wire::change::Change;
use sd_wire::deadline;
use sd_wire::description::Description;
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::import::{Manifest, Plan};
use sd_wire::outcome::{Collections, Granted, MAX_BODY, MAX_SECRET, Outcome, What};
use sd_wire::path::CollectionPath;
use serde::Serialize;
use smol::future::{FutureExt, zip};

use crate::asking::Asking;
use crate::backend::Backend;
use crate::import::{Import, plan};
use crate::store::NewItem;
use crate::{
    accounts, change, find, first, hide, invite, listing, lock, release, running, set, store, unlock,
};

/// What an order yields: notes for sd-decide, or an outcome for the requester.
pub(crate) enum Yield {
    Notes(Vec<Note>),
    Outcome(Granted, Body),
    /// An outcome for the requester, and for sd-decide what the item is now; nothing where it cannot be told.
    Made(Granted, Option<Description>),
}

/// What follows the outcome line.
pub(crate) enum Body {
    Nothing,
    Open(Vec<u8>),
    Secret(Secret),
}

/// Carries out an order; `manifest` is what came beside it, if that belongs there. Whoever calls gives it the time that
/// it may take in all.
pub(crate) async fn carry_out(
    order: &Order,
    sink: Option<&Sink>,
    manifest: Option<&Manifest>,
    asking: &Asking<'_>,
) -> Result<Yield, Fault> {
    let resting = &asking.place.resting;
    // A lock leaves no session behind, however it ends, nor do the reads beside it.
    let locks = matches!(order, Order::Lock { .. });
    if locks {
        resting.forget();
    }
    let (taken, yields) = loop {
        let rested = resting.take(order);
        let (taken, anew) = match rested {
            Some(taken) => (taken, false),
            None => (resting.connect().await?, true),
        };
        let backend = &taken.backend;
        let turns = async { match backend.turn().await {} };
        let is_of_use = async { anew || taken.is_of_use().await };
        let both = zip(is_of_use, carry_out_at(backend, order, sink, manifest, asking));
        let (is_of_use, yields) = both.or(turns).await;
        if is_of_use {
            break (taken, yields);
        }
    };
    if locks {
        resting.forget();
    }
    let yields = yields?;
    resting.leave(taken, order);
    Ok(yields)
}

async fn carry_out_at(
    backend: &Backend,
    order: &Order,
    sink: Option<&Sink>,
    manifest: Option<&Manifest>,
    asking: &Asking<'_>,
) -> Result<Yield, Fault> {
    let desktop = asking.place.parties.desktop;
    if backend.owner().is_none() && running::could_start(backend).await? {
        match order {
            Order::State {} => return note(Note::State { locked: true }),
            Order::Lock { .. } => return note(Note::Done {}),
            Order::Unlock { .. } => running::start(backend).await?,
            Order::Collections { metadata, .. } => {
                let all = Collections { metadata: *metadata, ..running::closed()? };
                return open(&all, |len| Granted::Collections { len });
            }
            _ => return Err(Fault::Locked),
        }
    }
    match order {
        Order::Describe { items, .. } => {
            let mut notes = Vec::with_capacity(items.len());
            for item in items.iter() {
                notes.push(Note::Described(backend.describe(item).await?));
            }
            Ok(Yield::Notes(notes))
        }
        Order::DescribeTarget { collection, attributes, replace, .. } => {
            note(store::target(backend, collection, attributes, *replace).await?)
        }
        Order::DescribeList { collection, .. } => {
            note(listing::describe(backend, collection.as_ref()).await?)
        }
        Order::DescribeChange { change, .. } => note(Note::Before(change::before(backend, change).await?)),
        Order::DescribeImport { collection, .. } => {
            let manifest = manifest.ok_or(Fault::Malformed)?;
            Ok(Yield::Notes(plan::notes(plan::plan(backend, collection, manifest).await?)?))
        }
        Order::Import { id, collection, replace, digest } => {
            let manifest = manifest.ok_or(Fault::Malformed)?;
            let plan = approved(backend, collection, manifest, digest).await?;
            let all = invite::secrets(sink, id, desktop, manifest.secrets().ok_or(Fault::Malformed)?)?;
            let session = backend.session().await?;
            let import = Import { backend, session, plan: &plan, replace: *replace };
            import.items(manifest, &all, |n, fate| tell(sink, id, What::Settled { n, fate })).await?;
            said(Granted::Imported {})
        }
        Order::State {} => {
            let locked = find::locked(backend).await? || first::is_to_come(backend).await?;
            note(Note::State { locked })
        }
        Order::Lock { .. } => {
            lock::all(backend).await?;
            note(Note::Done {})
        }
        Order::Unlock { .. } => {
            unlock::all(backend, asking).await?;
            note(Note::Done {})
        }
        Order::Search { collection, attributes, hidden, describe, .. } => {
            let mut found = find::items(backend, collection.as_ref(), attributes).await?;
            hide::from(backend, &mut found, attributes, hidden).await;
            if *describe {
                find::describe(backend, &mut found).await;
            } else {
                accounts::add(backend, &mut found, attributes).await;
            }
            open(&found, |len| Granted::Found { len })
        }
        Order::Collections { metadata, .. } => {
            let found = Collections { metadata: *metadata, ..find::collections(backend).await? };
            open(&found, |len| Granted::Collections { len })
        }
        Order::List { collections, hidden, .. } => {
            open(&listing::everything(backend, collections, hidden).await?, |len| Granted::Listed { len })
        }
        Order::Read { item, digest, .. } => {
            let (secret, content_type) = release::secret(backend, item, digest).await?;
            let len = length(secret.expose().len(), MAX_SECRET)?;
            Ok(Yield::Outcome(Granted::Secret { len, content_type }, Body::Secret(secret)))
        }
        Order::Delete { item, digest, .. } => {
            release::delete(backend, item, digest).await?;
            said(Granted::Deleted {})
        }
        Order::Store { id, collection, label, attributes, content_type, replaces } => {
            let replaces = replaces.as_ref();
            let new = NewItem { collection, label, attributes, content_type, replaces };
            store::ready(backend, &new).await?;
            let secret = invite::secret(sink, id, desktop)?;
            let item = store::put(backend, &new, &secret).await?;
            Ok(Yield::Made(Granted::Stored { item: item.clone() }, backend.describe(&item).await.ok()))
        }
        Order::SetSecret { id, item, digest, content_type } => {
            set::ready(backend, item, digest).await?;
            let secret = invite::secret(sink, id, desktop)?;
            set::secret(backend, item, digest, &secret, content_type).await?;
            Ok(Yield::Made(Granted::Stored { item: item.clone() }, backend.describe(item).await.ok()))
        }
        Order::Change { change, digest, .. } => {
            let granted =
                Granted::Changed { collection: change::make(backend, change, digest, asking).await? };
            match change {
                Change::ItemLabel { item, .. } | Change::ItemAttributes { item, .. } => {
                    Ok(Yield::Made(granted, backend.describe(item).await.ok()))
                }
                _ => said(granted),
            }
        }
    }
}

/// The plan of an import, if it still is what was shown.
async fn approved(
    backend: &Backend,
    collection: &CollectionPath,
    manifest: &Manifest,
    shown: &Digest,
) -> Result<Plan, Fault> {
    let plan = plan::plan(backend, collection, manifest).await?;
    if plan.digest() == *shown { Ok(plan) } else { Err(Fault::Changed) }
}

/// Tells the requester how far it is. One that is gone, or does not read, wants no more.
fn tell(sink: Option<&Sink>, id: &AskId, what: What) -> Result<(), Fault> {
    let line = Outcome::line(id, what).map_err(|_| Fault::TooLarge)?;
    let until = Instant::now() + deadline::UPLOAD;
    sink.ok_or(Fault::Malformed)?.tell(&line, until).map_err(|_| Fault::NoReader)
}

fn note(note: Note) -> Result<Yield, Fault> {
    Ok(Yield::Notes(vec![note]))
}

fn said(granted: Granted) -> Result<Yield, Fault> {
    Ok(Yield::Outcome(granted, Body::Nothing))
}

fn open<T: Serialize>(body: &T, granted: impl FnOnce(u32) -> Granted) -> Result<Yield, Fault> {
    let body = serde_json::to_vec(body).map_err(|_| Fault::Malformed)?;
    let len = length(body.len(), MAX_BODY)?;
    Ok(Yield::Outcome(granted(len), Body::Open(body)))
}

fn length(len: usize, most: u32) -> Result<u32, Fault> {
    u32::try_from(len).ok().filter(|len| *len <= most).ok_or(Fault::TooLarge)
}
