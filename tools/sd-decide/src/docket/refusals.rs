//! Noes that last: a denial for some seconds, a mute for some minutes, and the one that denies everything.

use std::time::Duration;

use sd_sys::process::Family;
use sd_wire::ask::Want;
use sd_wire::printable::Printable;

use crate::caller::{Caller, Pinned};
use crate::docket::event::{Filing, Moment};
use crate::docket::history::Decided;

/// How long the same ask of the same process is denied unasked.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(5);
/// The most denials that are remembered, and the most mutes: the oldest make room.
const MOST: usize = 64;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    denials: Vec<Denial>,
    mutes: Vec<Mute>,
    everything: bool,
    /// How many asks were denied unasked, since the start.
    silently: u64,
    /// The last of them.
    last: Option<(Moment, Printable)>,
}

/// A no that was given a moment ago.
#[derive(Debug)]
struct Denial {
    who: Pinned,
    /// Who asked for it: it may claim to ask for another one the next time.
    maker: Option<Pinned>,
    parent: Option<Pinned>,
    want: Want,
    until: Moment,
}

/// A process that is denied everything.
#[derive(Clone, Debug)]
pub(crate) struct Mute {
    /// Its number, by which it is revoked.
    pub(crate) number: u64,
    whom: Whom,
    /// Who it is, in words.
    pub(crate) who: Printable,
    /// When it may ask again.
    pub(crate) until: Moment,
    /// How many of its asks were denied meanwhile.
    pub(crate) denied: u64,
}

/// Who is muted.
#[derive(Clone, Debug)]
enum Whom {
    Process(Claimant),
    /// Everything that belongs together with it, so that it does not get away by forking.
    Family(Family),
}

/// A process, as it asked.
#[derive(Clone, Debug)]
struct Claimant {
    process: Pinned,
    /// Whether it is only claimed that this is asked for it: then what it has started is not muted with it, or to claim
    /// a session's first process would silence the session.
    claimed: bool,
    /// Who asked for it: it may claim to ask for another one the next time.
    maker: Option<Pinned>,
}

impl Refusals {
    /// Why this is denied without asking anybody, if it is; it is counted.
    pub(super) fn refuse(&mut self, now: Moment, filing: &Filing) -> Option<Decided> {
        let why = self.reason(now, filing)?;
        self.silently = self.silently.saturating_add(1);
        self.last = Some((now, filing.caller.name()));
        Some(why)
    }

    fn reason(&mut self, now: Moment, filing: &Filing) -> Option<Decided> {
        if self.everything {
            return Some(Decided::Everything);
        }
        let caller = &filing.caller;
        if self.is_muted(now, filing) {
            return Some(Decided::Muted);
        }
        let same =
            |denial: &Denial| denial.until > now && denial.is_of(caller) && denial.want == filing.ask.want;
        self.denials.iter().any(same).then_some(Decided::Remembered)
    }

    /// Whether who asks is muted; then it is counted.
    pub(super) fn is_muted(&mut self, now: Moment, filing: &Filing) -> bool {
        let mute = self.mutes.iter_mut().find(|mute| mute.until > now && mute.is_of(&filing.caller));
        mute.map(|mute| mute.denied = mute.denied.saturating_add(1)).is_some()
    }

    /// Remembers that this was denied.
    pub(super) fn denied(&mut self, now: Moment, filing: &Filing) {
        let Some(who) = filing.caller.principal() else { return };
        let denial = Denial {
            who,
            maker: filing.caller.own(),
            parent: filing.caller.parent(),
            want: filing.ask.want.clone(),
            until: now.after(REMEMBERED),
        };
        make_room(&mut self.denials);
        self.denials.push(denial);
    }

    /// Mutes the process behind a caller; not when it cannot be told for good which one that is.
    pub(super) fn mute(&mut self, number: u64, caller: &Caller, until: Moment) {
        let Some(process) = caller.principal() else { return };
        self.mutes.retain(|mute| !matches!(&mute.whom, Whom::Process(other) if other.process == process));
        let claimant = Claimant { process, claimed: caller.app.is_some(), maker: caller.own() };
        self.keep(number, Whom::Process(claimant), caller.name(), until);
    }

    /// Mutes a family, whose name in words this is.
    pub(super) fn mute_family(&mut self, number: u64, family: Family, who: Printable, until: Moment) {
        self.mutes.retain(|mute| !matches!(&mute.whom, Whom::Family(other) if *other == family));
        self.keep(number, Whom::Family(family), who, until);
    }

    fn keep(&mut self, number: u64, whom: Whom, who: Printable, until: Moment) {
        make_room(&mut self.mutes);
        self.mutes.push(Mute { number, whom, who, until, denied: 0 });
    }

    /// The mute that was given last.
    pub(crate) fn newest(&self) -> Option<&Mute> {
        self.mutes.iter().max_by_key(|mute| mute.number)
    }

    /// Lifts a mute; whether there was one of this number.
    pub(super) fn unmute(&mut self, number: u64) -> bool {
        let before = self.mutes.len();
        self.mutes.retain(|mute| mute.number != number);
        self.mutes.len() < before
    }

    /// Denies everything from now on, or no longer.
    pub(super) fn set_everything(&mut self, everything: bool) {
        self.everything = everything;
    }

    /// Whether everything is denied.
    pub(crate) fn everything(&self) -> bool {
        self.everything
    }

    /// The mutes in force.
    pub(crate) fn mutes(&self) -> &[Mute] {
        &self.mutes
    }

    /// How many asks were denied unasked since the start, and when and whose the last one was.
    pub(crate) fn silently(&self) -> (u64, Option<&(Moment, Printable)>) {
        (self.silently, self.last.as_ref())
    }

    /// Forgets what is over.
    pub(super) fn clear(&mut self, now: Moment) {
        self.denials.retain(|denial| denial.until > now);
        self.mutes.retain(|mute| mute.until > now);
    }

    /// When the next of the mutes is over: the screen shows them.
    pub(super) fn due(&self) -> Option<Moment> {
        self.mutes.iter().map(|mute| mute.until).min()
    }
}

impl Denial {
    /// Whether this caller is the one that was denied, or comes from the same process: a loop in a shell is a new
    /// process each time.
    fn is_of(&self, caller: &Caller) -> bool {
        let same = |one: Option<Pinned>, other| one.is_some() && one == other;
        caller.principal() == Some(self.who)
            || same(self.maker, caller.own())
            || same(self.parent, caller.parent())
    }
}

impl Mute {
    /// Whether this caller is muted by it.
    fn is_of(&self, caller: &Caller) -> bool {
        match &self.whom {
            Whom::Process(claimant) => claimant.is_of(caller),
            Whom::Family(family) => caller.family.as_ref() == Some(family),
        }
    }
}

impl Claimant {
    /// Whether this caller is that process, or was started by it.
    fn is_of(&self, caller: &Caller) -> bool {
        let is = |process| [caller.principal(), caller.own()].contains(&Some(process));
        let comes_from = |process| is(process) || caller.may_descend_from(process);
        let named = if self.claimed { is(self.process) } else { comes_from(self.process) };
        named || self.maker.is_some_and(comes_from)
    }
}

fn make_room<T>(list: &mut Vec<T>) {
    if list.len() >= MOST {
        list.remove(0);
    }
}
