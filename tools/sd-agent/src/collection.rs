//! org.freedesktop.Secret.Collection: at its own path or at an alias's.

use std::collections::HashMap;
use std::sync::Arc;

use sd_wire::bounded::{Attributes, Text};
use sd_wire::outcome::{Collection, Collections};
use sd_wire::path::{CollectionPath, ItemPath, ROOT};
use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};
use zeroize::Zeroizing;

use crate::asks::NewItem;
use crate::dispatch::{Turn, object};
use crate::prompt::{self, Creation, Work};
use crate::refusal::Refusal;
use crate::{service, session};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Collection";

/// The one alias that the specification defines.
const DEFAULT: &str = "/aliases/default";

/// A secret as the specification passes it: session, parameters, value, content type.
pub(crate) type SecretArgument = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) async fn answer(turn: &Turn<'_>, collection: &CollectionPath) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "SearchItems" => {
            let attributes: HashMap<String, String> = turn.call.arguments()?;
            let items = service::found(turn, Some(collection), attributes).await?;
            let paths: Vec<_> = items.iter().map(|item| object(item.as_str())).collect::<Result<_, _>>()?;
            turn.call.reply(&paths)
        }
        "CreateItem" => create_item(turn, collection),
        "Delete" => Err(turn.not_yet("deleting a collection")),
        _ => Err(turn.no_such_method()),
    }
}

fn create_item(turn: &Turn<'_>, collection: &CollectionPath) -> Result<Message, Refusal> {
    let (mut properties, secret, replace): (HashMap<String, OwnedValue>, SecretArgument, bool) =
        turn.call.arguments()?;
    let (session, parameters, value, content_type) = secret;
    let value = Zeroizing::new(value);
    let cipher = session::of(turn, &session)?;
    sd_cipher::fits(&value)?;
    let mut property = |name: &str| properties.remove(&format!("org.freedesktop.Secret.Item.{name}"));
    let wrong =
        |what: &str| Refusal::invalid_args(format!("the property {what} has another type than it should"));
    let label: String = match property("Label") {
        Some(label) => label.try_into().map_err(|_| wrong("Label"))?,
        None => String::new(),
    };
    let attributes: HashMap<String, String> = match property("Attributes") {
        Some(attributes) => attributes.try_into().map_err(|_| wrong("Attributes"))?,
        None => HashMap::new(),
    };
    let bound = |e: sd_wire::bounded::OverBound| Refusal::limits_exceeded(e.to_string());
    let item = NewItem {
        collection: collection.clone(),
        label: Text::new(label).map_err(bound)?,
        attributes: Attributes::new(attributes).map_err(bound)?,
        content_type: Text::new(content_type).map_err(bound)?,
        replace,
    };
    let creation = Creation { item, cipher: Arc::clone(&cipher), parameters, value };
    let prompt = prompt::make(turn, Work::Create(Box::new(creation)))?;
    turn.call.reply(&(ObjectPath::from_static_str_unchecked("/"), prompt))
}

/// The collection at a path, as the backend describes it.
pub(crate) async fn described(turn: &Turn<'_>, path: &CollectionPath) -> Result<Collection, Refusal> {
    let collections = turn.desk.asks.collections(&turn.caller.claims()).await?;
    let found = among(&collections, path);
    found.cloned().ok_or_else(|| Refusal::no_such_object(format!("there is no collection {path}")))
}

/// The collection that a path names, also by way of an alias.
pub(crate) fn among<'a>(collections: &'a Collections, path: &CollectionPath) -> Option<&'a Collection> {
    let real = match path.as_str().strip_prefix(ROOT) {
        Some(DEFAULT) => collections.default.as_ref()?,
        _ => path,
    };
    collections.collections.iter().find(|collection| collection.path == *real)
}

/// The item's own path, when it is named by way of an alias.
pub(crate) async fn real_item(turn: &Turn<'_>, item: ItemPath) -> Result<ItemPath, Refusal> {
    let below = item.as_str().strip_prefix(ROOT).and_then(|path| path.strip_prefix(DEFAULT));
    let Some(below) = below.filter(|below| below.starts_with('/')) else {
        return Ok(item);
    };
    let default = match turn.default.get() {
        Some(known) => known.clone(),
        None => {
            let collections = turn.desk.asks.collections(&turn.caller.claims()).await?;
            turn.default.get_or_init(|| collections.default).clone()
        }
    };
    let unknown = || Refusal::no_such_object("the alias default points nowhere");
    let real = default.map(|default| format!("{default}{below}")).ok_or_else(unknown)?;
    ItemPath::parse(&real).map_err(|_| unknown())
}
