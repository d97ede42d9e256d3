//! What a person has let an application be told of items: labels and attributes, by an approved prompt or list.
//!
//! By process, like the approvals, and for as long as the process has a connection here. It stays what was told: what
//! somebody else changes later is no news for an application that nobody has approved it for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sd_wire::claims::App;
use sd_wire::description::Description;
use sd_wire::path::{CollectionPath, ItemPath};

/// The most items that all applications together have been told of: beyond, the others are forgotten.
const MOST: usize = 32 * 1024;

/// Where all may be told, it is looked at anew after this time.
const LATELY: Duration = Duration::from_secs(10);
/// After a collection was too much to be looked through, it is left alone for so long: a backend that is being looked
/// through answers nobody else (gnome-keyring takes 17 s for 4,000 items).
const REST: Duration = Duration::from_secs(60);

type Key = (u32, u64);

/// What every application was told.
#[derive(Default)]
pub(crate) struct Told {
    apps: HashMap<Key, Known>,
    /// What could not be looked through without a key, and when that was.
    too_much: BTreeMap<Option<CollectionPath>, Instant>,
}

#[derive(Default)]
struct Known {
    items: BTreeMap<ItemPath, Arc<Description>>,
    /// The collections of which it was told every item, and when.
    listed: BTreeMap<CollectionPath, Instant>,
    /// When it was told of all that there are.
    all: Option<Instant>,
}

impl Told {
    /// An approved prompt told `app` of these items.
    pub(crate) fn tell(&mut self, app: &App, items: impl IntoIterator<Item = Description>) {
        let items = items.into_iter().map(|item| (item.item.clone(), Arc::new(item)));
        self.apps.entry(key(app)).or_default().items.extend(items);
        self.make_room(app);
    }

    /// An approved list told `app` of everything in these collections, which are all that there are if `all` says so.
    pub(crate) fn list(
        &mut self,
        app: &App,
        collections: impl IntoIterator<Item = CollectionPath>,
        all: bool,
        items: Vec<Description>,
    ) {
        let known = self.apps.entry(key(app)).or_default();
        let listed: BTreeSet<CollectionPath> = collections.into_iter().collect();
        // What it was told of these before may be gone by now.
        known.items.retain(|item, _| !listed.contains(&item.collection()));
        let now = Instant::now();
        known.listed.extend(listed.into_iter().map(|collection| (collection, now)));
        if all {
            known.all = Some(now);
        }
        self.tell(app, items);
    }

    /// What `app` was told of an item.
    pub(crate) fn of(&self, app: &App, item: &ItemPath) -> Option<Arc<Description>> {
        self.apps.get(&key(app))?.items.get(item).cloned()
    }

    /// Every item of a collection, or of all; `None` when `app` was not told of every one.
    pub(crate) fn listed(&self, app: &App, within: Option<&CollectionPath>) -> Option<Vec<ItemPath>> {
        let known = self.apps.get(&key(app))?;
        match within {
            Some(collection) if known.listed.contains_key(collection) => {
                Some(known.items.keys().filter(|item| item.collection() == *collection).cloned().collect())
            }
            None if known.all.is_some() => Some(known.items.keys().cloned().collect()),
            _ => None,
        }
    }

    /// Whether what [`Told::listed`] says was told only just now.
    pub(crate) fn listed_lately(&self, app: &App, within: Option<&CollectionPath>, now: Instant) -> bool {
        let Some(known) = self.apps.get(&key(app)) else { return false };
        let at = match within {
            Some(collection) => known.listed.get(collection).copied(),
            None => known.all,
        };
        at.is_some_and(|at| now < at + LATELY)
    }

    /// Notes that a collection, or all of them, could not be looked through.
    pub(crate) fn was_too_much(&mut self, within: Option<&CollectionPath>, now: Instant) {
        self.too_much.retain(|_, at| now < *at + REST);
        self.too_much.insert(within.cloned(), now);
    }

    /// Whether that was so lately that it is not to be tried again.
    pub(crate) fn is_too_much(&self, within: Option<&CollectionPath>, now: Instant) -> bool {
        self.too_much.get(&within.cloned()).is_some_and(|at| now < *at + REST)
    }

    /// `app` has itself written an item: so it knows it, on whichever connection it asks.
    pub(crate) fn wrote(&mut self, app: &App, item: Description) {
        self.tell(app, [item]);
    }

    /// `app` has itself made or changed an item: what it was told of the item is so from now on. An item that is new to
    /// it belongs to its list, if it has one of that collection.
    pub(crate) fn made(&mut self, app: &App, item: Description) {
        let Some(known) = self.apps.get_mut(&key(app)) else { return };
        if known.items.contains_key(&item.item) || known.listed.contains_key(&item.item.collection()) {
            known.items.insert(item.item.clone(), Arc::new(item));
        }
    }

    /// An item is gone, for everybody.
    pub(crate) fn gone(&mut self, item: &ItemPath) {
        for known in self.apps.values_mut() {
            known.items.remove(item);
        }
    }

    /// A collection is gone, and every item in it.
    pub(crate) fn collection_gone(&mut self, collection: &CollectionPath) {
        for known in self.apps.values_mut() {
            known.listed.remove(collection);
            known.items.retain(|item, _| item.collection() != *collection);
        }
    }

    /// Of what applications were told without a connection left, only the items stay that they may still read.
    ///
    /// python-keyring opens a connection a call, and does not unlock again what it may read.
    pub(crate) fn forget_absent(
        &mut self,
        is_here: impl Fn(&App) -> bool,
        may_read: impl Fn(&App, &ItemPath) -> bool,
    ) {
        self.apps.retain(|(pid, start), known| {
            let app = App { pid: *pid, start: *start, exe: None };
            if is_here(&app) {
                return true;
            }
            (known.all, known.listed) = (None, BTreeMap::new());
            known.items.retain(|item, _| may_read(&app, item));
            !known.items.is_empty()
        });
    }

    /// The store is being locked: nobody is told anything without being approved anew.
    pub(crate) fn forget_all(&mut self) {
        self.apps.clear();
    }

    fn make_room(&mut self, app: &App) {
        if self.apps.values().map(|known| known.items.len()).sum::<usize>() > MOST {
            self.apps.retain(|other, _| *other == key(app));
        }
    }
}

fn key(app: &App) -> Key {
    (app.pid, app.start)
}

#[cfg(test)]
mod tests {
    use sd_wire::bounded::{Attributes, Text};

    use super::*;

    fn app(pid: u32) -> App {
        App { pid, start: 1, exe: None }
    }

    fn collection(name: &str) -> CollectionPath {
        CollectionPath::parse(&format!("/org/freedesktop/secrets/collection/{name}")).unwrap()
    }

    fn item(collection: &str, n: usize) -> Description {
        let path = format!("/org/freedesktop/secrets/collection/{collection}/{n}");
        Description {
            item: ItemPath::parse(&path).unwrap(),
            collection: Text::clipped(collection),
            label: Text::clipped("label"),
            attributes: Attributes::default(),
            created: 1,
            modified: 2,
            locked: false,
        }
    }

    #[test]
    fn a_list_is_for_its_process_and_its_collections_only() {
        let mut told = Told::default();
        told.list(&app(1), [collection("a")], false, vec![item("a", 1)]);
        let paths = Some(vec![item("a", 1).item]);
        assert_eq!(told.listed(&app(1), Some(&collection("a"))), paths);
        assert_eq!(told.listed(&app(1), Some(&collection("b"))), None);
        assert_eq!(told.listed(&app(1), None), None, "it was not told of all");
        assert_eq!(told.listed(&app(2), Some(&collection("a"))), None);
        told.list(&app(1), [collection("a"), collection("b")], true, vec![item("a", 1)]);
        assert_eq!(told.listed(&app(1), None), paths);
        assert_eq!(told.listed(&app(1), Some(&collection("b"))), Some(vec![]));
        assert_eq!(
            told.listed(&app(1), Some(&collection("made_later"))),
            None,
            "an unknown one is not empty"
        );
    }

    #[test]
    fn what_a_prompt_told_makes_no_list() {
        let mut told = Told::default();
        told.tell(&app(1), [item("a", 1)]);
        assert!(told.of(&app(1), &item("a", 1).item).is_some());
        assert_eq!(told.listed(&app(1), Some(&collection("a"))), None);
    }

    #[test]
    fn a_list_follows_what_its_process_makes_and_what_is_deleted() {
        let mut told = Told::default();
        told.list(&app(1), [collection("a")], false, vec![item("a", 1), item("a", 2)]);
        told.wrote(&app(1), item("a", 3));
        told.made(&app(1), item("b", 1));
        told.gone(&item("a", 1).item);
        let paths = vec![item("a", 2).item, item("a", 3).item];
        assert_eq!(told.listed(&app(1), Some(&collection("a"))), Some(paths));
        assert!(told.of(&app(1), &item("b", 1).item).is_none());
        told.collection_gone(&collection("a"));
        assert_eq!(told.listed(&app(1), Some(&collection("a"))), None);
        assert!(told.of(&app(1), &item("a", 2).item).is_none());
    }

    #[test]
    fn who_has_gone_is_remembered_by_what_it_may_still_read_and_no_list() {
        let mut told = Told::default();
        told.list(&app(1), [collection("a")], true, vec![item("a", 1), item("a", 2)]);
        told.tell(&app(2), [item("a", 1)]);
        told.forget_absent(|app| app.pid == 2, |_, one| *one == item("a", 2).item);
        assert!(told.of(&app(1), &item("a", 1).item).is_none());
        assert!(told.of(&app(1), &item("a", 2).item).is_some());
        assert_eq!(told.listed(&app(1), Some(&collection("a"))), None);
        assert!(told.of(&app(2), &item("a", 1).item).is_some(), "who is here keeps all");
        told.forget_absent(|_| false, |_, _| false);
        assert!(told.apps.is_empty());
    }

    #[test]
    fn too_much_to_remember_is_forgotten_for_the_others() {
        let mut told = Told::default();
        told.tell(&app(1), [item("a", 1)]);
        told.list(&app(2), [collection("a")], true, (0..MOST).map(|n| item("a", n)).collect());
        assert!(told.of(&app(1), &item("a", 1).item).is_none());
        assert_eq!(told.listed(&app(2), None).map(|items| items.len()), Some(MOST));
    }

    #[test]
    fn what_is_too_much_is_left_alone_for_a_while() {
        let (mut told, now) = (Told::default(), Instant::now());
        told.was_too_much(Some(&collection("a")), now);
        assert!(told.is_too_much(Some(&collection("a")), now));
        assert!(!told.is_too_much(None, now) && !told.is_too_much(Some(&collection("b")), now));
        assert!(!told.is_too_much(Some(&collection("a")), now + REST));
    }

    #[test]
    fn a_list_is_looked_at_anew_after_some_time() {
        let mut told = Told::default();
        told.list(&app(1), [collection("a")], false, vec![]);
        let now = Instant::now();
        assert!(told.listed_lately(&app(1), Some(&collection("a")), now));
        assert!(!told.listed_lately(&app(1), None, now));
        assert!(!told.listed_lately(&app(2), Some(&collection("a")), now));
        assert!(!told.listed_lately(&app(1), Some(&collection("a")), now + LATELY));
    }
}
