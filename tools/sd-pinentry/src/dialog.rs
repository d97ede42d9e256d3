//! What gpg-agent has set, and the question that comes of it.

use std::time::Duration;

use sd_wire::bounded::{List, Text};
use sd_wire::passphrase::{Unlocks, Wanted};

use crate::owner::Owner;

/// The most lines of a description that are passed on.
const LINES: usize = 16;

/// What gpg-agent has set since the beginning or the last `RESET`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dialog {
    pub(crate) description: String,
    pub(crate) complaint: String,
    pub(crate) grip: String,
    pub(crate) patience: Option<Duration>,
    /// Who waits for the passphrase, if it is known.
    pub(crate) owner: Option<Owner>,
    /// Whether a new passphrase is wanted, which nobody is asked for here.
    pub(crate) new: bool,
}

impl Dialog {
    /// Whether somebody still waits for the passphrase, as far as is known.
    pub(crate) fn wants(&self) -> bool {
        self.owner.is_none_or(Owner::lives)
    }

    /// The question, in the words of the wire; what is too long is shortened.
    pub(crate) fn wanted(&self) -> Wanted {
        let lines = self.description.lines().filter(|line| !line.trim().is_empty());
        let (wrong, tries) = complaint(&self.complaint);
        Wanted {
            unlocks: Unlocks::Key { grip: Text::clipped(&self.grip) },
            lines: List::new(lines.take(LINES).map(Text::clipped).collect()).unwrap_or_default(),
            wrong: wrong.map(Text::clipped),
            tries,
        }
    }
}

/// What was wrong, and which try of how many comes now: `Bad Passphrase (try 2 of 3)`. gpg-agent says it in the
/// language of its user; the two numbers in the last parentheses are all that is relied on.
fn complaint(text: &str) -> (Option<&str>, Option<(u8, u8)>) {
    let text = text.trim();
    if text.is_empty() {
        return (None, None);
    }
    let parted = text.strip_suffix(')').and_then(|open| open.rsplit_once('('));
    let Some((wrong, inside)) = parted else { return (Some(text), None) };
    let mut numbers = inside.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    match (numbers.next().map(str::parse), numbers.next().map(str::parse), numbers.next()) {
        (Some(Ok(this)), Some(Ok(most)), None) if this <= most => {
            (Some(wrong.trim_end()), Some((this, most)))
        }
        _ => (Some(text), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tries_are_read_in_any_language() {
        assert_eq!(complaint("Bad Passphrase (try 2 of 3)"), (Some("Bad Passphrase"), Some((2, 3))));
        assert_eq!(
            complaint("Falsche Passphrase (Versuch 3 von 3)"),
            (Some("Falsche Passphrase"), Some((3, 3)))
        );
        assert_eq!(complaint("パスフレーズが不正です (3回のうち2回目)").1, None, "3 > 2: told as it is");
    }

    #[test]
    fn a_complaint_without_tries_is_passed_on_whole() {
        for text in ["Bad PIN", "no (tries)", "odd (1 2 3)", "odd (999 of 3)", ")", "()"] {
            assert_eq!(complaint(text), (Some(text), None));
        }
        assert_eq!(complaint("  "), (None, None));
    }

    #[test]
    fn the_question_holds_what_was_set_and_no_more_than_the_wire_takes() {
        let dialog = Dialog {
            description: "a line\n\n".repeat(100) + &"x".repeat(1000),
            complaint: "y".repeat(1000),
            grip: "z".repeat(1000),
            ..Dialog::default()
        };
        let wanted = dialog.wanted();
        assert_eq!(wanted.lines.len(), LINES);
        assert_eq!(wanted.lines[0].as_str(), "a line");
        assert!(wanted.wrong.is_some_and(|wrong| wrong.len() <= 256));
        assert!(matches!(wanted.unlocks, Unlocks::Key { grip } if grip.len() <= 128));
    }
}
