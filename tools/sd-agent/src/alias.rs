//! Aliases: other names of collections. Where `default` points we are told with the collections. Of others nothing is asked
//! for without a key: `login` and `session` are, as gnome-keyring has them, the collections of these names, and what a
//! person has approved here since the agent's start is known from that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sd_wire::path::{CollectionPath, ROOT};

/// The names that gnome-keyring gives to its collections of the same names; applications ask for these.
const OF_THEIR_OWN: [&str; 2] = ["login", "session"];

/// The aliases that were made through this agent.
#[derive(Default)]
pub(crate) struct Aliases(Mutex<HashMap<String, CollectionPath>>);

impl Aliases {
    /// A person has approved that this name points there, or nowhere, and it does.
    pub(crate) fn point(&self, name: &str, to: Option<&CollectionPath>) {
        match to {
            Some(to) => self.made().insert(name.to_owned(), to.clone()),
            None => self.made().remove(name),
        };
    }

    /// A collection is gone, and with it what pointed to it.
    pub(crate) fn gone(&self, collection: &CollectionPath) {
        self.made().retain(|_, to| to != collection);
    }

    /// The collection that an alias stands for, whether or not there is one; nothing where that is not known. Not for
    /// `default`, of which the backend knows better.
    pub(crate) fn of(&self, name: &str) -> Option<CollectionPath> {
        let made = self.made().get(name).cloned();
        let named = || OF_THEIR_OWN.contains(&name).then(|| format!("{ROOT}/collection/{name}"));
        made.or_else(|| CollectionPath::parse(&named()?).ok())
    }

    /// A collection's path, in the place of an alias's if that is known.
    pub(crate) fn real(&self, path: &CollectionPath) -> CollectionPath {
        let name = path.as_str().strip_prefix(ROOT).and_then(|below| below.strip_prefix("/aliases/"));
        let known = name.filter(|name| *name != crate::collection::DEFAULT).and_then(|name| self.of(name));
        known.unwrap_or_else(|| path.clone())
    }

    fn made(&self) -> std::sync::MutexGuard<'_, HashMap<String, CollectionPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
