//! Where items are hidden, or a locked store cannot be searched: one path that stands for whatever a search would find,
//! until a person lets it be told.
//!
//! A search has no prompt, and an answer at once must not depend on what there is. So every search is answered with one
//! locked item, made up for this application. Clients unlock what is locked, by a prompt, which waits as long as the
//! person takes: it asks for the search, and then for the reads of what was found. From then on the path is that item.
//! When nothing was found, the person has let that be told as well. (Chosen before an error: a program that makes one
//! lookup and ends would never get further than that error.)

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sd_client::Failure;
use sd_wire::bounded::Attributes;
use sd_wire::claims::App;
use sd_wire::fault::{Fault, Stage};
use sd_wire::outcome::What;
use sd_wire::path::{CollectionPath, ItemPath};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::dispatch::Turn;
use crate::refusal::Refusal;
use crate::store;

/// The most of one application; the one that is longest unused goes first.
const MOST: usize = 64;
/// The most applications that have some.
const MOST_APPS: usize = 256;
/// How long what a search has found is the answer to the same search.
const FRESH: Duration = Duration::from_secs(60);

type Key = (u32, u64);

/// What is searched for: in one collection or in all, by attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) within: Option<CollectionPath>,
    pub(crate) attributes: Attributes,
}

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has let it be told yet.
    Asked(Question),
    /// The first of what was found.
    For(ItemPath),
    /// Nothing was found.
    ForNothing,
}

/// The stand-ins of every application.
#[derive(Default)]
pub(crate) struct StandIns {
    apps: HashMap<Key, Vec<StandIn>>,
}

struct StandIn {
    path: ItemPath,
    question: Question,
    found: Option<(Vec<ItemPath>, Instant)>,
    used: Instant,
}

impl StandIns {
    /// What this search has found, if a person has let `app` be told of late.
    pub(crate) fn found(&self, app: &App, question: &Question, now: Instant) -> Option<Vec<ItemPath>> {
        let all = self.apps.get(&key(app))?.iter().filter(|one| one.question == *question);
        let mut found = all.filter_map(|one| one.found.as_ref());
        found.find(|(_, at)| now < *at + FRESH).map(|(items, _)| items.clone())
    }

    /// The path that stands for this search; `new` if there is none yet.
    pub(crate) fn put(&mut self, app: &App, question: Question, new: ItemPath, now: Instant) -> ItemPath {
        if self.apps.len() >= MOST_APPS && !self.apps.contains_key(&key(app)) {
            let used = |all: &Vec<StandIn>| all.iter().map(|one| one.used).max();
            let oldest = self.apps.iter().min_by_key(|(_, all)| used(all)).map(|(key, _)| *key);
            oldest.and_then(|oldest| self.apps.remove(&oldest));
        }
        let all = self.apps.entry(key(app)).or_default();
        if let Some(one) = all.iter_mut().find(|one| one.question == question && one.found.is_none()) {
            one.used = now;
            return one.path.clone();
        }
        if all.len() >= MOST {
            let oldest = all.iter().enumerate().min_by_key(|(_, one)| one.used).map(|(place, _)| place);
            oldest.map(|oldest| all.remove(oldest));
        }
        all.push(StandIn { path: new.clone(), question, found: None, used: now });
        new
    }

    /// What this path stands for, for `app`; `None` when it is no stand-in of its.
    pub(crate) fn of(&self, app: &App, path: &ItemPath) -> Option<Standing> {
        let one = self.apps.get(&key(app))?.iter().find(|one| one.path == *path)?;
        Some(match &one.found {
            None => Standing::Asked(one.question.clone()),
            Some((items, _)) => items.first().cloned().map_or(Standing::ForNothing, Standing::For),
        })
    }

    /// The paths that stand for this item.
    pub(crate) fn paths_for(&self, app: &App, item: &ItemPath) -> Vec<ItemPath> {
        let is = |one: &&StandIn| one.found.as_ref().is_some_and(|(items, _)| items.first() == Some(item));
        self.apps.get(&key(app)).into_iter().flatten().filter(is).map(|one| one.path.clone()).collect()
    }

    /// A person has let `app` be told what the search of this stand-in finds.
    pub(crate) fn tell(&mut self, app: &App, path: &ItemPath, items: Vec<ItemPath>, now: Instant) {
        let one = self.apps.get_mut(&key(app)).and_then(|all| all.iter_mut().find(|one| one.path == *path));
        if let Some(one) = one {
            one.found = Some((items, now));
        }
    }

    /// An item is gone, and with it what was found.
    pub(crate) fn gone(&mut self, item: &ItemPath) {
        for one in self.apps.values_mut().flatten() {
            one.found.take_if(|(items, _)| items.contains(item));
        }
    }

    /// `app` has made or changed an item: what it found before may be no longer all.
    pub(crate) fn outdated(&mut self, app: &App) {
        let long_ago = |at: Instant| at.checked_sub(FRESH).unwrap_or(at);
        for one in self.apps.get_mut(&key(app)).into_iter().flatten() {
            if let Some((_, at)) = &mut one.found {
                *at = long_ago(*at);
            }
        }
    }

    /// The store is being locked: nobody is told anything without being approved anew.
    pub(crate) fn forget_all(&mut self) {
        self.apps.values_mut().flatten().for_each(|one| one.found = None);
    }
}

/// The answer to a search by the caller: what it was told of late, or the stand-in for it.
pub(crate) async fn answer(turn: &Turn<'_>, question: Question) -> Result<Vec<ItemPath>, Refusal> {
    let (app, now) = (&turn.caller.app, Instant::now());
    let found = turn.desk.stand_ins().found(app, &question, now);
    if let Some(items) = found {
        return Ok(items);
    }
    let home = match &question.within {
        Some(path) => path.clone(),
        None => home(turn).await?,
    };
    // No backend known names its items so: numbers, or random ones.
    let new = format!("{home}/asked{}", turn.desk.number());
    let new = ItemPath::parse(&new).map_err(|e| Refusal::failed(e.to_string()))?;
    Ok(vec![turn.desk.stand_ins().put(app, question, new, now)])
}

/// The collection in which a stand-in for a search of all of them stands. It must be one that is there, since clients
/// look at it.
async fn home(turn: &Turn<'_>) -> Result<CollectionPath, Refusal> {
    let known = turn.collections().await?;
    let first = known.default.clone().or_else(|| known.collections.first().map(|one| one.path.clone()));
    first.ok_or_else(|| Refusal::no_such_object("there is no collection in which anything could be found"))
}

/// The items that these paths stand for: each search that nobody has let be told yet is put before the person. One that
/// finds nothing is left out.
pub(crate) async fn resolved(
    desk: &Desk,
    caller: &Caller,
    paths: Vec<ItemPath>,
) -> Result<Vec<ItemPath>, Failure> {
    let mut items = Vec::with_capacity(paths.len());
    for path in paths {
        let standing = desk.stand_ins().of(&caller.app, &path);
        let item = match standing {
            None => Some(path),
            Some(Standing::For(item)) => Some(item),
            Some(Standing::ForNothing) => None,
            Some(Standing::Asked(Question { within, attributes })) => {
                let claims = caller.claims();
                let search = || desk.asks.search_by_key(within.as_ref(), &attributes, &claims);
                let found = match search().await {
                    // Another collection than that in which the path stands.
                    Err(Failure::Ended(What::Failed { why: Fault::Locked, .. })) => {
                        store::unlock(desk, &claims).await?;
                        search().await?
                    }
                    found => found?,
                };
                let found: Vec<ItemPath> = found.unlocked.into_iter().chain(found.locked).collect();
                desk.stand_ins().tell(&caller.app, &path, found.clone(), Instant::now());
                found.into_iter().next()
            }
        };
        items.extend(item.filter(|item| !items.contains(item)));
    }
    Ok(items)
}

/// As [`resolved`], for one that is needed.
pub(crate) async fn needed(desk: &Desk, caller: &Caller, path: ItemPath) -> Result<ItemPath, Failure> {
    let item = resolved(desk, caller, vec![path]).await?.into_iter().next();
    item.ok_or(Failure::Ended(What::Failed { stage: Stage::Fetch, why: Fault::NotFound }))
}

fn key(app: &App) -> Key {
    (app.pid, app.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(pid: u32) -> App {
        App { pid, start: 1, exe: None }
    }

    fn item(name: &str) -> ItemPath {
        ItemPath::parse(&format!("/org/freedesktop/secrets/collection/login/{name}")).unwrap()
    }

    fn question(value: &str) -> Question {
        let attributes = Attributes::new([("service".to_owned(), value.to_owned())]).unwrap();
        Question { within: None, attributes }
    }

    #[test]
    fn the_same_search_has_the_same_stand_in_and_another_or_anothers_has_not() {
        let (mut all, now) = (StandIns::default(), Instant::now());
        let first = all.put(&app(1), question("a"), item("asked1"), now);
        assert_eq!(all.put(&app(1), question("a"), item("asked2"), now), first);
        assert_eq!(all.put(&app(1), question("b"), item("asked3"), now), item("asked3"));
        assert_eq!(all.put(&app(2), question("a"), item("asked4"), now), item("asked4"));
        assert_eq!(all.of(&app(1), &first), Some(Standing::Asked(question("a"))));
        assert_eq!(all.of(&app(2), &first), None, "it is for one application");
        assert_eq!(all.of(&app(1), &item("1")), None);
    }

    #[test]
    fn what_was_found_is_told_for_a_minute_and_the_path_stands_for_it_after_that_too() {
        let (mut all, now) = (StandIns::default(), Instant::now());
        let path = all.put(&app(1), question("a"), item("asked1"), now);
        all.tell(&app(1), &path, vec![item("1"), item("2")], now);
        assert_eq!(all.found(&app(1), &question("a"), now), Some(vec![item("1"), item("2")]));
        assert_eq!(all.found(&app(2), &question("a"), now), None);
        assert_eq!(all.found(&app(1), &question("a"), now + FRESH), None);
        assert_eq!(all.of(&app(1), &path), Some(Standing::For(item("1"))));
        assert_eq!(all.paths_for(&app(1), &item("1")), std::slice::from_ref(&path));
        assert!(all.paths_for(&app(1), &item("2")).is_empty());
        all.outdated(&app(1));
        assert_eq!(all.found(&app(1), &question("a"), now), None);
        all.gone(&item("2"));
        assert_eq!(all.of(&app(1), &path), Some(Standing::Asked(question("a"))));
        all.tell(&app(1), &path, vec![item("1")], now);
        all.forget_all();
        assert_eq!(all.of(&app(1), &path), Some(Standing::Asked(question("a"))));
    }

    #[test]
    fn nothing_found_is_told_as_nothing() {
        let (mut all, now) = (StandIns::default(), Instant::now());
        let path = all.put(&app(1), question("a"), item("asked1"), now);
        all.tell(&app(1), &path, vec![], now);
        assert_eq!(all.found(&app(1), &question("a"), now), Some(vec![]));
        assert_eq!(all.of(&app(1), &path), Some(Standing::ForNothing));
    }

    #[test]
    fn stand_ins_are_bounded_and_the_one_unused_for_longest_goes() {
        let (mut all, now) = (StandIns::default(), Instant::now());
        for n in 0..=MOST {
            let at = now + Duration::from_secs(u64::try_from(n).unwrap());
            all.put(&app(1), question(&n.to_string()), item(&format!("asked{n}")), at);
        }
        assert_eq!(all.of(&app(1), &item("asked0")), None);
        assert!(all.of(&app(1), &item("asked1")).is_some());
        for pid in 2..1000 {
            all.put(&app(pid), question("a"), item("asked"), now + Duration::from_secs(1000));
        }
        assert!(all.apps.len() <= MOST_APPS);
    }
}
