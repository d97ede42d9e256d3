//! Times as a person reads them.

use gix_object::date::Time;
use gix_object::date::time::format::ISO8601;

/// In milliseconds.
const MINUTE: u64 = 60_000;

/// A moment given in seconds since 1970, in UTC: no locale, no file of time zones.
pub(crate) fn utc(seconds: u64) -> String {
    i64::try_from(seconds).map_or_else(
        |_| format!("{seconds} seconds after 1970"),
        |seconds| Time::new(seconds, 0).format_or_unix(ISO8601),
    )
}

/// The day of such a moment, as `2026-11-22`.
pub(crate) fn day(seconds: u64) -> String {
    utc(seconds).split(' ').next().unwrap_or_default().to_owned()
}

/// The time of day of such a moment in UTC, as `14:03:22`.
pub(crate) fn time(seconds: u64) -> String {
    let second = seconds % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// A time left, as `4:59`.
pub(crate) fn left(milliseconds: u64) -> String {
    // Rounded up: `0:00` is over.
    let seconds = milliseconds.div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// How long something still lasts that lasts for minutes: `14 min`, and as [`left`] within the last one.
pub(crate) fn lasts(milliseconds: u64) -> String {
    if milliseconds > MINUTE { format!("{} min", milliseconds.div_ceil(MINUTE)) } else { left(milliseconds) }
}

/// The milliseconds, at least 1, after which [`lasts`] says something else: an idle screen wakes no sooner.
pub(crate) fn lasts_unchanged(milliseconds: u64) -> u64 {
    let unit = if milliseconds > MINUTE { MINUTE } else { 1000 };
    // What is rounded up stays the same down to just above the unit before.
    match milliseconds % unit {
        0 => unit,
        part => part,
    }
}

/// How long ago, in the two largest units that matter: `3 s`, `12 min`, `5 h`, `2 d`.
pub(crate) fn age(age: std::time::Duration) -> String {
    match age.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_for_minutes_is_told_in_minutes_until_the_last_one() {
        for (milliseconds, says) in [
            (900_000, "15 min"),
            (840_001, "15 min"),
            (840_000, "14 min"),
            (60_001, "2 min"),
            (60_000, "1:00"),
            (1, "0:01"),
        ] {
            assert_eq!(lasts(milliseconds), says, "{milliseconds} ms");
        }
    }

    #[test]
    fn what_is_told_of_it_changes_at_the_moment_that_is_named_and_not_before() {
        for milliseconds in [900_000, 899_999, 840_001, 840_000, 60_001, 60_000, 59_999, 1_001, 1_000] {
            let until = lasts_unchanged(milliseconds);
            assert_eq!(lasts(milliseconds), lasts(milliseconds - until + 1), "{milliseconds} ms: too late");
            assert_ne!(lasts(milliseconds), lasts(milliseconds - until), "{milliseconds} ms: too early");
        }
    }
}
