//! Locking and unlocking: gpg-agent's passphrases and the backend's collections, as one.

use sd_wire::ask::Resolution;
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::record::{self, Record};

use crate::docket::Docket;
use crate::docket::effect::Effect;
use crate::docket::event::Moment;
use crate::docket::written;

/// After so many milliseconds what is known is found out anew, once somebody looks.
const STALE: u64 = 60_000;

/// An order to a worker that belongs to no ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Would the key ask for a passphrase?
    AskKey,
    /// Is the store locked?
    AskStore,
    /// gpg-agent is to forget.
    LockKey,
    /// The collections are to be locked.
    LockStore,
    /// gpg-agent is to know the passphrase.
    UnlockKey,
    /// The collections are to be unlocked.
    UnlockStore,
}

/// What is known and what is under way.
#[derive(Debug, Default)]
pub(crate) struct Vault {
    /// Whether the key would ask for a passphrase; `None` when nobody could say.
    pub(crate) key_locked: Option<bool>,
    /// Whether the store is locked; `None` when nobody could say.
    pub(crate) store_locked: Option<bool>,
    work: Option<Work>,
    /// The chores that are out, by number.
    out: Vec<u64>,
    numbers: u64,
    asked: Moment,
    /// Questions of the start that are unanswered: a cold store is unlocked once they are.
    cold: u8,
}

/// Locking or unlocking, under way.
#[derive(Debug)]
struct Work {
    unlocking: bool,
    /// The asks that wait for it.
    asks: Vec<AskId>,
    /// The chores of it that are not at their end.
    left: Vec<u64>,
    /// The first that went wrong.
    fault: Option<Fault>,
    until: Moment,
}

impl Vault {
    /// Whether a passphrase may be needed.
    pub(crate) fn is_unlocking(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.unlocking)
    }

    /// Whether it is being locked.
    pub(crate) fn is_locking(&self) -> bool {
        self.work.as_ref().is_some_and(|work| !work.unlocking)
    }

    /// Whether either is locked, as far as is known.
    pub(crate) fn is_locked(&self) -> bool {
        self.key_locked == Some(true) || self.store_locked == Some(true)
    }

    /// Whether it is long ago that anybody asked.
    pub(super) fn is_stale(&self, now: Moment) -> bool {
        now.since(self.asked) >= STALE
    }

    pub(super) fn due(&self) -> Option<Moment> {
        self.work.as_ref().map(|work| work.until)
    }

    /// An ask has left: another one that has its id did not bring this about.
    pub(super) fn forget(&mut self, id: &AskId) {
        if let Some(work) = &mut self.work {
            work.asks.retain(|ask| ask != id);
        }
    }

    fn run(&mut self, chore: Chore, effects: &mut Vec<Effect>) -> u64 {
        self.numbers = self.numbers.saturating_add(1);
        self.out.push(self.numbers);
        effects.push(Effect::Run { number: self.numbers, chore });
        self.numbers
    }
}

impl Docket {
    /// What is locked.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The session begins: if store or key are locked, the person is asked for the passphrase right away.
    pub(super) fn begin(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let version = concat!("sd-decide ", env!("CARGO_PKG_VERSION"));
        self.jot(written::done(record::Event::Started, "", version), effects);
        self.vault.cold = 2;
        self.ask_whether_locked(now, effects);
    }

    /// Finds out what is locked.
    pub(super) fn ask_whether_locked(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.vault.asked = now;
        self.vault.run(Chore::AskKey, effects);
        self.vault.run(Chore::AskStore, effects);
    }

    /// Locks, at once: cancels what is pending, drops the grants.
    pub(super) fn lock(&mut self, now: Moment, ask: Option<AskId>, effects: &mut Vec<Effect>) {
        self.record_lock(ask.as_ref(), effects);
        if let Some(work) = self.vault.work.as_mut().filter(|work| !work.unlocking) {
            work.asks.extend(ask);
            return;
        }
        let listed = self.entries.iter().filter(|entry| entry.is_listed());
        let pending: Vec<AskId> =
            listed.chain(self.being_recorded()).map(|entry| entry.id().clone()).collect();
        for id in pending {
            self.settle(now, &id, What::Cancelled {}, effects);
        }
        self.call_off_unlocking(now, What::Cancelled {}, effects);
        self.end_prompts(now, effects);
        self.grants.clear();
        let left = vec![self.vault.run(Chore::LockKey, effects), self.vault.run(Chore::LockStore, effects)];
        let until = now.after(deadline::DECIDE_WAITS);
        let asks = ask.into_iter().collect();
        self.vault.work = Some(Work { unlocking: false, asks, left, fault: None, until });
    }

    /// Does not go on with unlocking, if that is under way: what still comes back of it changes nothing.
    pub(super) fn call_off_unlocking(&mut self, now: Moment, what: What, effects: &mut Vec<Effect>) {
        // Nor with what a session that has only begun would bring about.
        self.vault.cold = 0;
        let Some(work) = self.vault.work.take_if(|work| work.unlocking) else { return };
        for id in work.asks {
            self.settle(now, &id, what.clone(), effects);
        }
    }

    /// Unlocks: first the key, since a backend may need it, then the store.
    pub(super) fn unlock(&mut self, now: Moment, ask: Option<AskId>, effects: &mut Vec<Effect>) {
        if let Some(work) = &mut self.vault.work {
            // What is being locked stays so: the ask was not let in while it was.
            if work.unlocking {
                work.asks.extend(ask);
            }
            return;
        }
        self.vault.cold = 0;
        if ask.is_none() {
            self.jot(written::done(record::Event::Changed, "unlock", ""), effects);
        }
        let left = vec![self.vault.run(Chore::UnlockKey, effects)];
        let until = now.after(deadline::DECIDE_WAITS_ASKS).after(deadline::DECIDE_WAITS_ASKS);
        let asks = ask.into_iter().collect();
        self.vault.work = Some(Work { unlocking: true, asks, left, fault: None, until });
    }

    pub(super) fn chore_ended(
        &mut self,
        now: Moment,
        number: u64,
        chore: Chore,
        how: Result<Option<bool>, Fault>,
        effects: &mut Vec<Effect>,
    ) {
        if !self.vault.out.contains(&number) {
            return;
        }
        self.vault.out.retain(|out| *out != number);
        match chore {
            Chore::AskKey => self.vault.key_locked = how.ok().flatten(),
            Chore::AskStore => self.vault.store_locked = how.ok().flatten(),
            Chore::LockKey | Chore::LockStore | Chore::UnlockKey | Chore::UnlockStore => {
                self.work_goes_on(now, number, chore, how.err(), effects);
                return;
            }
        }
        if self.vault.cold > 0 {
            self.vault.cold -= 1;
            if self.vault.cold == 0 && self.vault.is_locked() {
                self.unlock(now, None, effects);
            }
        }
    }

    fn work_goes_on(
        &mut self,
        now: Moment,
        number: u64,
        chore: Chore,
        fault: Option<Fault>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut work) = self.vault.work.take_if(|work| work.left.contains(&number)) else { return };
        work.left.retain(|left| *left != number);
        work.fault = work.fault.or(fault);
        if chore == Chore::UnlockKey && work.fault.is_none() {
            work.left.push(self.vault.run(Chore::UnlockStore, effects));
        }
        if work.left.is_empty() {
            self.work_ends(now, work, effects);
        } else {
            self.vault.work = Some(work);
        }
    }

    fn work_ends(&mut self, now: Moment, work: Work, effects: &mut Vec<Effect>) {
        let what = match (work.fault, work.unlocking) {
            (Some(why), _) => What::Failed { stage: Stage::Decide, why },
            (None, true) => What::Unlocked {},
            (None, false) => What::Locked {},
        };
        let (kind, doing) = if work.unlocking { ("unlock", "unlocking") } else { ("lock", "locking") };
        self.say(now, format!("{doing}: {what}"));
        if work.asks.is_empty() {
            // An ask's own line says it otherwise.
            let line = written::done(record::Event::Ended, kind, "");
            let ended = if work.fault.is_some() { Resolution::Failed } else { Resolution::Granted };
            self.jot(Record { ended: Some(ended), why: work.fault, ..line }, effects);
        }
        for id in work.asks {
            // Its requester may have gone meanwhile.
            self.settle(now, &id, what.clone(), effects);
        }
        self.ask_whether_locked(now, effects);
        self.tick_prompts(now, effects);
    }

    pub(super) fn tick_vault(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if let Some(mut work) = self.vault.work.take_if(|work| work.until <= now) {
            work.fault = work.fault.or(Some(Fault::Timeout));
            self.work_ends(now, work, effects);
        }
    }
}
