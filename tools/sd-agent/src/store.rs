//! The backend's own lock, which is another than each item's for each application: locked, the companion cannot read
//! the store either, until a person has typed a passphrase on the approval screen.

use std::sync::Arc;

use async_io::Timer;
use sd_client::{Failure, screen};
use sd_wire::claims::Claims;
use sd_wire::deadline::WITHOUT_KEYPRESS;
use sd_wire::outcome::Collections;
use sd_wire::path::{CollectionPath, ItemPath};
use zbus::zvariant::OwnedObjectPath;

use crate::caller::Caller;
use crate::collection::among;
use crate::desk::Desk;
use crate::dispatch::Turn;
use crate::news;
use crate::place::Place;
use crate::refusal::Refusal;

/// Locks the whole store. It goes on by itself if it takes longer than a call may, and when the caller does not wait.
pub(crate) async fn lock(desk: &Arc<Desk>, caller: &Caller) -> Result<(), Refusal> {
    // The grants go with it, and must not seem to be there while it is under way.
    for (app, items) in desk.forget_all() {
        news::locks(desk, &app, &items, true);
    }
    let (its_desk, claims) = (Arc::clone(desk), caller.claims());
    let (done, locked) = smol::channel::bounded(1);
    smol::spawn(async move {
        let ended = its_desk.asks.lock(&claims).await;
        let turned = ended.is_ok();
        if let Err(failure) = &ended {
            sd_journal::warning(format_args!("the store was not locked: {failure}"));
        }
        // Nobody listens any more when it took too long for the call.
        let _ = done.send(ended).await;
        if turned {
            news::store_turned(&its_desk, &claims).await;
        }
    })
    .detach();
    let late = async {
        Timer::after(WITHOUT_KEYPRESS).await;
        None
    };
    match smol::future::or(async { locked.recv().await.ok() }, late).await {
        Some(ended) => Ok(ended?),
        None => Err(Refusal::failed(format!(
            "the store is being locked, but that takes longer than a call may; look at {} whether it is",
            screen::name()
        ))),
    }
}

/// Of the collections in an `Unlock`, puts the open ones with what is usable and the locked ones with what takes a
/// prompt. Returns whether there are locked ones.
pub(crate) async fn sort(
    turn: &Turn<'_>,
    named: Vec<OwnedObjectPath>,
    usable: &mut Vec<OwnedObjectPath>,
    given: &mut Vec<OwnedObjectPath>,
) -> Result<bool, Refusal> {
    if named.is_empty() {
        return Ok(false);
    }
    let known = turn.collections().await?;
    let mut store = false;
    for path in named {
        let Some(Place::Collection(collection)) = Place::of(path.as_str()) else { continue };
        match among(known, &turn.desk.aliases.real(&collection)) {
            Some(collection) if collection.locked => {
                store = true;
                given.push(path);
            }
            // What is not there cannot be unlocked, and is in neither list.
            None => {}
            Some(_) => usable.push(path),
        }
    }
    Ok(store)
}

/// Opens the store if one of these items stands in a locked collection.
pub(crate) async fn open_for_items(desk: &Desk, items: &[ItemPath], claims: &Claims) -> Result<(), Failure> {
    open_if(desk, claims, |known| items.iter().any(|item| locked(known, &item.collection()))).await
}

/// Opens the store if this collection is locked.
pub(crate) async fn open_for_collection(
    desk: &Desk,
    collection: &CollectionPath,
    claims: &Claims,
) -> Result<(), Failure> {
    open_if(desk, claims, |known| locked(known, collection)).await
}

/// Opens the store if what is to be listed is locked: one collection, or any. Returns the collections.
pub(crate) async fn open_for_list(
    desk: &Desk,
    within: Option<&CollectionPath>,
    claims: &Claims,
) -> Result<Collections, Failure> {
    let known = desk.asks.collections(claims).await?;
    let is_locked = match within {
        Some(collection) => locked(&known, collection),
        None => known.collections.iter().any(|collection| collection.locked),
    };
    if is_locked {
        unlock(desk, claims).await?;
    }
    Ok(known)
}

/// Opens the store.
pub(crate) async fn unlock(desk: &Desk, claims: &Claims) -> Result<(), Failure> {
    desk.asks.unlock(claims).await?;
    news::store_turned(desk, claims).await;
    Ok(())
}

async fn open_if(
    desk: &Desk,
    claims: &Claims,
    is_locked: impl FnOnce(&Collections) -> bool,
) -> Result<(), Failure> {
    match desk.asks.collections(claims).await {
        Ok(known) if is_locked(&known) => unlock(desk, claims).await,
        // What follows says better what is wrong.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn locked(known: &Collections, collection: &CollectionPath) -> bool {
    among(known, collection).is_some_and(|collection| collection.locked)
}
