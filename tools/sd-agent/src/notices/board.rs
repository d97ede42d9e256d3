//! Which notifications should stand on the desktop, and what has to be said to the server for that. No I/O, no clock.
//!
//! Up to two asks have a notification each, more have one together. What stands and what should stand are compared
//! after every event; at most one call is in flight, and at most one notification a second is raised.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use sd_wire::deadline;
use sd_wire::id::AskId;

use super::words::{self, Ask, Notice, Who};

mod cards;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use cards::{Cards, Slot};

/// So many asks share one notification.
const MANY: usize = 3;
/// An ask that is settled faster than this (by a grant, by a rule) needs nobody.
const GRACE: Duration = Duration::from_millis(400);
/// So long before an ask expires it is said once more, louder.
const BEFORE: Duration = Duration::from_secs(30);
/// Between two notifications.
const PACE: Duration = Duration::from_secs(1);
/// After a server failed us, unless another one comes.
const AGAIN: Duration = Duration::from_secs(30);
/// Absence is told at most once in this time, and stands as long.
const ABSENCE: Duration = Duration::from_secs(60);
/// More asks than any gate lets wait.
const MOST: usize = 512;

/// The number that a server gave a notification; it is never 0.
pub(crate) type Number = NonZeroU32;

/// What has happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// Something has been asked for, so long ago. `heard`: whether its end will be told by this program itself.
    Created { ask: Ask, ago: Duration, heard: bool },
    /// What whoever asked calls the thing that it asks for.
    Says { id: AskId, says: String },
    /// An ask has ended.
    Ended(AskId),
    /// There is a gate again.
    GateCame,
    /// The gate has gone. What it had passed on waits on VT8 all the same.
    GateGone,
    /// A request failed since there is nobody to be asked; what to do about it.
    Failed { who: Option<Who>, sentence: String },
    /// A call in flight has been answered: by the notification's number, or not.
    Raised { call: u64, number: Option<Number> },
    /// A notification was closed by the person, or its time was up.
    Dismissed(Number),
    /// There is a server now.
    ServerCame,
    /// The server has gone, and all that it showed.
    ServerGone,
    /// Nothing but time has passed.
    Clock,
    /// Nothing more is to be shown.
    Stop,
}

/// What has to be said to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Show this, in the place of another.
    Raise { call: u64, replaces: Option<Number>, notice: Notice },
    /// Take this down.
    Close(Number),
}

struct Waiting {
    ask: Ask,
    since: Instant,
    heard: bool,
    /// When it is given up: by then it has expired, whatever is or is not told of it.
    until: Instant,
}

struct Absence {
    who: Option<Who>,
    sentence: String,
    told: Instant,
    stands: bool,
}

/// The state of the notifications.
#[derive(Default)]
pub(crate) struct Board {
    waiting: Vec<Waiting>,
    together: bool,
    absence: Option<Absence>,
    cards: Cards,
    stopped: bool,
}

impl Board {
    /// Takes note of what has happened; returns what has to be said now.
    pub(crate) fn step(&mut self, now: Instant, event: Event) -> Vec<Act> {
        let mut acts = Vec::new();
        match event {
            Event::Created { ask, ago, heard } => self.created(now, ask, ago, heard),
            Event::Says { id, says } => {
                let one = self.waiting.iter_mut().find(|waiting| waiting.ask.id == id);
                if let Some(waiting) = one {
                    waiting.ask.says = Some(words::claim(&says));
                }
            }
            Event::Ended(id) => self.waiting.retain(|waiting| waiting.ask.id != id),
            Event::GateCame => self.absence_ends(),
            Event::GateGone => {
                for waiting in self.waiting.iter_mut().filter(|waiting| !waiting.heard) {
                    waiting.until = waiting.until.min(waiting.since + deadline::ASK);
                }
            }
            Event::Failed { who, sentence } => self.failed(now, who, sentence),
            Event::Raised { call, number } => acts.extend(self.cards.raised(now, call, number)),
            Event::Dismissed(number) => self.cards.dismissed(number),
            Event::ServerCame => self.cards.server_came(),
            Event::ServerGone => self.cards.server_gone(),
            Event::Clock => {}
            Event::Stop => self.stopped = true,
        }
        self.waiting.retain(|waiting| now < waiting.until);
        if self.absence.as_ref().is_some_and(|absence| now >= absence.told + ABSENCE) {
            self.absence_ends();
        }
        let wanted = self.wanted(now);
        acts.extend(self.cards.compare(now, wanted));
        acts
    }

    /// When [`Event::Clock`] should come at the latest; `None` while nothing depends on time.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let turns = self.waiting.iter().flat_map(|w| [w.since + GRACE, w.since + LOUD, w.until]);
        let absence = self.absence.iter().filter(|absence| absence.stands).map(|a| a.told + ABSENCE);
        turns.chain(absence).filter(|turn| *turn > now).chain(self.cards.due()).min()
    }

    /// Whether a call has not been answered yet.
    pub(crate) fn in_flight(&self) -> bool {
        self.cards.in_flight()
    }

    fn created(&mut self, now: Instant, ask: Ask, ago: Duration, heard: bool) {
        let known = self.waiting.iter().any(|waiting| waiting.ask.id == ask.id);
        if !known && (heard || words::needs_a_key(&ask.kind)) && self.waiting.len() < MOST {
            let since = now.checked_sub(ago).unwrap_or(now);
            self.waiting.push(Waiting { ask, since, heard, until: since + deadline::ASK_MOST });
        }
    }

    fn failed(&mut self, now: Instant, who: Option<Who>, sentence: String) {
        let lately = |absence: &Absence| now < absence.told + ABSENCE;
        if !self.absence.as_ref().is_some_and(lately) {
            self.absence = Some(Absence { who, sentence, told: now, stands: true });
        }
    }

    /// It is remembered all the same: a side that comes and goes is told of once a minute.
    fn absence_ends(&mut self) {
        if let Some(absence) = &mut self.absence {
            absence.stands = false;
        }
    }

    fn wanted(&mut self, now: Instant) -> BTreeMap<Slot, Notice> {
        let mut wanted = BTreeMap::new();
        if self.stopped {
            return wanted;
        }
        let ripe: Vec<&Waiting> = self.waiting.iter().filter(|w| now >= w.since + GRACE).collect();
        let urgent = |waiting: &&Waiting| now >= waiting.since + LOUD;
        // Between the two what is there stays: a second one of three that is settled takes nothing apart.
        self.together = ripe.len() >= MANY || (self.together && ripe.len() > 1);
        if self.together {
            let asks: Vec<&Ask> = ripe.iter().map(|waiting| &waiting.ask).collect();
            let notice = words::many(&asks, ripe.iter().any(&urgent), deadline::ASK);
            wanted.insert(Slot::Together, notice);
        } else {
            for waiting in &ripe {
                let notice = words::one(&waiting.ask, urgent(waiting), deadline::ASK);
                wanted.insert(Slot::Ask(waiting.ask.id.clone()), notice);
            }
        }
        if let Some(absence) = self.absence.as_ref().filter(|absence| absence.stands) {
            let notice = words::absence(absence.who.as_ref(), &absence.sentence, ABSENCE);
            wanted.insert(Slot::Absence, notice);
        }
        wanted
    }
}

/// When an ask of the usual patience is about to expire.
const LOUD: Duration = deadline::ASK.saturating_sub(BEFORE);
