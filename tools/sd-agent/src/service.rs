//! org.freedesktop.Secret.Service: the root object.

use std::collections::HashMap;
use std::sync::Arc;

use sd_wire::bounded::Attributes;
use sd_wire::path::{CollectionPath, ItemPath};
use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};

use crate::desk::Seen;
use crate::dispatch::{Turn, object};
use crate::place::Place;
use crate::prompt::{self, Work};
use crate::refusal::Refusal;
use crate::{collection, item, session};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Service";

/// The most items of one prompt: a list that a person can still look through.
const MOST_ITEMS: usize = 64;

const NO_PROMPT: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/");

pub(crate) async fn answer(turn: &Turn<'_>) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "OpenSession" => session::open(turn),
        "SearchItems" => search(turn).await,
        "Unlock" => unlock(turn).await,
        "Lock" => lock(turn).await,
        "GetSecrets" => item::secrets(turn).await,
        "ReadAlias" => read_alias(turn).await,
        "CreateCollection" => Err(turn.not_yet("making a collection")),
        "SetAlias" => Err(turn.not_yet("changing an alias")),
        _ => Err(turn.no_such_method()),
    }
}

async fn search(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let attributes: HashMap<String, String> = turn.call.arguments()?;
    let items = found(turn, None, attributes).await?;
    let (mut unlocked, mut locked) = (Vec::new(), Vec::new());
    for item in &items {
        let list = if turn.approved(item) { &mut unlocked } else { &mut locked };
        list.push(object(item.as_str())?);
    }
    turn.call.reply(&(unlocked, locked))
}

/// The items with these attributes, and a note of what the caller searched by: that much of them it knows.
pub(crate) async fn found(
    turn: &Turn<'_>,
    within: Option<&CollectionPath>,
    attributes: HashMap<String, String>,
) -> Result<Vec<ItemPath>, Refusal> {
    if attributes.is_empty() {
        // An empty answer would say that there is nothing: some clients then make what they have not found.
        return Err(Refusal::access_denied(
            "a search by no attributes would list everything, which nobody may",
        ));
    }
    let attributes = Attributes::new(attributes).map_err(|e| Refusal::invalid_args(e.to_string()))?;
    let found = turn.desk.asks.search(within, &attributes, &turn.caller.claims()).await?;
    let seen = Arc::new(Seen { label: String::new(), attributes });
    let items: Vec<ItemPath> = found.unlocked.into_iter().chain(found.locked).collect();
    turn.desk.seat(&turn.call.sender, |seat| {
        for item in &items {
            seat.saw(item.clone(), seen.clone());
        }
    });
    Ok(items)
}

async fn unlock(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let paths: Vec<OwnedObjectPath> = turn.call.arguments()?;
    let (mut usable, mut given, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        // Each path once, in one of the lists, as the caller wrote it: go-keyring counts them.
        if usable.contains(&path) || given.contains(&path) {
            continue;
        }
        match Place::of(path.as_str()) {
            // What is locked is each item for each application, never the collection.
            Some(Place::Collection(_)) => usable.push(path),
            Some(Place::Item(item)) => {
                let item = collection::real_item(turn, item).await?;
                if turn.approved(&item) {
                    usable.push(path);
                } else {
                    given.push(path);
                    if !items.contains(&item) {
                        items.push(item);
                    }
                }
            }
            _ => {}
        }
    }
    if items.len() > MOST_ITEMS {
        let text = format!("{} items are too many for one prompt; unlock at most {MOST_ITEMS}", items.len());
        return Err(Refusal::limits_exceeded(text));
    }
    let prompt =
        if items.is_empty() { NO_PROMPT } else { prompt::make(turn, Work::Unlock { given, items })? };
    turn.call.reply(&(usable, prompt))
}

/// Takes back the caller's own approvals. To lock the store is another matter, and another program's.
async fn lock(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let paths: Vec<OwnedObjectPath> = turn.call.arguments()?;
    let mut locked = Vec::new();
    for path in paths {
        match Place::of(path.as_str()) {
            Some(Place::Item(item)) => {
                let item = collection::real_item(turn, item).await?;
                turn.desk.forget(&turn.caller.app, &item);
                locked.push(path);
            }
            _ => return Err(turn.not_yet("locking a collection")),
        }
    }
    turn.call.reply(&(locked, NO_PROMPT))
}

async fn read_alias(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let alias: String = turn.call.arguments()?;
    if alias != "default" {
        return turn.call.reply(&NO_PROMPT);
    }
    let collections = turn.desk.asks.collections(&turn.caller.claims()).await?;
    match &collections.default {
        Some(path) => turn.call.reply(&object(path.as_str())?),
        None => turn.call.reply(&NO_PROMPT),
    }
}
