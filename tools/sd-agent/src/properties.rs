//! org.freedesktop.DBus.Properties, for every object.
//!
//! Of an item an application is told what it has itself said of it; of a collection, its name, its times, and whether
//! the backend holds it locked.

use std::collections::HashMap;

use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedValue, Value};

use crate::collection;
use crate::dispatch::{Turn, object, own_interface};
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
            let (interface, name, _): (String, String, OwnedValue) = turn.call.arguments()?;
            belongs(place, &interface)?;
            Err(set(turn, place, &name))
        }
        _ => Err(turn.no_such_method()),
    }
}

async fn all(turn: &Turn<'_>, place: &Place) -> Result<Properties, Refusal> {
    match place {
        Place::Service => {
            let collections = turn.desk.asks.collections(&turn.caller.claims()).await?;
            let paths: Vec<ObjectPath<'static>> = collections
                .collections
                .iter()
                .map(|collection| Ok(object(collection.path.as_str())?.into_owned()))
                .collect::<Result<_, Refusal>>()?;
            Ok(HashMap::from([("Collections", Value::from(paths))]))
        }
        Place::Collection(path) => {
            let collection = collection::described(turn, path).await?;
            Ok(HashMap::from([
                ("Label", Value::from(collection.label)),
                // The backend's lock, not the items' own: those of an open collection are locked for each application
                // until a person approves them, which is no reason to ask for a passphrase.
                ("Locked", Value::from(collection.locked)),
                // What is in a collection nobody is told who does not name it (promise 2).
                ("Items", Value::from(Vec::<ObjectPath<'static>>::new())),
                ("Created", Value::from(collection.created)),
                ("Modified", Value::from(collection.modified)),
            ]))
        }
        Place::Item(item) => {
            let item = collection::real_item(turn, item.clone()).await?;
            // The same for an item that there is and for one that there is not.
            let seen = turn.desk.seen(&turn.call.sender, &item);
            let offered = turn.desk.seat(&turn.call.sender, |seat| seat.offer.look(&item)).unwrap_or(false);
            let attributes: HashMap<String, String> =
                seen.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            Ok(HashMap::from([
                ("Locked", Value::from(!(offered || turn.approved(&item)))),
                ("Label", Value::from(seen.label.clone())),
                ("Attributes", Value::from(attributes)),
                ("Created", Value::from(0u64)),
                ("Modified", Value::from(0u64)),
            ]))
        }
        Place::Above(_) | Place::Session(_) | Place::Prompt(_) => Ok(Properties::new()),
    }
}

fn set(turn: &Turn<'_>, place: &Place, name: &str) -> Refusal {
    match (place, name) {
        (Place::Item(_) | Place::Collection(_), "Label") => turn.not_yet("changing a label"),
        (Place::Item(_), "Attributes") => turn.not_yet("changing attributes"),
        (Place::Item(_), "Locked" | "Created" | "Modified")
        | (Place::Collection(_), "Locked" | "Items" | "Created" | "Modified")
        | (Place::Service, "Collections") => Refusal::read_only(format!("the property {name} cannot be set")),
        _ => unknown(name),
    }
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
