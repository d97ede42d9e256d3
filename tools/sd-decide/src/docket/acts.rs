//! What the keys do to the asks.

use std::rc::Rc;
use std::time::Duration;

use sd_wire::ask::Want;
use sd_wire::deadline;
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::printable::Printable;

use crate::docket::Docket;
use crate::docket::code::{self, Code};
use crate::docket::effect::Effect;
use crate::docket::entry::Entry;
use crate::docket::event::{Filing, Moment};
use crate::docket::grant::{Covers, Grant, Holder, Signer};
use crate::docket::history::Decided;
use crate::docket::mode::{Copying, Minutes, Mode, Period, Purpose};
use crate::docket::recording::Next;
use crate::keys::Key;
use crate::routing::{self, Described, Yes};

impl Docket {
    pub(super) fn act(&mut self, now: Moment, key: Key, armed: bool, effects: &mut Vec<Effect>) {
        match key {
            Key::Char('y') if armed => self.say_yes(now, effects),
            Key::Char('n') if armed => self.say_no(now, effects),
            Key::Char('g') if armed => self.begin_minutes(now, Period::Grant),
            Key::Char('m') if armed => self.begin_minutes(now, Period::Mute),
            Key::Char('M') => self.mute_flood(now, effects),
            Key::Char('U') => self.unmute_newest(now),
            Key::Up | Key::Char('k') => self.choose(now, false, effects),
            Key::Down | Key::Char('j') => self.choose(now, true, effects),
            Key::PageUp => effects.push(Effect::Scroll(-1)),
            Key::PageDown | Key::Char(' ') => effects.push(Effect::Scroll(1)),
            Key::Char('d') => self.wide = !self.wide,
            Key::Char('?') => self.set_mode(now, Mode::Help),
            Key::Char(':') | Key::CommandLine => self.begin_line(now, Purpose::Command),
            Key::Char('/') => self.begin_line(now, Purpose::Filter),
            Key::Char('L') => self.lock(now, None, effects),
            // Only where nothing else could be meant.
            Key::Char('u') if self.entries.iter().all(|entry| !entry.is_listed()) => {
                self.unlock(now, None, effects);
            }
            Key::Escape if self.filter.is_some() => self.set_filter(now, None, effects),
            _ => {}
        }
    }

    /// The selected ask if a yes to it counts: it has been seen to its end, and its time is not over. Nobody may have
    /// looked at the clock yet.
    fn approvable(&self, now: Moment) -> Option<&Entry> {
        self.selected().filter(|entry| entry.seen_to_end && entry.expires > now)
    }

    fn say_yes(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let Some(entry) = self.approvable(now) else { return };
        let Some(face) = entry.face() else { return };
        if entry.needs_code.is_some() {
            match self.guesses.rest(now) {
                0 => self.set_mode(now, Mode::Code(Copying { face, typed: String::new() })),
                seconds => {
                    self.say(now, format!("too many wrong codes: none is taken for {seconds} s"));
                }
            }
        } else {
            self.approve(now, Decided::Yes, None, effects);
        }
    }

    /// Takes a yes to the selected ask: it is carried out once it is in the record. What it allows a prompt's app to
    /// read stays allowed for as long as was granted by hand, or for the moment that reading it takes.
    fn approve(
        &mut self,
        now: Moment,
        decided: Decided,
        granted: Option<(Duration, Grant)>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.approvable(now) else { return };
        let Some(shown) = entry.shown().cloned() else { return };
        let id = entry.id().clone();
        let yes = routing::on_yes(&id, entry.want(), &shown, || self.hidden(&entry.filing));
        if matches!(yes, Some(Yes::Unlock)) && self.vault.is_locking() {
            return;
        }
        let (filing, short) = (Rc::clone(&entry.filing), entry.short());
        let by_code = decided == Decided::Code;
        self.keyboard.decided(now);
        self.note(now, &id, decided.clone());
        let next = match yes {
            Some(Yes::Dispatch(order)) => {
                Next::Dispatch { order, leaves: granted.map(|(_, grant)| grant), under: None }
            }
            Some(Yes::Grant(items)) => {
                let access =
                    granted.as_ref().map_or_else(|| deadline::access(items.len()), |(period, _)| *period);
                let leaves = match granted {
                    Some((_, grant)) => Some(grant),
                    // What is given to the proxy as such would be given to every app that it cannot name.
                    None => Holder::pair(&filing.caller).filter(|_| !filing.caller.is_proxy_alone()).map(
                        |holder| Grant {
                            number: self.number(),
                            holder,
                            covers: Covers::of(&items),
                            until: now,
                            who: filing.caller.name(),
                            what: short,
                            by_hand: false,
                            by_code,
                            used: 0,
                        },
                    ),
                };
                let seconds = u32::try_from(access.as_secs()).unwrap_or(u32::MAX);
                Next::Approve { seconds, shown: items, leaves }
            }
            Some(Yes::Unlock) => Next::Unlock,
            Some(Yes::Tell(why)) => Next::Tell(why),
            // `described` has let nothing else in.
            None => return,
        };
        self.record(now, &id, &decided, Some(&shown), next, effects);
    }

    fn say_no(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.deny(now, Decided::No, effects);
    }

    /// Denies the selected ask, and the same again for some seconds.
    fn deny(&mut self, now: Moment, decided: Decided, effects: &mut Vec<Effect>) {
        let Some(entry) = self.selected() else { return };
        let (id, filing) = (entry.id().clone(), Rc::clone(&entry.filing));
        self.keyboard.decided(now);
        self.note(now, &id, decided);
        self.refusals.denied(now, &filing);
        // A no also ends what this caller may still do by an earlier yes. The proxy's other apps are others.
        let (pair, own) = (Holder::pair(&filing.caller), filing.caller.own());
        if matches!(filing.ask.want, Want::Access { .. } | Want::Read { .. }) {
            self.grants
                .retain(|grant| Some(grant.holder) != pair && own.is_none_or(|maker| !grant.is_of(maker)));
        }
        self.settle(now, &id, What::Denied {}, effects);
    }

    /// Asks for how many minutes, if there is anything to be had.
    fn begin_minutes(&mut self, now: Moment, period: Period) {
        let Some(face) = self.selected().and_then(Entry::face) else { return };
        let possible = match period {
            Period::Grant => match self.approvable(now) {
                Some(entry) => grantable(entry).map(drop),
                None => return,
            },
            Period::Mute => self.selected().map_or(Ok(()), mutable),
        };
        match possible {
            Ok(()) => self.set_mode(now, Mode::Minutes(Minutes { face, period, typed: String::new() })),
            Err(why) => self.say(now, why.to_owned()),
        }
    }

    pub(super) fn count_minutes(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        let Mode::Minutes(minutes) = &mut self.mode else { return };
        match key {
            Key::Char(digit) if digit.is_ascii_digit() && minutes.typed.len() < 2 => {
                minutes.typed.push(digit)
            }
            Key::Backspace => drop(minutes.typed.pop()),
            Key::Escape => self.set_mode(now, Mode::Asks),
            Key::Enter => {
                let Some(value) = minutes.value() else { return };
                let (face, period) = (minutes.face, minutes.period);
                self.set_mode(now, Mode::Asks);
                if self.selected().and_then(Entry::face) == Some(face) && self.keyboard.sees(face) {
                    match period {
                        Period::Grant => self.grant(now, value, effects),
                        Period::Mute => self.mute(now, value, effects),
                    }
                }
            }
            // Somebody types something else, and the Enter at its end is not meant for this.
            _ => self.set_mode(now, Mode::Asks),
        }
    }

    /// A yes, and to the same again for some minutes.
    fn grant(&mut self, now: Moment, minutes: u64, effects: &mut Vec<Effect>) {
        let Some((holder, covers)) = self.approvable(now).and_then(|entry| grantable(entry).ok()) else {
            return;
        };
        let period = Duration::from_secs(minutes.saturating_mul(60));
        let Some(entry) = self.selected() else { return };
        let what = match (&covers, entry.shown()) {
            (Covers::Key(_), Some(Described::Key(key))) => Printable::line(&format!(
                "signatures with key {} of {}",
                key.fingerprint.key_id(),
                key.user_id.as_str()
            )),
            _ => entry.short(),
        };
        let who = match holder {
            Holder::Tree(_) => entry.filing.caller.principal_name(),
            Holder::Pair(..) => entry.filing.caller.name(),
        };
        let number = self.number();
        let until = now.after(period);
        let (by_hand, by_code) = (true, false);
        let grant = Grant { number, holder, covers, until, who, what, by_hand, by_code, used: 0 };
        self.approve(now, Decided::Granted(minutes), Some((period, grant)), effects);
    }

    fn mute(&mut self, now: Moment, minutes: u64, effects: &mut Vec<Effect>) {
        let Some(filing) = self.selected().map(|entry| Rc::clone(&entry.filing)) else { return };
        let until = now.after(Duration::from_secs(minutes.saturating_mul(60)));
        let number = self.number();
        self.refusals.mute(number, &filing.caller, until);
        self.deny(now, Decided::NoAndMuted(minutes), effects);
        self.deny_the_muted(now, effects);
    }

    /// What somebody muted has asked before is denied as what they will ask: nobody has to say no to each.
    pub(super) fn deny_the_muted(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let here: Vec<Rc<Filing>> = self
            .entries
            .iter()
            .filter(|entry| entry.is_here())
            .map(|entry| Rc::clone(&entry.filing))
            .collect();
        for filing in here {
            if routing::refusable(&filing.ask.want) && self.refusals.is_muted(now, &filing) {
                self.note(now, &filing.ask.id, Decided::Muted);
                self.settle(now, &filing.ask.id, What::Denied {}, effects);
            }
        }
    }

    pub(super) fn keep_grant(&mut self, grant: Option<Grant>) {
        let Some(grant) = grant else { return };
        if self.grants.len() >= super::MOST_GRANTS {
            self.grants.remove(0);
        }
        self.grants.push(grant);
    }

    pub(super) fn copy_code(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        let Mode::Code(copying) = &mut self.mode else { return };
        let face = copying.face;
        match key {
            Key::Char(character) if copying.typed.chars().count() < Code::LENGTH => {
                copying.typed.push(character)
            }
            Key::Backspace => drop(copying.typed.pop()),
            Key::ClearLine => copying.typed.clear(),
            Key::Escape => return self.set_mode(now, Mode::Asks),
            _ => return,
        }
        let typed = copying.typed.clone();
        if typed.chars().count() < Code::LENGTH {
            return;
        }
        self.set_mode(now, Mode::Asks);
        let seen = self.keyboard.sees(face) && self.selected().and_then(Entry::face) == Some(face);
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.face() == Some(face) && seen) else {
            return;
        };
        if entry.filing.code.is(&typed) {
            self.guesses.right();
            return self.approve(now, Decided::Code, None, effects);
        }
        entry.wrong_codes = entry.wrong_codes.saturating_add(1);
        let over = entry.wrong_codes >= code::MOST_WRONG;
        self.guesses.wrong(now);
        if over {
            self.deny(now, Decided::WrongCode, effects);
        } else if self.guesses.rest(now) == 0 {
            self.set_mode(now, Mode::Code(Copying { face, typed: String::new() }));
        }
    }

    /// Selects the next or the previous ask that waits for a key, and stays at the ends.
    fn choose(&mut self, now: Moment, down: bool, effects: &mut Vec<Effect>) {
        let waiting: Vec<&Entry> = self.selectable().collect();
        let at = waiting.iter().position(|entry| Some(entry.id()) == self.selected.as_ref());
        let to = match at {
            None => 0,
            Some(at) if down => at.saturating_add(1),
            Some(at) => at.saturating_sub(1),
        };
        let Some(id) = waiting.get(to).map(|entry| entry.id().clone()) else { return };
        if Some(&id) != self.selected.as_ref() {
            self.select(now, Some(id), effects);
        }
    }

    /// The asks that can be selected: those that wait for a key and fit the filter.
    pub(super) fn selectable(&self) -> impl Iterator<Item = &Entry> {
        let folds = self.folds();
        let waiting = self.entries.iter().filter(|entry| entry.waits() && self.fits_filter(entry));
        waiting.filter(move |entry| folds.shows(entry))
    }

    /// Whether the filter lets the ask be seen.
    pub(super) fn fits_filter(&self, entry: &Entry) -> bool {
        self.filter.as_ref().is_none_or(|filter| entry.mentions(filter))
    }

    pub(super) fn set_filter(&mut self, now: Moment, filter: Option<String>, effects: &mut Vec<Effect>) {
        self.filter = filter.filter(|filter| !filter.is_empty());
        let stays = self.selected().is_some_and(|entry| self.fits_filter(entry));
        if !stays {
            let next: Option<AskId> = self.selectable().next().map(|entry| entry.id().clone());
            self.select(now, next, effects);
        }
    }
}

/// Who would hold a grant for this ask, and for what; or why there can be none.
fn grantable(entry: &Entry) -> Result<(Holder, Covers), &'static str> {
    if entry.needs_code.is_some() {
        return Err("a rule wants a code for this each time: no grant");
    }
    let caller = &entry.filing.caller;
    match (entry.want(), entry.shown()) {
        (Want::Read { .. } | Want::Access { .. }, Some(Described::Items(items))) => {
            if caller.is_proxy_alone() {
                return Err("it is not known for which app this is: no grant");
            }
            let holder = Holder::pair(caller).ok_or("the process that asks is gone: no grant")?;
            Ok((holder, Covers::of(items)))
        }
        (Want::Sign { key: name, .. }, Some(Described::Key(key))) => {
            let git = caller.git().ok_or("no git stands behind this signature: no grant")?;
            Ok((Holder::Tree(git), Covers::Key(Signer { name: name.clone(), key: key.clone() })))
        }
        _ => Err("only reads and signatures can be granted for some minutes"),
    }
}

pub(super) fn mutable(entry: &Entry) -> Result<(), &'static str> {
    let caller = &entry.filing.caller;
    if caller.is_proxy_alone() {
        return Err("it is not known for which app this is: a mute would silence all apps");
    }
    caller.principal().map(drop).ok_or("the process that asks is gone: there is nobody to mute")
}
