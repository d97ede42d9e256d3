//! A line that is being written, and the commands that were written before.

use std::collections::VecDeque;

use sd_wire::printable::Printable;
use tui_input::{Input, InputRequest};

use crate::docket::mode::Purpose;
use crate::keys::Key;

/// The longest line that can be typed, in characters.
pub(crate) const LONGEST: usize = 200;
/// How many earlier commands are kept.
const KEPT: usize = 50;

/// A line that is being written. All of it can be shown as it is.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// What for.
    pub(crate) purpose: Purpose,
    /// What the word at the cursor may become; empty unless Tab could not choose.
    pub(crate) offers: Vec<String>,
    input: Input,
    walk: Option<Walk>,
}

/// A walk through the earlier commands.
#[derive(Clone, Debug)]
struct Walk {
    /// How many commands back.
    back: usize,
    /// What stood in the line before the walk.
    draft: String,
}

/// Earlier commands, oldest first. Only what was a command comes here: something else that was typed by accident is
/// not kept.
#[derive(Debug, Default)]
pub(super) struct Past(VecDeque<String>);

impl Line {
    /// An empty line.
    pub(super) fn new(purpose: Purpose) -> Self {
        Self { purpose, offers: Vec::new(), input: Input::default(), walk: None }
    }

    /// As far as it is written.
    pub(crate) fn text(&self) -> &str {
        self.input.value()
    }

    /// How many characters of the text are left of the cursor.
    pub(crate) fn cursor(&self) -> usize {
        self.input.cursor()
    }

    /// What is left of the cursor.
    pub(super) fn head(&self) -> &str {
        let text = self.text();
        let end = text.char_indices().nth(self.cursor()).map_or(text.len(), |(at, _)| at);
        text.get(..end).unwrap_or(text)
    }

    /// Takes a key that edits; whether the text is another now.
    pub(super) fn edit(&mut self, key: Key) -> bool {
        let request = match key {
            Key::Char(character) if self.takes(character) => InputRequest::InsertChar(character),
            Key::Backspace => InputRequest::DeletePrevChar,
            Key::Delete => InputRequest::DeleteNextChar,
            Key::EraseWord => InputRequest::DeletePrevWord,
            Key::ClearLine => InputRequest::DeleteLine,
            Key::Left => InputRequest::GoToPrevChar,
            Key::Right => InputRequest::GoToNextChar,
            Key::Home => InputRequest::GoToStart,
            Key::End => InputRequest::GoToEnd,
            _ => return false,
        };
        let changed = self.input.handle(request).is_some_and(|changed| changed.value);
        if changed {
            self.walk = None;
        }
        changed
    }

    /// Whether there is room for a character, and it can be shown as it is: what has no width or turns the direction
    /// would let the line look like another.
    fn takes(&self, character: char) -> bool {
        let shown = || Printable::line(character.encode_utf8(&mut [0; 4])).as_str().chars().eq([character]);
        self.text().chars().count() < LONGEST && (character == '\\' || shown())
    }

    /// Puts an earlier command into the line, or a later one; at last, what stood there before.
    pub(super) fn walk(&mut self, past: &Past, up: bool) {
        let (back, draft) = match self.walk.take() {
            Some(walk) => (walk.back, walk.draft),
            None => (0, self.text().to_owned()),
        };
        let to = if up { back.saturating_add(1).min(past.0.len()) } else { back.saturating_sub(1) };
        if to == back {
            self.walk = (back > 0).then_some(Walk { back, draft });
        } else if let Some(earlier) = past.back(to) {
            self.input = Input::new(earlier.to_owned());
            self.walk = Some(Walk { back: to, draft });
        } else {
            self.input = Input::new(draft);
        }
    }

    /// Completes the word that ends at the cursor: as far as all the candidates agree, and when they do not agree on
    /// more than stands there, they are offered. Each of them begins with that word.
    pub(super) fn complete(&mut self, candidates: Vec<String>) {
        let word = last_word(self.head()).len();
        let Some(common) = common_beginning(&candidates) else { return };
        let Some(more) = common.get(word..) else { return };
        let space = if candidates.len() == 1 { " " } else { "" };
        if more.is_empty() && space.is_empty() {
            self.offers = candidates;
            return;
        }
        let head = format!("{}{more}{space}", self.head());
        let tail = self.text().get(self.head().len()..).unwrap_or_default();
        let tail = if space.is_empty() { tail } else { tail.trim_start() };
        if head.chars().count().saturating_add(tail.chars().count()) <= LONGEST {
            let cursor = head.chars().count();
            self.input = Input::new(format!("{head}{tail}")).with_cursor(cursor);
            self.walk = None;
        }
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.purpose == other.purpose
            && self.text() == other.text()
            && self.cursor() == other.cursor()
            && self.offers == other.offers
    }
}

impl Eq for Line {}

impl Past {
    /// Keeps a command; not the same twice in a row.
    pub(super) fn keep(&mut self, text: &str) {
        if self.back(1) == Some(text) {
            return;
        }
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(text.to_owned());
    }

    /// The command so many back; the last one is one back.
    fn back(&self, back: usize) -> Option<&str> {
        let at = self.0.len().checked_sub(back)?;
        self.0.get(at).map(String::as_str)
    }
}

/// What stands after the last space.
pub(super) fn last_word(head: &str) -> &str {
    head.rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// The longest text with which all of them begin.
fn common_beginning(texts: &[String]) -> Option<String> {
    let (first, rest) = texts.split_first()?;
    let mut common = first.as_str();
    for text in rest {
        let same = common.chars().zip(text.chars()).take_while(|(one, other)| one == other);
        let length = same.map(|(one, _)| one.len_utf8()).sum();
        common = common.get(..length).unwrap_or_default();
    }
    Some(common.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        let mut line = Line::new(Purpose::Command);
        text.chars().for_each(|character| assert!(line.edit(Key::Char(character)), "{character:?}"));
        line
    }

    fn after(text: &str, keys: &[Key]) -> (String, usize) {
        let mut line = line(text);
        for key in keys {
            line.edit(*key);
        }
        (line.text().to_owned(), line.cursor())
    }

    #[test]
    fn characters_go_in_and_out_at_the_cursor() {
        assert_eq!(after("lok", &[Key::Left, Key::Char('c')]), ("lock".to_owned(), 3));
        assert_eq!(after("élan", &[Key::Home, Key::Delete, Key::End, Key::Backspace]), ("la".to_owned(), 2));
        assert_eq!(after("show 12", &[Key::EraseWord]), ("show ".to_owned(), 5));
        assert_eq!(after("show 12", &[Key::Left, Key::ClearLine]), (String::new(), 0));
        assert_eq!(after("a", &[Key::Home, Key::Left, Key::Backspace, Key::EraseWord]), ("a".to_owned(), 0));
        assert_eq!(after("a", &[Key::Right, Key::Delete]), ("a".to_owned(), 1));
    }

    #[test]
    fn what_cannot_be_shown_as_it_is_cannot_be_typed() {
        let mut line = line("a\\é€");
        for character in ['\u{202e}', '\u{200b}', '\u{feff}', '\u{7f}'] {
            assert!(!line.edit(Key::Char(character)), "{character:?}");
        }
        assert_eq!(line.text(), "a\\é€");
    }

    #[test]
    fn a_line_is_no_longer_than_the_longest() {
        let full = "x".repeat(LONGEST);
        assert_eq!(after(&full, &[Key::Char('y'), Key::Home, Key::Char('y')]), (full, 0));
    }

    #[test]
    fn earlier_commands_are_walked_through_and_back_to_the_draft() {
        let mut past = Past::default();
        ["status", "pending", "pending", "lock"].iter().for_each(|text| past.keep(text));
        let mut line = line("sh");
        let mut seen = Vec::new();
        for up in [true, true, true, true, false, false, false, false] {
            line.walk(&past, up);
            assert_eq!(line.cursor(), line.text().chars().count());
            seen.push(line.text().to_owned());
        }
        assert_eq!(seen, ["lock", "pending", "status", "status", "pending", "lock", "sh", "sh"]);
    }

    #[test]
    fn so_many_earlier_commands_are_kept_and_no_more() {
        let mut past = Past::default();
        (0..KEPT * 2).for_each(|n| past.keep(&n.to_string()));
        assert_eq!(past.0.len(), KEPT);
        assert_eq!((past.back(1), past.back(KEPT + 1)), (Some("99"), None));
        assert_eq!(past.back(0), None);
    }

    #[test]
    fn a_word_is_completed_as_far_as_the_candidates_agree_and_then_they_are_offered() {
        let both = || vec!["revoke".to_owned(), "revise".to_owned()];
        let mut line = line("r x");
        assert!(!line.edit(Key::Left) && !line.edit(Key::Left), "the text is the same");
        line.complete(both());
        assert_eq!((line.text(), line.cursor()), ("rev x", 3));
        assert!(line.offers.is_empty());
        line.complete(both());
        assert_eq!((line.text(), &line.offers), ("rev x", &both()));
        line.complete(vec!["revoke".to_owned()]);
        assert_eq!((line.text(), line.cursor()), ("revoke x", 7));
    }
}
