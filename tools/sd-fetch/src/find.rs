//! Orders that need no keypress: paths of what matches, and the collections (promise 2).

use std::collections::HashMap;

use sd_wire::bounded::Attributes;
use sd_wire::fault::Fault;
use sd_wire::outcome::{Collection, Collections, Found};
use sd_wire::path::{CollectionPath, ItemPath};
use zbus::zvariant::OwnedObjectPath;

use crate::backend::Backend;

/// The items that have these attributes, also those that a rule hides.
pub(crate) async fn items(
    backend: &Backend,
    collection: Option<&CollectionPath>,
    attributes: &Attributes,
) -> Result<Found, Fault> {
    let wanted: HashMap<&str, &str> = attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let (unlocked, locked) = match collection {
        None => backend.service("SearchItems", &(wanted,)).await?,
        Some(path) => {
            let path = backend.resolve(path).await?;
            let found: Vec<OwnedObjectPath> = backend
                .call(path.as_str(), "org.freedesktop.Secret.Collection", "SearchItems", &(wanted,))
                .await?;
            let locked = backend.collection(&path).await?.locked;
            if locked { (Vec::new(), found) } else { (found, Vec::new()) }
        }
    };
    Ok(Found { unlocked: paths(&unlocked), locked: paths(&locked) })
}

/// All collections, and where the default alias points. One that vanishes meanwhile is left out.
pub(crate) async fn collections(backend: &Backend) -> Result<Collections, Fault> {
    let mut found = Collections { collections: Vec::new(), default: backend.alias("default").await? };
    for path in backend.collections().await? {
        let Ok(path) = CollectionPath::parse(path.as_str()) else { continue };
        match backend.collection(&path).await {
            Ok(facts) => found.collections.push(Collection {
                path,
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
}

/// Whether any collection is locked: whether an unlock would have anything to do. One that vanishes meanwhile is not.
pub(crate) async fn locked(backend: &Backend) -> Result<bool, Fault> {
    for path in backend.collections().await? {
        let Ok(path) = CollectionPath::parse(path.as_str()) else { continue };
        match backend.collection(&path).await {
            Ok(facts) if facts.locked => return Ok(true),
            Ok(_) | Err(Fault::NotFound) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(false)
}

fn paths(found: &[OwnedObjectPath]) -> Vec<ItemPath> {
    // A backend that answers with paths outside the Secret Service's tree is not believed.
    found.iter().filter_map(|p| ItemPath::parse(p.as_str()).ok()).collect()
}

/// A path as the bus carries it.
pub(crate) fn object(path: &CollectionPath) -> Result<OwnedObjectPath, Fault> {
    OwnedObjectPath::try_from(path.as_str()).map_err(|_| Fault::Malformed)
}
