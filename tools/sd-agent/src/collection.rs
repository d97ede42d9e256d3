//! org.freedesktop.Secret.Collection: at its own path or at an alias's.

use std::collections::HashMap;
use std::sync::Arc;

use sd_wire::bounded::{Attributes, Text};
use sd_wire::change::Change;
use sd_wire::outcome::{Collection, Collections};
use sd_wire::path::{CollectionPath, ItemPath, ROOT};
use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};
use zeroize::Zeroizing;

use crate::asks::NewItem;
use crate::dispatch::{Turn, object};
use crate::opened::{self, About};
use crate::prompt::{self, Creation, Work};
use crate::refusal::Refusal;
use crate::{service, session};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Collection";

/// The one alias that the specification defines, and the only one of which we hear where it points.
pub(crate) const DEFAULT: &str = "default";
/// The path of that alias, and the one where go-keyring looks before it, below the root.
const DEFAULT_PATH: &str = "/aliases/default";
const LOGIN_PATH: &str = "/collection/login";

/// A secret as the specification passes it: session, parameters, value, content type.
pub(crate) type SecretArgument = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) async fn answer(turn: &Turn<'_>, collection: &CollectionPath) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "SearchItems" => {
            let attributes: HashMap<String, String> = turn.call.arguments()?;
            let items = service::found(turn, Some(collection), attributes).await?;
            turn.call.reply(&service::objects(&items.iter().collect::<Vec<_>>()))
        }
        "CreateItem" => create_item(turn, collection).await,
        "Delete" => {
            turn.call.no_arguments()?;
            let collection = described(turn, collection).await?.path;
            turn.call.reply(&prompt::make(turn, Work::Change(Change::DeleteCollection { collection }))?)
        }
        _ => Err(turn.no_such_method()),
    }
}

/// Every item of a collection, or of all, if the caller was told of them; else the ask for that is opened.
///
/// Never an empty answer instead: it would say that there is nothing, and some clients then make what they have not
/// found.
pub(crate) async fn everything(
    turn: &Turn<'_>,
    within: Option<&CollectionPath>,
) -> Result<Vec<ItemPath>, Refusal> {
    let within = match within {
        Some(path) => Some(described(turn, path).await?.path),
        None => None,
    };
    if let Some(items) = turn.desk.told().listed(&turn.caller.app, within.as_ref()) {
        return Ok(items);
    }
    opened::open(turn, About::List(within))?;
    Err(Refusal::access_denied(
        "what is in the keyring is told only with your approval: press Ctrl+Alt+F8, answer there (VT8), and try again",
    ))
}

/// What the caller was told of everything in a collection; nothing if it was not.
pub(crate) fn items(turn: &Turn<'_>, path: &CollectionPath) -> Result<Vec<ObjectPath<'static>>, Refusal> {
    let items = turn.desk.told().listed(&turn.caller.app, Some(path)).unwrap_or_default();
    items.iter().map(|item| Ok(object(item.as_str())?.into_owned())).collect()
}

async fn create_item(turn: &Turn<'_>, collection: &CollectionPath) -> Result<Message, Refusal> {
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
    // libsecret makes a default collection when it is told here that there is none.
    described(turn, collection).await?;
    let item = NewItem {
        collection: stand_in(turn, collection).await?,
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
    let found = among(turn.collections().await?, path);
    found.cloned().ok_or_else(|| Refusal::no_such_object(format!("there is no collection {path}")))
}

/// The collection that a path names, also by way of an alias. Where there is no collection `login`, that path is an alias
/// of the default collection.
pub(crate) fn among<'a>(collections: &'a Collections, path: &CollectionPath) -> Option<&'a Collection> {
    let at = |path: &CollectionPath| collections.collections.iter().find(|known| known.path == *path);
    at(path).or_else(|| match path.as_str().strip_prefix(ROOT) {
        Some(DEFAULT_PATH | LOGIN_PATH) => at(collections.default.as_ref()?),
        _ => None,
    })
}

/// Whether there is a collection `login`.
pub(crate) fn has_login(collections: &Collections) -> bool {
    collections.collections.iter().any(|known| known.path.as_str().strip_prefix(ROOT) == Some(LOGIN_PATH))
}

/// The path by which the backend knows a collection: the caller's, but for a `login` that there is not.
pub(crate) async fn stand_in(turn: &Turn<'_>, path: &CollectionPath) -> Result<CollectionPath, Refusal> {
    if path.as_str().strip_prefix(ROOT) != Some(LOGIN_PATH) || turn.desk.has_login() {
        return Ok(path.clone());
    }
    Ok(described(turn, path).await?.path)
}

/// The item's own path, when it is named by way of an alias.
pub(crate) async fn real_item(turn: &Turn<'_>, item: ItemPath) -> Result<ItemPath, Refusal> {
    let named = item.collection();
    let real = match named.as_str().strip_prefix(ROOT) {
        Some(DEFAULT_PATH) => described(turn, &named).await?.path,
        Some(LOGIN_PATH) => stand_in(turn, &named).await?,
        _ => return Ok(item),
    };
    let below = item.as_str().strip_prefix(named.as_str()).unwrap_or_default();
    let unknown = |_| Refusal::no_such_object(format!("there is no item {item}"));
    ItemPath::parse(&format!("{real}{below}")).map_err(unknown)
}
