//! Orders that need no keypress: paths of what matches, and the collections (promise 2).

use std::collections::HashMap;

use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::MAX_LABEL;
use sd_wire::fault::Fault;
use sd_wire::outcome::{Collection, Collections, Found, MAX_DESCRIBED};
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

/// All collections, and where the default alias points. One that vanishes meanwhile is left out.
pub(crate) async fn collections(backend: &Backend) -> Result<Collections, Fault> {
    let mut found = Collections { default: backend.alias("default").await?, ..Collections::default() };
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
