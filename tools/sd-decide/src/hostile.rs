//! What the fuzzer feeds, and a test with any compiler: bytes of the keyboard, files of rules, the personal phrase.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use std::collections::BTreeMap;

use sd_wire::fetch::MAX_HIDDEN;
use sd_wire::printable::Printable;

use crate::field::Field;
use crate::keys::{self, Key};
use crate::rules::{MAX_FILE, MAX_RULES, Rules, Subject, Thing};
use crate::{docket, phrase};

/// One read of the terminal: every byte belongs to one key, a sequence is no letter, and what is typed is what stands
/// there.
pub fn keyboard(bytes: &[u8]) {
    let (mut rest, mut typed, mut field) = (bytes, Vec::new(), Field::new().unwrap());
    let mut text = String::new();
    while let Some((key, used)) = keys::first(rest) {
        assert!(used > 0, "a key of no bytes");
        // A sequence may claim a byte more than there is.
        let (of_it, left) = rest.split_at(used.min(rest.len()));
        if let Key::Char(c) = key {
            assert_eq!(c.encode_utf8(&mut [0; 4]).as_bytes(), of_it);
            assert!(!c.is_control());
        }
        if Field::takes(key) {
            field.press(key, of_it);
            match key {
                Key::Char(c) if text.len() + c.len_utf8() <= sd_wire::passphrase::MAX_PASSPHRASE => {
                    text.push(c)
                }
                Key::Char(_) => {}
                Key::Backspace => drop(text.pop()),
                _ => text.clear(),
            }
            assert_eq!(field.passphrase().expose(), text.as_bytes());
        }
        typed.push(key);
        rest = left;
    }
    docket::hostile::line(&typed);
}

/// A file of rules: it is taken as a whole or not at all, what it says can be shown, and judging by it never fails.
pub fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(&bytes[..bytes.len().min(MAX_FILE)]) else { return };
    let rules = match Rules::parse(text) {
        Ok(rules) => rules,
        Err(why) => {
            assert!(why.line >= 1 && why.column >= 1 && why.line <= text.split('\n').count());
            return shown(&why.reason);
        }
    };
    let list = rules.list();
    assert!(list.len() <= MAX_RULES);
    for rule in &list {
        shown(&rule.name);
        shown(&rule.says);
    }
    let attributes = BTreeMap::from([("service".to_owned(), "demo".to_owned())]);
    let path = "/org/freedesktop/secrets/collection/login/1";
    let thing = Thing {
        item: Some(path),
        collection: Some("Login"),
        label: Some("x"),
        attributes: Some(&attributes),
    };
    for kind in ["read", "search", "store", "sign", "unlock", "lock", "nothing of that name"] {
        let known = Subject {
            kind,
            things: &[thing],
            key: Some("0123456789ABCDEF0123456789ABCDEF01234567"),
            processes: &["git"],
        };
        let unknown = Subject { kind, things: &[], key: None, processes: &[] };
        for subject in [known, unknown] {
            let judgement = rules.judge(&subject);
            // Where there is no rule there is no judgement.
            assert!(!list.is_empty() || judgement == crate::rules::Judgement::default());
            assert!(rules.hidden(&subject).len() <= MAX_HIDDEN);
        }
        let _ = rules.look_at_items(kind);
    }
}

fn shown(text: &str) {
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
}

/// The file of the personal phrase.
pub fn personal_phrase(bytes: &[u8]) {
    if let Ok(Some(phrase)) = phrase::read(bytes) {
        assert!(phrase.as_str().chars().count() <= 60 && Printable::line(phrase.as_str()) == phrase);
    }
}

#[cfg(test)]
mod tests {
    use sd_twin::feed;

    #[test]
    fn no_bytes_of_a_keyboard_are_another_key_than_they_say() {
        feed("keyboard", super::keyboard);
    }

    #[test]
    fn no_file_of_rules_breaks_its_reader_or_the_screen() {
        feed("rules", super::rules);
    }

    #[test]
    fn no_phrase_is_shown_otherwise_than_it_is_written() {
        feed("personal_phrase", super::personal_phrase);
    }
}
