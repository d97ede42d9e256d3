//! What bytes from the keyboard mean.
//!
//! Not by crossterm's event reader: that waits for the rest of a broken sequence, spins when the terminal hangs up, and
//! on a change of the window's size it opens `/dev/tty` or runs `tput`.

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character that can be printed.
    Char(char),
    /// Enter.
    Enter,
    /// Esc, alone.
    Escape,
    /// The key that erases to the left.
    Backspace,
    /// The key that erases to the right.
    Delete,
    /// Tab.
    Tab,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// The page before.
    PageUp,
    /// The page after.
    PageDown,
    /// F2: the command line.
    CommandLine,
    /// Ctrl+L: paint the screen anew.
    Repaint,
    /// Ctrl+U: clear what was typed.
    ClearLine,
    /// Ctrl+W: erase the word to the left.
    EraseWord,
    /// Any other: it means nothing, but it is typing, so it restarts the quiet time.
    Other,
}

/// The first key that the bytes of one read stand for, and how many of them it takes. A sequence that is not whole, and
/// any other byte, is a key that means nothing; but it is typing.
pub(crate) fn first(bytes: &[u8]) -> Option<(Key, usize)> {
    Some(match bytes {
        [] => return None,
        // Pressed twice it is there twice: it must always let go.
        [0x1b] | [0x1b, 0x1b, ..] => (Key::Escape, 1),
        // F2 on the Linux console: `ESC [ [ B`.
        [0x1b, b'[', b'[', last, ..] => (if *last == b'B' { Key::CommandLine } else { Key::Other }, 4),
        [0x1b, b'[', rest @ ..] => control(rest),
        [0x1b, b'O', last, ..] => (application(*last), 3),
        // Alt and a letter is not that letter.
        [0x1b, _, ..] => (Key::Other, 2),
        [b'\r' | b'\n', ..] => (Key::Enter, 1),
        [b'\t', ..] => (Key::Tab, 1),
        [0x7f | 0x08, ..] => (Key::Backspace, 1),
        [0x0c, ..] => (Key::Repaint, 1),
        [0x15, ..] => (Key::ClearLine, 1),
        [0x17, ..] => (Key::EraseWord, 1),
        [0x20..=0x7e, ..] => (Key::Char(char::from(*bytes.first()?)), 1),
        _ => beyond_ascii(bytes),
    })
}

/// A character of several bytes, if it is whole; a console sends it in one piece.
fn beyond_ascii(bytes: &[u8]) -> (Key, usize) {
    for length in 2..=4 {
        let text = bytes.get(..length).and_then(|part| std::str::from_utf8(part).ok());
        if let Some(character) = text.and_then(|text| text.chars().next()) {
            let key = if character.is_control() { Key::Other } else { Key::Char(character) };
            return (key, length);
        }
    }
    (Key::Other, 1)
}

/// A control sequence after its `ESC [`: parameters, then one byte from `@` to `~` (ECMA-48, 5.4).
fn control(rest: &[u8]) -> (Key, usize) {
    let Some(end) = rest.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return (Key::Other, rest.len().saturating_add(2));
    };
    let key = match rest.get(..=end) {
        Some(b"1~" | b"7~") => Key::Home,
        Some(b"3~") => Key::Delete,
        Some(b"4~" | b"8~") => Key::End,
        Some(b"5~") => Key::PageUp,
        Some(b"6~") => Key::PageDown,
        Some(b"12~") => Key::CommandLine,
        Some([last]) => application(*last),
        _ => Key::Other,
    };
    (key, end.saturating_add(3))
}

/// The last byte of a key without parameters.
fn application(last: u8) -> Key {
    match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'Q' => Key::CommandLine,
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Key> {
        let mut rest = bytes;
        let next = || {
            let (key, used) = first(rest)?;
            rest = &rest[used..];
            Some(key)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn arrows_and_pages_are_read_in_both_modes_of_the_keypad() {
        assert_eq!(all(b"\x1b[A\x1bOB\x1b[5~\x1b[6~"), [Key::Up, Key::Down, Key::PageUp, Key::PageDown]);
        assert_eq!(all(b"\x1b[1~\x1b[4~\x1b[H\x1bOF"), [Key::Home, Key::End, Key::Home, Key::End]);
    }

    #[test]
    fn f2_is_read_as_the_console_and_as_terminals_send_it() {
        assert_eq!(all(b"\x1b[[B\x1bOQ\x1b[12~"), [Key::CommandLine; 3]);
        assert_eq!(all(b"\x1b[[Ay"), [Key::Other, Key::Char('y')]);
    }

    #[test]
    fn a_letter_inside_a_sequence_is_not_that_letter() {
        assert_eq!(all(b"\x1by"), [Key::Other]);
        assert_eq!(all(b"\x1b[0n"), [Key::Other]);
        assert_eq!(all(b"\x1b[12;3y"), [Key::Other]);
        assert_eq!(all(b"\x1b[12;"), [Key::Other]);
    }

    #[test]
    fn escape_alone_is_escape() {
        assert_eq!(all(b"\x1b"), [Key::Escape]);
        assert_eq!(all(b"\x1b\x1b"), [Key::Escape, Key::Escape]);
        assert_eq!(all(b"\x1b\x1b[A"), [Key::Escape, Key::Up]);
    }

    #[test]
    fn a_character_of_several_bytes_is_one_key() {
        assert_eq!(all("é€😀".as_bytes()), [Key::Char('é'), Key::Char('€'), Key::Char('😀')]);
        assert_eq!(all(b"\xc3"), [Key::Other]);
        assert_eq!(all(b"\xffy"), [Key::Other, Key::Char('y')]);
        assert_eq!(all("\u{85}".as_bytes()), [Key::Other], "a control character of Unicode");
    }

    #[test]
    fn line_editing_keys_are_known() {
        assert_eq!(
            all(b"\r\t\x7f\x15\x17\x0c\x03"),
            [Key::Enter, Key::Tab, Key::Backspace, Key::ClearLine, Key::EraseWord, Key::Repaint, Key::Other]
        );
    }
}
