//! Storing: first where it would go, then, after a yes, exactly there.

use std::collections::HashMap;

use sd_sys::secret::Secret;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::{Description, MAX_LABEL};
use sd_wire::fault::Fault;
use sd_wire::fetch::{Note, Shown};
use sd_wire::path::{CollectionPath, ItemPath};
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::backend::Backend;
use crate::release::{unchanged, without_prompt};
use crate::session::Session;
use crate::{find, set};

/// The attribute in which a schema's name travels.
const SCHEMA: &str = "xdg:schema";

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
    let facts = backend.collection(&collection).await?;
    let replaces = if replace { same_attributes(backend, &collection, attributes).await? } else { None };
    Ok(Note::Target { collection, label: Text::new(facts.label).map_err(|_| Fault::TooLarge)?, replaces })
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

/// Whether an item's attributes are those that were given for it. gnome-keyring gives an item without a schema the
/// generic one, so a schema counts only where the requester names one.
pub(crate) fn same(items: &Attributes, given: &Attributes) -> bool {
    let own = |(name, _): &(&String, &String)| name.as_str() != SCHEMA || given.contains_key(SCHEMA);
    items.iter().filter(own).eq(given.iter())
}

/// Fails unless the target is still what was shown. Called before the secret is invited.
pub(crate) async fn ready(backend: &Backend, new: &NewItem<'_>) -> Result<(), Fault> {
    if let Some(shown) = new.replaces {
        unchanged(backend, &shown.item, &shown.digest).await?;
    }
    if backend.collection(new.collection).await?.locked { Err(Fault::Locked) } else { Ok(()) }
}

/// Stores the secret, and says under which path.
pub(crate) async fn put(backend: &Backend, new: &NewItem<'_>, secret: &Secret) -> Result<ItemPath, Fault> {
    if let Some(shown) = new.replaces {
        set::secret(backend, &shown.item, &shown.digest, secret, new.content_type).await?;
        let path = shown.item.as_str();
        let label = ("org.freedesktop.Secret.Item", "Label", Value::from(new.label.as_str()));
        let () = backend.call(path, "org.freedesktop.DBus.Properties", "Set", &label).await?;
        return Ok(shown.item.clone());
    }
    create(backend, &backend.session().await?, new, secret).await
}

/// Makes a new item, whatever is there, and says under which path.
pub(crate) async fn create(
    backend: &Backend,
    session: &Session,
    new: &NewItem<'_>,
    secret: &Secret,
) -> Result<ItemPath, Fault> {
    let wrapped = session.wrap(secret, new.content_type)?;
    let attributes: HashMap<&str, &str> =
        new.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::from(new.label.as_str())),
        ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
    ]);
    let (item, prompt): (OwnedObjectPath, OwnedObjectPath) = backend
        .call(
            new.collection.as_str(),
            "org.freedesktop.Secret.Collection",
            "CreateItem",
            &(properties, wrapped, false),
        )
        .await?;
    without_prompt(&prompt)?;
    ItemPath::parse(item.as_str()).map_err(|_| Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        Attributes::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }

    #[test]
    fn the_same_attributes_are_exactly_those_but_for_a_schema_that_nobody_gave() {
        let given = attributes(&[("service", "demo")]);
        assert!(same(&attributes(&[("service", "demo")]), &given));
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
