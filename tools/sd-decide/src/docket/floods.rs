//! More asks of one family than anybody reads: they have one line, and one key denies them all and what else comes.
//!
//! A family is what a process does not leave by forking ([`Family`]). What a line stands for is one ask, as always: `y`
//! and `n` are about the ask that is shown, whatever stands behind it.

use std::time::Duration;

use sd_sys::process::Family;
use sd_wire::deadline;
use sd_wire::id::AskId;
use sd_wire::printable::Printable;

use crate::docket::Docket;
use crate::docket::acts::mutable;
use crate::docket::effect::Effect;
use crate::docket::entry::{Entry, Face};
use crate::docket::event::Moment;
use crate::docket::history::Decided;

/// From so many asks of one family on, they are one line.
pub(crate) const FLOOD: usize = 5;
/// For how many minutes a flood is muted.
pub(crate) const MINUTES: u64 = 10;
/// For so long after its last ask has left the screen, a key is still about it: asks may come and go faster than a
/// person reads.
const LINGERS: Duration = Duration::from_secs(2);

/// Whose asks are before the person's eyes.
#[derive(Debug, Default)]
pub(super) struct Before(Option<Seen>);

#[derive(Debug)]
struct Seen {
    family: Family,
    who: Printable,
    first: Moment,
    last: Moment,
}

/// Which families have one line, for which ask that stands, and for how many.
pub(crate) struct Folds(Vec<Fold>);

struct Fold {
    family: Family,
    shown: AskId,
    count: usize,
}

impl Folds {
    /// Whether this ask has a line of its own.
    pub(crate) fn shows(&self, entry: &Entry) -> bool {
        self.of(entry).is_none_or(|fold| fold.shown == *entry.id())
    }

    /// For how many asks its line stands; 1 for itself.
    pub(crate) fn count(&self, entry: &Entry) -> usize {
        self.of(entry).map_or(1, |fold| fold.count)
    }

    fn of(&self, entry: &Entry) -> Option<&Fold> {
        let family = entry.filing().caller.family.as_ref()?;
        self.0.iter().find(|fold| fold.family == *family)
    }
}

impl Docket {
    /// The floods among what is listed.
    pub(crate) fn folds(&self) -> Folds {
        let mut folds: Vec<(Fold, bool)> = Vec::new();
        for entry in self.fitting() {
            let Some(family) = &entry.filing().caller.family else { continue };
            // The one that is chosen stands for the others, so that it stays; else the first that a key could be about.
            let chosen = self.selected.as_ref() == Some(entry.id());
            match folds.iter_mut().find(|(fold, _)| fold.family == *family) {
                Some((fold, can_be_chosen)) => {
                    fold.count = fold.count.saturating_add(1);
                    if chosen || (entry.waits() && !*can_be_chosen) {
                        (fold.shown, *can_be_chosen) = (entry.id().clone(), true);
                    }
                }
                None => {
                    let fold = Fold { family: family.clone(), shown: entry.id().clone(), count: 1 };
                    folds.push((fold, entry.waits()));
                }
            }
        }
        folds.retain(|(fold, _)| fold.count >= FLOOD);
        Folds(folds.into_iter().map(|(fold, _)| fold).collect())
    }

    pub(super) fn before_the_eyes(&mut self, now: Moment, face: Option<Face>) {
        let drawn = self.entries.iter().find(|entry| face.is_some() && entry.face() == face);
        let Some(caller) = drawn.map(|entry| &entry.filing.caller) else { return };
        let Some(family) = &caller.family else { return };
        match &mut self.before.0 {
            Some(seen) if seen.family == *family => seen.last = now,
            before => {
                let who = caller.family_name().clone();
                *before = Some(Seen { family: family.clone(), who, first: now, last: now });
            }
        }
    }

    /// Denies all that a family has asked, and what it will ask for some minutes. It takes no quiet time, which a flood
    /// could keep from coming: nothing is released by it, and one key takes it back.
    pub(super) fn mute_flood(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let Some(Seen { family, who, first, last }) = &self.before.0 else { return };
        if now < first.after(deadline::QUIET) || now > last.after(LINGERS) {
            return;
        }
        let (family, who) = (family.clone(), who.clone());
        let of = |entry: &&Entry| entry.filing.caller.family.as_ref() == Some(&family);
        if let Some(Err(why)) = self.entries.iter().find(of).map(mutable) {
            return self.say(now, why.to_owned());
        }
        if let Some(entry) = self.selected().filter(of) {
            let id = entry.id().clone();
            self.note(now, &id, Decided::NoAndMuted(MINUTES));
        }
        let number = self.number();
        self.say(
            now,
            format!("{} is denied everything for {MINUTES} minutes; U lets it ask again", who.as_str()),
        );
        self.refusals.mute_family(number, family, who, now.after(Duration::from_secs(MINUTES * 60)));
        self.keyboard.decided(now);
        self.before = Before::default();
        self.deny_the_muted(now, effects);
    }

    /// Lets the one ask again that was muted last.
    pub(super) fn unmute_newest(&mut self, now: Moment) {
        let Some((number, who)) = self.refusals.newest().map(|mute| (mute.number, mute.who.clone())) else {
            return;
        };
        self.refusals.unmute(number);
        self.say(now, format!("{} may ask again", who.as_str()));
    }
}
