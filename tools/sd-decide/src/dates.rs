//! Times as a person reads them.

use gix_object::date::Time;
use gix_object::date::time::format::ISO8601;

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

/// How long ago, in the two largest units that matter: `3 s`, `12 min`, `5 h`, `2 d`.
pub(crate) fn age(age: std::time::Duration) -> String {
    match age.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}
