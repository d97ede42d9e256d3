//! Locked and unlocked. gpg-agent's cache decides: locked is what it would ask a passphrase for. What was locked, or was
//! once found so, stays so until it is unlocked: also when the key has no passphrase, or somebody has typed that for a
//! signature.

use std::time::{Duration, Instant};

use sd_gpg_agent as agent;

use sd_wire::fault::Fault as Wire;

use super::{Store, collection};
use crate::fault::Fault;
use crate::gpg;
use crate::shelf;

/// How much longer than gpg-agent's answer what was tried by a text of our own is good for.
const TRIED: Duration = Duration::from_secs(30);

/// How often it is found out anew what was locked or unlocked meanwhile.
const TRIES: u8 = 8;

impl Store {
    /// Whether a collection is locked.
    pub(crate) fn is_locked(&self, element: &str) -> Result<bool, Fault> {
        self.is_locked_for(&self.representative(element)?)
    }

    /// Whether an entry of this name cannot be read without a passphrase.
    pub(super) fn is_locked_for(&self, name: &str) -> Result<bool, Fault> {
        let collection = within(name);
        for _ in 0..TRIES {
            let era = self.locks.era();
            let locked = self.locks.holds(&collection) || self.would_ask(name)?;
            if self.locks.keep(era, &collection, locked) {
                if locked {
                    self.index.forget();
                }
                return Ok(locked);
            }
        }
        Err(Fault::Late("the store is locked and unlocked all the time".into()))
    }

    fn would_ask(&self, name: &str) -> Result<bool, Fault> {
        let names = self.tree.recipients(name)?;
        let era = self.locks.era();
        if let Some(would) = self.locks.heard(&names) {
            return Ok(would);
        }
        let keys = self.recipients(name)?;
        // Whether a card wants its PIN gpg-agent does not know.
        let mut would = !keys.on_card && all_ask(&keys.grips)?;
        // gpg-agent also tries the passphrase that it was given last, for another part of the same key as a rule: the one
        // that signs. It says nothing about that, and keeps it for that part alone.
        // Two runs of gpg find that out, so it holds for longer; a lock forgets it.
        let mut at = Instant::now();
        if would && gpg::opens(&keys)? {
            (would, at) = (false, at + TRIED);
        }
        self.locks.hear(era, names, at, would);
        Ok(would)
    }

    /// Locks a collection: gpg-agent forgets every passphrase, and we what entries told.
    pub(crate) fn lock(&self, element: &str) -> Result<(), Fault> {
        let name = self.representative(element)?;
        // Whatever keeps that from being known keeps nothing from being locked.
        if matches!(self.is_locked_for(&name), Ok(false)) {
            self.remember();
        }
        self.locks.lock(within(&name));
        self.index.forget();
        agent::forget().map_err(Fault::Gpg)
    }

    /// Unlocks a collection if that takes no passphrase; whether it is open now.
    pub(crate) fn unlock_at_once(&self, element: &str) -> Result<bool, Fault> {
        let name = self.representative(element)?;
        if self.would_ask(&name)? {
            return Ok(false);
        }
        self.locks.unlock(&within(&name));
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
        self.locks.forget();
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

/// Whether gpg-agent would ask for a passphrase of each of these keys.
///
/// # Errors
/// [`Fault::Gpg`], when it does not say: to believe it would ask locked what nobody has locked.
fn all_ask(grips: &[String]) -> Result<bool, Fault> {
    let mut silent = None;
    for grip in grips {
        match agent::would_ask(grip) {
            Ok(false) => return Ok(false),
            // Without an agent no passphrase is known.
            Ok(true) | Err(Wire::NoAgent | Wire::NotFound) => {}
            Err(why) => silent = Some(why),
        }
    }
    silent.map_or(Ok(true), |why| Err(Fault::Gpg(why)))
}

/// What is locked as one: a folder of ours, or all that is not.
fn within(name: &str) -> String {
    let mut parts = name.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(crate::names::PREFIX), Some(folder), Some(_)) => folder.to_owned(),
        _ => String::new(),
    }
}
