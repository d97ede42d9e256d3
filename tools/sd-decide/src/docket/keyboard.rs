//! When a key counts.
//!
//! A key settles an ask only if that very ask has been on the terminal, selected, while nothing was typed for the
//! quiet time. A plain delay would not do: it approves what a steady typist types next.

use std::time::Duration;

use sd_wire::deadline;

use crate::docket::Docket;
use crate::docket::effect::Effect;
use crate::docket::entry::Face;
use crate::docket::event::Moment;
use crate::docket::mode::Mode;
use crate::keys::Key;

/// For so long after a decision the terminal is not left: what comes next was typed for it.
const AROUND_A_DECISION: Duration = Duration::from_secs(1);

/// What the docket knows of the person's side of the terminal.
#[derive(Debug, Default)]
pub(crate) struct Keyboard {
    active: bool,
    quiet_since: Moment,
    drawn: Option<Face>,
    decided: Option<Moment>,
    /// When what was typed was last thrown away because another ask was selected.
    flushed: Option<Moment>,
    /// Until then keys mean nothing: a prompt went away under the person's hands.
    adrift: Option<Moment>,
}

impl Keyboard {
    /// The milliseconds until the quiet time is over.
    pub(crate) fn quiet_left(&self, now: Moment) -> u64 {
        self.quiet_since.after(deadline::QUIET).since(now)
    }

    pub(super) fn is_quiet(&self, now: Moment) -> bool {
        self.quiet_left(now) == 0
    }

    /// Whether what has this face is in front of the person.
    pub(super) fn sees(&self, face: Face) -> bool {
        self.active && self.drawn == Some(face)
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

    /// Something else is drawn over what was there: it has to be seen again.
    pub(super) fn cover(&mut self, now: Moment) {
        self.drawn = None;
        self.restart(now);
    }

    pub(super) fn activate(&mut self, now: Moment, active: bool) {
        self.active = active;
        self.cover(now);
    }

    pub(super) fn decided(&mut self, now: Moment) {
        self.decided = Some(now);
    }

    /// Whether what was typed is to be thrown away because another ask is selected. Not again and again: whoever files
    /// and withdraws asks without end would leave a person no key. What is typed meanwhile is typed in no quiet time.
    pub(super) fn may_flush(&mut self, now: Moment) -> bool {
        let may = self.flushed.is_none_or(|at| now >= at.after(deadline::QUIET));
        if may {
            self.flushed = Some(now);
        }
        may
    }

    /// A prompt goes away, and no key of the person did it: what is typed before the next pause was meant for it.
    pub(super) fn drift(&mut self, now: Moment) {
        self.adrift = Some(now.after(deadline::QUIET));
    }

    /// The person knows that the prompt is gone.
    pub(super) fn land(&mut self) {
        self.adrift = None;
    }

    /// Whether a key typed now was meant for a prompt that went away. It restarts the pause.
    fn is_adrift(&mut self, now: Moment) -> bool {
        self.adrift = self.adrift.filter(|until| now < *until).map(|_| now.after(deadline::QUIET));
        self.adrift.is_some()
    }
}

impl Docket {
    /// Whether the terminal should not be left just now: a passphrase or a code is being typed, or a decision was just
    /// made, and the rest of what is typed must not go into a window of the desktop.
    pub(crate) fn wants_the_vt(&self, now: Moment) -> bool {
        let typing = self.prompt().is_some_and(|prompt| prompt.characters > 0)
            || matches!(&self.mode, Mode::Code(copying) if !copying.typed.is_empty());
        let decided = self.keyboard.decided.is_some_and(|at| now < at.after(AROUND_A_DECISION));
        self.keyboard.active && (typing || decided)
    }

    /// Until when that is so because of a decision.
    pub(super) fn decision_over(&self, now: Moment) -> Option<Moment> {
        self.keyboard.decided.map(|at| at.after(AROUND_A_DECISION)).filter(|until| *until > now)
    }

    pub(super) fn key(&mut self, now: Moment, key: Key, effects: &mut Vec<Effect>) {
        if !self.keyboard.active {
            return;
        }
        if key == Key::Escape {
            // Esc always lets go of the terminal.
            self.keyboard.decided = None;
        }
        if self.prompt().is_some() {
            return self.prompt_key(now, key, effects);
        }
        let armed = self.is_armed(now);
        self.keyboard.restart(now);
        if key == Key::Repaint {
            effects.push(Effect::Repaint);
            return;
        }
        if self.keyboard.is_adrift(now) {
            return;
        }
        match &self.mode {
            Mode::Asks => self.act(now, key, armed, effects),
            Mode::Help => self.set_mode(now, Mode::Asks),
            Mode::Page(_) => self.turn_page(now, key, effects),
            Mode::Line(_) => self.write(now, key, effects),
            Mode::Code(_) => self.copy_code(now, key, effects),
            Mode::Minutes(_) => self.count_minutes(now, key, effects),
        }
    }

    /// The keyboard is for something else from now on.
    pub(super) fn set_mode(&mut self, now: Moment, mode: Mode) {
        // What covers the ask takes it out of sight; what is written below it does not.
        let covers = |mode: &Mode| matches!(mode, Mode::Help | Mode::Page(_));
        if covers(&mode) || covers(&self.mode) {
            self.keyboard.cover(now);
        }
        self.mode = mode;
    }

    /// A code or a number of minutes that is not finished counts for nothing.
    pub(super) fn let_go_of_what_was_begun(&mut self) {
        if matches!(self.mode, Mode::Code(_) | Mode::Minutes(_)) {
            self.mode = Mode::Asks;
        }
    }

    /// What the keys do, unless there is a prompt.
    pub(crate) fn mode(&self) -> &Mode {
        &self.mode
    }
}
