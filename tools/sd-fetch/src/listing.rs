//! Listing: how much there is, and, after a yes, labels and attributes of all of it.

use sd_wire::bounded::{List, Text};
use sd_wire::description::{CollectionShown, Description, MAX_LABEL};
use sd_wire::fault::Fault;
use sd_wire::fetch::{Hidden, MAX_COLLECTIONS, MAX_HIDDEN, Note};
use sd_wire::outcome::{Listed, MAX_BODY};
use sd_wire::path::{CollectionPath, ItemPath};
use zbus::zvariant::OwnedObjectPath;

use crate::backend::{Backend, Properties, take};
use crate::hide;

const COLLECTION: &str = "org.freedesktop.Secret.Collection";
/// No description is shorter as JSON, in bytes: a list of more items than fit is not begun.
const LEAST: u32 = 128;

/// How much a list of this collection, or of all, would tell. One that vanishes meanwhile is left out.
///
/// Counts every item, also those that a rule will hide: to leave them out, each item would have to be read before
/// anybody has said yes.
pub(crate) async fn describe(backend: &Backend, only: Option<&CollectionPath>) -> Result<Note, Fault> {
    let collections = match only {
        Some(path) => vec![shown(backend, &backend.resolve(path).await?).await?],
        None => {
            let mut all = Vec::new();
            for path in backend.collections().await? {
                let Ok(path) = CollectionPath::parse(path.as_str()) else { continue };
                match shown(backend, &path).await {
                    Ok(one) => all.push(one),
                    Err(Fault::NotFound) => {}
                    Err(why) => return Err(why),
                }
            }
            all
        }
    };
    Ok(Note::Listing { collections: List::new(collections).map_err(|_| Fault::TooLarge)? })
}

/// A collection, as the screen will show it. The path is its own one, not an alias.
pub(crate) async fn shown(backend: &Backend, path: &CollectionPath) -> Result<CollectionShown, Fault> {
    let mut facts = backend.properties(path.as_str(), COLLECTION).await?;
    let items = items(&mut facts, path)?.len();
    Ok(CollectionShown {
        collection: path.clone(),
        label: Text::new(take::<String>(&mut facts, "Label")?).map_err(|_| Fault::TooLarge)?,
        items: u32::try_from(items).map_err(|_| Fault::TooLarge)?,
    })
}

/// Every item of these collections, but for what is hidden and for what vanishes meanwhile.
///
/// # Errors
/// [`Fault::Locked`] when one of them is locked: a locked item tells too little. [`Fault::TooLarge`] when there are
/// more than an outcome can carry. [`Fault::NotFound`] when a collection is gone.
pub(crate) async fn everything(
    backend: &Backend,
    collections: &List<CollectionPath, MAX_COLLECTIONS>,
    hidden: &List<Hidden, MAX_HIDDEN>,
) -> Result<Listed, Fault> {
    let mut listed = Listed::default();
    for path in collections.iter() {
        let mut facts = backend.properties(path.as_str(), COLLECTION).await?;
        if take(&mut facts, "Locked")? {
            return Err(Fault::Locked);
        }
        let items = items(&mut facts, path)?;
        if listed.items.len().saturating_add(items.len()) > most() {
            return Err(Fault::TooLarge);
        }
        let label = Text::new(take::<String>(&mut facts, "Label")?).map_err(|_| Fault::TooLarge)?;
        // One after the other: gnome-keyring's own search for each item is what takes the time (measured: 1,000 items
        // 1.4 s, 2,000 5 s, 4,000 17 s; 32 at once save a tenth of it).
        for item in &items {
            listed.items.extend(listable(backend, item, &label, hidden).await?);
        }
    }
    Ok(listed)
}

fn most() -> usize {
    usize::try_from(MAX_BODY / LEAST).unwrap_or(usize::MAX)
}

/// The items of a collection that it names itself. One that names others is not believed in that.
fn items(facts: &mut Properties, path: &CollectionPath) -> Result<Vec<ItemPath>, Fault> {
    let named: Vec<OwnedObjectPath> = take(facts, "Items")?;
    let own = |item: &OwnedObjectPath| ItemPath::parse(item.as_str()).ok();
    Ok(named.iter().filter_map(own).filter(|item| item.collection() == *path).collect())
}

/// An item as it is described; none when it is gone, hidden, or cannot be described.
async fn listable(
    backend: &Backend,
    item: &ItemPath,
    label: &Text<MAX_LABEL>,
    hidden: &[Hidden],
) -> Result<Option<Description>, Fault> {
    match backend.describe_in(item, label.clone()).await {
        Ok(described) => Ok(Some(described).filter(|item| !hide::hides(hidden, item))),
        Err(Fault::NotFound) => Ok(None),
        // What cannot be shown in full cannot be read by way of us either; it must not keep the rest back.
        Err(why @ (Fault::TooLarge | Fault::Malformed | Fault::Refused)) => {
            sd_journal::warning(format!("{item} is not listed: {why}"));
            Ok(None)
        }
        Err(why) => Err(why),
    }
}
