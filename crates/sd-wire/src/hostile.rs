//! What the fuzzer feeds, and a test with any compiler: lines of every hop, printable text, paths and patterns.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use unicode_width::UnicodeWidthChar;

use crate::id::AskId;
use crate::line::Words;
use crate::outcome::{Collections, Found};
use crate::path::{CollectionPath, ItemPath};
use crate::pattern::Pattern;
use crate::printable::Printable;
use crate::sign::Fingerprint;
use crate::{ask, fetch, import, outcome, parties, passphrase, record, sign};

/// A line of any hop, whoever writes it: what is understood is said and understood again, and means the same.
pub fn wire(bytes: &[u8]) {
    said_again::<ask::Packet>(bytes);
    said_again::<ask::Note>(bytes);
    said_again::<fetch::Order>(bytes);
    said_again::<fetch::Sequel>(bytes);
    said_again::<fetch::Note>(bytes);
    said_again::<sign::Order>(bytes);
    said_again::<sign::Note>(bytes);
    said_again::<record::Packet>(bytes);
    said_again::<record::Note>(bytes);
    said_again::<passphrase::Packet>(bytes);
    said_again::<passphrase::Note>(bytes);
    said_again::<outcome::Outcome>(bytes);
    said_again::<outcome::Upload>(bytes);
    said_again::<import::Manifest>(bytes);
    said_again::<parties::Parties>(bytes);
    // The bodies of answers, which are no lines.
    let _ = serde_json::from_slice::<Found>(bytes);
    let _ = serde_json::from_slice::<Collections>(bytes);
    let _ = serde_json::from_slice::<outcome::Listed>(bytes);
    if let Ok(manifest) = import::Manifest::from_line(bytes) {
        assert!(manifest.secrets().is_none_or(|all| all <= import::MAX_SECRETS));
    }
}

fn said_again<W: Words + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    match W::from_line(bytes) {
        Ok(words) => {
            assert!(bytes.len() <= W::MAX && bytes.last() == Some(&b'\n'));
            match words.to_line() {
                Ok(line) => assert_eq!(W::from_line(&line), Ok(words)),
                // What may be left out, and is said all the same, can take the last bytes of the room.
                Err(why) => assert!(bytes.len() > W::MAX / 2, "{why}"),
            }
        }
        // It goes into a log, or to the one who sent it: neither is longer for a longer line.
        Err(why) => assert!(why.to_string().len() < 64 * 1024),
    }
}

/// Text that goes to the screen: nothing of it moves the cursor, hides, or turns the direction, and no two texts look
/// the same.
pub fn printable(bytes: &[u8]) {
    let (one, other) = bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len() / 2));
    plain(&Printable::bytes(bytes));
    assert_eq!(Printable::bytes(one) == Printable::bytes(other), one == other);
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    for line in [
        Printable::line(&one),
        Printable::pair(&one, &other),
        Printable::pairs([(&*one, &*other), (&*other, &*one)]),
    ] {
        plain(&line);
        plain(&line.beginning(7));
        assert!(line.beginning(7).as_str().chars().count() <= 7);
    }
    assert_eq!(Printable::line(&one) == Printable::line(&other), one == other);
    let swapped = Printable::pair(&other, &one);
    assert_eq!(Printable::pair(&one, &other) == swapped, one == other, "{swapped}");
    plain(&Printable::clipped(&one, 5));
    for line in Printable::lines(&one) {
        plain(&line);
    }
}

fn plain(line: &Printable) {
    for c in line.as_str().chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
        assert!(!c.is_control() && c.width().is_some_and(|width| width > 0) && !turns, "{c:?} in {line:?}");
    }
}

/// What names something: paths of items and collections, ids, fingerprints, patterns. The pattern is what stands before
/// the first line's end.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(item) = ItemPath::parse(&text) {
        named(item.as_str(), &text);
        assert!(item.as_str().starts_with(item.collection().as_str()));
    }
    if let Ok(collection) = CollectionPath::parse(&text) {
        named(collection.as_str(), &text);
    }
    if let Ok(id) = AskId::parse(&text) {
        assert!(id.as_str() == text && text.len() == 16);
    }
    if let Ok(fingerprint) = Fingerprint::parse(&text) {
        assert!(fingerprint.as_str() == text && text.bytes().all(|digit| digit.is_ascii_hexdigit()));
    }
    let (pattern, text) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(pattern) = Pattern::new(pattern) {
        let fits = pattern.fits(text);
        assert!(fits || pattern.as_str() != "*");
        assert!(!fits || pattern.as_str().contains('*') || pattern.as_str() == text);
    }
}

/// A path that was taken leads nowhere else, and can stand on a line.
fn named(path: &str, text: &str) {
    assert!(path == text && path.starts_with("/org/freedesktop/secrets/") && path.len() <= 4096);
    assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'/'));
    assert!(!path.contains("//") && !path.ends_with('/'));
}

#[cfg(test)]
mod tests {
    use sd_twin::feed;

    #[test]
    fn no_line_of_any_hop_is_understood_in_two_ways_or_breaks_anything() {
        feed("wire", super::wire);
    }

    #[test]
    fn no_text_leaves_its_line_or_looks_like_another() {
        feed("printable", super::printable);
    }

    #[test]
    fn no_name_is_another_than_it_says() {
        feed("names", super::names);
    }
}
