//! org.freedesktop.Secret.Collection.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use sd_wire::bounded::Attributes;
use sd_wire::description::MAX_LABEL;
use zbus::Message;
use zbus::zvariant::{OwnedValue, Value};

use crate::desk::Desk;
use crate::dispatch::{Turn, nothing, object, tell};
use crate::place;
use crate::refusal::Refusal;
use crate::service::{self, SEARCH, objects};
use crate::session::{self, Wrapped};
use crate::store::NewItem;
use crate::{item, properties};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Collection";

pub(crate) async fn answer(turn: &Turn<'_>, element: &str) -> Result<Message, Refusal> {
    let it = element.to_owned();
    match turn.call.member.as_str() {
        "Delete" => {
            turn.desk.ask(move |store| store.delete_collection(&it)).await?;
            let path = object(place::collection(element))?;
            turn.tell(place::SERVICE, service::INTERFACE, "CollectionDeleted", &(path));
            turn.call.reply(&(nothing()?))
        }
        "SearchItems" => {
            let wanted = fit_attributes(turn.call.arguments()?)?;
            let until = Instant::now() + SEARCH;
            let found = turn.desk.ask(move |store| store.search(&it, &wanted, until)).await?;
            let paths = found.iter().map(|item| place::item(element, item)).collect();
            turn.call.reply(&(objects(paths)?))
        }
        "CreateItem" => create(turn, it).await,
        _ => turn.no_such_method(),
    }
}

async fn create(turn: &Turn<'_>, element: String) -> Result<Message, Refusal> {
    let (mut properties, wrapped, replace): (HashMap<String, OwnedValue>, Wrapped, bool) =
        turn.call.arguments()?;
    let mut take = |name: &str| properties.remove(&format!("{}.{name}", item::INTERFACE));
    let label = take("Label").map_or(Ok(String::new()), String::try_from);
    let label = fit_label(label.map_err(|_| Refusal::invalid("a label is a text"))?)?;
    let attributes = take("Attributes").map_or(Ok(HashMap::new()), HashMap::<String, String>::try_from);
    let attributes = fit_attributes(attributes.map_err(|_| Refusal::invalid("attributes are texts"))?)?;
    let (secret, content_type) = session::unwrap(turn, wrapped)?;
    let content_type = fit_type(content_type)?;
    let new = NewItem { label, attributes, content_type, secret };
    let it = element.clone();
    let made = turn.desk.ask(move |store| store.create(&it, &new, replace)).await?;
    let path = object(place::item(&element, &made.item))?;
    let what = if made.replaced { "ItemChanged" } else { "ItemCreated" };
    turn.tell(&place::collection(&element), INTERFACE, what, &(&path));
    turn.call.reply(&(path, nothing()?))
}

/// Tells that a collection has changed: its label, or whether it is locked.
pub(crate) fn changed(desk: &Desk, element: &str) {
    let path = place::collection(element);
    if let Ok(object) = object(path.clone()) {
        tell(desk, place::SERVICE, service::INTERFACE, "CollectionChanged", &(object));
    }
    let (set, unset): (HashMap<&str, Value<'_>>, [&str; 2]) = (HashMap::new(), ["Label", "Locked"]);
    tell(desk, &path, properties::INTERFACE, "PropertiesChanged", &(INTERFACE, set, unset.as_slice()));
}

/// A label that is not longer than what can be shown.
pub(crate) fn fit_label(label: String) -> Result<String, Refusal> {
    if label.len() <= MAX_LABEL { Ok(label) } else { Err(Refusal::too_much("the label is too long")) }
}

/// Attributes that are no more than what can be shown.
pub(crate) fn fit_attributes(given: HashMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    let fit = Attributes::new(given).map_err(|e| Refusal::too_much(e.to_string()))?;
    Ok(fit.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// A content type; text, where none is given.
pub(crate) fn fit_type(content_type: String) -> Result<String, Refusal> {
    match content_type.len() {
        0 => Ok("text/plain".to_owned()),
        1..=256 => Ok(content_type),
        _ => Err(Refusal::too_much("the content type is too long")),
    }
}
