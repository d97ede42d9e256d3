//! org.freedesktop.DBus.Properties, for every object.

use std::collections::HashMap;

use zbus::Message;
use zbus::zvariant::{OwnedValue, Value};

use crate::dispatch::{Turn, own_interface};
use crate::fault::Fault;
use crate::place::{self, Place};
use crate::refusal::Refusal;
use crate::service::objects;
use crate::{collection, item};

pub(crate) const INTERFACE: &str = "org.freedesktop.DBus.Properties";

type Properties = HashMap<&'static str, Value<'static>>;

pub(crate) async fn answer(turn: &Turn<'_>, place: &Place) -> Result<Message, Refusal> {
    let named = |interface: &str| interface.is_empty() || interface == own_interface(place);
    match turn.call.member.as_str() {
        "Get" => {
            let (interface, name): (String, String) = turn.call.arguments()?;
            if !named(&interface) {
                return Err(Refusal::unknown_property());
            }
            let mut all = of(turn, place, Some(&name)).await?;
            turn.call.reply(&(all.remove(name.as_str()).ok_or_else(Refusal::unknown_property)?))
        }
        "GetAll" => {
            let interface: String = turn.call.arguments()?;
            let all = if named(&interface) { of(turn, place, None).await? } else { Properties::new() };
            turn.call.reply(&(all))
        }
        "Set" => {
            let (interface, name, value): (String, String, OwnedValue) = turn.call.arguments()?;
            if !named(&interface) {
                return Err(Refusal::unknown_property());
            }
            set(turn, place, &name, value).await?;
            turn.call.reply(&())
        }
        _ => turn.no_such_method(),
    }
}

/// All properties, or at least this one.
async fn of(turn: &Turn<'_>, place: &Place, only: Option<&str>) -> Result<Properties, Refusal> {
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    match place {
        Place::Service => {
            let all = turn
                .desk
                .ask(|store| Ok(store.shelf()?.collections.keys().cloned().collect::<Vec<_>>()))
                .await?;
            let paths = all.iter().map(|element| place::collection(element)).collect();
            Ok(HashMap::from([("Collections", Value::from(objects(paths)?))]))
        }
        Place::Collection(element) => {
            let it = element.clone();
            let (items, told) = (wanted("Items"), only != Some("Items") && only != Some("Locked"));
            let (items, called, locked) = turn
                .desk
                .ask(move |store| {
                    let shelf = store.shelf()?;
                    let one = shelf.collections.get(&it).ok_or(Fault::NotFound)?;
                    let items: Vec<String> = if items {
                        one.items.keys().map(|item| place::item(&it, item)).collect()
                    } else {
                        Vec::new()
                    };
                    let called = if told { store.called(&it)? } else { crate::store::Called::default() };
                    Ok((items, called, store.is_locked(&it)?))
                })
                .await?;
            Ok(HashMap::from([
                ("Items", Value::from(objects(items)?)),
                ("Label", called.label.into()),
                ("Created", called.created.into()),
                ("Modified", called.modified.into()),
                ("Locked", locked.into()),
            ]))
        }
        Place::Item(within, element) => {
            let (collection, it) = (within.clone(), element.clone());
            let (facts, locked) = turn
                .desk
                .ask(move |store| {
                    let locked = store.is_locked(&collection)?;
                    match store.facts(&collection, &it) {
                        Ok(facts) => Ok((Some(facts), locked)),
                        Err(Fault::Locked) => Ok((None, true)),
                        Err(why) => Err(why),
                    }
                })
                .await?;
            let mut all = HashMap::from([("Locked", Value::from(locked))]);
            match facts {
                Some(facts) => {
                    let attributes: HashMap<String, String> = facts.attributes.clone().into_iter().collect();
                    all.extend([
                        ("Label", Value::from(facts.label.clone())),
                        ("Attributes", Value::from(attributes)),
                        ("Created", facts.created.into()),
                        ("Modified", facts.modified.into()),
                    ]);
                }
                // It is encrypted with the secret.
                None if only.is_some_and(|only| only != "Locked") => return Err(Fault::Locked.into()),
                None => {}
            }
            Ok(all)
        }
        _ => Ok(Properties::new()),
    }
}

async fn set(turn: &Turn<'_>, place: &Place, name: &str, value: OwnedValue) -> Result<(), Refusal> {
    let text = |value: OwnedValue| String::try_from(value).map_err(|_| Refusal::invalid("a label is a text"));
    match (place, name) {
        (Place::Collection(element), "Label") => {
            let (it, label) = (element.clone(), collection::fit_label(text(value)?)?);
            turn.desk.ask(move |store| store.set_label(&it, &label)).await?;
            collection::changed(turn.desk, element);
        }
        (Place::Item(within, element), "Label") => {
            let (collection, it, label) =
                (within.clone(), element.clone(), collection::fit_label(text(value)?)?);
            turn.desk
                .ask(move |store| store.set_facts(&collection, &it, |facts| facts.label = label))
                .await?;
            item::changed(turn.desk, within, element);
        }
        (Place::Item(within, element), "Attributes") => {
            let given = HashMap::<String, String>::try_from(value);
            let given =
                collection::fit_attributes(given.map_err(|_| Refusal::invalid("attributes are texts"))?)?;
            let (collection, it) = (within.clone(), element.clone());
            turn.desk
                .ask(move |store| store.set_facts(&collection, &it, |facts| facts.attributes = given))
                .await?;
            item::changed(turn.desk, within, element);
        }
        (_, "Collections" | "Items" | "Locked" | "Created" | "Modified") => return Err(Refusal::read_only()),
        _ => return Err(Refusal::unknown_property()),
    }
    Ok(())
}
