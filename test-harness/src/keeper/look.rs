//! The look at the screen: what is kept of it, what the person sees of it, what is typed at it.

use std::time::{Duration, Instant};

use super::Keeper;
use crate::answer;
use crate::failure::Failure;
use crate::output::Output;

/// What sd-decide shows with no ask pending.
const IDLE: &str = "nothing is waiting";

/// How often to look whether --hold is over.
const HELD: Duration = Duration::from_millis(50);

impl Keeper<'_> {
    /// Looks at the screen: keeps the picture, shows it to the person, types what is to be typed.
    pub(super) fn look(&mut self, now: Instant) -> Result<(), Failure> {
        self.picture = self.vt.picture();
        self.album.add(&self.picture)?;
        if let Some(terminal) = &mut self.terminal {
            let has_ask = answer::ask_on(&self.picture).is_some();
            if !has_ask && (self.picture.trim().is_empty() || self.picture.contains(IDLE)) {
                terminal.hide();
            } else {
                terminal.show(self.vt.screen())?;
            }
        }
        if self.is_held() {
            return Ok(());
        }
        if let Some(stroke) = self.typist.stroke(&self.picture, now) {
            self.vt.type_in(stroke.key.to_string().as_bytes())?;
            self.note(&format!("typed {} at ask {}", stroke.key, stroke.ask));
        }
        Ok(())
    }

    /// When the screen should be looked at again although it has not changed.
    pub(super) fn look_again(&self) -> Option<Instant> {
        if self.is_held() && answer::ask_on(&self.picture).is_some() {
            return Some(Instant::now() + HELD);
        }
        self.typist.look_again(&self.picture)
    }

    fn is_held(&self) -> bool {
        self.options.hold.as_ref().is_some_and(|file| !file.exists())
    }

    /// The last look at the screen, and the terminal back in order.
    pub(super) fn finish(&mut self) {
        self.vt.read(Instant::now());
        if let Err(failure) = self.album.add(&self.vt.picture()) {
            eprintln!("sd-rig: {failure}");
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.hide();
            while let Some(bytes) = self.output.as_mut().and_then(Output::rest) {
                // A terminal that is gone reads nothing.
                let _ = terminal.pass(&bytes);
            }
        }
    }
}
