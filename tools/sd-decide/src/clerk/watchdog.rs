//! The word to the service manager that this process goes on: whoever has stopped says nothing and is replaced.

use std::time::Duration;

use crate::docket::event::Moment;

/// When the word is due, if anybody waits for it.
#[derive(Debug)]
pub(crate) struct Watchdog(Option<Waits>);

#[derive(Debug)]
struct Waits {
    /// Half of what the service manager allows, so that one late word is no end.
    every: Duration,
    due: Moment,
}

impl Watchdog {
    /// As the service manager wants it, by `WATCHDOG_USEC`; due at once.
    pub(crate) fn wanted() -> Self {
        let every = sd_journal::watchdog_interval().and_then(|interval| interval.checked_div(2));
        let every = every.filter(|every| every.as_millis() > 0);
        Self(every.map(|every| Waits { every, due: Moment::default() }))
    }

    /// When the next word is due. `None`: never.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.0.as_ref().map(|waits| waits.due)
    }

    /// Says the word, if it is time.
    pub(crate) fn speak(&mut self, now: Moment) {
        if let Some(waits) = self.0.as_mut().filter(|waits| waits.due <= now) {
            waits.due = now.after(waits.every);
            sd_journal::watchdog();
        }
    }
}
