//! Locked and unlocked. gpg-agent's cache decides: locked is what it would ask a passphrase for. What was locked, or was
//! once found so, stays so until it is unlocked: also when the key has no passphrase, or somebody has typed that for a
//! signature.

use std::time::{Duration, Instant};

use sd_gpg_agent as agent;

use super::{Store, collection, lock};
use crate::fault::Fault;
use crate::gpg;
use crate::shelf;

/// How long gpg-agent's answer is good for: a list asks for thousands of items, one after the other.
const ASKED: Duration = Duration::from_millis(200);

/// And how long what was tried by a text of our own.
const TRIED: Duration = Duration::from_secs(30);

impl Store {
    /// Whether a collection is locked.
    pub(crate) fn is_locked(&self, element: &str) -> Result<bool, Fault> {
        self.is_locked_for(&self.representative(element)?)
    }

    /// Whether an entry of this name cannot be read without a passphrase.
    pub(super) fn is_locked_for(&self, name: &str) -> Result<bool, Fault> {
        let was = lock(&self.locked).contains(&within(name));
        let locked = was || self.would_ask(name)?;
        if locked {
            lock(&self.locked).insert(within(name));
            self.index.forget();
        }
        Ok(locked)
    }

    fn would_ask(&self, name: &str) -> Result<bool, Fault> {
        let names = self.tree.recipients(name)?;
        if let Some((at, would)) = lock(&self.asked).get(&names)
            && at.elapsed() < ASKED
        {
            return Ok(*would);
        }
        let keys = self.recipients(name)?;
        // Whether a card wants its PIN gpg-agent does not know.
        let mut would = !keys.on_card && keys.grips.iter().all(|grip| agent::would_ask(grip).unwrap_or(true));
        // gpg-agent also tries the passphrase that it was given last, for another part of the same key as a rule: the one
        // that signs. It says nothing about that, and keeps it for that part alone.
        // Two runs of gpg find that out, so it holds for longer; a lock forgets it.
        let mut at = Instant::now();
        if would && gpg::opens(&keys) {
            (would, at) = (false, at + TRIED);
        }
        lock(&self.asked).insert(names, (at, would));
        Ok(would)
    }

    /// Locks a collection: gpg-agent forgets every passphrase, and we what entries told.
    pub(crate) fn lock(&self, element: &str) -> Result<(), Fault> {
        let name = self.representative(element)?;
        if !self.is_locked_for(&name)? {
            self.remember();
        }
        lock(&self.locked).insert(within(&name));
        self.index.forget();
        lock(&self.asked).clear();
        agent::forget().map_err(Fault::Gpg)
    }

    /// Unlocks a collection if that takes no passphrase; whether it is open now.
    pub(crate) fn unlock_at_once(&self, element: &str) -> Result<bool, Fault> {
        let name = self.representative(element)?;
        if self.would_ask(&name)? {
            return Ok(false);
        }
        lock(&self.locked).remove(&within(&name));
        Ok(true)
    }

    /// What [`crate::asked`] makes gpg-agent ask for.
    pub(crate) fn key_of(&self, element: &str) -> Result<String, Fault> {
        self.representative(element)
    }

    /// Makes gpg-agent ask for the passphrase of this entry's key, which may take a person minutes.
    pub(crate) fn ask(&self, name: &str) -> Result<(), Fault> {
        gpg::unlock(&self.recipients(name)?)
    }

    /// Opens a collection after its passphrase was given.
    pub(crate) fn opened(&self, element: &str) -> Result<(), Fault> {
        lock(&self.asked).clear();
        if self.unlock_at_once(element)? {
            return Ok(());
        }
        Err(Fault::Wrong("gpg-agent does not keep the passphrase; is its max-cache-ttl 0?".into()))
    }

    /// An entry that stands for all of a collection: there may be none yet.
    fn representative(&self, element: &str) -> Result<String, Fault> {
        let shelf = self.shelf()?;
        Ok(match &collection(&shelf, element)?.folder {
            Some(folder) => shelf::meta(folder),
            None => "x".to_owned(),
        })
    }
}

/// What is locked as one: a folder of ours, or all that is not.
fn within(name: &str) -> String {
    let mut parts = name.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(crate::names::PREFIX), Some(folder), Some(_)) => folder.to_owned(),
        _ => String::new(),
    }
}
