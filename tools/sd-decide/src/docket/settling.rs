//! How an ask ends, and what is selected then.

use sd_wire::ask::Resolution;
use sd_wire::deadline;
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage};
use sd_wire::id::AskId;
use sd_wire::outcome::What;

use crate::docket::Docket;
use crate::docket::effect::{Effect, Taker};
use crate::docket::entry::{Entry, State};
use crate::docket::event::Moment;
use crate::docket::history::Decided;
use crate::docket::mode::Mode;
use crate::routing::{self, Order};

impl Docket {
    pub(super) fn fail(&mut self, now: Moment, id: &AskId, why: Fault, effects: &mut Vec<Effect>) {
        self.settle(now, id, What::Failed { stage: Stage::Decide, why }, effects);
    }

    /// The last line goes into the sink, from here. Not for an ask that is gone already.
    pub(super) fn settle(&mut self, now: Moment, id: &AskId, what: What, effects: &mut Vec<Effect>) {
        if !self.knows(id) {
            return;
        }
        let (how, why) = match what {
            What::Locked {} | What::Unlocked {} => (Resolution::Granted, None),
            What::Denied {} => (Resolution::Denied, None),
            What::Expired {} => (Resolution::Expired, None),
            What::Cancelled {} => (Resolution::Cancelled, None),
            What::Failed { why, .. } => (Resolution::Failed, Some(why)),
            _ => (Resolution::Failed, None),
        };
        self.write_down(now, id, how, why, effects);
        effects.push(Effect::Settle { id: id.clone(), what });
        self.leave(now, id, how, effects);
    }

    /// A prompt is approved: the last line goes into the sink, and what the person saw behind it.
    pub(super) fn approved(
        &mut self,
        now: Moment,
        id: &AskId,
        seconds: u32,
        shown: Vec<Description>,
        effects: &mut Vec<Effect>,
    ) {
        self.write_down(now, id, Resolution::Approved, None, effects);
        effects.push(Effect::Approve { id: id.clone(), seconds, shown });
        self.leave(now, id, Resolution::Approved, effects);
    }

    /// How an ask ended goes into the history; also one that nobody decided, unless it needed nobody.
    pub(super) fn write_down(
        &mut self,
        now: Moment,
        id: &AskId,
        how: Resolution,
        why: Option<Fault>,
        effects: &mut Vec<Effect>,
    ) {
        self.record_end(id, how, why, effects);
        let Some(entry) = self.entries.iter().find(|entry| entry.id() == id) else { return };
        if self.history.open(id).is_none() && routing::is_recorded(entry.want(), entry.needs_key()) {
            self.history.note(now, entry, Decided::Nobody);
        }
        self.history.ended(id, how, why);
        if let Some(Fault::KeyChanged { trusted, found }) = why {
            // Short enough for the two lines that a notice has on 80 columns; the page while nothing waits says it all.
            self.say(now, format!("THE SIGNING KEY IS ANOTHER ONE: {found} instead of {trusted}"));
        }
    }

    /// The ask has ended without a line from here.
    pub(super) fn end(&mut self, now: Moment, id: &AskId, how: Resolution, effects: &mut Vec<Effect>) {
        self.write_down(now, id, how, None, effects);
        self.leave(now, id, how, effects);
    }

    /// The ask leaves the docket.
    pub(super) fn leave(&mut self, now: Moment, id: &AskId, how: Resolution, effects: &mut Vec<Effect>) {
        let place = self.place(id);
        self.entries.retain(|entry| entry.id() != id);
        self.vault.forget(id);
        effects.push(Effect::Tell { id: id.clone(), how });
        effects.push(Effect::Forget { id: id.clone() });
        self.deselect(now, id, place, effects);
        self.tick_prompts(now, effects);
    }

    /// The ask is the worker's now. It is in the record that it may be.
    pub(super) fn dispatch(&mut self, now: Moment, id: &AskId, order: Order, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) {
            let until = now.after(routing::patience(&order));
            entry.state = State::Dispatched { until, order: Some(order.clone()) };
            effects.push(Effect::Dispatch { id: id.clone(), order });
        }
    }

    /// The ask waits for its maker's turn. It is in the record that it may go on.
    pub(super) fn queue(
        &mut self,
        now: Moment,
        id: &AskId,
        taker: Taker,
        order: Order,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) {
            entry.state = State::Queued { until: now.after(deadline::DECIDE_WAITS) };
            effects.push(Effect::Queue { id: id.clone(), taker, order });
        }
    }

    /// The place of an ask among those that can be selected.
    pub(super) fn place(&self, id: &AskId) -> usize {
        self.selectable().take_while(|entry| entry.id() != id).count()
    }

    /// When the selected ask is gone, the one that moved up into its place is selected.
    pub(super) fn deselect(&mut self, now: Moment, gone: &AskId, place: usize, effects: &mut Vec<Effect>) {
        if self.selected.as_ref() != Some(gone) {
            return;
        }
        let waiting: Vec<&Entry> = self.selectable().collect();
        let next = waiting.get(place).or(waiting.last()).map(|entry| entry.id().clone());
        self.select(now, next, effects);
    }

    pub(super) fn select(&mut self, now: Moment, id: Option<AskId>, effects: &mut Vec<Effect>) {
        self.selected = id;
        // What was begun was about another ask.
        self.let_go_of_what_was_begun();
        // What is typed while a prompt is on the screen is for the prompt, whoever files and withdraws asks behind it.
        if self.prompt().is_some() {
            return;
        }
        self.keyboard.restart(now);
        // What was typed into a line is for the line.
        if !matches!(self.mode, Mode::Line(_)) && self.keyboard.may_flush(now) {
            effects.push(Effect::FlushInput);
        }
    }
}
