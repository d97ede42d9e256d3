//! A line as it stands in the file: JSON, closed by the MAC of all that comes before it.

use crate::entry::Entry;
use crate::key::{self, Key, LEN};

/// The longest line that is read, its newline included: the longest record, and what stands around it.
pub(crate) const MAX: usize = sd_wire::line::MAX_LINE;
/// What stands between the MACed bytes and the MAC.
const BEFORE_MAC: &[u8] = b",\"mac\":\"";
const AFTER_MAC: &[u8] = b"\"}";

/// A line that was taken apart. Nothing of it is believed yet.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    /// The bytes that the MAC covers.
    covered: &'a [u8],
    mac: [u8; LEN],
    /// What it says.
    pub(crate) entry: Entry,
    /// The hash of the line before it, as it says.
    pub(crate) prev: [u8; LEN],
}

/// The line of an entry, without a newline.
pub(crate) fn seal(entry: &Entry, key: &Key) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(entry).ok()?;
    line.pop_if(|last| *last == b'}')?;
    let mac = key.mac(&line);
    line.extend_from_slice(BEFORE_MAC);
    line.extend_from_slice(key::hex(&mac).as_bytes());
    line.extend_from_slice(AFTER_MAC);
    (line.len() < MAX).then_some(line)
}

/// A line without its newline, taken apart; `None` when it is none.
pub(crate) fn open(line: &[u8]) -> Option<Line<'_>> {
    let rest = line.strip_suffix(AFTER_MAC)?;
    let (rest, mac) = rest.split_at_checked(rest.len().checked_sub(2 * LEN)?)?;
    let covered = rest.strip_suffix(BEFORE_MAC)?;
    let mac = key::unhex(std::str::from_utf8(mac).ok()?)?;
    let entry: Entry = serde_json::from_slice(line).ok()?;
    let prev = key::unhex(&entry.prev)?;
    Some(Line { covered, mac, entry, prev })
}

impl Line<'_> {
    /// Whether it was sealed with this key.
    pub(crate) fn is_sealed_by(&self, key: &Key) -> bool {
        key.has_made(&self.mac, self.covered)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entry::{Own, Told, VERSION};

    fn entry() -> Entry {
        Entry {
            v: VERSION,
            seq: 7,
            time: "2026-11-22T14:03:22.123456Z".into(),
            boot: "b".into(),
            told: Told::own(Own::Opened, "x \"}\u{1b}"),
            prev: key::hex(&[3; LEN]),
        }
    }

    #[test]
    fn a_line_reads_back_and_is_one_line() {
        let key = Key::from_bytes([9; LEN]);
        let line = seal(&entry(), &key).unwrap();
        assert!(!line.contains(&b'\n'));
        let open = open(&line).unwrap();
        assert_eq!(open.entry, entry());
        assert_eq!(open.prev, [3; LEN]);
        assert!(open.is_sealed_by(&key));
        assert!(!open.is_sealed_by(&key.next()));
    }

    proptest! {
        #[test]
        fn no_flipped_bit_is_overlooked(at in 0usize..4096, bit in 0u8..8) {
            let key = Key::from_bytes([9; LEN]);
            let mut line = seal(&entry(), &key).unwrap();
            let at = at % line.len();
            line[at] ^= 1 << bit;
            prop_assert!(!open(&line).is_some_and(|line| line.is_sealed_by(&key)));
        }

        #[test]
        fn whatever_stands_there_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = open(&bytes);
        }

        #[test]
        fn whatever_looks_like_a_line_is_read_without_a_panic(inside in "\\PC{0,80}", mac in "[0-9a-fé]{62,66}") {
            let _ = open(format!("{{\"v\":1,\"seq\":1{inside},\"mac\":\"{mac}\"}}").as_bytes());
        }
    }
}
