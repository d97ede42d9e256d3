//! When a key counts, and what it does.
//!
//! A key settles an ask only if that very ask has been on the terminal, selected, while nothing was typed for the
//! quiet time. A plain delay would not do: it approves what a steady typist types next.

use sd_wire::ask::Want;
use sd_wire::deadline;
use sd_wire::outcome::What;

use crate::docket::Docket;
use crate::docket::effect::Effect;
use crate::docket::entry::{Entry, Face};
use crate::docket::event::{Key, Moment};
use crate::docket::grant::Grant;
use crate::routing::{self, Yes};

/// So long after a key that settles an ask the terminal stays where it is, in milliseconds.
const DECIDING: u64 = 1000;
/// So long the screen says that a switch was refused, in milliseconds.
const REFUSED: u64 = 5000;

/// What the docket knows of the person's side of the terminal.
#[derive(Debug, Default)]
pub(crate) struct Keyboard {
    active: bool,
    help: bool,
    quiet_since: Moment,
    drawn: Option<Face>,
    /// When the last key was one that settles an ask.
    decided: Option<Moment>,
    /// When a switch away was last refused.
    refused: Option<Moment>,
}

impl Keyboard {
    /// Whether the help covers the screen.
    pub(crate) fn help(&self) -> bool {
        self.help
    }

    /// The milliseconds until the quiet time is over.
    pub(crate) fn quiet_left(&self, now: Moment) -> u64 {
        self.quiet_since.after(deadline::QUIET).since(now)
    }

    /// Whether a key would settle the ask with this face.
    pub(super) fn is_armed(&self, now: Moment, face: Face) -> bool {
        self.active && !self.help && self.drawn == Some(face) && self.quiet_left(now) == 0
    }

    pub(super) fn is_deciding(&self, now: Moment) -> bool {
        self.active && self.decided.is_some_and(|at| now.since(at) < DECIDING)
    }

    pub(super) fn switch_refused(&mut self, now: Moment) {
        self.refused = Some(now);
    }

    pub(super) fn was_switch_refused(&self, now: Moment) -> bool {
        self.active && self.refused.is_some_and(|at| now.since(at) < REFUSED)
    }

    pub(super) fn restart(&mut self, now: Moment) {
        self.quiet_since = now;
    }

    pub(super) fn drawn(&mut self, now: Moment, face: Option<Face>) {
        if self.drawn != face {
            self.drawn = face;
            self.restart(now);
        }
    }

    pub(super) fn activate(&mut self, now: Moment, active: bool) {
        self.active = active;
        self.decided = None;
        self.refused = None;
        // What was on the screen before it went away has to be seen again.
        self.drawn = None;
        self.restart(now);
    }
}

impl Docket {
    pub(super) fn key(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        if !self.keyboard.active {
            return;
        }
        let armed = self.is_armed(now);
        // Every other key, Esc too, lets go.
        self.keyboard.decided = (armed && matches!(key, Key::Yes | Key::No)).then_some(now);
        self.keyboard.restart(now);
        if self.keyboard.help {
            self.keyboard.help = false;
            self.keyboard.drawn = None;
            return;
        }
        match key {
            Key::Yes if armed => self.yes(now, effects),
            Key::No if armed => self.no(now, effects),
            Key::Up => self.choose(now, false, effects),
            Key::Down => self.choose(now, true, effects),
            Key::PageUp => effects.push(Effect::Scroll(-1)),
            Key::PageDown => effects.push(Effect::Scroll(1)),
            Key::Help => {
                self.keyboard.help = true;
                self.keyboard.drawn = None;
            }
            Key::Yes | Key::No | Key::Other => {}
        }
    }

    fn yes(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        // An ask that is over its time is not approved because nobody has looked at the clock yet.
        let Some(entry) = self.selected().filter(|entry| entry.seen_to_end && entry.expires > now) else {
            return;
        };
        let Some(shown) = entry.shown() else { return };
        let id = entry.id().clone();
        match routing::on_yes(&id, entry.want(), shown) {
            Some(Yes::Dispatch(order)) => self.dispatch(now, &id, order, effects),
            Some(Yes::Grant(items)) => {
                let grant = Grant::to(&entry.filing.caller, items, now.after(deadline::ACCESS));
                self.remember(grant);
                let seconds = u32::try_from(deadline::ACCESS.as_secs()).unwrap_or(u32::MAX);
                self.settle(now, &id, What::Approved { seconds }, effects);
            }
            // `described` has let nothing else in.
            None => {}
        }
    }

    fn no(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let Some(entry) = self.selected() else { return };
        let id = entry.id().clone();
        // A no also ends what this caller may still do by an earlier yes to the same items.
        if matches!(entry.want(), Want::Access { .. } | Want::Read { .. }) {
            let maker = entry.filing.caller.maker();
            self.grants.retain(|grant| maker.is_none_or(|maker| !grant.is_of(maker)));
        }
        self.settle(now, &id, What::Denied {}, effects);
    }

    fn remember(&mut self, grant: Option<Grant>) {
        let Some(grant) = grant else { return };
        if self.grants.len() >= super::MOST_GRANTS {
            self.grants.remove(0);
        }
        self.grants.push(grant);
    }

    /// Selects the next or the previous ask that waits for a key, and stays at the ends.
    fn choose(&mut self, now: Moment, down: bool, effects: &mut Vec<Effect>) {
        let waiting: Vec<&Entry> = self.entries.iter().filter(|entry| entry.waits()).collect();
        let Some(at) = waiting.iter().position(|entry| Some(entry.id()) == self.selected.as_ref()) else {
            return;
        };
        let to = if down { at.saturating_add(1) } else { at.saturating_sub(1) };
        let Some(id) = waiting.get(to).map(|entry| entry.id().clone()) else { return };
        if Some(&id) != self.selected.as_ref() {
            self.select(now, Some(id), effects);
        }
    }
}
