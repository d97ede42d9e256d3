//! Every ask that is not settled yet, and the only place that decides what becomes of one.
//!
//! Pure: no I/O, no clock. [`Docket::step`] takes what happened and when, and returns what is to be done.
//! An ask goes `Describing → Waiting → Dispatched`, or `Queued → Dispatched` when it needs no key, and leaves at any
//! of these.

mod acts;
pub(crate) mod code;
mod command;
mod complete;
pub(crate) mod effect;
pub(crate) mod entry;
pub(crate) mod event;
pub(crate) mod grant;
pub(crate) mod history;
mod judged;
mod keyboard;
pub(crate) mod line;
mod lines;
pub(crate) mod mode;
#[cfg(test)]
mod onlooker;
pub(crate) mod page;
pub(crate) mod prompts;
#[cfg(test)]
mod properties;
pub(crate) mod refusals;
#[cfg(test)]
mod scenes;
pub(crate) mod vault;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sd_wire::ask::{Resolution, Want};
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::id::AskId;
use sd_wire::outcome::What;

use crate::caller::Pinned;
use crate::docket::effect::Effect;
use crate::docket::entry::{Entry, Face, State};
use crate::docket::event::{Event, Filing, Moment};
use crate::docket::grant::Grant;
use crate::docket::history::{Decided, History};
use crate::docket::keyboard::Keyboard;
use crate::docket::line::Past;
use crate::docket::mode::Mode;
use crate::docket::prompts::Prompts;
use crate::docket::refusals::Refusals;
use crate::docket::vault::Vault;
use crate::routing::{self, Described, Order, Road, Yes};
use crate::rules::{Judgement, Rates, Rules, Subject};

/// The most asks that may be pending at once.
pub(crate) const MOST: usize = 200;
/// The most asks of one process that may be pending at once.
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
    prompts: Prompts,
    vault: Vault,
    history: History,
    /// Something that the person should know, until then.
    notice: Option<(Moment, String)>,
    faces: u64,
    /// Of grants and mutes.
    numbers: u64,
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
            prompts: Prompts::default(),
            vault: Vault::default(),
            history: History::default(),
            notice: None,
            faces: 0,
            numbers: 0,
        }
    }

    /// Takes what happened, and returns what is to be done about it, in order.
    pub(crate) fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Filed(filing) => self.file(now, Rc::from(filing), &mut effects),
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
            Event::SwitchRefused => self.say(now, "a switch away was refused; Esc lets go".into()),
            Event::Typed { characters } => self.typed(now, characters),
            Event::Started => {
                self.keyboard.restart(now);
                self.begin(now, &mut effects);
            }
            Event::Active(active) => {
                self.keyboard.activate(now, active);
                // What was begun on a screen that went away is begun anew.
                if matches!(self.mode, Mode::Code(_) | Mode::Minutes(_)) {
                    self.mode = Mode::Asks;
                }
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
            Event::WorkerDone { id } => {
                if self.is_dispatched(&id) {
                    self.end(now, &id, Resolution::Granted, &mut effects);
                }
            }
            Event::WorkerFailed { id, why } => {
                if self.is_dispatched(&id) {
                    self.history.ended(&id, Resolution::Failed, Some(why));
                    self.end(now, &id, Resolution::Failed, &mut effects);
                }
            }
            Event::ChoreEnded { number, chore, how } => {
                self.chore_ended(now, number, chore, how, &mut effects)
            }
            Event::PassphraseWanted { prompt, wanted } => {
                self.passphrase_wanted(now, prompt, *wanted, &mut effects);
            }
            Event::PassphraseForgone { prompt } => self.passphrase_forgone(now, prompt, &mut effects),
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
    pub(crate) fn seen(&self) -> impl Iterator<Item = &Entry> {
        self.listed().filter(|entry| self.fits_filter(entry))
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

    fn file(&mut self, now: Moment, filing: Rc<Filing>, effects: &mut Vec<Effect>) {
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
        self.forget_what_is_over(now);
        let (until, maker) = (now.after(deadline::DECIDE_WAITS), filing.caller.pid);
        let judged = judged::judge(&self.rules, &filing, None);
        let expire = judged.expire.map_or(self.expire, |rule| rule.min(self.expire));
        let needs_code = judged.code.clone();
        let mut entry = Entry {
            expires: now.after(expire),
            state: State::Vault,
            seen_to_end: false,
            needs_code,
            judged,
            filing,
        };
        let refused =
            routing::refusable(entry.want()).then(|| self.refusals.refuse(now, &entry.filing)).flatten();
        if let Some(why) = refused {
            self.history.note(now, &entry, why);
            self.entries.push(entry);
            return self.settle(now, &id, What::Denied {}, effects);
        }
        if let Some(rule) = self.forbidden(now, &entry.filing, &entry.judged, None) {
            self.history.note(now, &entry, Decided::Rule(rule));
            self.entries.push(entry);
            return self.fail(now, &id, Fault::Forbidden, effects);
        }
        if let Some((order, number)) = self.granted(now, &entry.filing).filter(|_| entry.needs_code.is_none())
        {
            entry.state = State::Dispatched { until, order: Some(order.clone()) };
            self.history.note(now, &entry, Decided::ByGrant(number));
            self.entries.push(entry);
            return effects.push(Effect::Dispatch { id, order });
        }
        let hidden = |filing: &Filing| {
            let processes = judged::processes(filing);
            self.rules.hidden(&Subject { kind: "search", processes: &processes, ..Subject::default() })
        };
        let Some(road) = routing::road(&id, entry.want(), || hidden(&entry.filing)) else {
            self.entries.push(entry);
            return self.fail(now, &id, Fault::Forbidden, effects);
        };
        match &road {
            Road::InTurn(_) => entry.state = State::Queued { until },
            Road::ByKey(_) | Road::Plain => entry.state = State::Describing { until },
            Road::Lock => {}
        }
        self.entries.push(entry);
        match road {
            Road::InTurn(order) => effects.push(Effect::Queue { id, maker, order }),
            Road::ByKey(order) => effects.push(Effect::Describe { id, maker, order }),
            Road::Plain => self.described(now, &id, Described::Plain, effects),
            Road::Lock => self.lock(now, Some(id), effects),
        }
    }

    /// The order of a read that a live grant covers, and that grant's number.
    fn granted(&mut self, now: Moment, filing: &Filing) -> Option<(Order, u64)> {
        let Want::Read { item } = &filing.ask.want else { return None };
        let covering = |grant: &&mut Grant| grant.covers_read(&filing.caller, item, now).is_some();
        let grant = self.grants.iter_mut().rev().find(covering)?;
        grant.used = grant.used.saturating_add(1);
        let digest = grant.covers_read(&filing.caller, item, now)?;
        Some((routing::granted_read(&filing.ask.id, item, digest), grant.number))
    }

    fn described(&mut self, now: Moment, id: &AskId, shown: Described, effects: &mut Vec<Effect>) {
        let face = self.new_face();
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) else { return };
        if !matches!(entry.state, State::Describing { .. }) {
            return;
        }
        // Only what a yes could be carried out on is put before a person.
        let Some(yes) = routing::on_yes(id, entry.want(), &shown) else {
            self.fail(now, id, Fault::Malformed, effects);
            return;
        };
        let judged = judged::judge(&self.rules, &entry.filing, Some(&shown));
        let (filing, before) = (Rc::clone(&entry.filing), entry.judged.clone());
        if let Some(rule) = self.forbidden(now, &filing, &judged, Some(&before)) {
            self.note(now, id, Decided::Rule(rule));
            return self.fail(now, id, Fault::Forbidden, effects);
        }
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) else { return };
        if let Some(expire) = judged.expire {
            entry.expires = entry.expires.min(now.after(expire));
        }
        entry.needs_code = entry.needs_code.take().or(judged.code);
        let needs_code = entry.needs_code.is_some();
        let caller = &entry.filing.caller;
        let granted = if let Described::Key(key) = &shown {
            self.grants.iter_mut().find(|grant| grant.covers_signature(caller, &key.fingerprint, now))
        } else {
            None
        };
        entry.state = State::Waiting { shown, face };
        if let (Yes::Dispatch(order), Some(grant), false) = (yes, granted, needs_code) {
            grant.used = grant.used.saturating_add(1);
            self.history.note(now, entry, Decided::ByGrant(grant.number));
            return self.dispatch(now, id, order, effects);
        }
        let fits = self.find(id).is_some_and(|entry| self.fits_filter(entry));
        if self.selected.is_none() && fits {
            self.select(now, Some(id.clone()), effects);
        }
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

    /// The rule that forbids an ask, if one does: each rate counts it once.
    fn forbidden(
        &mut self,
        now: Moment,
        filing: &Filing,
        judged: &Judgement,
        before: Option<&Judgement>,
    ) -> Option<Arc<str>> {
        if let Some(rule) = &judged.deny {
            return Some(Arc::clone(rule));
        }
        let rates = before.map_or_else(|| judged.rates.clone(), |before| judged.rates_since(before));
        // Who cannot be told apart shares one account.
        let nobody = Pinned { pid: 0, start: 0 };
        let process = filing.caller.principal().unwrap_or(nobody);
        self.rates.allow(now.0, &rates, &process).err()
    }

    /// Denies everything that waits, and everything that comes, until it is lifted.
    fn deny_all(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.refusals.set_everything(true);
        self.grants.clear();
        let here = |entry: &&Entry| entry.is_here() && routing::refusable(entry.want());
        let ids: Vec<AskId> = self.entries.iter().filter(here).map(|entry| entry.id().clone()).collect();
        for id in ids {
            self.note(now, &id, Decided::Everything);
            self.settle(now, &id, What::Denied {}, effects);
        }
        self.refuse_prompts(now, effects);
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
                _ if entry.expires <= now => self.settle(now, &id, What::Expired {}, effects),
                _ => self.fail(now, &id, Fault::Timeout, effects),
            }
        }
        self.tick_vault(now, effects);
        self.tick_prompts(now, effects);
    }

    fn fail(&mut self, now: Moment, id: &AskId, why: Fault, effects: &mut Vec<Effect>) {
        self.settle(now, id, What::Failed { stage: Stage::Decide, why }, effects);
    }

    /// The last line goes into the sink, from here. Not for an ask that is gone already.
    fn settle(&mut self, now: Moment, id: &AskId, what: What, effects: &mut Vec<Effect>) {
        if !self.knows(id) {
            return;
        }
        let (how, why) = match what {
            What::Approved { .. } => (Resolution::Approved, None),
            What::Locked {} | What::Unlocked {} => (Resolution::Granted, None),
            What::Denied {} => (Resolution::Denied, None),
            What::Expired {} => (Resolution::Expired, None),
            What::Cancelled {} => (Resolution::Cancelled, None),
            What::Failed { why, .. } => (Resolution::Failed, Some(why)),
            _ => (Resolution::Failed, None),
        };
        self.write_down(now, id, how, why);
        effects.push(Effect::Settle { id: id.clone(), what });
        self.end(now, id, how, effects);
    }

    /// How an ask ended goes into the history; also one that nobody decided, unless it needed nobody.
    fn write_down(&mut self, now: Moment, id: &AskId, how: Resolution, why: Option<Fault>) {
        let Some(entry) = self.entries.iter().find(|entry| entry.id() == id) else { return };
        if !self.history.is_open(id) && routing::is_recorded(entry.want()) {
            self.history.note(now, entry, Decided::Nobody);
        }
        self.history.ended(id, how, why);
    }

    /// The ask leaves the docket.
    fn end(&mut self, now: Moment, id: &AskId, how: Resolution, effects: &mut Vec<Effect>) {
        self.write_down(now, id, how, None);
        let place = self.place(id);
        self.entries.retain(|entry| entry.id() != id);
        effects.push(Effect::Tell { id: id.clone(), how });
        effects.push(Effect::Forget { id: id.clone() });
        self.deselect(now, id, place, effects);
        self.tick_prompts(now, effects);
    }

    /// The ask is the worker's now.
    fn dispatch(&mut self, now: Moment, id: &AskId, order: Order, effects: &mut Vec<Effect>) {
        let place = self.place(id);
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id() == id) {
            let until = now.after(routing::patience(&order));
            entry.state = State::Dispatched { until, order: Some(order.clone()) };
            effects.push(Effect::Dispatch { id: id.clone(), order });
        }
        self.deselect(now, id, place, effects);
    }

    /// The place of an ask among those that can be selected.
    fn place(&self, id: &AskId) -> usize {
        self.selectable().take_while(|entry| entry.id() != id).count()
    }

    /// When the selected ask is gone, the one that moved up into its place is selected.
    fn deselect(&mut self, now: Moment, gone: &AskId, place: usize, effects: &mut Vec<Effect>) {
        if self.selected.as_ref() != Some(gone) {
            return;
        }
        let waiting: Vec<&Entry> = self.selectable().collect();
        let next = waiting.get(place).or(waiting.last()).map(|entry| entry.id().clone());
        self.select(now, next, effects);
    }

    fn select(&mut self, now: Moment, id: Option<AskId>, effects: &mut Vec<Effect>) {
        self.selected = id;
        // What was begun was about another ask.
        if matches!(self.mode, Mode::Code(_) | Mode::Minutes(_)) {
            self.mode = Mode::Asks;
        }
        self.keyboard.restart(now);
        // What was typed into a line is for the line.
        if !matches!(self.mode, Mode::Line(_)) {
            effects.push(Effect::FlushInput);
        }
    }
}
