//! What stands on the desktop, as far as the server has told us, and the one call that it has not answered yet.

use std::collections::BTreeMap;
use std::time::Instant;

use sd_wire::id::AskId;

use super::super::words::Notice;
use super::{AGAIN, Act, Number, PACE};

/// What a notification is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// One ask.
    Ask(AskId),
    /// All asks.
    Together,
    /// That nobody can be asked.
    Absence,
}

impl Slot {
    /// Whether one may take the other's place on the desktop: what many shared goes over to the last of them.
    fn may_follow(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Ask(_), Self::Together) | (Self::Together, Self::Ask(_)))
    }
}

#[derive(Debug, Clone, Default)]
struct Card {
    number: Option<Number>,
    /// What it says, or would if it had not been dismissed.
    told: Option<Notice>,
    dismissed: bool,
}

impl Card {
    fn needs(&self, wanted: &Notice) -> bool {
        match &self.told {
            // What a person has put away comes back only with more to say.
            Some(told) if self.dismissed => {
                (wanted.urgent && !told.urgent) || (wanted.asks > told.asks && told.asks > 0)
            }
            Some(told) => told != wanted,
            None => true,
        }
    }
}

#[derive(Default)]
pub(super) struct Cards {
    cards: BTreeMap<Slot, Card>,
    /// The call in flight, and for what.
    flight: Option<(u64, Slot)>,
    calls: u64,
    /// When the last one was raised.
    last: Option<Instant>,
    /// Until when a server that failed is left alone.
    failed: Option<Instant>,
    /// Whether something waits to be raised.
    due: bool,
}

impl Cards {
    /// A call was answered. An answer that comes when its card is gone is closed.
    pub(super) fn raised(&mut self, now: Instant, call: u64, number: Option<Number>) -> Option<Act> {
        let (_, slot) = self.flight.take_if(|(flight, _)| *flight == call)?;
        let Some(number) = number else {
            self.failed = Some(now + AGAIN);
            if let Some(card) = self.cards.get_mut(&slot) {
                card.told = None;
            }
            return None;
        };
        // Given on to another card while the call was on its way.
        if self.cards.iter().any(|(other, card)| *other != slot && card.number == Some(number)) {
            return None;
        }
        match self.cards.get_mut(&slot) {
            Some(card) => card.number.replace(number).filter(|old| *old != number).map(Act::Close),
            None => Some(Act::Close(number)),
        }
    }

    /// The server says that this notification is closed.
    pub(super) fn dismissed(&mut self, number: Number) {
        for card in self.cards.values_mut().filter(|card| card.number == Some(number)) {
            card.number = None;
            card.dismissed = true;
        }
    }

    /// There is a server; whatever another one failed at may be tried again.
    pub(super) fn server_came(&mut self) {
        self.failed = None;
    }

    /// Its numbers mean nothing to the next one.
    pub(super) fn server_gone(&mut self) {
        let lost = self.flight.take().map(|(_, slot)| slot);
        for (slot, card) in &mut self.cards {
            if card.number.take().is_some() || lost.as_ref() == Some(slot) {
                card.told = None;
            }
        }
    }

    pub(super) fn in_flight(&self) -> bool {
        self.flight.is_some()
    }

    /// When the next one may be raised, if any waits for that.
    pub(super) fn due(&self) -> Option<Instant> {
        self.last.map(|last| last + PACE).max(self.failed).filter(|_| self.due && self.flight.is_none())
    }

    /// What has to be said so that what is wanted stands, and nothing else.
    pub(super) fn compare(&mut self, now: Instant, wanted: BTreeMap<Slot, Notice>) -> Vec<Act> {
        self.hand_on(&wanted);
        let mut acts = Vec::new();
        self.cards.retain(|slot, card| {
            let stays = wanted.contains_key(slot);
            acts.extend(card.number.filter(|_| !stays).map(Act::Close));
            stays
        });
        let needed = wanted
            .into_iter()
            .find(|(slot, notice)| self.cards.get(slot).is_none_or(|card| card.needs(notice)));
        self.due = needed.is_some();
        let free = self.flight.is_none() && self.due().is_none_or(|due| now >= due);
        if let Some((slot, notice)) = needed.filter(|_| free) {
            let card = self.cards.entry(slot.clone()).or_default();
            card.told = Some(notice.clone());
            card.dismissed = false;
            self.calls += 1;
            self.flight = Some((self.calls, slot));
            self.last = Some(now);
            acts.push(Act::Raise { call: self.calls, replaces: card.number, notice });
        }
        acts
    }

    /// A place on the desktop whose ask is gone is given to what comes after it: nothing flickers, nothing pops up twice.
    fn hand_on(&mut self, wanted: &BTreeMap<Slot, Notice>) {
        for slot in wanted.keys().filter(|slot| !matches!(slot, Slot::Absence)) {
            if self.cards.contains_key(slot) {
                continue;
            }
            let left = self.cards.iter().find(|(old, card)| {
                !wanted.contains_key(*old)
                    && slot.may_follow(old)
                    && (card.number.is_some() || card.dismissed)
            });
            if let Some((old, _)) = left
                && let old = old.clone()
                && let Some(card) = self.cards.remove(&old)
            {
                // One that was put away gives on just that: one of many is no news, many after one are.
                self.cards.insert(slot.clone(), card);
            }
        }
    }
}
