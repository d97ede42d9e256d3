//! Changes of what is no secret: first what would be changed, then, after a yes, exactly that.
//!
//! What was set is read back. A backend may say yes and keep something else: gnome-keyring lets the alias `default`
//! fall back to `login` when it is to point nowhere.

use std::collections::HashMap;

use sd_wire::bounded::Attributes;
use sd_wire::change::{Before, Change};
use sd_wire::description::CollectionShown;
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::path::CollectionPath;
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::asking::Asking;
use crate::backend::Backend;
use crate::release::without_prompt;
use crate::{alias, create, listing, prompt, store};

const ITEM: &str = "org.freedesktop.Secret.Item";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";

/// What a change would change, as it is now.
pub(crate) async fn before(backend: &Backend, change: &Change) -> Result<Before, Fault> {
    Ok(match change {
        Change::ItemLabel { item, .. } | Change::ItemAttributes { item, .. } => {
            Before::Item(backend.describe(item).await?)
        }
        Change::CollectionLabel { collection, .. } | Change::DeleteCollection { collection } => {
            let own = backend.resolve(collection).await?;
            Before::Collection(listing::shown(backend, &own).await?)
        }
        Change::Alias { name, collection } => Before::Alias {
            now: alias::shown(backend, name).await?,
            then: match collection {
                Some(path) => Some(listing::shown(backend, &backend.resolve(path).await?).await?),
                None => None,
            },
        },
        Change::CreateCollection { alias, .. } => {
            Before::Nothing { alias: alias::shown(backend, alias).await? }
        }
    })
}

/// Makes the change, if what it changes is still what was shown; gives the collection that was made, if one was.
///
/// # Errors
/// [`Fault::Changed`] when it is not; [`Fault::Locked`]; [`Fault::Refused`] when the backend did not keep what it was
/// told.
pub(crate) async fn make(
    backend: &Backend,
    change: &Change,
    shown: &Digest,
    asking: &Asking<'_>,
) -> Result<Option<CollectionPath>, Fault> {
    let before = before(backend, change).await?;
    if before.digest() != *shown {
        return Err(Fault::Changed);
    }
    // By the paths that were shown, not by an alias that may point elsewhere by now.
    match (change, before) {
        (Change::ItemLabel { label, .. }, Before::Item(item)) => {
            set(backend, item.item.as_str(), ITEM, "Label", label.as_str().into()).await?;
            kept(*backend.describe(&item.item).await?.label == **label, item.item.as_str())?;
        }
        (Change::ItemAttributes { attributes, .. }, Before::Item(item)) => {
            set(backend, item.item.as_str(), ITEM, "Attributes", dictionary(attributes)).await?;
            let now = backend.describe(&item.item).await?.attributes;
            kept(store::same(&now, attributes), item.item.as_str())?;
        }
        (Change::CollectionLabel { label, .. }, Before::Collection(it)) => {
            if backend.of_collection(&it.collection, "Locked").await? {
                return Err(Fault::Locked);
            }
            set(backend, it.collection.as_str(), COLLECTION, "Label", label.as_str().into()).await?;
            kept(
                backend.of_collection::<String>(&it.collection, "Label").await? == **label,
                it.collection.as_str(),
            )?;
        }
        (Change::DeleteCollection { .. }, Before::Collection(it)) => delete(backend, &it).await?,
        (Change::Alias { name, .. }, Before::Alias { then, .. }) => {
            alias::point(backend, name, then.as_ref().map(|it| &it.collection)).await?;
        }
        (Change::CreateCollection { label, alias }, Before::Nothing { .. }) => {
            return create::collection(backend, label, alias, asking).await.map(Some);
        }
        _ => return Err(Fault::Malformed),
    }
    Ok(None)
}

/// Sets a property.
pub(crate) async fn set(
    backend: &Backend,
    path: &str,
    interface: &str,
    property: &str,
    value: Value<'_>,
) -> Result<(), Fault> {
    backend.call(path, "org.freedesktop.DBus.Properties", "Set", &(interface, property, value)).await
}

fn dictionary(attributes: &Attributes) -> Value<'_> {
    let pairs: HashMap<&str, &str> = attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    Value::from(pairs)
}

async fn delete(backend: &Backend, it: &CollectionShown) -> Result<(), Fault> {
    let path = it.collection.as_str();
    let wanted: OwnedObjectPath = backend.call(path, COLLECTION, "Delete", &()).await?;
    prompt::dismiss(backend, &wanted).await;
    without_prompt(&wanted)?;
    match backend.collection(&it.collection).await {
        Err(Fault::NotFound) => Ok(()),
        Err(why) => Err(why),
        Ok(_) => kept(false, path),
    }
}

/// Fails, and says in the log of what, when the backend did not keep what it was told.
pub(crate) fn kept(it_did: bool, what: &str) -> Result<(), Fault> {
    if it_did {
        return Ok(());
    }
    sd_journal::error(format!("{what} is not as it was to become although the backend made no objection"));
    Err(Fault::Refused)
}
