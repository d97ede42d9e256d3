//! What stands around the asks: who is served, how the person knows the screen, what time it is.

use sd_wire::printable::Printable;

use crate::dates;
use crate::docket::history::When;

/// Everything on the screen that is not on the docket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// The desktop user's uid.
    pub(crate) desktop: u32,
    /// That user's name, if the system knows one.
    pub(crate) user: Option<Printable>,
    /// The words by which the person knows this screen from a picture of it. `None`: none were chosen.
    pub(crate) phrase: Option<Printable>,
    /// The number of this virtual terminal; `None` on another kind of terminal.
    pub(crate) vt: Option<u16>,
    /// The seconds since 1970 at [`Moment`] 0.
    pub(crate) clock: u64,
}

impl Around {
    /// Who is served: `nb (uid 1000)`.
    pub(super) fn served(&self) -> String {
        match &self.user {
            Some(user) => format!("{user} (uid {})", self.desktop),
            None => format!("uid {}", self.desktop),
        }
    }

    /// A moment's time of day in UTC: `14:03:22`.
    pub(super) fn time(&self, when: impl Into<When>) -> String {
        dates::time(self.seconds(when.into()))
    }

    /// A moment's day in UTC: `2026-11-22`.
    pub(super) fn day(&self, when: impl Into<When>) -> String {
        dates::day(self.seconds(when.into()))
    }

    fn seconds(&self, when: When) -> u64 {
        match when {
            When::Since(moment) => self.clock.saturating_add(moment.0 / 1000),
            When::Before(seconds) => seconds,
        }
    }
}
