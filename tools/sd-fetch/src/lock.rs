//! Locking: every collection, at once, and looked at again afterwards.

use sd_wire::fault::Fault;
use sd_wire::path::CollectionPath;
use zbus::zvariant::OwnedObjectPath;

use crate::backend::Backend;
use crate::{find, prompt, running};

/// Locks every collection. Each by a call of its own, so that one which cannot be locked keeps no other open.
///
/// # Errors
/// [`Fault::Refused`] when a collection that holds something stays open, whatever the backend said about it.
pub(crate) async fn all(backend: &Backend) -> Result<(), Fault> {
    let mut open = find::collections(backend).await?.collections;
    open.retain(|collection| !collection.locked);
    if let Some(transient) = backend.transient().await?
        && is_empty(backend, &transient).await?
    {
        // There is nothing in it to lock, and locked it would be of no use: nobody has a passphrase of it.
        open.retain(|collection| collection.path != transient);
    }
    for collection in &open {
        match one(backend, &collection.path).await {
            Ok(()) => {}
            Err(why @ (Fault::Timeout | Fault::Unavailable)) => return Err(why),
            Err(why) => sd_journal::warning(format!("{} was not locked: {why}", collection.path)),
        }
    }
    if running::forgets_at_its_end(backend).await? && running::end(backend).await? {
        return Ok(());
    }
    let mut ended = Ok(());
    for collection in &open {
        if stays_open(backend, &collection.path).await? {
            // What cannot be locked is closed by ending whoever holds it open.
            if running::end(backend).await? {
                return Ok(());
            }
            let path = &collection.path;
            sd_journal::error(format!(
                "{path} stays open: the backend cannot lock it, and it holds items; stop the backend to close it"
            ));
            ended = Err(Fault::Refused);
        }
    }
    ended
}

/// Locks one collection, if the backend can.
pub(crate) async fn one(backend: &Backend, path: &CollectionPath) -> Result<(), Fault> {
    let asked: (Vec<OwnedObjectPath>, OwnedObjectPath) =
        backend.service("Lock", &(vec![find::object(path)?],)).await?;
    // Locking works at once, without a person: a prompt that it would take counts as a refusal.
    prompt::dismiss(backend, &asked.1).await;
    Ok(())
}

/// Whether there is anything in it that is not locked. gnome-keyring's collection `session` is never locked and says
/// nothing about it.
async fn stays_open(backend: &Backend, path: &CollectionPath) -> Result<bool, Fault> {
    match backend.of_collection(path, "Locked").await {
        Ok(true) | Err(Fault::NotFound) => Ok(false),
        Ok(false) => Ok(!is_empty(backend, path).await?),
        Err(why) => Err(why),
    }
}

async fn is_empty(backend: &Backend, path: &CollectionPath) -> Result<bool, Fault> {
    match backend.of_collection::<Vec<OwnedObjectPath>>(path, "Items").await {
        Ok(items) => Ok(items.is_empty()),
        Err(Fault::NotFound) => Ok(true),
        Err(why) => Err(why),
    }
}
