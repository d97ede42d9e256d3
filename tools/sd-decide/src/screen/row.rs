//! Lines of the detail before they are cut to the pane's width.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use sd_wire::printable::Printable;
use unicode_width::UnicodeWidthChar;

/// The columns of a fact's name.
const NAME: usize = 11;
/// Before a line of a text, which may say anything: no fact's name stands there.
const QUOTE: char = '>';
/// Before the rest of what did not fit on the line above. A fact without a name has a blank there.
const GOES_ON: char = '+';

/// Where a text was cut. In every font of the console, which the ellipsis is not.
const CUT: char = '»';
/// Where the beginning of a text was cut.
const CUT_BEFORE: char = '«';

/// How far a section is to be believed. It shows in the mark before each of its lines, so also without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The backend, the keyring, the kernel or the signed bytes themselves say so.
    Fact,
    /// So it looks, and it can choose how it looks.
    Looks,
    /// The requester says so.
    Claim,
    /// We say so: nothing here is about a request.
    Ours,
}

/// One line of the detail, however long.
#[derive(Clone, Debug)]
pub(super) enum Row {
    /// The beginning of a section.
    Section(Trust, &'static str),
    /// A fact with its name.
    Fact(Trust, String, Printable),
    /// Text of several lines, one of them.
    Text(Trust, Printable),
    /// Such a line, and some below it that each begin with a word of ours.
    TextWith(Trust, Printable, Vec<(&'static str, Printable)>),
    /// A sentence of ours.
    Note(String),
}

impl Row {
    /// A fact with its name.
    pub(super) fn fact(trust: Trust, name: impl Into<String>, value: Printable) -> Self {
        Self::Fact(trust, name.into(), value)
    }

    /// The row as lines of at most `width` columns. Nothing is left out.
    pub(super) fn wrap(&self, width: usize, out: &mut Vec<Line<'static>>) {
        match self {
            Self::Section(trust, title) => {
                let fill = width.saturating_sub(title.chars().count()).saturating_sub(4);
                let (rule, style) = (trust.rule(), trust.style().add_modifier(Modifier::BOLD));
                out.push(Line::styled(format!("{rule}{rule} {title} {}", rule.repeat(fill)), style));
            }
            Self::Fact(trust, name, value) => {
                let room = width.saturating_sub(NAME).saturating_sub(3);
                for (n, part) in cut(value.as_str(), room).into_iter().enumerate() {
                    let name = if n == 0 { fit(name, NAME) } else { format!("{GOES_ON:>NAME$}") };
                    let mark = Span::styled(format!("{} {name} ", trust.mark()), trust.style());
                    out.push(Line::from(vec![mark, Span::raw(part)]));
                }
            }
            Self::Text(trust, value) => {
                for (n, part) in cut(value.as_str(), width.saturating_sub(4)).into_iter().enumerate() {
                    let sign = if n == 0 { QUOTE } else { GOES_ON };
                    let mark = Span::styled(format!("{} {sign} ", trust.mark()), trust.style());
                    out.push(Line::from(vec![mark, Span::raw(part)]));
                }
            }
            Self::TextWith(trust, value, more) => {
                Self::Text(*trust, value.clone()).wrap(width, out);
                for (word, value) in more {
                    let room = width.saturating_sub(columns(word)).saturating_sub(5);
                    for (n, part) in cut(value.as_str(), room).into_iter().enumerate() {
                        let word = if n == 0 { (*word).to_owned() } else { " ".repeat(columns(word)) };
                        let mark = Span::styled(format!("{} {GOES_ON} {word} ", trust.mark()), trust.style());
                        out.push(Line::from(vec![mark, Span::raw(part)]));
                    }
                }
            }
            Self::Note(text) => {
                out.extend(words(text, width).into_iter().map(Line::raw));
            }
        }
    }
}

impl Trust {
    fn mark(self) -> char {
        match self {
            Self::Fact => '│',
            Self::Looks => '?',
            Self::Claim => '~',
            Self::Ours => ' ',
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Self::Fact | Self::Ours => "─",
            Self::Looks => "-",
            Self::Claim => "~",
        }
    }

    /// The colour of its marks and names.
    pub(super) fn style(self) -> Style {
        match self {
            Self::Fact => Style::new().fg(Color::Green),
            Self::Looks => Style::new().fg(Color::Yellow),
            Self::Claim => Style::new().fg(Color::Magenta),
            Self::Ours => Style::new().fg(Color::Cyan),
        }
    }
}

/// The text on exactly `room` columns: filled up with blanks, or cut and ended by `»`.
pub(super) fn fit(text: &str, room: usize) -> String {
    let mut fitted = clip(text, room);
    fitted.push_str(&" ".repeat(room.saturating_sub(columns(&fitted))));
    fitted
}

/// The text on at most `room` columns, cut and ended by `»`.
pub(super) fn clip(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut clipped = cut(text, room.saturating_sub(1)).into_iter().next().unwrap_or_default();
    clipped.push(CUT);
    clipped
}

/// How many columns the text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The end of the text on at most `room` columns, begun by `«` when it is cut.
pub(super) fn tail(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut rest = text.chars();
    while columns(rest.as_str()) >= room.max(1) && rest.next().is_some() {}
    format!("{CUT_BEFORE}{}", rest.as_str())
}

/// The text with this end, on at most `room` columns: the text is cut, the end is not.
pub(super) fn with_end(text: &str, end: &str, room: usize) -> String {
    format!("{}{end}", clip(text, room.saturating_sub(columns(end))))
}

/// The text in parts of at most `room` columns; an empty text is one empty part.
pub(super) fn cut(text: &str, room: usize) -> Vec<String> {
    // A character can be two columns wide.
    let room = room.max(2);
    let mut parts = vec![];
    let (mut part, mut used) = (String::new(), 0_usize);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used.saturating_add(wide) > room {
            parts.push(std::mem::take(&mut part));
            used = 0;
        }
        part.push(c);
        used = used.saturating_add(wide);
    }
    parts.push(part);
    parts
}

/// A sentence of ours in lines of at most `room` columns, broken between words; each is indented as the first one is.
pub(super) fn words(text: &str, room: usize) -> Vec<String> {
    let sentence = text.trim_start_matches(' ');
    let indent = " ".repeat(text.len().saturating_sub(sentence.len()));
    let mut lines: Vec<String> = vec![indent.clone()];
    for word in sentence.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.len() == indent.len() {
            line.push_str(word);
        } else if columns(line).saturating_add(1).saturating_add(columns(word)) <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines
}
