//! Times as the store keeps them: RFC 3339, in seconds.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// Now, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A moment in UTC, as `2026-11-22T14:03:22Z`.
pub(crate) fn write(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).min(253_402_300_799);
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    // The civil calendar from the number of days, by eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The moment that a text names, with whatever offset; none for what is no such text, or is before 1970.
pub(crate) fn read(text: &str) -> Option<u64> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let offset = match rest.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let [hours, minutes] = numbers(offset, ':', [2, 2])?;
            let offset = hours * 3600 + minutes * 60;
            if sign == "+" { offset } else { -offset }
        }
        _ => return None,
    };
    let (year, from_march) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    u64::try_from(days * DAY + hour * 3600 + minute * 60 + second - offset).ok()
}

/// Numbers of these lengths, with this between them.
fn numbers<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut found = [0; N];
    let mut parts = text.split(between);
    for (place, length) in found.iter_mut().zip(lengths) {
        let part =
            parts.next().filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))?;
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_705_314_600, "2024-01-15T10:30:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
        ] {
            assert_eq!(write(seconds), text);
            assert_eq!(read(text), Some(seconds));
        }
        assert_eq!(read("2024-01-15T12:30:00+02:00"), Some(1_705_314_600));
        assert_eq!(read("2024-01-15T05:00:00.25-05:30"), Some(1_705_314_600));
        assert_eq!(write(u64::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for wrong in [
            "",
            "2024",
            "2024-01-15",
            "2024-01-15T10:30:00",
            "2024-13-15T10:30:00Z",
            "2024-01-15T10:30Z",
            "+024-01-15T10:30:00Z",
            "1969-01-01T00:00:00Z",
            "2024-01-15T10:30:00+2",
            "ä024-01-15T10:30:00Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0u64..253_402_300_799) {
            prop_assert_eq!(read(&write(seconds)), Some(seconds));
        }

        #[test]
        fn whatever_is_read_breaks_nothing(text in ".{0,40}") {
            let _ = read(&text);
        }
    }
}
