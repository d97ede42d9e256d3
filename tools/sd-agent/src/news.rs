//! The signals that tell applications what this agent has done to the store. What others do to it goes untold.
//!
//! What is in a collection nobody is told who did not name it (promise 2): the signals of an item go to those connections
//! only that know of the item, and its properties' changes to those that may see them. Collections are no secret, and
//! theirs go to everybody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_io::Timer;
use sd_wire::claims::{App, Claims};
use sd_wire::deadline::ACCESS;
use sd_wire::outcome::Collections;
use sd_wire::path::{CollectionPath, ItemPath, ROOT};
use zbus::Message;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{ObjectPath, Value};

use crate::desk::Desk;
use crate::dispatch::object;
use crate::{collection, item, properties, service};

/// An application has made an item, or replaced one that it knew of.
pub(crate) fn item_made(desk: &Desk, app: &App, path: &ItemPath, known_before: bool) {
    desk.stand_ins().outdated(app);
    if known_before {
        return item_changed(desk, app, path);
    }
    grants_end(desk, app, path);
    of_item(desk, &desk.names_of(app), "ItemCreated", path);
    items_changed(desk, app, &path.collection());
}

/// An application has given an item another secret, label or attributes.
pub(crate) fn item_changed(desk: &Desk, app: &App, path: &ItemPath) {
    grants_end(desk, app, path);
    of_item(desk, &desk.who_knows(path), "ItemChanged", path);
}

/// The grants of others to read an item end when it is changed: each is bound to what was shown.
fn grants_end(desk: &Desk, by: &App, path: &ItemPath) {
    for app in desk.is_another(path, Some(by)) {
        locks(desk, &app, std::slice::from_ref(path), true);
    }
}

/// An item was deleted. To be told before it is forgotten who knew of it.
pub(crate) fn item_gone(desk: &Desk, app: &App, path: &ItemPath) {
    let mut knew = desk.who_knows(path);
    // Whoever deleted it need not have looked for it.
    knew.extend(desk.names_of(app).into_iter().filter(|name| !knew.contains(name)).collect::<Vec<_>>());
    desk.gone(path, &knew);
    of_item(desk, &knew, "ItemDeleted", path);
    items_changed(desk, app, &path.collection());
}

/// The label or the attributes of an item, for the application that has changed them.
pub(crate) fn item_property(desk: &Desk, app: &App, path: &ItemPath, name: &str, value: Value<'_>) {
    for to in desk.names_of(app) {
        changed(desk, Some(&to), path.as_str(), item::INTERFACE, &HashMap::from([(name, &value)]));
    }
}

/// An application has written an item's secret, and may read it for a moment.
pub(crate) fn wrote(desk: &Arc<Desk>, app: &App, path: &ItemPath) {
    desk.wrote(app, path);
    approved(desk, app, std::slice::from_ref(path), ACCESS);
}

/// An application may read these items for some time, and then no longer; and it may know what they are.
pub(crate) fn approved(desk: &Arc<Desk>, app: &App, items: &[ItemPath], lives: Duration) {
    unlocked(desk, app, items);
    let (desk, app, items) = (Arc::clone(desk), app.clone(), items.to_vec());
    smol::spawn(async move {
        Timer::after(lives).await;
        let over: Vec<ItemPath> = items.into_iter().filter(|item| !desk.approved(&app, item)).collect();
        locks(&desk, &app, &over, true);
    })
    .detach();
}

/// For an application these items are unlocked now, and what they are is told with that: a program that looked at them
/// before would else go on with what it saw.
fn unlocked(desk: &Desk, app: &App, items: &[ItemPath]) {
    let names = desk.names_of(app);
    for item in items {
        let told = desk.told().of(app, item);
        let mut values = HashMap::from([("Locked", Value::from(false))]);
        if let Some(told) = &told {
            let attributes: HashMap<&str, &str> =
                told.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            values.extend([
                ("Label", Value::from(told.label.as_str())),
                ("Attributes", Value::from(attributes)),
                ("Created", Value::from(told.created)),
                ("Modified", Value::from(told.modified)),
            ]);
        }
        // The same item under each path by which the application knows it.
        let stand_ins = desk.stand_ins().paths_for(app, item);
        for path in std::iter::once(item).chain(&stand_ins) {
            for to in &names {
                changed(desk, Some(to), path.as_str(), item::INTERFACE, &values);
            }
        }
    }
}

/// Whether these items are locked has changed for one application.
pub(crate) fn locks(desk: &Desk, app: &App, items: &[ItemPath], locked: bool) {
    // The same item under each path by which the application knows it.
    let stand_ins: Vec<ItemPath> =
        items.iter().flat_map(|item| desk.stand_ins().paths_for(app, item)).collect();
    for to in desk.names_of(app) {
        for path in items.iter().chain(&stand_ins) {
            let locked = HashMap::from([("Locked", Value::from(locked))]);
            changed(desk, Some(&to), path.as_str(), item::INTERFACE, &locked);
        }
    }
}

/// The store was locked or unlocked.
pub(crate) async fn store_turned(desk: &Desk, claims: &Claims) {
    let Ok(known) = desk.asks.collections(claims).await else { return };
    for collection in &known.collections {
        let locked = HashMap::from([("Locked", Value::from(collection.locked))]);
        changed(desk, None, collection.path.as_str(), collection::INTERFACE, &locked);
        of_service(desk, "CollectionChanged", &collection.path);
    }
}

/// A collection was made.
pub(crate) async fn collection_made(desk: &Desk, claims: &Claims, path: &CollectionPath) {
    of_service(desk, "CollectionCreated", path);
    collections_changed(desk, claims).await;
}

/// A collection was deleted.
pub(crate) async fn collection_gone(desk: &Desk, claims: &Claims, path: &CollectionPath) {
    of_service(desk, "CollectionDeleted", path);
    collections_changed(desk, claims).await;
}

/// A collection has another label.
pub(crate) fn collection_label(desk: &Desk, path: &CollectionPath, label: &str) {
    changed(
        desk,
        None,
        path.as_str(),
        collection::INTERFACE,
        &HashMap::from([("Label", Value::from(label))]),
    );
    of_service(desk, "CollectionChanged", path);
}

/// What stands in a collection, for an application that was told of all of it.
pub(crate) fn items_changed(desk: &Desk, app: &App, path: &CollectionPath) {
    let Some(items) = desk.told().listed(app, Some(path)) else { return };
    let items: Vec<_> = items.iter().filter_map(|item| object(item.as_str()).ok()).collect();
    let items = HashMap::from([("Items", Value::from(items))]);
    for to in desk.names_of(app) {
        changed(desk, Some(&to), path.as_str(), collection::INTERFACE, &items);
    }
}

async fn collections_changed(desk: &Desk, claims: &Claims) {
    let Ok(Collections { collections, .. }) = desk.asks.collections(claims).await else { return };
    let paths: Vec<_> =
        collections.iter().filter_map(|collection| object(collection.path.as_str()).ok()).collect();
    changed(desk, None, ROOT, service::INTERFACE, &HashMap::from([("Collections", Value::from(paths))]));
}

fn of_item(desk: &Desk, to: &[OwnedUniqueName], member: &str, path: &ItemPath) {
    let Ok(item) = object(path.as_str()) else { return };
    let collection = path.collection();
    for name in to {
        send(desk, Some(name), collection.as_str(), collection::INTERFACE, member, &item);
    }
}

fn of_service(desk: &Desk, member: &str, path: &CollectionPath) {
    let Ok(collection) = object(path.as_str()) else { return };
    send::<ObjectPath<'_>>(desk, None, ROOT, service::INTERFACE, member, &collection);
}

fn changed<V: serde::Serialize + zbus::zvariant::Type>(
    desk: &Desk,
    to: Option<&OwnedUniqueName>,
    path: &str,
    interface: &str,
    values: &HashMap<&str, V>,
) {
    let invalidated: &[&str] = &[];
    let body = (interface, values, invalidated);
    send(desk, to, path, properties::INTERFACE, "PropertiesChanged", &body);
}

fn send<B: serde::Serialize + zbus::zvariant::DynamicType>(
    desk: &Desk,
    to: Option<&OwnedUniqueName>,
    path: &str,
    interface: &str,
    member: &str,
    body: &B,
) {
    let signal = Message::signal(path, interface, member).and_then(|signal| match to {
        Some(name) => signal.destination(name.as_str().to_owned()),
        None => Ok(signal),
    });
    match signal.and_then(|signal| signal.build(body)) {
        Ok(signal) => desk.send(signal),
        Err(e) => sd_journal::error(format_args!("the signal {member} could not be written: {e}")),
    }
}
