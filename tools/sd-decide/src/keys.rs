//! Bytes of the keyboard into keys of the docket.
//!
//! Not by crossterm's reader: it blocks in the middle of an escape sequence, spins when the terminal hangs up, and
//! on a change of the window's size it opens `/dev/tty` or runs `tput`.

use crate::docket::event::Key;

/// The keys that the bytes of one read stand for. A sequence that is not whole, and any other byte, is a key that
/// means nothing; but it is typing.
pub(crate) fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = bytes;
    while let Some((key, used)) = first(rest) {
        keys.push(key);
        rest = rest.get(used..).unwrap_or_default();
    }
    keys
}

/// The first key, and how many bytes it takes.
fn first(bytes: &[u8]) -> Option<(Key, usize)> {
    Some(match bytes {
        [] => return None,
        [0x1b, b'[', rest @ ..] => control(rest),
        [0x1b, b'O', b'A', ..] => (Key::Up, 3),
        [0x1b, b'O', b'B', ..] => (Key::Down, 3),
        [0x1b, b'O', _, ..] => (Key::Other, 3),
        // Alt and a letter is not that letter.
        [0x1b, _, ..] => (Key::Other, 2),
        [b'y', ..] => (Key::Yes, 1),
        [b'n', ..] => (Key::No, 1),
        [b'k', ..] => (Key::Up, 1),
        [b'j', ..] => (Key::Down, 1),
        [b' ', ..] => (Key::PageDown, 1),
        [b'?', ..] => (Key::Help, 1),
        [_, ..] => (Key::Other, 1),
    })
}

/// A control sequence after its `ESC [`: parameters, then one byte from `@` to `~` (ECMA-48, 5.4).
fn control(rest: &[u8]) -> (Key, usize) {
    let Some(end) = rest.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return (Key::Other, rest.len().saturating_add(2));
    };
    let key = match rest.get(..=end) {
        Some(b"A") => Key::Up,
        Some(b"B") => Key::Down,
        Some(b"5~") => Key::PageUp,
        Some(b"6~") => Key::PageDown,
        _ => Key::Other,
    };
    (key, end.saturating_add(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_and_pages_are_read_in_both_modes_of_the_keypad() {
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[5~\x1b[6~ "),
            [Key::Up, Key::Down, Key::PageUp, Key::PageDown, Key::PageDown]
        );
    }

    #[test]
    fn a_letter_inside_a_sequence_is_not_that_letter() {
        assert_eq!(keys(b"\x1by"), [Key::Other]);
        assert_eq!(keys(b"\x1b[0n"), [Key::Other]);
        assert_eq!(keys(b"\x1b[12;3y"), [Key::Other]);
        assert_eq!(keys(b"\x1b[12;"), [Key::Other]);
        assert_eq!(keys(b"\x1b"), [Key::Other]);
    }

    #[test]
    fn capitals_and_other_scripts_mean_nothing() {
        assert!(keys("YNýん\u{3}".as_bytes()).iter().all(|key| *key == Key::Other));
    }
}
