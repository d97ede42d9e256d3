//! What a search tells a connection that has no session: that what it found is unlocked.
//!
//! libsecret's `secret_service_clear` deletes what a search calls unlocked and takes what it calls locked for nothing.
//! Its searches and its `clear` look the same up to the answer, and both come without a session; a lookup has opened
//! one before. Without a session nobody can read anything, so the answer "unlocked" gives nothing away; a deletion has
//! its own prompt. What a searcher does next tells it apart: it looks at the items' properties, and, if it wants their
//! secrets, calls `Unlock` with an empty list (nothing seemed locked to it). That call is then about what it has looked
//! at, and gets the prompt. (libsecret 0.20.5 and 0.21: secret-methods.c, `on_delete_searched`,
//! `secret_service_search_sync`, `secret_search_unlock_load_or_complete`.)

use std::collections::BTreeMap;

use sd_wire::path::ItemPath;

/// The items that a connection's last search called unlocked although nobody has approved them; and whether it has
/// looked at each since.
#[derive(Debug, Default)]
pub(crate) struct Offer(BTreeMap<ItemPath, bool>);

impl Offer {
    /// The offer of a new search, instead of any before.
    pub(crate) fn of(items: impl IntoIterator<Item = ItemPath>) -> Self {
        Self(items.into_iter().map(|item| (item, false)).collect())
    }

    /// Whether an item was offered. To ask for its properties is to look at it.
    pub(crate) fn look(&mut self, item: &ItemPath) -> bool {
        self.0.get_mut(item).is_some_and(|looked| {
            *looked = true;
            true
        })
    }

    /// An item is called locked again.
    pub(crate) fn withdraw(&mut self, item: &ItemPath) {
        self.0.remove(item);
    }

    /// What has been looked at, at most so many items.
    pub(crate) fn looked_at(&self, most: usize) -> Vec<ItemPath> {
        self.0.iter().filter(|(_, looked)| **looked).map(|(item, _)| item.clone()).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(n: u32) -> ItemPath {
        ItemPath::parse(&format!("/org/freedesktop/secrets/collection/login/{n}")).unwrap()
    }

    #[test]
    fn an_empty_unlock_is_about_what_was_found_and_looked_at_and_nothing_else() {
        let mut offer = Offer::of([item(1), item(2), item(3)]);
        assert_eq!(offer.looked_at(9), []);
        assert!(offer.look(&item(2)));
        assert!(!offer.look(&item(4)));
        assert_eq!(offer.looked_at(9), [item(2)]);
        assert_eq!(offer.looked_at(0), []);
    }
}
