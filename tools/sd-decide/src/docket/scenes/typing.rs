//! Whatever is typed into the command line: it neither breaks the line nor gets past it.

use proptest::prelude::*;
use sd_wire::printable::Printable;

use super::lines::prompt;
use super::*;
use crate::docket::command::Command;
use crate::docket::line::LONGEST;
use crate::docket::mode::Purpose;
use crate::docket::page::Page;

/// What happens while somebody types.
#[derive(Clone, Debug)]
enum Happens {
    Key(Key),
    Word(&'static str),
    Wait(u64),
    Filed,
    Gone,
    Seen,
    Prompt,
    PromptGone,
    Active(bool),
}

const KEYS: [Key; 18] = [
    Key::Enter,
    Key::Enter,
    Key::Tab,
    Key::Tab,
    Key::Up,
    Key::Down,
    Key::Left,
    Key::Right,
    Key::Home,
    Key::End,
    Key::Backspace,
    Key::Delete,
    Key::EraseWord,
    Key::ClearLine,
    Key::Repaint,
    Key::PageUp,
    Key::CommandLine,
    Key::Other,
];

const WORDS: [&str; 16] = [
    "y",
    "n",
    "g",
    "m",
    "L",
    "lock",
    "unlock",
    "deny-all",
    "lift",
    "show 0",
    "revoke ",
    "revoke all",
    "help ",
    "history ",
    " ",
    ":",
];

fn happens() -> impl Strategy<Value = Happens> {
    let times = [50, 699, 700, 5000];
    prop_oneof![
        8 => prop::sample::select(KEYS.to_vec()).prop_map(Happens::Key),
        4 => any::<char>().prop_map(|character| Happens::Key(Key::Char(character))),
        1 => Just(Happens::Key(Key::Escape)),
        8 => prop::sample::select(WORDS.to_vec()).prop_map(Happens::Word),
        4 => prop::sample::select(times.to_vec()).prop_map(Happens::Wait),
        2 => Just(Happens::Filed),
        1 => Just(Happens::Gone),
        3 => Just(Happens::Seen),
        1 => Just(Happens::Prompt),
        2 => Just(Happens::PromptGone),
        1 => prop::bool::weighted(0.8).prop_map(Happens::Active),
    ]
}

/// Someone who types, and what happens meanwhile.
struct Typist {
    scene: Scene,
    asks: u64,
    prompts: u64,
    active: bool,
}

impl Typist {
    fn new() -> Self {
        let mut typist = Self { scene: Scene::new(), asks: 0, prompts: 0, active: true };
        typist.file();
        typist.file();
        typist.scene.see_and_wait();
        typist
    }

    fn file(&mut self) {
        self.asks += 1;
        let want = if self.asks.is_multiple_of(2) { sign() } else { access(&[self.asks]) };
        self.scene.file(self.asks, want);
    }

    fn key(&mut self, key: Key) {
        let before = self.scene.line().cloned();
        let prompt = self.scene.docket.prompt().is_some();
        let effects = self.scene.key(key);
        let Some(before) = before else { return };
        let after = self.scene.line().cloned();
        if prompt || !self.active {
            assert_eq!(after.as_ref(), Some(&before), "the key was not for the line");
        }
        let command = (key == Key::Enter).then(|| Command::parse(before.text()).ok().flatten()).flatten();
        let settles = matches!(command, Some(Command::DenyAll | Command::Lock));
        assert!(dispatched(&effects).is_empty() && queued(&effects) == 0, "{key:?} in {before:?}");
        assert!(settled(&effects).is_empty() || settles, "{key:?} in {before:?}");
        assert!(!effects.contains(&Effect::FlushInput) || settles || prompt, "{key:?} in {before:?}");
        let Some(after) = after else { return };
        let count = after.text().chars().count();
        assert!(after.cursor() <= count && count <= LONGEST, "{after:?}");
        assert!(after.text().starts_with(after.head()) && after.head().chars().count() == after.cursor());
        assert!(after.offers.is_empty() || key == Key::Tab || after == before, "{after:?}");
        assert!(
            after.offers.iter().all(|offer| offer.starts_with(crate::docket::line::last_word(after.head())))
        );
        let plain = after.text().replace('\\', "");
        assert_eq!(Printable::line(&plain).as_str(), plain, "it can be shown as it is");
    }

    fn play(&mut self, happens: &Happens) {
        match happens {
            Happens::Key(key) => self.key(*key),
            Happens::Word(word) => word.chars().for_each(|character| self.key(Key::Char(character))),
            Happens::Wait(milliseconds) => drop(self.scene.wait(*milliseconds)),
            Happens::Filed => self.file(),
            Happens::Gone => drop(self.scene.step(Event::Withdrawn { id: id(self.asks) })),
            Happens::Seen => self.scene.see(),
            Happens::Prompt => {
                self.prompts += 1;
                self.scene.step(prompt(self.prompts));
            }
            Happens::PromptGone => {
                if let Some(id) = self.scene.docket.prompt().map(|prompt| prompt.id) {
                    self.scene.step(Event::PassphraseForgone { prompt: id });
                }
            }
            Happens::Active(active) => {
                self.active = *active;
                self.scene.step(Event::Active(*active));
            }
        }
        // Back into the line, wherever that led: only there are the keys judged.
        if self.active && self.scene.line().is_none() && self.scene.docket.prompt().is_none() {
            self.scene.docket.refusals.set_everything(false);
            if self.scene.docket.selected().is_none() {
                self.file();
            }
            let mode = Mode::Line(crate::docket::line::Line::new(Purpose::Command));
            self.scene.docket.set_mode(Moment(self.scene.now), mode);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_typed_gets_past_the_line_but_a_command(story in prop::collection::vec(happens(), 0..120)) {
        let mut typist = Typist::new();
        typist.play(&Happens::Wait(700));
        story.iter().for_each(|happens| typist.play(happens));
    }

    #[test]
    fn no_text_is_too_odd_to_be_answered_and_none_of_it_is_said_again(
        command in prop::sample::select(WORDS.to_vec()), odd in "[zq-][a-zé€\\\\\"'@=/-]{5,20}", more in any::<String>()
    ) {
        for text in [format!("{command} {odd}"), format!("{odd} {command}"), format!("{command}{more}"), more] {
            if let Err(told) = Command::parse(&text) {
                prop_assert!(!told.contains(&odd), "{text:?}: {told:?}");
                prop_assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}: {told:?}");
                prop_assert!(!told.is_empty());
            }
        }
    }
}

#[test]
fn a_key_after_a_line_of_two_hundred_characters_still_works() {
    let mut scene = Scene::new();
    scene.key(Key::CommandLine);
    for _ in 0..300 {
        scene.key(Key::Char('x'));
    }
    assert_eq!(scene.line().unwrap().text().len(), LONGEST);
    scene.key(Key::ClearLine);
    for character in "status".chars() {
        scene.key(Key::Char(character));
    }
    scene.key(Key::Enter);
    assert_eq!(*scene.docket.mode(), Mode::Page(Page::Status));
}
