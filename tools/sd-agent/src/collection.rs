//! org.freedesktop.Secret.Collection: at its own path or at an alias's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_client::screen;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::change::Change;
use sd_wire::description::MAX_LABEL;
use sd_wire::metadata::Metadata;
use sd_wire::outcome::{Collection, Collections};
use sd_wire::path::{CollectionPath, ItemPath, ROOT};
use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};
use zeroize::Zeroizing;

use crate::asks::NewItem;
use crate::desk::Seen;
use crate::dispatch::{Turn, object};
use crate::opened::{self, About};
use crate::prompt::{self, Creation, Work};
use crate::refusal::Refusal;
use crate::stand_in::Standing;
use crate::{dummy, service, session};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Collection";

/// The one alias that the specification defines, and the only one of which we are told where it points.
pub(crate) const DEFAULT: &str = "default";
/// How long a list is waited for: for a person who sits before the screen already. A program that asks once and ends
/// takes its ask along.
const MOMENT: Duration = Duration::from_millis(1500);
/// The path of that alias, and the one where go-keyring looks before it, below the root.
const DEFAULT_PATH: &str = "/aliases/default";
const LOGIN_PATH: &str = "/collection/login";
/// How long a call waits for all that there is: most of what it may take.
const LOOKING: Duration = Duration::from_millis(1200);

/// A secret as the specification passes it: session, parameters, value, content type.
pub(crate) type SecretArgument = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) async fn answer(turn: &Turn<'_>, collection: &CollectionPath) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "SearchItems" => {
            let attributes: HashMap<String, String> = turn.call.arguments()?;
            let items = service::found(turn, Some(collection), attributes).await?;
            let locked: Vec<&ItemPath> = items.iter().filter(|item| !turn.approved(item)).collect();
            service::offer(turn, &locked);
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
    let openly = turn.metadata().await? == Metadata::Open;
    if openly {
        look_through(turn, within.as_ref()).await?;
    }
    if let Some(items) = turn.desk.told().listed(&turn.caller.app, within.as_ref()) {
        return Ok(items);
    }
    if openly {
        return Err(Refusal::access_denied(format!(
            "what is in the keyring is still being looked through, or is too much for that; try again (a locked one waits \
             on {})",
            screen::name()
        )));
    }
    let ended = opened::open(turn, About::List(within.clone()))?;
    let late = async {
        Timer::after(MOMENT).await;
        Err(waits_for_a_list())
    };
    smol::future::or(ended.how(), late).await.map_err(|_| waits_for_a_list())?;
    turn.desk.told().listed(&turn.caller.app, within.as_ref()).ok_or_else(waits_for_a_list)
}

fn waits_for_a_list() -> Refusal {
    Refusal::access_denied(format!(
        "what is in the keyring is told only with your approval: press {}, answer there ({}), and try again",
        screen::key(),
        screen::name()
    ))
}

/// Has all that there is told to the caller, where that takes no key: as much as comes in a call's time. The rest follows
/// by itself.
pub(crate) async fn look_through(turn: &Turn<'_>, within: Option<&CollectionPath>) -> Result<(), Refusal> {
    let (app, now) = (&turn.caller.app, Instant::now());
    let is_over = {
        let told = turn.desk.told();
        told.listed_lately(app, within, now) || told.is_too_much(within, now)
    };
    if is_over {
        return Ok(());
    }
    let ended = opened::open(turn, About::List(within.cloned()))?;
    let late = async {
        Timer::after(LOOKING).await;
    };
    let ended = async {
        let _ = ended.how().await;
    };
    smol::future::or(ended, late).await;
    Ok(())
}

/// What the caller was told of everything in a collection; nothing if it was not.
pub(crate) async fn items(
    turn: &Turn<'_>,
    collection: &Collection,
) -> Result<Vec<ObjectPath<'static>>, Refusal> {
    let path = &collection.path;
    // A locked one would have a person asked for its passphrase.
    if turn.metadata().await? == Metadata::Open && !collection.locked {
        // As much as there is; whoever wants to know why there is no more asks for `Items` alone.
        let _ = look_through(turn, Some(path)).await;
    }
    let items = turn.desk.told().listed(&turn.caller.app, Some(path)).unwrap_or_default();
    items.iter().map(|item| Ok(object(item.as_str())?.into_owned())).collect()
}

async fn create_item(turn: &Turn<'_>, collection: &CollectionPath) -> Result<Message, Refusal> {
    let (properties, secret, replace): (HashMap<String, OwnedValue>, SecretArgument, bool) =
        turn.call.arguments()?;
    let (session, parameters, value, content_type) = secret;
    let value = Zeroizing::new(value);
    let cipher = session::of(turn, &session)?;
    sd_cipher::fits(&value)?;
    let (label, attributes) = shape(properties)?;
    if dummy::looks_so(&label, &attributes) && dummy::is_its_secret(&cipher, &parameters, &value) {
        let path = dummy::make(turn, collection)?;
        let seen = Arc::new(Seen { label: label.as_str().to_owned(), attributes, ..Seen::default() });
        turn.desk.seat(&turn.call.sender, |seat| seat.saw(path.clone(), seen));
        return turn.call.reply(&(object(path.as_str())?, ObjectPath::from_static_str_unchecked("/")));
    }
    // libsecret makes a default collection when it is told here that there is none.
    described(turn, collection).await?;
    let item = NewItem {
        collection: stand_in(turn, collection).await?,
        label,
        attributes,
        content_type: Text::new(content_type).map_err(|e| Refusal::limits_exceeded(e.to_string()))?,
        replace,
    };
    let creation = Creation { item, cipher: Arc::clone(&cipher), parameters, value };
    let prompt = prompt::make(turn, Work::Create(Box::new(creation)))?;
    turn.call.reply(&(ObjectPath::from_static_str_unchecked("/"), prompt))
}

/// The label and the attributes that the properties of a new item say.
pub(crate) fn shape(
    mut properties: HashMap<String, OwnedValue>,
) -> Result<(Text<MAX_LABEL>, Attributes), Refusal> {
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
    Ok((Text::new(label).map_err(bound)?, Attributes::new(attributes).map_err(bound)?))
}

/// The collection at a path, as the backend describes it.
pub(crate) async fn described(turn: &Turn<'_>, path: &CollectionPath) -> Result<Collection, Refusal> {
    let found = among(turn.collections().await?, &turn.desk.aliases.real(path));
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
    let path = turn.desk.aliases.real(path);
    if path.as_str().strip_prefix(ROOT) != Some(LOGIN_PATH) || turn.desk.has_login() {
        return Ok(path);
    }
    Ok(described(turn, &path).await?.path)
}

/// The item's own path, when it is named by way of an alias. An error if the caller knows that it is gone.
///
/// Of a stand-in it is what that stands for, if the caller was told; else the stand-in itself.
pub(crate) async fn real_item(turn: &Turn<'_>, item: ItemPath) -> Result<ItemPath, Refusal> {
    let gone = Refusal::no_such_object(format!("there is no item {item} any more"));
    there(turn, item).await?.ok_or(gone)
}

/// As [`real_item`]; `None` if the caller knows that it is gone.
pub(crate) async fn there(turn: &Turn<'_>, item: ItemPath) -> Result<Option<ItemPath>, Refusal> {
    if dummy::is(turn, &item) {
        return Ok(Some(item));
    }
    let standing = turn.desk.stand_ins().of(&turn.caller.app, &item);
    match standing {
        Some(Standing::For(item)) => return Ok(Some(item)),
        Some(Standing::Asked(_)) => return Ok(Some(item)),
        Some(Standing::ForNothing) => {
            return Err(Refusal::no_such_object("the search has found nothing, as you were told"));
        }
        None => {}
    }
    let named = item.collection();
    let real = match named.as_str().strip_prefix(ROOT) {
        Some(DEFAULT_PATH) => described(turn, &named).await?.path,
        _ => stand_in(turn, &named).await?,
    };
    let below = item.as_str().strip_prefix(named.as_str()).unwrap_or_default();
    let unknown = |_| Refusal::no_such_object(format!("there is no item {item}"));
    let real = ItemPath::parse(&format!("{real}{below}")).map_err(unknown)?;
    Ok(if turn.desk.knows_gone(&turn.call.sender, &real) { None } else { Some(real) })
}

/// As [`real_item`], of an item that the caller knows: what it may change.
pub(crate) async fn known_item(turn: &Turn<'_>, item: ItemPath) -> Result<ItemPath, Refusal> {
    let item = real_item(turn, item).await?;
    let made_up = turn.desk.stand_ins().of(&turn.caller.app, &item).is_some() || dummy::is(turn, &item);
    if made_up {
        return Err(Refusal::is_locked(format!(
            "what this stands for needs your approval first: unlock it, answer on {} ({}), and try again",
            screen::name(),
            screen::key()
        )));
    }
    Ok(item)
}
