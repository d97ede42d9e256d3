//! From a picture of the screen to a key: pure, without clock or I/O.
//!
//! The rig knows no more than a person who looks: which ask stands there, and whether the bottom line
//! offers the keys.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// A key that did nothing is typed again after this long …
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// … so many times at most in all.
const TRIES: u8 = 3;
/// What the bottom line says while a key counts.
const ARMED: &str = "y approve";

/// What it says while a no counts, which may be before a yes does.
const DENIES: &str = "n deny";
/// What it says while the ask has not been seen to its end, and a yes would not count.
const UNSEEN: &str = "scroll to the end before approving";
/// The key that turns a page, and how long to wait for the page.
const PAGE: (char, Duration) = (' ', Duration::from_millis(150));

/// What to type at the asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answers {
    /// `y` or `n` at every ask.
    Every(char),
    /// Nothing at all.
    None,
    /// A person types.
    Ask,
    /// One key an ask, then `n`.
    Script(Vec<char>),
}

impl FromStr for Answers {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "y" => Ok(Self::Every('y')),
            "n" => Ok(Self::Every('n')),
            "none" => Ok(Self::None),
            "ask" => Ok(Self::Ask),
            _ if word.len() >= 2 && word.chars().all(|key| matches!(key, 'y' | 'n')) => {
                Ok(Self::Script(word.chars().collect()))
            }
            _ => Err("give y, n, none, ask, or a word of two or more of y and n".to_owned()),
        }
    }
}

/// The id of the ask that a picture shows in detail: sixteen hex digits behind the word `ask`.
///
/// When text from outside brings a second one into the picture, the first in reading order counts:
/// the screen puts its own line above what it quotes.
#[must_use]
pub fn ask_on(picture: &str) -> Option<&str> {
    picture.lines().find_map(|line| {
        line.match_indices("ask ").find_map(|(at, word)| {
            let before = line.get(..at)?.chars().next_back();
            let rest = line.get(at + word.len()..)?;
            let id = rest.get(..16)?;
            let after = rest.get(16..)?.chars().next();
            let alone = |side: Option<char>| side.is_none_or(|c| !c.is_alphanumeric());
            let hex = id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
            (hex && alone(before) && alone(after)).then_some(id)
        })
    })
}

/// Whether the bottom line of a picture says that a key counts now.
#[must_use]
pub fn takes_keys(picture: &str) -> bool {
    bottom_says(picture, ARMED)
}

/// The code that the bottom line wants to be copied, and how many of its characters stand there already:
/// `type  ACDE  to approve: AC__`.
fn code_on(picture: &str) -> Option<(&str, usize)> {
    let (before, after) = bottom(picture)?.split_once(" to approve: ")?;
    let code = before.trim().strip_prefix("type ")?.trim();
    let left = after.chars().take(code.len()).filter(|c| *c == '_').count();
    Some((code, code.len().checked_sub(left)?))
}

fn bottom_says(picture: &str, what: &str) -> bool {
    bottom(picture).is_some_and(|line| line.contains(what))
}

fn bottom(picture: &str) -> Option<&str> {
    picture.lines().rev().find(|line| !line.trim().is_empty())
}

/// The person who never hesitates: remembers which asks it has answered.
#[derive(Debug)]
pub struct Typist {
    answers: Answers,
    given: BTreeMap<String, Given>,
    turned: Option<Instant>,
    /// The ask whose code is being copied, and how many of its characters were typed.
    copied: (String, usize),
}

#[derive(Debug)]
struct Given {
    key: char,
    at: Instant,
    tries: u8,
}

/// A key for an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stroke {
    /// What to type.
    pub key: char,
    /// The id of the ask it is meant for.
    pub ask: String,
}

impl Typist {
    /// A typist who answers like this and has seen nothing yet.
    #[must_use]
    pub fn new(answers: Answers) -> Self {
        Self { answers, given: BTreeMap::new(), turned: None, copied: (String::new(), 0) }
    }

    /// The key to type at this picture, if any; it counts as typed.
    pub fn stroke(&mut self, picture: &str, now: Instant) -> Option<Stroke> {
        let ask = ask_on(picture)?;
        let key = self.key_for(ask)?;
        if key == 'y' && bottom_says(picture, UNSEEN) {
            return self.turn_page(ask, now);
        }
        if let Some((code, typed)) = code_on(picture).filter(|_| key == 'y') {
            return self.copy(ask, code, typed);
        }
        if !bottom_says(picture, if key == 'y' { ARMED } else { DENIES }) {
            return None;
        }
        if let Some(given) = self.given.get_mut(ask) {
            if given.tries >= TRIES || now.saturating_duration_since(given.at) < AGAIN_AFTER {
                return None;
            }
            given.tries += 1;
            given.at = now;
        } else {
            self.given.insert(ask.to_owned(), Given { key, at: now, tries: 1 });
        }
        Some(Stroke { key, ask: ask.to_owned() })
    }

    /// What is to be typed at this ask, now or when it was first answered.
    fn key_for(&self, ask: &str) -> Option<char> {
        if let Some(given) = self.given.get(ask) {
            return Some(given.key);
        }
        match &self.answers {
            Answers::Every(key) => Some(*key),
            Answers::Script(keys) => Some(keys.get(self.given.len()).copied().unwrap_or('n')),
            Answers::None | Answers::Ask => None,
        }
    }

    /// The next character of a code, unless it was typed and the picture is from before.
    fn copy(&mut self, ask: &str, code: &str, typed: usize) -> Option<Stroke> {
        if self.copied.0 != ask {
            self.copied = (ask.to_owned(), 0);
        }
        let key = code.chars().nth(typed).filter(|_| self.copied.1 == typed)?;
        self.copied.1 += 1;
        Some(Stroke { key, ask: ask.to_owned() })
    }

    fn turn_page(&mut self, ask: &str, now: Instant) -> Option<Stroke> {
        if self.turned.is_some_and(|at| now.saturating_duration_since(at) < PAGE.1) {
            return None;
        }
        self.turned = Some(now);
        Some(Stroke { key: PAGE.0, ask: ask.to_owned() })
    }

    /// When this picture should be looked at again although it has not changed.
    #[must_use]
    pub fn look_again(&self, picture: &str) -> Option<Instant> {
        if bottom_says(picture, UNSEEN) {
            return self.turned.map(|at| at + PAGE.1);
        }
        let given = self.given.get(ask_on(picture)?)?;
        (takes_keys(picture) && given.tries < TRIES).then(|| given.at + AGAIN_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_ask_is_denied_without_being_read() {
        let mut typist = Typist::new(Answers::Every('n'));
        let unseen = picture("0123456789abcdef", " scroll to the end before approving: PageDown   n deny");
        assert_eq!(typist.stroke(&unseen, Instant::now()).map(|stroke| stroke.key), Some('n'));
    }

    #[test]
    fn a_long_ask_is_scrolled_to_its_end_before_it_is_approved() {
        let (mut typist, now) = (Typist::new(Answers::Every('y')), Instant::now());
        let unseen = picture("0123456789abcdef", " scroll to the end before approving: PageDown   n deny");
        let key = |stroke: Option<Stroke>| stroke.map(|stroke| stroke.key);
        assert_eq!(key(typist.stroke(&unseen, now)), Some(' '));
        assert_eq!(key(typist.stroke(&unseen, now)), None, "the page has not been turned yet");
        assert_eq!(key(typist.stroke(&unseen, now + PAGE.1)), Some(' '));
        let seen = picture("0123456789abcdef", " y approve   n deny");
        assert_eq!(key(typist.stroke(&seen, now + PAGE.1)), Some('y'));
    }

    fn picture(id: &str, bottom: &str) -> String {
        format!("Secrets Dispatcher\n│ read │ ask {id} │\n│ label: demo │\n{bottom}\n\n")
    }

    const ARMED_LINE: &str = "y approve   n deny   ? help";
    const A: &str = "00112233445566aa";
    const B: &str = "00112233445566bb";

    #[test]
    fn no_key_is_typed_while_the_bottom_line_says_wait() {
        let mut typist = Typist::new(Answers::Every('y'));
        assert_eq!(typist.stroke(&picture(A, "wait"), Instant::now()), None);
    }

    #[test]
    fn no_key_is_typed_when_nothing_is_waiting() {
        let mut typist = Typist::new(Answers::Every('y'));
        assert_eq!(typist.stroke("nothing is waiting\n", Instant::now()), None);
    }

    #[test]
    fn the_words_of_the_bottom_line_inside_a_label_arm_nothing() {
        let shown = format!("ask {A}\nlabel: y approve   n deny\nwait\n");
        assert!(!takes_keys(&shown));
    }

    #[test]
    fn an_id_quoted_below_the_real_one_is_not_taken_for_it() {
        let shown = format!("ask {A}\nlabel: ask {B}\n{ARMED_LINE}\n");
        assert_eq!(ask_on(&shown), Some(A));
    }

    #[test]
    fn an_id_must_be_sixteen_hex_digits_standing_alone() {
        assert_eq!(ask_on("ask 0011"), None);
        assert_eq!(ask_on("task 00112233445566aa"), None);
        assert_eq!(ask_on("ask 00112233445566aab"), None);
        assert_eq!(ask_on("ask 00112233445566zz"), None);
        assert_eq!(ask_on("│ask 00112233445566aa│"), Some(A));
    }

    #[test]
    fn one_ask_gets_one_key() {
        let now = Instant::now();
        let mut typist = Typist::new(Answers::Every('n'));
        let shown = picture(A, ARMED_LINE);
        assert_eq!(typist.stroke(&shown, now), Some(Stroke { key: 'n', ask: A.to_owned() }));
        assert_eq!(typist.stroke(&shown, now + Duration::from_secs(1)), None);
    }

    #[test]
    fn a_key_that_did_nothing_is_typed_twice_more_and_no_oftener() {
        let now = Instant::now();
        let mut typist = Typist::new(Answers::Every('y'));
        let shown = picture(A, ARMED_LINE);
        let typed = (0..10).filter(|n| typist.stroke(&shown, now + Duration::from_secs(3 * n)).is_some());
        assert_eq!(typed.count(), 3);
        assert_eq!(typist.look_again(&shown), None);
    }

    #[test]
    fn a_code_is_copied_character_by_character() {
        let now = Instant::now();
        let mut typist = Typist::new(Answers::Every('y'));
        let mut key = |bottom: &str| typist.stroke(&picture(A, bottom), now).map(|stroke| stroke.key);
        assert_eq!(key(ARMED_LINE), Some('y'));
        assert_eq!(key(" type  ACDE  to approve: ____   Esc: not now"), Some('A'));
        assert_eq!(key(" type  ACDE  to approve: ____   Esc: not now"), None, "not twice");
        assert_eq!(key(" type  ACDE  to approve: A___   Esc: not now"), Some('C'));
        assert_eq!(
            key(" type  ACDE  to approve: ACD_   Esc: not now"),
            None,
            "one that was not expected yet"
        );
    }

    #[test]
    fn a_script_gives_one_key_an_ask_and_then_denies() {
        let now = Instant::now();
        let mut typist = Typist::new("yn".parse().unwrap());
        let keys: String = ["0", "1", "2", "3"]
            .iter()
            .filter_map(|digit| typist.stroke(&picture(&digit.repeat(16), ARMED_LINE), now))
            .map(|stroke| stroke.key)
            .collect();
        assert_eq!(keys, "ynnn");
    }

    #[test]
    fn answers_are_y_n_none_ask_or_a_word_of_keys() {
        assert_eq!("y".parse(), Ok(Answers::Every('y')));
        assert_eq!("ask".parse(), Ok(Answers::Ask));
        assert_eq!("yny".parse(), Ok(Answers::Script(vec!['y', 'n', 'y'])));
        for wrong in ["", "x", "yes", "Y", "ye"] {
            assert!(wrong.parse::<Answers>().is_err(), "{wrong}");
        }
    }
}
