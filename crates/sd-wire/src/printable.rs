//! Text from outside, made fit for a terminal. There is no other way to make a [`Printable`].
//!
//! What stays as it is: ASCII from space to `~` but the backslash, and letters, digits and signs of other scripts
//! that take up room on the screen. All else (control characters, escape sequences, bidirectional overrides,
//! zero-width and blank look-alikes, line separators, private use) becomes an escape that stands out and cannot be
//! confused with text, as the backslash itself is doubled.

use std::fmt;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// One line of text without anything that a terminal would act on or hide.
#[derive(Clone, Default, PartialEq, Eq, Debug, Hash)]
pub struct Printable(String);

impl Printable {
    /// The whole text on one line.
    #[must_use]
    pub fn line(text: &str) -> Self {
        let mut line = String::with_capacity(text.len());
        for c in text.chars() {
            push(&mut line, c);
        }
        Self(line)
    }

    /// Text that was once [`Printable`] and has been on a disk since. It is made fit for a terminal anew, but its
    /// backslashes stay as they are: they were doubled then.
    #[must_use]
    pub fn kept(text: &str) -> Self {
        let mut line = String::with_capacity(text.len());
        for c in text.chars() {
            if c == '\\' { line.push(c) } else { push(&mut line, c) }
        }
        Self(line)
    }

    /// The text's beginning; what is left out is counted, in characters of the text: `…+12 more`.
    #[must_use]
    pub fn clipped(text: &str, most: usize) -> Self {
        let mut line = String::new();
        let mut chars = text.chars();
        for c in chars.by_ref().take(most) {
            push(&mut line, c);
        }
        let more = chars.count();
        if more > 0 {
            // Writing to a string cannot fail.
            let _ = write!(line, "…+{more} more");
        }
        Self(line)
    }

    /// Its beginning, of at most so many characters; when that is not all of it, it ends with `»`. An escape may be cut:
    /// this is for where something is only named.
    #[must_use]
    pub fn beginning(&self, most: usize) -> Self {
        match self.0.char_indices().nth(most) {
            None => self.clone(),
            Some(_) => {
                let kept = self.0.chars().take(most.saturating_sub(1));
                Self(kept.chain(['»']).collect())
            }
        }
    }

    /// Bytes that should be UTF-8; those that are not become `\xNN`.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        let mut line = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                push(&mut line, c);
            }
            for b in chunk.invalid() {
                let _ = write!(line, "\\x{b:02x}");
            }
        }
        Self(line)
    }

    /// `name = value`. Either stands in quotes, with a backslash before each quote in it, where it would otherwise
    /// not be plain where it begins and ends.
    #[must_use]
    pub fn pair(name: &str, value: &str) -> Self {
        let mut line = String::with_capacity(name.len().saturating_add(value.len()).saturating_add(3));
        push_word(&mut line, name);
        line.push_str(" = ");
        push_word(&mut line, value);
        Self(line)
    }

    /// Pairs of names and values on one line: `name=value`, with a blank between two. Any side that is empty, or has a
    /// blank, a quote or `=` in it, stands in quotes.
    #[must_use]
    pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut line = String::new();
        for (name, value) in pairs {
            if !line.is_empty() {
                line.push(' ');
            }
            push_side(&mut line, name);
            line.push('=');
            push_side(&mut line, value);
        }
        Self(line)
    }

    /// Each line of the text for itself; a carriage return is not a line's end and is shown.
    #[must_use]
    pub fn lines(text: &str) -> Vec<Self> {
        text.split('\n').map(Self::line).collect()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One side of a pair among others.
fn push_side(line: &mut String, text: &str) {
    if !text.is_empty() && !text.contains([' ', '"', '=']) {
        return text.chars().for_each(|c| push(line, c));
    }
    line.push('"');
    for c in text.chars() {
        if c == '"' {
            line.push('\\');
        }
        push(line, c);
    }
    line.push('"');
}

fn push(line: &mut String, c: char) {
    match c {
        '\\' => line.push_str("\\\\"),
        ' '..='~' => line.push(c),
        '\n' => line.push_str("\\n"),
        '\t' => line.push_str("\\t"),
        '\r' => line.push_str("\\r"),
        _ if shows(c) => line.push(c),
        // From 0x80 on this is how a byte looks that is no text.
        _ if c.is_ascii() => {
            let _ = write!(line, "\\x{:02x}", u32::from(c));
        }
        _ => {
            let _ = write!(line, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

/// One side of a pair.
fn push_word(line: &mut String, word: &str) {
    // With a blank around it: a sign at its end would make another sign of the one between the two.
    let misleads = format!(" {word} ").contains(" = ") || word.starts_with(' ') || word.ends_with(' ');
    if !misleads && !word.is_empty() && !word.contains('"') {
        word.chars().for_each(|c| push(line, c));
        return;
    }
    line.push('"');
    for c in word.chars() {
        if c == '"' {
            line.push('\\');
        }
        push(line, c);
    }
    line.push('"');
}

/// Whether a character beyond ASCII takes up room and is seen to.
fn shows(c: char) -> bool {
    let blank = matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{ad}');
    let private = matches!(u32::from(c), 0xe000..=0xf8ff | 0xf_0000..=0x10_ffff);
    let specials = matches!(u32::from(c), 0xfff0..=0xfffb | 0xfffe..=0xffff);
    // Two columns on the console up to Linux 6.15 (`is_double_width` in vt.c), one by today's tables: what is drawn
    // behind such a character would land elsewhere, on a line of ours perhaps.
    let disputed = c.width() == Some(1)
        && matches!(u32::from(c),
            0x1100..=0x115f | 0x2329..=0x232a | 0x2e80..=0x303e | 0x3040..=0xa4cf | 0xac00..=0xd7a3
            | 0xf900..=0xfaff | 0xfe10..=0xfe19 | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6
            | 0x2_0000..=0x2_fffd | 0x3_0000..=0x3_fffd);
    c.width().is_some_and(|w| w > 0)
        && !disputed
        && !c.is_whitespace()
        && !c.is_control()
        && !blank
        && !private
        && !specials
}
