//! How long what nothing waits for is not tried again, after it has failed.

use std::time::Duration;

use crate::docket::event::Moment;

/// After the first failure, and at most.
const RESTS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// A rest; each is twice as long as the one before, until something succeeds.
#[derive(Default)]
pub(super) struct Rest {
    until: Option<Moment>,
    next: Option<Duration>,
}

impl Rest {
    /// When it is over; `None` when there is none.
    pub(super) fn over(&self) -> Option<Moment> {
        self.until
    }

    /// Whether it lasts; one that is over is none, or it would be due for ever.
    pub(super) fn lasts(&mut self, now: Moment) -> bool {
        self.until = self.until.filter(|until| *until > now);
        self.until.is_some()
    }

    /// Of lines that fail together each says so, and there is one rest.
    pub(super) fn begin(&mut self, now: Moment) {
        if self.lasts(now) {
            return;
        }
        let [first, longest] = RESTS;
        let rest = self.next.unwrap_or(first);
        (self.until, self.next) = (Some(now.after(rest)), Some(rest.saturating_mul(2).min(longest)));
    }
}
