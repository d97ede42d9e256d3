//! What was decided, and how: the last of it, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use sd_wire::ask::Resolution;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::printable::Printable;

use crate::docket::entry::Entry;
use crate::docket::event::Moment;

/// How many decisions are kept.
pub(crate) const KEPT: usize = 500;

/// The decisions, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<Decision>);

/// One decision.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// The ask.
    pub(crate) id: AskId,
    /// When.
    pub(crate) when: When,
    /// The kind of ask.
    pub(crate) kind: &'static str,
    /// What was asked for, in a few words.
    pub(crate) what: Printable,
    /// Who asked, as it looked.
    pub(crate) who: Printable,
    /// How it was decided.
    pub(crate) decided: Decided,
    /// How it ended; `None` while a worker is at it.
    pub(crate) ended: Option<Resolution>,
    /// Why it failed, if it did.
    pub(crate) why: Option<Fault>,
}

/// When something was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Since this process began.
    Since(Moment),
    /// Before that: by the record, in seconds since 1970.
    Before(u64),
}

impl From<Moment> for When {
    fn from(moment: Moment) -> Self {
        Self::Since(moment)
    }
}

impl Decision {
    /// Whether it is known from the record alone: nothing more becomes of it.
    pub(crate) fn is_past(&self) -> bool {
        matches!(self.when, When::Before(_))
    }

    fn is_open(&self, id: &AskId) -> bool {
        self.id == *id && self.ended.is_none() && !self.is_past()
    }
}

/// How an ask was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// `y`
    Yes,
    /// The code was copied.
    Code,
    /// `g`, for so many minutes.
    Granted(u64),
    /// By the grant of this number.
    ByGrant(u64),
    /// `n`
    No,
    /// `m`, for so many minutes.
    NoAndMuted(u64),
    /// The code was wrong too often.
    WrongCode,
    /// Its process was muted.
    Muted,
    /// The same was denied a moment ago.
    Remembered,
    /// Everything was denied.
    Everything,
    /// A rule denied it.
    Rule(Arc<str>),
    /// Nobody decided: it needed no key, or it ended before.
    Nobody,
}

impl Decided {
    /// How much it matters later: least what was decided without a person and released nothing.
    fn weight(&self) -> u8 {
        match self {
            Self::Muted | Self::Remembered | Self::Everything | Self::Rule(_) | Self::Nobody => 0,
            Self::ByGrant(_) => 1,
            Self::Yes | Self::Code | Self::Granted(_) | Self::No | Self::NoAndMuted(_) | Self::WrongCode => 2,
        }
    }
}

impl History {
    /// Writes down a decision about an ask.
    pub(super) fn note(&mut self, now: Moment, entry: &Entry, decided: Decided) {
        if self.0.len() >= KEPT {
            self.make_room();
        }
        self.0.push_back(Decision {
            id: entry.id().clone(),
            when: now.into(),
            kind: entry.want().kind(),
            what: entry.short(),
            who: entry.filing().caller.name(),
            decided,
            ended: None,
            why: None,
        });
    }

    /// The oldest of what matters least goes: whoever floods the docket with asks that nobody decides, or makes use of a
    /// grant again and again, does not push out what a person decided.
    fn make_room(&mut self) {
        let place = self.0.iter().enumerate().min_by_key(|(_, decision)| decision.decided.weight());
        if let Some((place, _)) = place {
            self.0.remove(place);
        }
    }

    /// Writes down how an ask ended, if there was a decision about it.
    pub(super) fn ended(&mut self, id: &AskId, how: Resolution, why: Option<Fault>) {
        // Ids can come again: the last one is meant, and only once.
        if let Some(decision) = self.0.iter_mut().rev().find(|decision| decision.is_open(id)) {
            decision.ended = Some(how);
            decision.why = why;
        }
    }

    /// The decision about this ask, while it is open.
    pub(super) fn open(&self, id: &AskId) -> Option<&Decision> {
        self.0.iter().rev().find(|decision| decision.is_open(id))
    }

    /// Takes in what was decided before this process began, oldest first.
    pub(super) fn remember(&mut self, past: Vec<Decision>) {
        for decision in past.into_iter().rev() {
            if self.0.len() < KEPT {
                self.0.push_front(decision);
            }
        }
    }

    /// What was wrong with the last signature, if it was that the key is another one.
    pub(crate) fn changed_key(&self) -> Option<Fault> {
        let last = self.newest().find(|decision| decision.kind == "sign" && decision.ended.is_some())?;
        last.why.filter(|why| matches!(why, Fault::KeyChanged { .. }))
    }

    /// How many are of this process, and how many from before it.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let past = self.0.iter().filter(|decision| decision.is_past()).count();
        (self.0.len().saturating_sub(past), past)
    }

    /// The decisions, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Decision> {
        self.0.iter().rev()
    }
}
