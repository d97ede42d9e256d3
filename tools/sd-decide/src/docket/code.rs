//! The four characters that a person copies from the screen, where a rule wants more than a `y`.
//!
//! Keys can be injected blindly (a uinput device that the desktop may use outlives a switch of terminals). What is to be
//! typed here stands only on this screen, and is another for each ask.

use std::fmt;
use std::time::Duration;

use crate::docket::event::Moment;

/// How many wrong codes end an ask.
pub(crate) const MOST_WRONG: u8 = 3;
/// After so many wrong codes in a row, whatever asks they were for, none is taken for so long: whoever types blindly
/// files the next ask at once.
const REST: Duration = Duration::from_secs(60);
/// The characters of a code: none that is easily taken for another.
const ALPHABET: [char; 28] = [
    'A', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'T', 'U', 'V', 'W', 'X', 'Y',
    '3', '4', '6', '7', '9', '2', '8',
];

/// A code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code([char; Self::LENGTH]);

impl Code {
    /// How many characters a code has.
    pub(crate) const LENGTH: usize = 4;

    /// The code that random bytes make. Two bytes a character: the remainder's bias is below one in two thousand.
    pub(crate) fn from_random(bytes: [[u8; 2]; Self::LENGTH]) -> Self {
        Self(bytes.map(|pair| {
            let at = usize::from(u16::from_be_bytes(pair)) % ALPHABET.len();
            ALPHABET.get(at).copied().unwrap_or('A')
        }))
    }

    /// Whether this was typed; small letters are as good.
    pub(crate) fn is(self, typed: &str) -> bool {
        let mut typed = typed.chars();
        self.0.iter().all(|wanted| typed.next().is_some_and(|typed| typed.eq_ignore_ascii_case(wanted)))
            && typed.next().is_none()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|character| write!(f, "{character}"))
    }
}

/// The wrong codes, over all asks.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    wrong: u8,
    rest: Moment,
}

impl Guesses {
    /// A wrong code was typed.
    pub(super) fn wrong(&mut self, now: Moment) {
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong >= MOST_WRONG {
            *self = Self { wrong: 0, rest: now.after(REST) };
        }
    }

    /// The right one was.
    pub(super) fn right(&mut self) {
        self.wrong = 0;
    }

    /// For how many seconds no code is taken; none when one is.
    pub(super) fn rest(&self, now: Moment) -> u64 {
        self.rest.since(now).div_ceil(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_itself_in_either_case_and_nothing_else() {
        let code = Code::from_random([[0, 0], [0, 1], [0, 21], [255, 255]]);
        let text = code.to_string();
        assert_eq!(text.chars().count(), 4);
        assert!(code.is(&text) && code.is(&text.to_lowercase()));
        for wrong in ["", "AAAA", &text[..3], &format!("{text}A")] {
            assert!(!code.is(wrong), "{wrong}");
        }
    }
}
