//! The passphrases that the companion's side wants, one at a time on the screen.
//!
//! The passphrase itself never comes here: the docket knows how many characters stand in the field.

use std::collections::VecDeque;

use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::outcome::What;
use sd_wire::passphrase::{Note, Unlocks, Wanted};
use sd_wire::printable::Printable;
use sd_wire::record;

use crate::docket::Docket;
use crate::docket::effect::Effect;
use crate::docket::entry::{Face, State};
use crate::docket::event::Moment;
use crate::docket::written;
use crate::keys::Key;
use crate::routing::Order;

/// The most prompts at once: gpg-agent and the backend want one each.
const MOST: usize = 4;

/// After so many Esc in a row nothing that is under way asks again: whoever asks without end must not keep a person
/// from the rest of the screen.
const MOST_DISMISSED: u8 = 3;

/// The connection that wants a passphrase, by a number that never comes a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PromptId(pub(crate) u64);

/// A passphrase that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    /// Who wants it.
    pub(crate) id: PromptId,
    /// For what.
    pub(crate) wanted: Wanted,
    /// Why a person sees it now, in words.
    pub(crate) reason: String,
    /// Until when.
    pub(crate) until: Moment,
    face: Face,
    /// How many characters are typed.
    pub(crate) characters: usize,
}

/// The prompts, oldest first. The first is the one on the screen.
#[derive(Debug, Default)]
pub(crate) struct Prompts {
    queue: VecDeque<Prompt>,
    /// How many were dismissed one after the other, for what is under way.
    dismissed: u8,
}

impl Prompts {
    pub(super) fn first(&self) -> Option<&Prompt> {
        self.queue.front()
    }

    pub(super) fn due(&self) -> Option<Moment> {
        self.queue.iter().map(|prompt| prompt.until).min()
    }
}

impl Prompt {
    /// Its face.
    pub(crate) fn face(&self) -> Face {
        self.face
    }
}

impl Docket {
    /// The passphrase that the screen asks for.
    pub(crate) fn prompt(&self) -> Option<&Prompt> {
        self.prompts.first()
    }

    /// Whose passphrase a character that is typed now belongs to. `None`: nobody's. The first one counts only after the
    /// quiet time: somebody may be typing something else.
    pub(crate) fn takes_passphrase(&self, now: Moment) -> Option<PromptId> {
        let prompt = self.prompts.first()?;
        let counts = prompt.characters > 0 || self.keyboard.is_quiet(now);
        (counts && self.keyboard.sees(prompt.face)).then_some(prompt.id)
    }

    pub(super) fn passphrase_wanted(
        &mut self,
        now: Moment,
        id: PromptId,
        wanted: Wanted,
        effects: &mut Vec<Effect>,
    ) {
        let Some(reason) = self.reason_for_passphrase().filter(|_| self.prompts.queue.len() < MOST) else {
            effects.push(Effect::Answer { prompt: id, note: Note::Refused {} });
            return;
        };
        let face = self.new_face();
        let until = now.after(deadline::PASSPHRASE);
        self.prompts.queue.push_back(Prompt { id, wanted, reason, until, face, characters: 0 });
        if self.prompts.queue.len() == 1 {
            self.prompt_appears(now, effects);
        }
    }

    /// What is under way that may need a passphrase. Nothing else on the companion's side gets a person to type one.
    fn reason_for_passphrase(&self) -> Option<String> {
        // What is locked meanwhile must not be opened again by a passphrase that is typed too late.
        if self.vault.is_locking() {
            return None;
        }
        if self.vault.is_unlocking() {
            return Some("to unlock".to_owned());
        }
        let mut under_way = self.entries.iter().filter(|entry| {
            let State::Dispatched { order, .. } = &entry.state else { return false };
            // What goes on without a key brings no prompt either.
            matches!(order, Some(Order::Sign(_))) || (order.is_some() && entry.needs_key())
        });
        let first = under_way.next()?;
        Some(match under_way.next() {
            None => format!("for the {} that you approved, ask {}", first.want().kind(), first.id()),
            Some(_) => "for one of the asks that you approved".to_owned(),
        })
    }

    /// A key while a prompt is on the screen.
    pub(super) fn prompt_key(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        let Some(prompt) = self.prompts.first() else { return };
        let (id, counts) = (prompt.id, prompt.characters > 0 || self.keyboard.is_quiet(now));
        let (prompt_is_empty, unlocks) = (prompt.characters == 0, prompt.wanted.unlocks.clone());
        let seen = self.keyboard.sees(prompt.face);
        self.keyboard.restart(now);
        match key {
            // gpg takes an empty passphrase for a wrong one and gives up at once.
            Key::Enter if prompt_is_empty && matches!(unlocks, Unlocks::Key { .. }) => {}
            Key::Enter if counts && seen => {
                self.entered(&unlocks, effects);
                effects.push(Effect::Enter { prompt: id });
                self.prompts.dismissed = 0;
                self.prompt_leaves(now, id, effects);
                self.keyboard.land();
            }
            // Letting go needs no quiet time.
            Key::Escape => {
                self.answer(now, id, Note::Dismissed {}, effects);
                self.prompts.dismissed = self.prompts.dismissed.saturating_add(1);
                if self.prompts.dismissed >= MOST_DISMISSED {
                    self.prompts.dismissed = 0;
                    let what = What::Failed { stage: Stage::Decide, why: Fault::Dismissed };
                    self.call_off_unlocking(now, what, effects);
                    self.end_prompts(now, effects);
                }
                self.keyboard.land();
            }
            Key::Repaint => effects.push(Effect::Repaint),
            _ => {}
        }
    }

    /// A passphrase is handed on: for what, goes into the record.
    fn entered(&mut self, unlocks: &Unlocks, effects: &mut Vec<Effect>) {
        let words = match unlocks {
            Unlocks::Key { grip } => format!("key {}", Printable::line(grip)),
            Unlocks::Collection { label } => format!("collection {}", Printable::line(label)),
        };
        self.jot(written::done(record::Event::Entered, "passphrase", &words), effects);
    }

    /// So many characters are in the field.
    pub(super) fn typed(&mut self, now: Moment, characters: usize) {
        self.keyboard.restart(now);
        if let Some(prompt) = self.prompts.queue.front_mut() {
            prompt.characters = characters;
        }
    }

    /// Ends a prompt without a passphrase.
    pub(super) fn answer(&mut self, now: Moment, id: PromptId, note: Note, effects: &mut Vec<Effect>) {
        if self.prompts.queue.iter().any(|prompt| prompt.id == id) {
            effects.push(Effect::Answer { prompt: id, note });
            self.prompt_leaves(now, id, effects);
        }
    }

    /// Ends all of them: nothing is under way any more, or it is called off.
    fn refuse_prompts(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let ids: Vec<PromptId> = self.prompts.queue.iter().map(|prompt| prompt.id).collect();
        for id in ids {
            self.answer(now, id, Note::Refused {}, effects);
        }
    }

    /// No prompt comes any more for what is under way: it may go on, but not by a passphrase.
    pub(super) fn end_prompts(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        for entry in &mut self.entries {
            if let State::Dispatched { order, .. } = &mut entry.state {
                *order = None;
            }
        }
        self.refuse_prompts(now, effects);
    }

    /// Ends those that have stood too long, and those that nothing needs any more.
    pub(super) fn tick_prompts(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if self.reason_for_passphrase().is_none() {
            self.prompts.dismissed = 0;
            return self.refuse_prompts(now, effects);
        }
        let over = self.prompts.queue.iter().filter(|prompt| prompt.until <= now);
        let ids: Vec<PromptId> = over.map(|prompt| prompt.id).collect();
        for id in ids {
            self.answer(now, id, Note::Expired {}, effects);
        }
    }

    /// Whoever wanted it has gone.
    pub(super) fn passphrase_forgone(&mut self, now: Moment, id: PromptId, effects: &mut Vec<Effect>) {
        if self.prompts.queue.iter().any(|prompt| prompt.id == id) {
            self.prompt_leaves(now, id, effects);
        }
    }

    /// What was typed is forgotten: the person is not in front of the screen any more.
    pub(super) fn forget_typed(&mut self, effects: &mut Vec<Effect>) {
        if let Some(prompt) = self.prompts.queue.front_mut().filter(|prompt| prompt.characters > 0) {
            prompt.characters = 0;
            effects.push(Effect::WipeField);
        }
    }

    fn prompt_leaves(&mut self, now: Moment, id: PromptId, effects: &mut Vec<Effect>) {
        let was_first = self.prompts.first().is_some_and(|prompt| prompt.id == id);
        self.prompts.queue.retain(|prompt| prompt.id != id);
        // The field is the first one's: what is typed there is not lost because another one goes.
        if was_first {
            effects.push(Effect::WipeField);
            self.keyboard.drift(now);
            self.prompt_appears(now, effects);
        }
    }

    /// Another thing is on the screen than before: what was typed was not for it.
    fn prompt_appears(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.keyboard.cover(now);
        // What was begun is begun anew: the Enter that sends a passphrase, pressed twice, must not finish it.
        self.let_go_of_what_was_begun();
        effects.push(Effect::FlushInput);
    }
}
