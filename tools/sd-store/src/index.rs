//! What entries tell of themselves, remembered while the store is open: never a secret.
//!
//! Attributes are encrypted like the secret, and to decrypt one entry takes a tenth of a second with a key that has a
//! passphrase; so each is decrypted once for a search, and again when its file has changed. Forgotten with a lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::entry::Facts;
use crate::tree::Stamp;

/// The most that is remembered, in bytes about. What is beyond is decrypted each time.
const MOST: usize = 64 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Index(Mutex<Known>);

#[derive(Default)]
struct Known {
    facts: HashMap<String, (Stamp, Arc<Facts>)>,
    size: usize,
    /// Counts the times that all was forgotten: what was read before must not be remembered afterwards.
    era: u64,
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
        known.remove(name);
        let size = facts.size() + name.len();
        if known.era == era && known.size.saturating_add(size) <= MOST {
            known.size += size;
            known.facts.insert(name.to_owned(), (stamp, Arc::clone(facts)));
        }
    }

    /// Forgets what is known of entries that are no longer there.
    pub(crate) fn retain(&self, is_there: impl Fn(&str) -> bool) {
        let mut known = self.known();
        let gone: Vec<String> = known.facts.keys().filter(|name| !is_there(name)).cloned().collect();
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
    fn remove(&mut self, name: &str) {
        if let Some((_, facts)) = self.facts.remove(name) {
            self.size = self.size.saturating_sub(facts.size() + name.len());
        }
    }
}
