//! Which collections are locked, and what gpg-agent has said of their keys of late.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long gpg-agent's answer is good for: a list asks for thousands of items, one after the other.
const ASKED: Duration = Duration::from_millis(200);

/// What is known of that. To find out more takes gpg a tenth of a second, or many: what was found out while somebody gave
/// the passphrase, or locked, is not kept.
#[derive(Default)]
pub(super) struct Locks(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Collections that were locked, until they are unlocked: whatever gpg-agent knows.
    locked: HashSet<String>,
    /// Whether gpg-agent would ask for a passphrase of the keys of these names, and when it said so.
    asked: HashMap<Vec<String>, (Instant, bool)>,
    era: u64,
}

impl Locks {
    /// Counts the times that something was locked, unlocked or forgotten. To be taken before gpg-agent is asked, and given
    /// with what that told.
    pub(super) fn era(&self) -> u64 {
        self.known().era
    }

    /// Whether a collection was locked.
    pub(super) fn holds(&self, collection: &str) -> bool {
        self.known().locked.contains(collection)
    }

    /// Keeps that a collection is locked, or open: `false` when it may be otherwise since that era.
    pub(super) fn keep(&self, era: u64, collection: &str, locked: bool) -> bool {
        let mut known = self.known();
        if known.era == era && locked {
            known.locked.insert(collection.to_owned());
        }
        known.era == era
    }

    /// What gpg-agent has just said of the keys of these names.
    pub(super) fn heard(&self, names: &[String]) -> Option<bool> {
        let known = self.known();
        known.asked.get(names).filter(|(at, _)| at.elapsed() < ASKED).map(|(_, would)| *would)
    }

    /// Keeps what gpg-agent said in that era, as if it had done so at `at`.
    pub(super) fn hear(&self, era: u64, names: Vec<String>, at: Instant, would: bool) {
        let mut known = self.known();
        if known.era == era {
            known.asked.insert(names, (at, would));
        }
    }

    /// Forgets what gpg-agent has said.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        known.era += 1;
        known.asked.clear();
    }

    pub(super) fn lock(&self, collection: String) {
        let mut known = self.known();
        known.era += 1;
        known.asked.clear();
        known.locked.insert(collection);
    }

    pub(super) fn unlock(&self, collection: &str) {
        let mut known = self.known();
        known.era += 1;
        known.locked.remove(collection);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["ada@example.org".to_owned()]
    }

    #[test]
    fn what_was_found_locked_stays_so_until_it_is_unlocked() {
        let locks = Locks::default();
        assert!(locks.keep(locks.era(), "web", true) && locks.holds("web") && !locks.holds("mail"));
        assert!(locks.keep(locks.era(), "web", false) && locks.holds("web"));
        locks.unlock("web");
        assert!(!locks.holds("web"));
    }

    #[test]
    fn what_was_found_before_a_passphrase_was_given_locks_nothing_after_it() {
        let locks = Locks::default();
        locks.lock("web".into());
        let before = locks.era();
        locks.forget();
        locks.unlock("web");
        locks.hear(before, names(), Instant::now(), true);
        assert!(!locks.keep(before, "web", true) && !locks.holds("web"));
        assert_eq!(locks.heard(&names()), None);
    }

    #[test]
    fn what_was_found_before_a_lock_opens_nothing_after_it() {
        let locks = Locks::default();
        let before = locks.era();
        locks.lock("web".into());
        locks.hear(before, names(), Instant::now(), false);
        assert!(!locks.keep(before, "web", false) && locks.holds("web"));
        assert_eq!(locks.heard(&names()), None);
    }

    #[test]
    fn an_answer_of_gpg_agents_is_good_for_a_moment() {
        let locks = Locks::default();
        let now = Instant::now();
        locks.hear(locks.era(), names(), now + Duration::from_secs(30), false);
        assert_eq!(locks.heard(&names()), Some(false));
        locks.hear(locks.era(), names(), now.checked_sub(ASKED).unwrap(), true);
        assert_eq!(locks.heard(&names()), None);
    }
}
