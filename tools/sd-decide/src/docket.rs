//! Every ask that is not settled yet, and the only place that decides what becomes of one.
//!
//! Pure: no I/O, no clock. [`Docket::step`] takes what happened and when, and returns what is to be done.
//! An ask goes `Describing → Waiting → Dispatched`, or `Queued → Dispatched` when it needs no key, and leaves at any
//! of these.

pub(crate) mod effect;
pub(crate) mod entry;
pub(crate) mod event;
pub(crate) mod grant;
mod keyboard;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenes;

use std::time::Duration;

use sd_wire::ask::{Resolution, Want};
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::id::AskId;
use sd_wire::outcome::What;

use crate::docket::effect::Effect;
use crate::docket::entry::{Entry, Face, State};
use crate::docket::event::{Event, Filing, Moment};
use crate::docket::grant::Grant;
use crate::docket::keyboard::Keyboard;
use crate::routing::{self, Described, Order, Road};

/// The most asks that may be pending at once.
pub(crate) const MOST: usize = 200;
/// The most asks of one process that may be pending at once.
pub(crate) const MOST_OF_ONE: usize = 64;
/// The most grants that live at once; they live for seconds.
const MOST_GRANTS: usize = 64;

/// The docket.
#[derive(Debug)]
pub(crate) struct Docket {
    expire: Duration,
    entries: Vec<Entry>,
    selected: Option<AskId>,
    keyboard: Keyboard,
    grants: Vec<Grant>,
    faces: u64,
}

impl Docket {
    /// An empty docket whose asks expire after `expire`.
    pub(crate) fn new(expire: Duration) -> Self {
        Self {
            expire,
            entries: Vec::new(),
            selected: None,
            keyboard: Keyboard::default(),
            grants: Vec::new(),
            faces: 0,
        }
    }

    /// Takes what happened, and returns what is to be done about it, in order.
    pub(crate) fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Filed(filing) => self.file(now, *filing, &mut effects),
            Event::Described { id, what } => self.described(now, &id, what, &mut effects),
            Event::DescribeFailed { id, why } => {
                if self.find(&id).is_some_and(|entry| matches!(entry.state, State::Describing { .. })) {
                    self.fail(now, &id, why, &mut effects);
                }
            }
            Event::Key(key) => self.key(now, key, &mut effects),
            Event::Drawn(face) => self.keyboard.drawn(now, face),
            Event::SeenToEnd(face) => {
                if let Some(entry) = self.entries.iter_mut().find(|entry| entry.face() == Some(face)) {
                    entry.seen_to_end = true;
                }
            }
            Event::Shown => self.keyboard.restart(now),
            Event::Active(active) => self.keyboard.activate(now, active),
            Event::SwitchRefused => self.keyboard.switch_refused(now),
            Event::Withdrawn { id } => {
                // There is nobody left to write a line to.
                if self.find(&id).is_some_and(Entry::is_here) {
                    self.end(now, &id, Resolution::Withdrawn, &mut effects);
                }
            }
            Event::Cancelled { id } => {
                if self.can_cancel(&id) {
                    self.settle(now, &id, What::Cancelled {}, &mut effects);
                }
            }
            Event::Sent { id } => {
                let entry = self.entries.iter_mut().find(|entry| *entry.id() == id);
                if let Some(entry) = entry.filter(|entry| matches!(entry.state, State::Queued { .. })) {
                    entry.state = State::Dispatched { until: now.after(deadline::DECIDE_WAITS) };
                }
            }
            Event::DispatchFailed { id, why } => {
                if self.find(&id).is_some_and(|entry| !entry.is_listed()) {
                    self.fail(now, &id, why, &mut effects);
                }
            }
            Event::WorkerDone { id } => {
                if self.is_dispatched(&id) {
                    self.end(now, &id, Resolution::Granted, &mut effects);
                }
            }
            Event::WorkerFailed { id } => {
                if self.is_dispatched(&id) {
                    self.end(now, &id, Resolution::Failed, &mut effects);
                }
            }
            Event::Tick => self.tick(now, &mut effects),
        }
        effects
    }

    /// The asks that a person is or will be asked about, in order of arrival.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_listed())
    }

    /// The ask that the keys are about.
    pub(crate) fn selected(&self) -> Option<&Entry> {
        self.find(self.selected.as_ref()?)
    }

    /// Whether an ask of this id is pending, in whatever state.
    pub(crate) fn knows(&self, id: &AskId) -> bool {
        self.find(id).is_some()
    }

    /// Whether a cancel of this id would take anything back.
    pub(crate) fn can_cancel(&self, id: &AskId) -> bool {
        self.find(id).is_some_and(Entry::is_here)
    }

    /// The keyboard: what a key would do now.
    pub(crate) fn keyboard(&self) -> &Keyboard {
        &self.keyboard
    }

    /// Whether a key settles the selected ask now, were it `n`.
    pub(crate) fn is_armed(&self, now: Moment) -> bool {
        let face = self.selected().and_then(Entry::face);
        face.is_some_and(|face| self.keyboard.is_armed(now, face))
    }

    /// Whether a switch away from the terminal is to be refused now: for a moment around a decision.
    pub(crate) fn wants_the_vt(&self, now: Moment) -> bool {
        self.keyboard.is_deciding(now)
    }

    /// Whether one was refused a moment ago.
    pub(crate) fn was_switch_refused(&self, now: Moment) -> bool {
        self.keyboard.was_switch_refused(now)
    }

    /// When the docket has to be stepped although nothing happens. `None`: never.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.entries.iter().map(Entry::due).min()
    }

    fn find(&self, id: &AskId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id() == id)
    }

    fn is_dispatched(&self, id: &AskId) -> bool {
        self.find(id).is_some_and(|entry| matches!(entry.state, State::Dispatched { .. }))
    }

    fn file(&mut self, now: Moment, filing: Filing, effects: &mut Vec<Effect>) {
        let id = filing.ask.id.clone();
        if self.knows(&id) {
            // Whoever files must ask first: to settle this id would settle the other ask.
            return;
        }
        let of_one = self.entries.iter().filter(|e| e.filing.caller.pid == filing.caller.pid).count();
        if self.entries.len() >= MOST || of_one >= MOST_OF_ONE {
            effects.push(Effect::Settle {
                id: id.clone(),
                what: What::Failed { stage: Stage::Decide, why: Fault::TooMany },
            });
            effects.push(Effect::Tell { id: id.clone(), how: Resolution::Failed });
            effects.push(Effect::Forget { id });
            return;
        }
        self.grants.retain(|grant| !grant.is_over(now));
        let (until, maker) = (now.after(deadline::DECIDE_WAITS), filing.caller.pid);
        let (state, effect) = match self.granted(now, &filing) {
            Some(order) => (State::Dispatched { until }, Effect::Dispatch { id, order }),
            None => match routing::road(&id, &filing.ask.want) {
                Road::InTurn(order) => (State::Queued { until }, Effect::Queue { id, maker, order }),
                Road::ByKey(order) => (State::Describing { until }, Effect::Describe { id, maker, order }),
            },
        };
        self.entries.push(Entry { filing, expires: now.after(self.expire), state, seen_to_end: false });
        effects.push(effect);
    }

    /// The order of a read that a live grant covers.
    fn granted(&self, now: Moment, filing: &Filing) -> Option<Order> {
        let Want::Read { item } = &filing.ask.want else { return None };
        let digest = self.grants.iter().rev().find_map(|grant| grant.covers(&filing.caller, item, now))?;
        Some(routing::granted_read(&filing.ask.id, item, digest))
    }

    fn described(&mut self, now: Moment, id: &AskId, shown: Described, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) else { return };
        if !matches!(entry.state, State::Describing { .. }) {
            return;
        }
        // Only what a yes could be carried out on is put before a person.
        if routing::on_yes(id, entry.want(), &shown).is_none() {
            self.fail(now, id, Fault::Malformed, effects);
            return;
        }
        self.faces = self.faces.saturating_add(1);
        entry.state = State::Waiting { shown, face: Face(self.faces) };
        if self.selected.is_none() {
            self.select(now, Some(id.clone()), effects);
        }
    }

    fn tick(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.grants.retain(|grant| !grant.is_over(now));
        let due: Vec<AskId> =
            self.entries.iter().filter(|entry| entry.due() <= now).map(|entry| entry.id().clone()).collect();
        for id in due {
            let Some(entry) = self.find(&id) else { continue };
            match entry.state {
                State::Dispatched { .. } => self.end(now, &id, Resolution::Failed, effects),
                State::Queued { .. } => self.fail(now, &id, Fault::Timeout, effects),
                _ if entry.expires <= now => self.settle(now, &id, What::Expired {}, effects),
                _ => self.fail(now, &id, Fault::Timeout, effects),
            }
        }
    }

    fn fail(&mut self, now: Moment, id: &AskId, why: Fault, effects: &mut Vec<Effect>) {
        self.settle(now, id, What::Failed { stage: Stage::Decide, why }, effects);
    }

    /// The last line goes into the sink, from here.
    fn settle(&mut self, now: Moment, id: &AskId, what: What, effects: &mut Vec<Effect>) {
        let how = match what {
            What::Approved { .. } => Resolution::Approved,
            What::Denied {} => Resolution::Denied,
            What::Expired {} => Resolution::Expired,
            What::Cancelled {} => Resolution::Cancelled,
            _ => Resolution::Failed,
        };
        effects.push(Effect::Settle { id: id.clone(), what });
        self.end(now, id, how, effects);
    }

    /// The ask leaves the docket.
    fn end(&mut self, now: Moment, id: &AskId, how: Resolution, effects: &mut Vec<Effect>) {
        let place = self.place(id);
        self.entries.retain(|entry| entry.id() != id);
        effects.push(Effect::Tell { id: id.clone(), how });
        effects.push(Effect::Forget { id: id.clone() });
        self.deselect(now, id, place, effects);
    }

    /// The ask is the worker's now.
    fn dispatch(&mut self, now: Moment, id: &AskId, order: Order, effects: &mut Vec<Effect>) {
        let place = self.place(id);
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) {
            entry.state = State::Dispatched { until: now.after(deadline::DECIDE_WAITS) };
            effects.push(Effect::Dispatch { id: id.clone(), order });
        }
        self.deselect(now, id, place, effects);
    }

    /// The place of an ask among those that wait for a key.
    fn place(&self, id: &AskId) -> usize {
        self.entries.iter().filter(|entry| entry.waits()).take_while(|entry| entry.id() != id).count()
    }

    /// When the selected ask is gone, the one that moved up into its place is selected.
    fn deselect(&mut self, now: Moment, gone: &AskId, place: usize, effects: &mut Vec<Effect>) {
        if self.selected.as_ref() != Some(gone) {
            return;
        }
        let waiting: Vec<&Entry> = self.entries.iter().filter(|entry| entry.waits()).collect();
        let next = waiting.get(place).or(waiting.last()).map(|entry| entry.id().clone());
        self.select(now, next, effects);
    }

    fn select(&mut self, now: Moment, id: Option<AskId>, effects: &mut Vec<Effect>) {
        self.selected = id;
        self.keyboard.restart(now);
        effects.push(Effect::FlushInput);
    }
}
