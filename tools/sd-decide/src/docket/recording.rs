//! No record, no release: what may be done is done once the line that says so is in the record, and not before.
//!
//! Every road to an order with a sink, to a grant and to an unlock that a program wants leads through
//! [`Docket::record`] and comes out of [`Docket::recorded`]. Nothing waits for the lines about what is not done, nor for
//! those about how it ended.

use sd_wire::ask::{Resolution, Want};
use sd_wire::bounded::Text;
use sd_wire::deadline;
use sd_wire::description::Description;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::record::{Event, Record, Unwritten};

use crate::docket::Docket;
use crate::docket::effect::{Effect, Taker};
use crate::docket::entry::{Entry, State};
use crate::docket::event::Moment;
use crate::docket::grant::Grant;
use crate::docket::history::Decided;
use crate::docket::written;
use crate::routing::{self, Described, Order};

/// Why, when nobody says it.
const SILENT: &str = "sd-audit does not answer; see its log";

/// What is done once it is in the record.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// The order goes out, and the sink with it.
    Dispatch {
        /// The order.
        order: Order,
        /// What a `g` leaves behind beside it.
        leaves: Option<Grant>,
        /// The grant that covers it, if that is why it goes out.
        under: Option<u64>,
    },
    /// The order goes out when it is its maker's turn.
    Queue {
        /// Whose turn it takes.
        taker: Taker,
        /// The order.
        order: Order,
    },
    /// The requester is told that it may read for so many seconds, and what a person saw of it.
    Approve {
        /// The seconds.
        seconds: u32,
        /// The items.
        shown: Vec<Description>,
        /// What it leaves behind. `None`: each read is asked about.
        leaves: Option<Grant>,
    },
    /// Key and store are unlocked.
    Unlock,
    /// The requester is told why the item cannot be had.
    Tell(Fault),
}

impl Docket {
    /// The line about what may be done goes out, and with it the only way to do it.
    pub(super) fn record(
        &mut self,
        now: Moment,
        id: &AskId,
        how: &Decided,
        shown: Option<&Described>,
        next: Next,
        effects: &mut Vec<Effect>,
    ) {
        let place = self.place(id);
        let number = self.line_number();
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) else { return };
        let event = if matches!(next, Next::Approve { .. }) { Event::Allowed } else { Event::Released };
        let label = if let Decided::ByGrant(grant) = how {
            covered(&self.grants, *grant, entry.want())
        } else {
            None
        };
        let line = Box::new(written::let_through(entry, event, how, shown, label.as_ref()));
        let until = now.after(deadline::record(entry.by_key));
        let ahead = ahead(&next).map(|(taker, order)| Effect::Ahead { id: id.clone(), taker, order });
        entry.state = State::Recording { line: number, next: Box::new(next), until };
        effects.push(Effect::Record { number, awaited: true, line });
        effects.extend(ahead);
        self.deselect(now, id, place, effects);
    }

    /// A line is in the record: what waited for it, and for no other, is done.
    pub(super) fn recorded(&mut self, now: Moment, number: u64, effects: &mut Vec<Effect>) {
        self.unrecorded = false;
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.waits_for_line(number)) else { return };
        let id = entry.id().clone();
        // It stands in the state that follows, or has left, when this returns.
        let State::Recording { next, .. } = std::mem::replace(&mut entry.state, State::Vault) else { return };
        entry.recorded = true;
        match *next {
            Next::Dispatch { under: Some(grant), .. } if !self.has_grant(grant, now) => {
                // It was taken back meanwhile.
                self.settle(now, &id, What::Cancelled {}, effects);
            }
            Next::Dispatch { order, leaves, .. } => {
                if let Some(grant) = &leaves {
                    effects.extend(grant.holder.processes().map(Effect::Watch));
                }
                self.keep_grant(leaves);
                self.dispatch(now, &id, order, effects);
            }
            Next::Queue { taker, order } => self.queue(now, &id, taker, order, effects),
            Next::Approve { seconds, shown, leaves } => {
                if let Some(grant) = leaves.as_ref().filter(|grant| grant.by_hand) {
                    effects.extend(grant.holder.processes().map(Effect::Watch));
                }
                self.keep_grant(leaves.map(|grant| grant.from(now, seconds)));
                self.approved(now, &id, seconds, shown, effects);
            }
            Next::Unlock if self.vault.is_locking() => self.settle(now, &id, What::Cancelled {}, effects),
            Next::Unlock => self.unlock(now, Some(id), effects),
            Next::Tell(why) => self.fail(now, &id, why, effects),
        }
    }

    /// A line is not in the record, or nobody can say whether it is: what waited for it is not done.
    pub(super) fn not_recorded(
        &mut self,
        now: Moment,
        number: u64,
        why: Option<Unwritten>,
        effects: &mut Vec<Effect>,
    ) {
        self.unrecorded = true;
        let waits = |entry: &&Entry| entry.waits_for_line(number);
        let Some(id) = self.entries.iter().find(waits).map(|entry| entry.id().clone()) else { return };
        let why = why.map_or_else(|| SILENT.to_owned(), |why| why.to_string());
        self.say(now, format!("NOT RELEASED, as it could not be recorded: {why}"));
        self.fail(now, &id, Fault::Unrecorded, effects);
    }

    /// A line that nothing waits for.
    pub(super) fn jot(&mut self, line: Record, effects: &mut Vec<Effect>) {
        let number = self.line_number();
        effects.push(Effect::Record { number, awaited: false, line: Box::new(line) });
    }

    /// A lock does not wait for its line: it takes, and gives nothing.
    pub(super) fn record_lock(&mut self, id: Option<&AskId>, effects: &mut Vec<Effect>) {
        let found = id.and_then(|id| self.entries.iter_mut().find(|entry| entry.id() == id));
        let line = match found {
            Some(entry) => {
                entry.recorded = true;
                written::let_through(entry, Event::Released, &Decided::Nobody, None, None)
            }
            None => written::done(Event::Changed, "lock", ""),
        };
        self.jot(line, effects);
    }

    /// How an ask ended goes into the record. Of what needs no key it is enough that it was let through.
    pub(super) fn record_end(
        &mut self,
        id: &AskId,
        how: Resolution,
        why: Option<Fault>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.find(id) else { return };
        let free = !routing::is_recorded(entry.want(), entry.needs_key());
        if free && entry.recorded && how == Resolution::Granted {
            return;
        }
        let decided = self.history.open(id).map(|decision| decision.decided.clone());
        let line = written::ended(entry, decided.as_ref().unwrap_or(&Decided::Nobody), how, why);
        self.jot(line, effects);
    }

    /// Whether what is to be done could not be recorded the last time.
    pub(crate) fn is_unrecorded(&self) -> bool {
        self.unrecorded
    }

    /// What is to be done with a key, or by a grant, and is not in the record yet.
    pub(super) fn being_recorded(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| match &entry.state {
            State::Recording { next, .. } => !matches!(**next, Next::Queue { .. }),
            _ => false,
        })
    }

    fn has_grant(&self, number: u64, now: Moment) -> bool {
        self.grants(now).any(|grant| grant.number == number)
    }

    fn line_number(&mut self) -> u64 {
        self.lines = self.lines.saturating_add(1);
        self.lines
    }
}

/// What a worker may do already: look, where nobody but a machine waits. After a key nobody notices the difference.
fn ahead(next: &Next) -> Option<(Option<Taker>, Order)> {
    let (taker, order) = match next {
        Next::Queue { taker, order } => (Some(*taker), order),
        Next::Dispatch { order, under: Some(_), .. } => (None, order),
        _ => return None,
    };
    order.may_go_ahead().then(|| (taker, order.clone()))
}

/// The label of the item that is read by this grant, as it was shown when that was given.
fn covered(grants: &[Grant], number: u64, want: &Want) -> Option<Text<128>> {
    let Want::Read { item } = want else { return None };
    grants.iter().find(|grant| grant.number == number)?.covers.label(item).cloned()
}
