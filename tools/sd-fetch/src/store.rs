//! Storing: first where it would go, then, after a yes, exactly there.

use std::collections::HashMap;

use sd_sys::secret::Secret;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::{Description, MAX_LABEL};
use sd_wire::fault::Fault;
use sd_wire::fetch::{Note, Shown};
use sd_wire::outcome::Found;
use sd_wire::path::{CollectionPath, ItemPath};
use smol::lock::Mutex;
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::backend::Backend;
use crate::release::{unchanged, without_prompt};
use crate::session::Session;
use crate::{find, set};

/// How the names of attributes begin that backends give an item by themselves: gnome-keyring `xdg:schema`, oo7-daemon
/// `xdg:content-type`.
const OWN: &str = "xdg:";

/// What is to be stored, but for the secret.
pub(crate) struct NewItem<'a> {
    pub(crate) collection: &'a CollectionPath,
    pub(crate) label: &'a Text<MAX_LABEL>,
    pub(crate) attributes: &'a Attributes,
    pub(crate) content_type: &'a Text<256>,
    pub(crate) replaces: Option<&'a Shown>,
}

/// Where a new item would go, and which item it would replace.
pub(crate) async fn target(
    backend: &Backend,
    collection: &CollectionPath,
    attributes: &Attributes,
    replace: bool,
) -> Result<Note, Fault> {
    let collection = backend.resolve(collection).await?;
    let label: String = backend.of_collection(&collection, "Label").await?;
    let replaces = if replace { same_attributes(backend, &collection, attributes).await? } else { None };
    Ok(Note::Target { collection, label: Text::new(label).map_err(|_| Fault::TooLarge)?, replaces })
}

/// The item with exactly these attributes. Backends differ in what `CreateItem(replace)` takes for "the same
/// attributes" (gnome-keyring also replaces an item that has more of them), so which item it is gets decided here,
/// shown, and later changed by its path.
async fn same_attributes(
    backend: &Backend,
    collection: &CollectionPath,
    attributes: &Attributes,
) -> Result<Option<Description>, Fault> {
    let found = find::items(backend, Some(collection), attributes).await?;
    for item in found.unlocked.iter().chain(&found.locked) {
        match backend.describe(item).await {
            Ok(description) if same(&description.attributes, attributes) => return Ok(Some(description)),
            Ok(_) | Err(Fault::NotFound) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(None)
}

/// Whether an item's attributes are those that were given for it. What backends add to them counts only where the
/// requester names it.
pub(crate) fn same(items: &Attributes, given: &Attributes) -> bool {
    let own = |(name, _): &(&String, &String)| !name.starts_with(OWN) || given.contains_key(name.as_str());
    items.iter().filter(own).eq(given.iter())
}

/// Fails unless the target is still what was shown. Called before the secret is invited.
pub(crate) async fn ready(backend: &Backend, new: &NewItem<'_>) -> Result<(), Fault> {
    if let Some(shown) = new.replaces {
        unchanged(backend, &shown.item, &shown.digest).await?;
    }
    if backend.of_collection(new.collection, "Locked").await? { Err(Fault::Locked) } else { Ok(()) }
}

/// Stores the secret, and says under which path.
pub(crate) async fn put(backend: &Backend, new: &NewItem<'_>, secret: &Secret) -> Result<ItemPath, Fault> {
    match new.replaces {
        None => another(backend, new, secret).await,
        Some(shown) => replace(backend, new, shown, secret).await,
    }
}

/// A new item beside whatever there is. Some backends (gopass-secret-service) answer with an item that is there already
/// and keep its secret: that would lose the new one without a word.
async fn another(backend: &Backend, new: &NewItem<'_>, secret: &Secret) -> Result<ItemPath, Fault> {
    let there = find::items(backend, Some(new.collection), new.attributes).await?;
    let made = create(backend, backend.session().await?, new, secret).await?;
    if there.unlocked.contains(&made) || there.locked.contains(&made) {
        sd_journal::error(format!(
            "the backend made no new item beside {made}, which has the same attributes"
        ));
        return Err(Fault::Refused);
    }
    Ok(made)
}

/// One replacement at a time: what is looked at is not to change before it is acted on.
static REPLACING: Mutex<()> = Mutex::new(());

/// Puts the secret in the place of the item that was shown, and of no other.
///
/// As clients do it, by `CreateItem`, where no other item could be meant by any backend's notion of "the same
/// attributes": oo7-daemon (0.7) writes to its file only what comes this way. Else by the item's own path.
async fn replace(
    backend: &Backend,
    new: &NewItem<'_>,
    shown: &Shown,
    secret: &Secret,
) -> Result<ItemPath, Fault> {
    let _alone = REPLACING.lock().await;
    let old = backend.describe(&shown.item).await?;
    if old.digest() != shown.digest {
        return Err(Fault::Changed);
    }
    let alike = find::items(backend, Some(new.collection), &old.attributes).await?;
    if old.attributes.is_empty() || !is_only(&alike, &shown.item) {
        set::secret(backend, &shown.item, &shown.digest, secret, new.content_type).await?;
        let path = shown.item.as_str();
        let label = ("org.freedesktop.Secret.Item", "Label", Value::from(new.label.as_str()));
        let () = backend.call(path, "org.freedesktop.DBus.Properties", "Set", &label).await?;
        return Ok(shown.item.clone());
    }
    // What the backend added stays, but for the type of the secret that was there.
    let stays = |name: &String| name != "xdg:content-type" || new.attributes.contains_key(name);
    let attributes = old.attributes.iter().filter(|(name, _)| stays(name));
    let attributes = Attributes::new(attributes.map(|(name, value)| (name.clone(), value.clone())))
        .map_err(|_| Fault::TooLarge)?;
    let stored = make(backend, backend.session().await?, new, &attributes, secret, true).await?;
    if stored != shown.item && backend.describe(&shown.item).await.is_ok() {
        // To this backend it was not the same: for oo7-daemon, because it has another content type.
        let prompt: OwnedObjectPath =
            backend.call(shown.item.as_str(), "org.freedesktop.Secret.Item", "Delete", &()).await?;
        without_prompt(&prompt)?;
    }
    Ok(stored)
}

fn is_only(found: &Found, item: &ItemPath) -> bool {
    found.locked.is_empty() && found.unlocked == std::slice::from_ref(item)
}

/// Makes a new item, whatever is there, and says under which path.
pub(crate) async fn create(
    backend: &Backend,
    session: &Session,
    new: &NewItem<'_>,
    secret: &Secret,
) -> Result<ItemPath, Fault> {
    make(backend, session, new, new.attributes, secret, false).await
}

/// As [`create`] with these attributes, or replaces what the backend takes for the same item.
async fn make(
    backend: &Backend,
    session: &Session,
    new: &NewItem<'_>,
    attributes: &Attributes,
    secret: &Secret,
    replace: bool,
) -> Result<ItemPath, Fault> {
    let attributes: HashMap<&str, &str> = attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::from(new.label.as_str())),
        ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
    ]);
    let (path, properties) = (new.collection.as_str(), &properties);
    let (item, prompt): (OwnedObjectPath, OwnedObjectPath) =
        set::typed(session, secret, new.content_type, |wrapped| async move {
            let body = (properties, wrapped, replace);
            backend.call(path, "org.freedesktop.Secret.Collection", "CreateItem", &body).await
        })
        .await?;
    without_prompt(&prompt)?;
    ItemPath::parse(item.as_str()).map_err(|_| Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "xdg:schema";

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        Attributes::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }

    #[test]
    fn the_same_attributes_are_exactly_those_but_for_what_backends_add() {
        let given = attributes(&[("service", "demo")]);
        assert!(same(&attributes(&[("service", "demo")]), &given));
        assert!(same(&attributes(&[("service", "demo"), ("xdg:content-type", "text/plain")]), &given));
        assert!(same(
            &attributes(&[("service", "demo"), (SCHEMA, "org.freedesktop.Secret.Generic")]),
            &given
        ));
        assert!(!same(&attributes(&[("service", "demo"), ("user", "ada")]), &given));
        assert!(!same(&attributes(&[("service", "other")]), &given));
        assert!(!same(&attributes(&[]), &given));
    }

    #[test]
    fn a_schema_that_was_given_counts() {
        let given = attributes(&[("service", "demo"), (SCHEMA, "net.example.Mine")]);
        assert!(same(&attributes(&[("service", "demo"), (SCHEMA, "net.example.Mine")]), &given));
        assert!(!same(&attributes(&[("service", "demo"), (SCHEMA, "net.example.Other")]), &given));
        assert!(!same(&attributes(&[("service", "demo")]), &given));
    }
}
