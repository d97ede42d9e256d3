//! Every ask that is not settled yet, and the only place that decides what becomes of one.
//!
//! Pure: no I/O, no clock. [`Docket::step`] takes what happened and when, and returns what is to be done.
//! An ask goes `Describing → Waiting → Dispatched`, or `Queued → Dispatched` when it needs no key, and leaves at any
//! of these.

mod acts;
mod changes;
pub(crate) mod code;
mod command;
mod complete;
pub(crate) mod effect;
pub(crate) mod entry;
pub(crate) mod event;
mod filing;
pub(crate) mod floods;
pub(crate) mod grant;
pub(crate) mod history;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod judged;
mod keyboard;
pub(crate) mod line;
mod lines;
mod made;
pub(crate) mod mode;
#[cfg(test)]
mod onlooker;
pub(crate) mod page;
pub(crate) mod past;
pub(crate) mod prompts;
#[cfg(test)]
mod properties;
pub(crate) mod recording;
pub(crate) mod refusals;
#[cfg(test)]
mod scenes;
mod settling;
pub(crate) mod vault;
mod written;

use std::rc::Rc;
use std::time::Duration;

use sd_wire::ask::Resolution;
use sd_wire::deadline;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::record;

use crate::caller::Pinned;
use crate::docket::code::Guesses;
use crate::docket::effect::Effect;
use crate::docket::entry::{Entry, Face, State};
use crate::docket::event::{Event, Moment};
use crate::docket::grant::Grant;
use crate::docket::history::{Decided, History};
use crate::docket::keyboard::Keyboard;
use crate::docket::line::Past;
use crate::docket::mode::Mode;
use crate::docket::prompts::Prompts;
use crate::docket::refusals::Refusals;
use crate::docket::vault::Vault;
use crate::routing;
use crate::rules::{Rates, Rules};

/// The most asks that may be pending at once.
pub(crate) const MOST: usize = 200;
/// How many more may be that may need no key: those that wait for a person keep nobody from searching.
pub(crate) const MOST_BRIEF: usize = 64;
/// The most asks of one process that may be pending at once, and as many that may need no key.
pub(crate) const MOST_OF_ONE: usize = 64;
/// The most grants that live at once.
const MOST_GRANTS: usize = 64;
/// How long a notice stands on the screen.
const NOTICE: Duration = Duration::from_secs(8);

/// The docket.
#[derive(Debug)]
pub(crate) struct Docket {
    expire: Duration,
    rules: Rules,
    rates: Rates<Pinned>,
    entries: Vec<Entry>,
    selected: Option<AskId>,
    keyboard: Keyboard,
    mode: Mode,
    /// The commands that were typed before.
    past: Past,
    /// Only asks that mention this are seen and chosen.
    filter: Option<String>,
    /// Whether the detail has the screen for itself.
    wide: bool,
    grants: Vec<Grant>,
    refusals: Refusals,
    guesses: Guesses,
    prompts: Prompts,
    vault: Vault,
    history: History,
    /// Something that the person should know, until then.
    notice: Option<(Moment, String)>,
    /// Whose asks are before the person's eyes.
    before: floods::Before,
    faces: u64,
    /// Of grants and mutes.
    numbers: u64,
    /// Of the record, as far as this process numbers them.
    lines: u64,
    /// Whether the last that had to be recorded first could not be.
    unrecorded: bool,
}

impl Docket {
    /// An empty docket whose asks expire after `expire`, under these rules.
    pub(crate) fn new(expire: Duration, rules: Rules) -> Self {
        Self {
            expire,
            rules,
            rates: Rates::default(),
            entries: Vec::new(),
            selected: None,
            keyboard: Keyboard::default(),
            mode: Mode::default(),
            past: Past::default(),
            filter: None,
            wide: false,
            grants: Vec::new(),
            refusals: Refusals::default(),
            guesses: Guesses::default(),
            prompts: Prompts::default(),
            vault: Vault::default(),
            history: History::default(),
            notice: None,
            before: floods::Before::default(),
            faces: 0,
            numbers: 0,
            lines: 0,
            unrecorded: false,
        }
    }

    /// Takes what happened, and returns what is to be done about it, in order.
    pub(crate) fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Filed(filing) => self.file(now, Rc::from(filing), &mut effects),
            Event::Proved { id, changes } => self.proved(&id, changes),
            Event::Described { id, what } => self.described(now, &id, what, &mut effects),
            Event::DescribeFailed { id, why } => self.not_described(now, &id, why, &mut effects),
            Event::Key(key) => self.key(now, key, &mut effects),
            Event::Drawn(face) => {
                self.keyboard.drawn(now, face);
                self.before_the_eyes(now, face);
            }
            Event::SeenToEnd(face) => {
                if let Some(entry) = self.entries.iter_mut().find(|entry| entry.face() == Some(face)) {
                    entry.seen_to_end = true;
                }
            }
            Event::Stalled => self.keyboard.restart(now),
            Event::SwitchRefused => self.say(now, "a switch away was refused; Esc lets go".into()),
            Event::Typed { characters } => self.typed(now, characters),
            Event::Started => {
                self.keyboard.restart(now);
                self.begin(now, &mut effects);
            }
            Event::Active(active) => {
                self.keyboard.activate(now, active);
                // What was begun on a screen that went away is begun anew.
                self.let_go_of_what_was_begun();
                self.forget_typed(&mut effects);
                if active && self.vault.is_stale(now) {
                    self.ask_whether_locked(now, &mut effects);
                }
            }
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
                    entry.state = State::Dispatched { until: now.after(deadline::DECIDE_WAITS), order: None };
                }
            }
            Event::DispatchFailed { id, why } => {
                let out =
                    |entry: &Entry| matches!(entry.state, State::Queued { .. } | State::Dispatched { .. });
                if self.find(&id).is_some_and(out) {
                    self.fail(now, &id, why, &mut effects);
                }
            }
            Event::Made { id, item } => {
                if self.is_dispatched(&id) {
                    self.made(now, &id, &item);
                }
            }
            Event::WorkerDone { id } => {
                if self.is_dispatched(&id) {
                    self.end(now, &id, Resolution::Granted, &mut effects);
                }
            }
            Event::WorkerFailed { id, why } => {
                if self.is_dispatched(&id) {
                    self.write_down(now, &id, Resolution::Failed, Some(why), &mut effects);
                    self.leave(now, &id, Resolution::Failed, &mut effects);
                }
            }
            Event::ChoreEnded { number, chore, how } => {
                self.chore_ended(now, number, chore, how, &mut effects)
            }
            Event::PassphraseWanted { prompt, wanted } => {
                self.passphrase_wanted(now, prompt, *wanted, &mut effects);
            }
            Event::PassphraseForgone { prompt } => self.passphrase_forgone(now, prompt, &mut effects),
            Event::Recorded { number } => self.recorded(now, number, &mut effects),
            Event::Unrecorded { number, why } => self.not_recorded(now, number, why, &mut effects),
            Event::Remembered(past) => self.history.remember(past),
            Event::ProcessEnded(process) => self.grants.retain(|grant| !grant.is_of(process)),
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
        let free = self.prompt().is_none() && self.mode == Mode::Asks;
        let face = self.selected().and_then(Entry::face);
        free && face.is_some_and(|face| self.keyboard.sees(face) && self.keyboard.is_quiet(now))
    }

    /// The listed asks that the filter lets be seen.
    pub(crate) fn fitting(&self) -> impl Iterator<Item = &Entry> {
        self.listed().filter(|entry| self.fits_filter(entry))
    }

    /// Of these, those that have a line: of a flood only one.
    pub(crate) fn seen(&self) -> impl Iterator<Item = &Entry> {
        let folds = self.folds();
        self.fitting().filter(move |entry| folds.shows(entry))
    }

    /// What the list is filtered by.
    pub(crate) fn filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }

    /// Whether the detail has the screen for itself.
    pub(crate) fn is_wide(&self) -> bool {
        self.wide
    }

    /// The grants in force.
    pub(crate) fn grants(&self, now: Moment) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| !grant.is_over(now))
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The noes that last.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// What was decided.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// Something that the person should know just now.
    pub(crate) fn notice(&self, now: Moment) -> Option<&str> {
        self.notice.as_ref().filter(|(until, _)| *until > now).map(|(_, text)| text.as_str())
    }

    /// When the docket has to be stepped although nothing happens. `None`: never.
    pub(crate) fn due(&self, now: Moment) -> Option<Moment> {
        let entries = self.entries.iter().filter_map(Entry::due);
        let grants = self.grants.iter().map(|grant| grant.until);
        let notice = self.notice.as_ref().map(|(until, _)| *until);
        let others =
            [self.prompts.due(), self.vault.due(), self.refusals.due(), notice, self.decision_over(now)];
        entries.chain(grants).chain(others.into_iter().flatten()).min()
    }

    /// Tells the person something for a while.
    fn say(&mut self, now: Moment, text: String) {
        self.notice = Some((now.after(NOTICE), text));
    }

    fn new_face(&mut self) -> Face {
        self.faces = self.faces.saturating_add(1);
        Face(self.faces)
    }

    fn number(&mut self) -> u64 {
        self.numbers = self.numbers.saturating_add(1);
        self.numbers
    }

    fn find(&self, id: &AskId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id() == id)
    }

    fn is_dispatched(&self, id: &AskId) -> bool {
        self.find(id).is_some_and(|entry| matches!(entry.state, State::Dispatched { .. }))
    }

    /// Writes a decision about an ask into the history.
    fn note(&mut self, now: Moment, id: &AskId, decided: Decided) {
        if let Some(entry) = self.entries.iter().find(|entry| entry.id() == id) {
            self.history.note(now, entry, decided);
        }
    }

    fn forget_what_is_over(&mut self, now: Moment) {
        self.grants.retain(|grant| !grant.is_over(now));
        self.refusals.clear(now);
        self.notice.take_if(|(until, _)| *until <= now);
    }

    /// Denies everything that waits, and everything that comes, until it is lifted.
    fn deny_all(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.jot(written::done(record::Event::Changed, "deny-all", ""), effects);
        self.refusals.set_everything(true);
        self.grants.clear();
        let here = |entry: &&Entry| entry.is_here() && routing::refusable(entry.want());
        let ids: Vec<AskId> = self.entries.iter().filter(here).map(|entry| entry.id().clone()).collect();
        for id in ids {
            self.note(now, &id, Decided::Everything);
            self.settle(now, &id, What::Denied {}, effects);
        }
        self.call_off_unlocking(now, What::Denied {}, effects);
        self.end_prompts(now, effects);
    }

    fn tick(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.forget_what_is_over(now);
        let over = |entry: &&Entry| entry.due().is_some_and(|due| due <= now);
        let due: Vec<AskId> = self.entries.iter().filter(over).map(|entry| entry.id().clone()).collect();
        for id in due {
            let Some(entry) = self.find(&id) else { continue };
            match entry.state {
                State::Dispatched { .. } => self.end(now, &id, Resolution::Failed, effects),
                State::Queued { .. } => self.fail(now, &id, Fault::Timeout, effects),
                State::Recording { line, .. } => self.not_recorded(now, line, None, effects),
                _ if entry.expires <= now => self.settle(now, &id, What::Expired {}, effects),
                _ => self.fail(now, &id, Fault::Timeout, effects),
            }
        }
        self.tick_vault(now, effects);
        self.tick_prompts(now, effects);
    }
}
