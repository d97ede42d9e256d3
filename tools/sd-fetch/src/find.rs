//! Orders that need no keypress: paths of what matches, and the collections (promise 2).

use std::collections::HashMap;

use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::MAX_LABEL;
use sd_wire::fault::Fault;
use sd_wire::outcome::{Collection, Collections, Found, MAX_DESCRIBED};
use sd_wire::path::{CollectionPath, ItemPath};
use smol::future::zip;
use zbus::zvariant::OwnedObjectPath;

use crate::backend::Backend;

const COLLECTION: &str = "org.freedesktop.Secret.Collection";

/// The items that have these attributes, also those that a rule hides.
///
/// # Errors
/// [`Fault::Locked`] and [`Fault::Unavailable`] when nothing was found where the backend cannot know: that would look
/// like "there is no such item", and some clients then make a new one.
pub(crate) async fn items(
    backend: &Backend,
    collection: Option<&CollectionPath>,
    attributes: &Attributes,
) -> Result<Found, Fault> {
    let wanted: HashMap<&str, &str> = attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let (unlocked, locked) = match collection {
        None => {
            let found: (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
                backend.service("SearchItems", &(wanted,)).await?;
            if found.0.is_empty() && found.1.is_empty() {
                all_were_searched(backend).await?;
            }
            found
        }
        Some(path) => {
            let path = backend.resolve(path).await?;
            let (found, locked) = zip(
                backend.call::<_, Vec<OwnedObjectPath>>(path.as_str(), COLLECTION, "SearchItems", &(wanted,)),
                backend.of_collection::<bool>(&path, "Locked"),
            )
            .await;
            let (found, locked) = (found?, locked?);
            if locked && found.is_empty() {
                was_searched(backend, &path).await?;
            }
            if locked { (Vec::new(), found) } else { (found, Vec::new()) }
        }
    };
    Ok(Found { unlocked: paths(&unlocked), locked: paths(&locked), ..Found::default() })
}

/// Adds labels and attributes of the first of what was found, but for what vanishes meanwhile or cannot be described.
pub(crate) async fn describe(backend: &Backend, found: &mut Found) {
    let mut labels: HashMap<CollectionPath, Text<MAX_LABEL>> = HashMap::new();
    for item in found.unlocked.iter().chain(&found.locked).take(MAX_DESCRIBED) {
        let collection = item.collection();
        let label = match labels.get(&collection) {
            Some(label) => label.clone(),
            None => {
                let Ok(facts) = backend.collection(&collection).await else { continue };
                let label = Text::clipped(&facts.label);
                labels.insert(collection, label.clone());
                label
            }
        };
        found.described.extend(backend.describe_in(item, label).await.ok());
    }
}

/// Fails unless every collection was searched. A backend without any is one that is starting: oo7-daemon owns its name
/// before it has opened its keyrings.
async fn all_were_searched(backend: &Backend) -> Result<(), Fault> {
    let collections = backend.collections().await?;
    if collections.is_empty() {
        sd_journal::warning("the backend has no collection at all yet, so a search is not believed");
        return Err(Fault::Unavailable);
    }
    let transient = backend.transient().await?;
    for path in collections.iter().filter_map(|path| CollectionPath::parse(path.as_str()).ok()) {
        if Some(&path) == transient.as_ref() {
            continue;
        }
        match backend.of_collection::<bool>(&path, "Locked").await {
            Ok(true) => was_searched(backend, &path).await?,
            Ok(false) | Err(Fault::NotFound) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// Fails unless a search finds something in this locked collection, if only by no attributes: oo7-daemon finds nothing
/// at all in a locked one, gnome-keyring finds what there is.
async fn was_searched(backend: &Backend, locked: &CollectionPath) -> Result<(), Fault> {
    let anything: HashMap<&str, &str> = HashMap::new();
    let found: Vec<OwnedObjectPath> =
        backend.call(locked.as_str(), COLLECTION, "SearchItems", &(anything,)).await?;
    if found.is_empty() { Err(Fault::Locked) } else { Ok(()) }
}

/// All collections, and where the default alias points. One that vanishes meanwhile is left out.
pub(crate) async fn collections(backend: &Backend) -> Result<Collections, Fault> {
    let (default, paths) = zip(backend.alias("default"), backend.collections()).await;
    let paths: Vec<_> = paths?.iter().filter_map(|path| CollectionPath::parse(path.as_str()).ok()).collect();
    // All at once: a client that begins looks at the collections first, and waits for this.
    let asked = smol::LocalExecutor::new();
    let facts: Vec<_> = paths.iter().map(|path| asked.spawn(backend.collection(path))).collect();
    let told = async {
        let mut found = Collections { default: default?, ..Collections::default() };
        for (path, facts) in paths.iter().zip(facts) {
            match facts.await {
                Ok(facts) => found.collections.push(Collection {
                    path: path.clone(),
                    label: facts.label,
                    locked: facts.locked,
                    created: facts.created,
                    modified: facts.modified,
                }),
                Err(Fault::NotFound) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(found)
    };
    asked.run(told).await
}

/// Whether any collection is locked: whether an unlock would have anything to do. One that vanishes meanwhile is not,
/// and the one that is in memory only does not count.
pub(crate) async fn locked(backend: &Backend) -> Result<bool, Fault> {
    Ok(!all_locked(backend).await?.is_empty())
}

/// Every collection that is locked and that a passphrase could unlock.
pub(crate) async fn all_locked(backend: &Backend) -> Result<Vec<Collection>, Fault> {
    let mut all = collections(backend).await?.collections;
    all.retain(|collection| collection.locked);
    if all.is_empty() {
        return Ok(all);
    }
    let transient = backend.transient().await?;
    all.retain(|collection| Some(&collection.path) != transient.as_ref());
    Ok(all)
}

fn paths(found: &[OwnedObjectPath]) -> Vec<ItemPath> {
    // A backend that answers with paths outside the Secret Service's tree is not believed.
    found.iter().filter_map(|p| ItemPath::parse(p.as_str()).ok()).collect()
}

/// A path as the bus carries it.
pub(crate) fn object(path: &CollectionPath) -> Result<OwnedObjectPath, Fault> {
    OwnedObjectPath::try_from(path.as_str()).map_err(|_| Fault::Malformed)
}
