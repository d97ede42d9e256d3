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
    pub(crate) when: Moment,
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
            when: now,
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
        let last = self.0.iter_mut().rev().find(|decision| decision.id == *id);
        if let Some(decision) = last.filter(|decision| decision.ended.is_none()) {
            decision.ended = Some(how);
            decision.why = why;
        }
    }

    /// Whether a decision about this ask is open.
    pub(super) fn is_open(&self, id: &AskId) -> bool {
        self.0.iter().rev().find(|decision| decision.id == *id).is_some_and(|found| found.ended.is_none())
    }

    /// What was wrong with the last signature, if it was that the key is another one.
    pub(crate) fn changed_key(&self) -> Option<Fault> {
        let last = self.newest().find(|decision| decision.kind == "sign" && decision.ended.is_some())?;
        last.why.filter(|why| matches!(why, Fault::KeyChanged { .. }))
    }

    /// The decisions, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Decision> {
        self.0.iter().rev()
    }
}
