//! Why a text is not a file of rules, and where.

use std::fmt;

use sd_wire::printable::Printable;

/// What is wrong, and where it stands. Displayed as `LINE:COLUMN: reason`; the file's name goes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column, in characters from 1.
    pub(crate) column: usize,
    /// What is wrong there, on one printable line.
    pub(crate) reason: String,
}

impl Invalid {
    /// At so many bytes into the text.
    pub(super) fn at(text: &str, offset: usize, reason: impl AsRef<str>) -> Self {
        let (line, column) = place(text, offset);
        Self { line, column, reason: Printable::line(reason.as_ref()).as_str().to_owned() }
    }
}

/// Line and column of so many bytes into the text, each from 1.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let before = text.get(..end).unwrap_or_default();
    let last = before.rsplit('\n').next().unwrap_or_default();
    let breaks = before.bytes().filter(|byte| *byte == b'\n').count();
    (breaks.saturating_add(1), last.chars().count().saturating_add(1))
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.reason)
    }
}

impl std::error::Error for Invalid {}
