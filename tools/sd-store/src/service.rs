//! org.freedesktop.Secret.Service.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use sd_wire::change::MAX_ALIAS;
use zbus::Message;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use crate::dispatch::{Turn, nothing, object};
use crate::fault::Fault;
use crate::place::{self, Place};
use crate::prompt::Prompt;
use crate::refusal::Refusal;
use crate::session::Wrapped;
use crate::{collection, session};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Service";

/// What a search may take: whoever asked gives up after 10 s.
pub(crate) const SEARCH: Duration = Duration::from_secs(8);
/// The most objects of one call.
const MOST: usize = 1024;

pub(crate) async fn answer(turn: &Turn<'_>) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "OpenSession" => session::open(turn),
        "CreateCollection" => create(turn).await,
        "SearchItems" => search(turn).await,
        "Unlock" => unlock(turn).await,
        "Lock" => lock(turn).await,
        "GetSecrets" => secrets(turn).await,
        "ReadAlias" => {
            let name: String = turn.call.arguments()?;
            let element = turn.alias(&name).await?;
            let path = element.map_or_else(nothing, |element| object(place::collection(&element)))?;
            turn.call.reply(&(path))
        }
        "SetAlias" => set_alias(turn).await,
        _ => turn.no_such_method(),
    }
}

async fn create(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (mut properties, alias): (HashMap<String, OwnedValue>, String) = turn.call.arguments()?;
    let label = properties.remove("org.freedesktop.Secret.Collection.Label");
    let label = label.map_or(Ok(String::new()), String::try_from);
    let label = collection::fit_label(label.map_err(|_| Refusal::invalid("a label is a text"))?)?;
    is_alias(&alias)?;
    // A collection that has the alias is given instead of a new one (Secret Service, "CreateCollection").
    let there = if alias.is_empty() { None } else { turn.alias(&alias).await? };
    let element = match there {
        Some(element) => element,
        None => {
            let element = turn.desk.ask(move |store| store.create_collection(&label)).await?;
            if !alias.is_empty() {
                let to = element.clone();
                turn.desk.ask(move |store| store.set_alias(&alias, Some(&to))).await?;
            }
            turn.tell(
                place::SERVICE,
                INTERFACE,
                "CollectionCreated",
                &(object(place::collection(&element))?),
            );
            element
        }
    };
    turn.call.reply(&(object(place::collection(&element))?, nothing()?))
}

async fn search(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let wanted = collection::fit_attributes(turn.call.arguments()?)?;
    let until = Instant::now() + SEARCH;
    let found = turn.desk.ask(move |store| {
        let (mut open, mut locked) = (Vec::new(), Vec::new());
        let mut untold = false;
        for element in store.shelf()?.collections.keys() {
            let found = match store.search(element, &wanted, until) {
                Ok(found) => found,
                // Gone meanwhile, or nobody can know.
                Err(Fault::NotFound) => continue,
                Err(Fault::Locked) => {
                    untold = true;
                    continue;
                }
                Err(why) => return Err(why),
            };
            let list = if store.is_locked(element)? { &mut locked } else { &mut open };
            list.extend(found.iter().map(|item| place::item(element, item)));
        }
        // "There is no such item" would be a lie.
        if untold && open.is_empty() && locked.is_empty() { Err(Fault::Locked) } else { Ok((open, locked)) }
    });
    let (open, locked) = found.await?;
    turn.call.reply(&(objects(open)?, objects(locked)?))
}

/// Collections, items, aliases: what of it is in which collection. What is not there is left out.
async fn collections(
    turn: &Turn<'_>,
    paths: &[OwnedObjectPath],
) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
    if paths.len() > MOST {
        return Err(Refusal::too_much(format!("at most {MOST} objects at once")));
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in paths {
        if let Ok(Place::Collection(element) | Place::Item(element, _)) = turn.place(path.as_str()).await {
            found.entry(element).or_default().push(path.as_str().to_owned());
        }
    }
    Ok(found)
}

async fn unlock(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let paths: Vec<OwnedObjectPath> = turn.call.arguments()?;
    let (mut open, mut shut) = (Vec::new(), Vec::new());
    for (element, paths) in collections(turn, &paths).await? {
        let it = element.clone();
        let opened = turn.desk.ask(move |store| {
            let was = store.is_locked(&it)?;
            Ok((was, !was || store.unlock_at_once(&it)?))
        });
        match opened.await? {
            (was, true) => {
                if was {
                    collection::changed(turn.desk, &element);
                }
                open.extend(paths);
            }
            (_, false) => shut.push(element),
        }
    }
    let prompt = if shut.is_empty() {
        nothing()?
    } else {
        object(place::prompt(
            turn.desk.put(&turn.call.sender, Prompt::Waits(shut), |seat| &mut seat.prompts)?,
        ))?
    };
    turn.call.reply(&(objects(open)?, prompt))
}

async fn lock(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let paths: Vec<OwnedObjectPath> = turn.call.arguments()?;
    let mut locked = Vec::new();
    for (element, paths) in collections(turn, &paths).await? {
        let it = element.clone();
        turn.desk.ask(move |store| store.lock(&it)).await?;
        collection::changed(turn.desk, &element);
        locked.extend(paths);
    }
    turn.call.reply(&(objects(locked)?, nothing()?))
}

async fn secrets(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (paths, session): (Vec<OwnedObjectPath>, OwnedObjectPath) = turn.call.arguments()?;
    let cipher = session::of(turn, &session)?;
    if paths.len() > MOST {
        return Err(Refusal::too_much(format!("at most {MOST} objects at once")));
    }
    let mut found: HashMap<OwnedObjectPath, Wrapped> = HashMap::new();
    for path in paths {
        let Ok(Place::Item(element, item)) = turn.place(path.as_str()).await else { continue };
        // What is locked, or gone, is left out (Secret Service, "GetSecrets").
        let Ok((secret, kind)) = turn.desk.ask(move |store| store.secret(&element, &item)).await else {
            continue;
        };
        found.insert(path, session::wrap(&cipher, &session, &secret, kind)?);
    }
    turn.call.reply(&(found))
}

async fn set_alias(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (alias, path): (String, OwnedObjectPath) = turn.call.arguments()?;
    is_alias(&alias)?;
    let to = match path.as_str() {
        "/" => None,
        path => match turn.place(path).await? {
            Place::Collection(element) => Some(element),
            _ => return Err(Refusal::no_such_object()),
        },
    };
    turn.desk.ask(move |store| store.set_alias(&alias, to.as_deref())).await?;
    turn.call.reply(&())
}

/// Whether an alias can be an element of a path, or is none.
fn is_alias(alias: &str) -> Result<(), Refusal> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if alias.len() <= MAX_ALIAS && alias.bytes().all(fit) && !alias.starts_with('_') {
        return Ok(());
    }
    Err(Refusal::invalid(format!("an alias has at most {MAX_ALIAS} letters, digits and underscores")))
}

pub(crate) fn objects(paths: Vec<String>) -> Result<Vec<OwnedObjectPath>, Refusal> {
    paths.into_iter().map(object).collect()
}
