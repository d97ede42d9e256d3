//! Times as a person reads them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How long a moment is past, in the largest unit that matters: `12 s`, `5 min`, `3 h`, `2 d`.
pub(crate) fn age(then: u64, now: u64) -> String {
    match now.saturating_sub(then) {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// As [`age`], with `ago`.
pub(crate) fn ago(then: u64, now: u64) -> String {
    format!("{} ago", age(then, now))
}

/// The time of day in UTC, as on the approval screen: `14:03:22`.
pub(crate) fn utc(seconds: u64) -> String {
    let second = seconds % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        let ages: Vec<_> = [0, 119, 120, 7199, 7200, 172_800].iter().map(|s| age(0, *s)).collect();
        assert_eq!(ages, ["0 s", "119 s", "2 min", "119 min", "2 h", "2 d"]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_no_harm() {
        assert_eq!(ago(1000, 10), "0 s ago");
    }

    #[test]
    fn the_time_of_day_is_that_of_utc() {
        assert_eq!(utc(1_700_000_000), "22:13:20");
    }
}
