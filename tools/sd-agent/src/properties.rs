//! org.freedesktop.DBus.Properties, for every object.
//!
//! Of an item an application is told what it has itself said of it, and what a person has let it be told; of a collection
//! its name, its times, and whether the backend holds it locked.

use std::collections::HashMap;
use std::sync::Arc;

use sd_wire::bounded::{Attributes, OverBound, Text};
use sd_wire::change::Change;
use sd_wire::description::{Description, MAX_LABEL};
use sd_wire::metadata::Metadata;
use sd_wire::path::ItemPath;
use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedValue, Value};

use crate::change;
use crate::collection;
use crate::dispatch::{Turn, object, own_interface};
use crate::dummy;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::service;

pub(crate) const INTERFACE: &str = "org.freedesktop.DBus.Properties";

type Properties = HashMap<&'static str, Value<'static>>;

pub(crate) async fn answer(turn: &Turn<'_>, place: &Place) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "Get" => {
            let (interface, name): (String, String) = turn.call.arguments()?;
            belongs(place, &interface)?;
            if let (Place::Collection(path), "Items") = (place, name.as_str()) {
                let items = collection::everything(turn, Some(path)).await?;
                let items: Vec<_> =
                    items.iter().map(|item| object(item.as_str())).collect::<Result<_, _>>()?;
                return turn.call.reply(&(Value::from(items),));
            }
            let mut properties = all(turn, place).await?;
            let value = properties.remove(name.as_str()).ok_or_else(|| unknown(&name))?;
            turn.call.reply(&(value,))
        }
        "GetAll" => {
            let interface: String = turn.call.arguments()?;
            belongs(place, &interface)?;
            turn.call.reply(&all(turn, place).await?)
        }
        "Set" => {
            let (interface, name, value): (String, String, OwnedValue) = turn.call.arguments()?;
            belongs(place, &interface)?;
            set(turn, place, &name, value).await?;
            turn.call.reply(&())
        }
        _ => Err(turn.no_such_method()),
    }
}

async fn all(turn: &Turn<'_>, place: &Place) -> Result<Properties, Refusal> {
    match place {
        Place::Service => {
            let paths: Vec<ObjectPath<'static>> = turn
                .collections()
                .await?
                .collections
                .iter()
                .map(|collection| Ok(object(collection.path.as_str())?.into_owned()))
                .collect::<Result<_, Refusal>>()?;
            Ok(HashMap::from([("Collections", Value::from(paths))]))
        }
        Place::Collection(path) => {
            let collection = collection::described(turn, path).await?;
            let items = collection::items(turn, &collection).await?;
            Ok(HashMap::from([
                ("Label", Value::from(collection.label)),
                // The backend's lock, not the items' own: those of an open collection are locked for each application
                // until a person approves them, which is no reason to ask for a passphrase.
                ("Locked", Value::from(collection.locked)),
                // What is in a collection nobody is told who does not name it, unless a person approves (promise 2).
                // libsecret never comes to an end with a collection that has no such property, so here it is empty
                // until then; whoever asks for it by `Get` is told that it is not.
                ("Items", Value::from(items)),
                ("Created", Value::from(collection.created)),
                ("Modified", Value::from(collection.modified)),
            ]))
        }
        Place::Item(item) => {
            let item = collection::real_item(turn, item.clone()).await?;
            let told = told_of(turn, &item).await?;
            // Untold, the same for an item that there is and for one that there is not.
            let seen = turn.desk.seen(&turn.call.sender, &item);
            let (label, attributes, created, modified) = match &told {
                Some(told) => (told.label.as_str(), &told.attributes, told.created, told.modified),
                None => (seen.label.as_str(), &seen.attributes, seen.created, seen.modified),
            };
            let offered = turn.desk.seat(&turn.call.sender, |seat| seat.offer.look(&item)).unwrap_or(false);
            let attributes: HashMap<String, String> =
                attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            Ok(HashMap::from([
                ("Locked", Value::from(!(offered || turn.approved(&item)))),
                ("Label", Value::from(label.to_owned())),
                ("Attributes", Value::from(attributes)),
                ("Created", Value::from(created)),
                ("Modified", Value::from(modified)),
            ]))
        }
        Place::Above(_) | Place::Session(_) | Place::Prompt(_) => Ok(Properties::new()),
    }
}

/// What the caller was told of an item. Where everything may be told, that is told now.
async fn told_of(turn: &Turn<'_>, item: &ItemPath) -> Result<Option<Arc<Description>>, Refusal> {
    let of = || turn.desk.told().of(&turn.caller.app, item);
    let told = of();
    // Where it cannot be learned, as if it were not so: this much is told also while nobody can be asked.
    let openly = async || turn.metadata().await.is_ok_and(|metadata| metadata == Metadata::Open);
    if told.is_some() || dummy::is(turn, item) || !openly().await {
        return Ok(told);
    }
    let known = turn.collections().await?;
    let collection = collection::among(known, &item.collection());
    if collection.is_some_and(|collection| !collection.locked) {
        let _ = collection::look_through(turn, Some(&item.collection())).await;
    }
    Ok(of())
}

async fn set(turn: &Turn<'_>, place: &Place, name: &str, value: OwnedValue) -> Result<(), Refusal> {
    let change = match (place, name) {
        (Place::Item(item), "Label") => {
            let item = collection::known_item(turn, item.clone()).await?;
            Change::ItemLabel { item, label: label(value)? }
        }
        (Place::Item(item), "Attributes") => {
            let wrong = |_| Refusal::invalid_args("Attributes are names and values, both text");
            let attributes: HashMap<String, String> = value.try_into().map_err(wrong)?;
            let item = collection::known_item(turn, item.clone()).await?;
            Change::ItemAttributes { item, attributes: Attributes::new(attributes).map_err(too_long)? }
        }
        (Place::Collection(path), "Label") => {
            let (label, is) = (label(value)?, collection::described(turn, path).await?);
            if is.label == label.as_str() {
                return Ok(());
            }
            Change::CollectionLabel { collection: is.path, label }
        }
        (Place::Item(_), "Locked" | "Created" | "Modified")
        | (Place::Collection(_), "Locked" | "Items" | "Created" | "Modified")
        | (Place::Service, "Collections") => {
            return Err(Refusal::read_only(format!("the property {name} cannot be set")));
        }
        _ => return Err(unknown(name)),
    };
    change::held(turn, change).await
}

fn label(value: OwnedValue) -> Result<Text<MAX_LABEL>, Refusal> {
    let label: String = value.try_into().map_err(|_| Refusal::invalid_args("a Label is text"))?;
    Text::new(label).map_err(too_long)
}

fn too_long(e: OverBound) -> Refusal {
    Refusal::limits_exceeded(e.to_string())
}

/// Whether the object has this interface. Properties of the standard interfaces there are none.
fn belongs(place: &Place, interface: &str) -> Result<(), Refusal> {
    if interface.is_empty() || own_interface(place) == Some(interface) {
        return Ok(());
    }
    let home = own_interface(place).unwrap_or(service::INTERFACE);
    Err(Refusal::unknown_interface(format!("no properties of {interface} are here; {home} may be meant")))
}

fn unknown(name: &str) -> Refusal {
    Refusal::unknown_property(format!("there is no property {name} here"))
}
