//! How long a switch away may be refused: bounded, whatever is wanted, so that nobody is ever trapped.

use std::time::Duration;

use crate::docket::event::Moment;

/// A hold ends this long after the last key: whoever was typing has gone away.
const SINCE_KEY: Duration = Duration::from_secs(30);
/// A hold ends this long after its beginning, however much is typed: a stuck key types too.
const IN_ALL: Duration = Duration::from_secs(120);

/// What is known of the wish for a hold.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// Since when it has been wanted without a break.
    since: Option<Moment>,
    typed: Moment,
}

impl Hold {
    /// Somebody has pressed a key.
    pub(super) fn typed(&mut self, now: Moment) {
        self.typed = now;
    }

    /// Whether it is wanted now. Only a break in this begins the time anew.
    pub(super) fn want(&mut self, wanted: bool, now: Moment) {
        self.since = if wanted { self.since.or(Some(now)) } else { None };
    }

    /// Whether a switch away is to be refused at this moment.
    pub(super) fn stands(&self, now: Moment) -> bool {
        self.since
            .is_some_and(|since| since.after(IN_ALL) > now && since.max(self.typed).after(SINCE_KEY) > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted_at(now: u64) -> Hold {
        let mut hold = Hold::default();
        hold.want(true, Moment(now));
        hold
    }

    #[test]
    fn nothing_is_refused_unless_it_is_wanted() {
        let mut hold = Hold::default();
        hold.typed(Moment(1000));
        assert!(!hold.stands(Moment(1000)));
        hold.want(true, Moment(1000));
        assert!(hold.stands(Moment(1000)));
        hold.want(false, Moment(1001));
        assert!(!hold.stands(Moment(1001)));
    }

    #[test]
    fn half_a_minute_without_a_key_ends_it_and_the_next_key_goes_on_with_it() {
        let mut hold = wanted_at(5000);
        assert!(hold.stands(Moment(34_999)));
        assert!(!hold.stands(Moment(35_000)));
        hold.typed(Moment(40_000));
        hold.want(true, Moment(40_000));
        assert!(hold.stands(Moment(69_999)));
        assert!(!hold.stands(Moment(70_000)));
    }

    #[test]
    fn two_minutes_end_it_however_much_is_typed_and_wanted() {
        let mut hold = wanted_at(5000);
        for now in (5000..200_000).step_by(100) {
            hold.typed(Moment(now));
            hold.want(true, Moment(now));
            assert_eq!(hold.stands(Moment(now)), now < 125_000, "{now}");
        }
        // Only when it was not wanted for once.
        hold.want(false, Moment(200_000));
        hold.want(true, Moment(200_001));
        assert!(hold.stands(Moment(200_001)));
    }

    #[test]
    fn a_key_typed_long_before_it_was_wanted_does_not_shorten_it() {
        let mut hold = Hold::default();
        hold.typed(Moment(1));
        hold.want(true, Moment(500_000));
        assert!(hold.stands(Moment(529_999)));
    }
}
