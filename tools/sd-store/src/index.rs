//! What entries tell of themselves, remembered while the store is open: never a secret.
//!
//! Attributes are encrypted like the secret, and to decrypt one entry takes a tenth of a second with a key that has a
//! passphrase; so each is decrypted once for a search, and again when its file has changed. Forgotten with a lock. What
//! is known is also kept in a file, encrypted as the store is: one decryption after an unlock, and not one an entry.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::entry::Facts;
use crate::names;
use crate::tree::Stamp;

/// The most that is remembered, in bytes about. What is beyond is decrypted each time.
const MOST: usize = 64 * 1024 * 1024;

/// One entry, as the file keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    name: String,
    stamp: Stamp,
    facts: Facts,
}

#[derive(Default)]
pub(crate) struct Index(Mutex<Known>);

#[derive(Default)]
struct Known {
    facts: HashMap<String, (Stamp, Arc<Facts>)>,
    size: usize,
    /// Counts the times that all was forgotten: what was read before must not be remembered afterwards.
    era: u64,
    /// Whether the file was looked at in this era.
    loaded: bool,
    /// Whether there is anything that the file does not know.
    news: bool,
}

impl Index {
    /// What is known of an entry, if its file is still the same.
    pub(crate) fn get(&self, name: &str, stamp: &Stamp) -> Option<Arc<Facts>> {
        self.known().facts.get(name).filter(|(known, _)| known == stamp).map(|(_, facts)| Arc::clone(facts))
    }

    /// To be taken before an entry is decrypted, and given with what it told.
    pub(crate) fn era(&self) -> u64 {
        self.known().era
    }

    pub(crate) fn put(&self, era: u64, name: &str, stamp: Stamp, facts: &Arc<Facts>) {
        let mut known = self.known();
        if known.era == era {
            known.put(name, stamp, facts);
            known.news = true;
        }
    }

    /// Whether the file is still to be looked at; says so once an era.
    pub(crate) fn loads(&self) -> bool {
        let mut known = self.known();
        !std::mem::replace(&mut known.loaded, true)
    }

    /// Takes over what the file knew and we do not.
    pub(crate) fn load(&self, era: u64, kept: Vec<Kept>) {
        let mut known = self.known();
        for one in kept {
            if known.era == era && !known.facts.contains_key(&one.name) {
                known.put(&one.name, one.stamp, &Arc::new(one.facts));
            }
        }
    }

    /// What the file is to know, if it does not yet: all of which this is true.
    pub(crate) fn save(&self, is: impl Fn(&str) -> bool) -> Option<Vec<Kept>> {
        let mut known = self.known();
        if !std::mem::take(&mut known.news) {
            return None;
        }
        let of = |(name, (stamp, facts)): (&String, &(Stamp, Arc<Facts>))| Kept {
            name: name.clone(),
            stamp: *stamp,
            facts: facts.as_ref().clone(),
        };
        Some(known.facts.iter().filter(|(name, _)| is(name)).map(of).collect())
    }

    /// Forgets what is known of entries that are no longer there.
    pub(crate) fn retain(&self, is_there: impl Fn(&str) -> bool) {
        let mut known = self.known();
        let gone: Vec<String> = known.facts.keys().filter(|name| !is_there(name)).cloned().collect();
        known.news |= !gone.is_empty();
        gone.iter().for_each(|name| known.remove(name));
    }

    /// Forgets all.
    pub(crate) fn forget(&self) {
        let mut known = self.known();
        let era = known.era.wrapping_add(1);
        *known = Known { era, ..Known::default() };
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn put(&mut self, name: &str, stamp: Stamp, facts: &Arc<Facts>) {
        self.remove(name);
        let size = facts.size() + name.len();
        if self.size.saturating_add(size) <= MOST {
            self.size += size;
            self.facts.insert(name.to_owned(), (stamp, Arc::clone(facts)));
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some((_, facts)) = self.facts.remove(name) {
            self.size = self.size.saturating_sub(facts.size() + name.len());
        }
    }
}

/// Where the index of a store is kept: not in the store, which may be shared with other machines.
pub(crate) fn file(root: &Path) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")))?;
    let of = names::other_element(&root.to_string_lossy());
    Some(state.join("sd-store").join(format!("index-{of}.gpg")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Stamp {
        let place = tempfile::tempdir().unwrap();
        crate::tree::put(&place.path().join("x"), text.as_bytes()).unwrap()
    }

    fn facts(label: &str) -> Arc<Facts> {
        Arc::new(Facts { label: label.into(), ..Facts::default() })
    }

    #[test]
    fn what_is_known_holds_for_the_same_file_only() {
        let (index, one, other) = (Index::default(), stamp("a"), stamp("bc"));
        index.put(index.era(), "x", one, &facts("it"));
        assert_eq!(index.get("x", &one), Some(facts("it")));
        assert_eq!(index.get("x", &other), None);
        index.retain(|name| name != "x");
        assert_eq!(index.get("x", &one), None);
        assert_eq!(index.known().size, 0);
    }

    #[test]
    fn what_was_read_before_a_lock_is_not_remembered_after_it() {
        let (index, one) = (Index::default(), stamp("a"));
        let era = index.era();
        index.forget();
        index.put(era, "x", one, &facts("it"));
        assert_eq!(index.get("x", &one), None);
        index.load(era, vec![Kept { name: "x".into(), stamp: one, facts: Facts::default() }]);
        assert_eq!(index.get("x", &one), None);
    }

    #[test]
    fn the_file_is_written_when_there_is_news_and_read_once_an_era() {
        let (index, one) = (Index::default(), stamp("a"));
        assert!(index.loads() && !index.loads());
        assert!(index.save(|_| true).is_none());
        index.put(index.era(), "x", one, &facts("it"));
        index.put(index.era(), "y", one, &facts("not kept"));
        let kept = index.save(|name| name == "x").unwrap();
        assert_eq!(kept.len(), 1);
        assert!(index.save(|_| true).is_none());
        index.forget();
        assert!(index.loads());
        index.load(index.era(), kept);
        assert_eq!(index.get("x", &one), Some(facts("it")));
        assert!(index.save(|_| true).is_none(), "nothing that the file does not know");
    }
}
