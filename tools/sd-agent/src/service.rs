//! org.freedesktop.Secret.Service: the root object.

use std::collections::HashMap;
use std::sync::Arc;

use sd_client::{Failure, screen};
use sd_wire::ask::MAX_ITEMS;
use sd_wire::bounded::{Attributes, OverBound, Text};
use sd_wire::change::Change;
use sd_wire::fault::Fault;
use sd_wire::metadata::Metadata;
use sd_wire::outcome::{Account, What};
use sd_wire::path::{CollectionPath, ItemPath};
use zbus::Message;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};

use crate::desk::Seen;
use crate::dispatch::{Turn, object};
use crate::offer::Offer;
use crate::opened::{self, About};
use crate::place::Place;
use crate::prompt::{self, Work};
use crate::refusal::Refusal;
use crate::stand_in::{self, Question};
use crate::{change, collection, dummy, item, news, session, store};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Service";

/// The most bytes that the paths of one prompt's items may have: they go in one packet, with what is said of the caller.
const MOST_BYTES: usize = 56 * 1024;
/// The most paths of one call.
const MOST_PATHS: usize = 1024;

const NO_PROMPT: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/");

pub(crate) async fn answer(turn: &Turn<'_>) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "OpenSession" => session::open(turn),
        "SearchItems" => search(turn).await,
        "Unlock" => unlock(turn).await,
        "Lock" => lock(turn).await,
        "GetSecrets" => item::secrets(turn).await,
        "ReadAlias" => read_alias(turn).await,
        "CreateCollection" => create_collection(turn).await,
        "SetAlias" => set_alias(turn).await,
        _ => Err(turn.no_such_method()),
    }
}

async fn search(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let attributes: HashMap<String, String> = turn.call.arguments()?;
    let items = found(turn, None, attributes).await?;
    let (mut unlocked, mut locked): (Vec<_>, Vec<_>) = turn.desk.sort(&turn.caller.app, &items);
    if offer(turn, &locked) {
        unlocked.append(&mut locked);
    }
    turn.call.reply(&(objects(&unlocked), objects(&locked)))
}

/// Calls what a search has found unlocked to a connection that has no session. Returns whether it has none.
pub(crate) fn offer(turn: &Turn<'_>, locked: &[&ItemPath]) -> bool {
    let offered = turn.desk.seat(&turn.call.sender, |seat| {
        let offered = seat.sessions.is_empty();
        let items = locked.iter().filter(|_| offered);
        seat.offer = Offer::of(items.map(|item| (*item).clone()));
        offered
    });
    offered == Some(true)
}

/// As D-Bus carries them. What is such a path has been looked at when it was read.
pub(crate) fn objects<'a>(items: &[&'a ItemPath]) -> Vec<ObjectPath<'a>> {
    items.iter().map(|item| ObjectPath::from_str_unchecked(item.as_str())).collect()
}

/// The items with these attributes, and a note of what the caller searched by: that much of them it knows.
pub(crate) async fn found(
    turn: &Turn<'_>,
    within: Option<&CollectionPath>,
    attributes: HashMap<String, String>,
) -> Result<Vec<ItemPath>, Refusal> {
    let within = match within {
        Some(path) => Some(collection::stand_in(turn, path).await?),
        None => None,
    };
    if attributes.is_empty() {
        return collection::everything(turn, within.as_ref()).await;
    }
    let attributes = Attributes::new(attributes).map_err(|e| Refusal::invalid_args(e.to_string()))?;
    let (items, accounts) = if turn.metadata().await? == Metadata::Hidden {
        if dummy::is_for_nothing(&attributes) {
            return Ok(Vec::new());
        }
        let within = match within {
            Some(path) => Some(collection::described(turn, &path).await?.path),
            None => None,
        };
        (stand_in::answer(turn, Question { within, attributes: attributes.clone() }).await?, Vec::new())
    } else {
        matching(turn, within.as_ref(), &attributes).await?
    };
    let seen = Arc::new(Seen { attributes, ..Seen::default() });
    turn.desk.seat(&turn.call.sender, |seat| {
        for item in &items {
            seat.saw(item.clone(), seen.clone());
        }
        for account in accounts {
            let attributes = with(&seen.attributes, &account.attributes);
            let label = account.label.as_str().to_owned();
            seat.saw(account.item, Arc::new(Seen { label, attributes, ..Seen::default() }));
        }
    });
    Ok(items)
}

/// What the caller has searched by, with what it was told beside that.
fn with(searched: &Attributes, told: &Attributes) -> Attributes {
    let all = searched.iter().chain(told.iter()).map(|(name, value)| (name.clone(), value.clone()));
    Attributes::new(all).unwrap_or_else(|_| searched.clone())
}

/// What matches, where that may be told, and whose accounts these are.
async fn matching(
    turn: &Turn<'_>,
    within: Option<&CollectionPath>,
    attributes: &Attributes,
) -> Result<(Vec<ItemPath>, Vec<Account>), Refusal> {
    let found = match turn.desk.asks.search(within, attributes, &turn.caller.claims()).await {
        Err(Failure::Ended(What::Failed { why: Fault::Locked, .. })) => {
            return Ok((unsearched(turn, within, attributes).await?, Vec::new()));
        }
        found => found,
    };
    let found = found.inspect_err(|failure| {
        if failure.is_refusal() {
            // It seems to wait for a key, so the setting is another than we were told.
            turn.desk.doubt_metadata();
        }
    })?;
    if !found.described.is_empty() {
        turn.desk.told().tell(&turn.caller.app, found.described);
    }
    Ok((found.unlocked.into_iter().chain(found.locked).collect(), found.accounts))
}

/// Some backends search only what is open. An empty answer would say that there is nothing; so it is one locked item that
/// stands for what is to be found, as where items are hidden: whoever unlocks it opens the store, and has the search made.
async fn unsearched(
    turn: &Turn<'_>,
    within: Option<&CollectionPath>,
    attributes: &Attributes,
) -> Result<Vec<ItemPath>, Refusal> {
    if dummy::is_for_nothing(attributes) {
        return Ok(Vec::new());
    }
    let question = Question { within: within.cloned(), attributes: attributes.clone() };
    let found = stand_in::answer(turn, question).await;
    found.map_err(|_| {
        // No collection is there in which it could stand. If the store cannot be opened, this try has failed all the same.
        let _ = opened::open(turn, About::Unlock);
        Refusal::is_locked(format!(
            "the keyring is locked: press {}, unlock it there ({}), and try again",
            screen::key(),
            screen::name()
        ))
    })
}

async fn unlock(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let paths = some_paths(turn)?;
    let (mut usable, mut given, mut items, mut collections) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        // Each path once, in one of the lists, as the caller wrote it: go-keyring counts them.
        if usable.contains(&path) || given.contains(&path) || collections.contains(&path) {
            continue;
        }
        match Place::of(path.as_str()) {
            Some(Place::Collection(_)) => collections.push(path),
            Some(Place::Item(item)) => {
                let Some(item) = collection::there(turn, item).await? else { continue };
                if turn.approved(&item) {
                    usable.push(path);
                } else {
                    // It has understood that it is locked; and if nobody approves it, it still is.
                    turn.desk.seat(&turn.call.sender, |seat| seat.offer.withdraw(&item));
                    given.push(path);
                    if !items.contains(&item) {
                        items.push(item);
                    }
                }
            }
            _ => {}
        }
    }
    let named_nothing = usable.is_empty() && given.is_empty() && collections.is_empty();
    let store = store::sort(turn, collections, &mut usable, &mut given).await?;
    if named_nothing {
        // Nothing seemed locked to a searcher without a session: it means what it has found and looked at.
        items = offered(turn);
        given = items.iter().map(|item| Ok(object(item.as_str())?.into())).collect::<Result<_, Refusal>>()?;
    }
    let bytes: usize = items.iter().map(|item| item.as_str().len() + 3).sum();
    if items.len() > MAX_ITEMS || bytes > MOST_BYTES {
        let text = format!("{} items are too many for one prompt; unlock at most {MAX_ITEMS}", items.len());
        return Err(Refusal::limits_exceeded(text));
    }
    let prompt =
        if given.is_empty() { NO_PROMPT } else { prompt::make(turn, Work::Unlock { given, items, store })? };
    turn.call.reply(&(usable, prompt))
}

/// The paths of a call, if they are few enough to be looked at one against the other.
fn some_paths(turn: &Turn<'_>) -> Result<Vec<OwnedObjectPath>, Refusal> {
    let paths: Vec<OwnedObjectPath> = turn.call.arguments()?;
    if paths.len() > MOST_PATHS {
        return Err(Refusal::limits_exceeded(format!("at most {MOST_PATHS} paths can be named at once")));
    }
    Ok(paths)
}

fn offered(turn: &Turn<'_>) -> Vec<ItemPath> {
    let looked =
        turn.desk.seat(&turn.call.sender, |seat| seat.offer.looked_at(MAX_ITEMS)).unwrap_or_default();
    looked.into_iter().filter(|item| !turn.approved(item)).collect()
}

/// Of an item, takes back the caller's own approval. Of a collection, locks the store, and that is always all of it: one
/// passphrase opens it again.
async fn lock(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let paths = some_paths(turn)?;
    let (mut locked, mut the_store) = (Vec::new(), false);
    for path in paths {
        match Place::of(path.as_str()) {
            Some(Place::Item(item)) => {
                let item = collection::real_item(turn, item).await?;
                turn.desk.forget(&turn.caller.app, &item);
                news::locks(turn.desk, &turn.caller.app, &[item], true);
            }
            Some(Place::Collection(_)) => the_store = true,
            _ => return Err(Refusal::no_such_object(format!("{} cannot be locked", path.as_str()))),
        }
        if !locked.contains(&path) {
            locked.push(path);
        }
    }
    if the_store {
        store::lock(turn.desk, turn.caller).await?;
    }
    turn.call.reply(&(locked, NO_PROMPT))
}

async fn read_alias(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let alias: String = turn.call.arguments()?;
    let collections = turn.collections().await?;
    let path = if alias == collection::DEFAULT {
        collections.default.clone()
    } else {
        let known = turn.desk.aliases.of(&alias);
        known.and_then(|path| Some(collection::among(collections, &path)?.path.clone()))
    };
    match path {
        Some(path) => turn.call.reply(&object(path.as_str())?),
        None => turn.call.reply(&NO_PROMPT),
    }
}

async fn create_collection(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (mut properties, alias): (HashMap<String, OwnedValue>, String) = turn.call.arguments()?;
    let label = match properties.remove("org.freedesktop.Secret.Collection.Label") {
        Some(label) => String::try_from(label)
            .map_err(|_| Refusal::invalid_args("the property Label has another type than it should"))?,
        None => String::new(),
    };
    let bound = |e: OverBound| Refusal::limits_exceeded(e.to_string());
    let (label, name) = (Text::new(label).map_err(bound)?, Text::new(alias).map_err(bound)?);
    if name.as_str() == collection::DEFAULT
        && let Some(there) = &turn.collections().await?.default
    {
        // As gnome-keyring answers it, and libsecret's documentation says: an alias that points somewhere is enough.
        return turn.call.reply(&(object(there.as_str())?, NO_PROMPT));
    }
    let prompt = prompt::make(turn, Work::Change(Change::CreateCollection { label, alias: name }))?;
    turn.call.reply(&(NO_PROMPT, prompt))
}

async fn set_alias(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (name, to): (String, OwnedObjectPath) = turn.call.arguments()?;
    if name.is_empty() {
        return Err(Refusal::invalid_args("an alias has a name"));
    }
    let name = Text::new(name).map_err(|e| Refusal::limits_exceeded(e.to_string()))?;
    let collection = match Place::of(to.as_str()) {
        _ if to.as_str() == "/" => None,
        Some(Place::Collection(path)) => Some(collection::described(turn, &path).await?.path),
        _ => return Err(Refusal::no_such_object(format!("there is no collection {}", to.as_str()))),
    };
    let is_so = name.as_str() == collection::DEFAULT && turn.collections().await?.default == collection;
    if !is_so {
        change::held(turn, Change::Alias { name, collection }).await?;
    }
    turn.call.reply(&())
}
