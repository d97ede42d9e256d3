//! The command line: what is written there, and what a person is told.

use sd_wire::bounded::{List, Text};
use sd_wire::passphrase::{Unlocks, Wanted};

use super::*;
use crate::docket::line::Line;
use crate::docket::page::Page;
use crate::docket::prompts::PromptId;

impl Scene {
    /// Writes into the line that is open.
    fn write(&mut self, text: &str) -> Vec<Effect> {
        text.chars().flat_map(|character| self.key(Key::Char(character))).collect()
    }

    /// Opens the line, writes a command and enters it.
    pub(super) fn command(&mut self, text: &str) -> Vec<Effect> {
        assert!(self.key(Key::CommandLine).is_empty() && self.write(text).is_empty(), "{text}");
        self.key(Key::Enter)
    }

    pub(super) fn line(&self) -> Option<&Line> {
        if let Mode::Line(line) = self.docket.mode() { Some(line) } else { None }
    }

    fn text(&self) -> &str {
        self.line().map(Line::text).expect("a line is open")
    }

    /// The page that a command opened; it is closed.
    fn page(&mut self) -> Page {
        let Mode::Page(page) = self.docket.mode().clone() else { panic!("{:?}", self.docket.mode()) };
        self.key(Key::Escape);
        page
    }

    /// The text that a command opened; it is closed.
    pub(super) fn told(&mut self) -> String {
        let Page::Text(text) = self.page() else { panic!("no text") };
        text
    }

    pub(super) fn notice(&self) -> &str {
        self.docket.notice(Moment(self.now)).expect("a notice")
    }

    /// `g` for two minutes to the selected ask.
    pub(super) fn grant(&mut self) {
        self.see_and_wait();
        self.key(Key::Char('g'));
        self.key(Key::Enter);
    }
}

pub(super) fn prompt(n: u64) -> Event {
    let wanted = Wanted {
        unlocks: Unlocks::Collection { label: Text::new("Login").unwrap() },
        lines: List::default(),
        wrong: None,
        tries: None,
    };
    Event::PassphraseWanted { prompt: PromptId(n), wanted: Box::new(wanted) }
}

#[test]
fn commands_open_their_pages_also_by_a_beginning_of_their_name() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    let pages = [
        ("history", Page::History(20)),
        ("history 3", Page::History(3)),
        ("  hist   500 ", Page::History(500)),
        ("pending", Page::Pending),
        ("p", Page::Pending),
        ("grants", Page::Grants),
        ("rules", Page::Rules),
        ("status", Page::Status),
        ("show 0000000000000001", Page::Show(id(1))),
        ("sh 0", Page::Show(id(1))),
    ];
    for (text, page) in pages {
        scene.command(text);
        assert_eq!(scene.page(), page, "{text}");
    }
}

#[test]
fn help_says_what_the_commands_do_in_plain_text() {
    let mut scene = Scene::new();
    scene.command("help");
    let all = scene.told();
    for name in crate::docket::command::names() {
        assert!(all.contains(&name), "{name} in {all}");
        scene.command(&format!("help {name}"));
        let one = scene.told();
        assert!(one.starts_with(&name), "{one}");
        assert!(!one.contains("--"), "{one}");
        assert!((all.clone() + &one).chars().all(|c| c == '\n' || !c.is_control()), "{one}");
        assert!((all.clone() + &one).lines().all(|line| line.chars().count() <= 78), "{one}");
    }
}

#[test]
fn what_is_no_command_is_answered_by_what_to_do_and_is_not_said_again() {
    let mut scene = Scene::new();
    for (text, says) in [
        ("hunter2", "There is no such command. `help` shows them all."),
        ("histroy", "Perhaps you mean `history`"),
        ("l", "Several commands begin so: lock, lift."),
        ("--help", "There is no such command."),
        ("--version", "There is no such command."),
        ("-h", "There is no such command."),
        ("--", "There is no such command."),
        ("lock hunter2", "`lock` takes no more than this:"),
        ("lock --help", "`lock` takes no more than this:"),
        ("help hunter2", "There is no such command."),
        ("show", "`show` wants more than that:"),
        ("show hunter2", "No ask has an id that begins so."),
        ("history hunter2", "`history` does not take that:"),
        ("history 0", "`history` does not take that:"),
        ("history 501", "from 1 to 500"),
        ("revoke hunter2", "`revoke` does not take that:"),
        ("revoke -1", "`revoke` does not take that:"),
        ("revoke 7", "Neither a grant nor a mute has this number."),
    ] {
        assert!(scene.command(text).is_empty(), "{text}");
        let told = scene.told();
        assert!(told.contains(says), "{text}: {told}");
        assert!(!told.contains("hunter2") && !told.contains('\u{1b}'), "{text}: {told}");
    }
    scene.key(Key::CommandLine);
    scene.key(Key::Up);
    assert_eq!(scene.text(), "", "none of it is kept");
}

#[test]
fn earlier_commands_come_back_by_the_arrows() {
    let mut scene = Scene::new();
    for text in ["grants", "pending", " pending "] {
        scene.command(text);
        scene.page();
    }
    scene.command("");
    scene.key(Key::CommandLine);
    scene.write("x");
    let walked: Vec<String> = [Key::Up, Key::Up, Key::Up, Key::Down, Key::Down]
        .iter()
        .map(|key| {
            scene.key(*key);
            scene.text().to_owned()
        })
        .collect();
    assert_eq!(walked, ["pending", "grants", "grants", "pending", "x"]);
    scene.key(Key::Up);
    scene.key(Key::Enter);
    assert_eq!(scene.page(), Page::Pending);
}

#[test]
fn what_a_filter_was_is_no_earlier_command_and_a_filter_has_no_completion() {
    let mut scene = Scene::new();
    scene.key(Key::Char('/'));
    scene.write("hist");
    scene.key(Key::Tab);
    scene.key(Key::Up);
    assert_eq!(scene.text(), "hist");
    scene.key(Key::Enter);
    assert_eq!(scene.docket.filter(), Some("hist"));
    scene.key(Key::CommandLine);
    scene.key(Key::Up);
    assert_eq!(scene.text(), "");
}

#[test]
fn keys_that_change_nothing_leave_the_filter_as_it_was() {
    let mut scene = Scene::new();
    scene.key(Key::Char('/'));
    scene.write("demo");
    scene.key(Key::Enter);
    scene.key(Key::Char('/'));
    for key in [Key::Left, Key::Home, Key::Other, Key::Delete, Key::Enter] {
        scene.key(key);
    }
    assert_eq!(scene.docket.filter(), Some("demo"));
}

#[test]
fn tab_completes_commands_ids_and_numbers() {
    let mut scene = Scene::new();
    scene.file(0x1a, read(7));
    scene.grant();
    scene.file(0x1b, read(8));
    scene.file(0x2c, sign());
    let offered = |scene: &mut Scene, text: &str| {
        scene.key(Key::CommandLine);
        scene.write(text);
        scene.key(Key::Tab);
        let line = scene.line().unwrap().clone();
        scene.key(Key::Escape);
        (line.text().to_owned(), line.offers)
    };
    let plain = |text: &str| (text.to_owned(), Vec::<String>::new());
    let ids: Vec<String> = [0x1b, 0x2c, 0x1a].map(|n| id(n).as_str().to_owned()).to_vec();
    assert_eq!(offered(&mut scene, "h"), ("h".to_owned(), vec!["history".to_owned(), "help".to_owned()]));
    assert_eq!(offered(&mut scene, "hi"), plain("history "));
    assert_eq!(offered(&mut scene, "").1, crate::docket::command::names());
    assert_eq!(offered(&mut scene, "show "), plain("show 00000000000000"));
    assert_eq!(offered(&mut scene, "show 00000000000000"), ("show 00000000000000".to_owned(), ids));
    assert_eq!(offered(&mut scene, "sh 000000000000002"), plain("sh 000000000000002c "));
    assert_eq!(
        offered(&mut scene, "revoke "),
        ("revoke ".to_owned(), vec!["1".to_owned(), "all".to_owned()])
    );
    assert_eq!(offered(&mut scene, "rev a"), plain("rev all "));
    assert_eq!(offered(&mut scene, "help den"), plain("help deny-all "));
    for text in ["nonsense", "lock ", "show 00 ", "history 1"] {
        assert_eq!(offered(&mut scene, text), plain(text));
    }
}

#[test]
fn offers_go_away_with_the_next_key() {
    let mut scene = Scene::new();
    scene.key(Key::CommandLine);
    scene.key(Key::Tab);
    assert!(!scene.line().unwrap().offers.is_empty());
    scene.key(Key::Char('l'));
    assert!(scene.line().unwrap().offers.is_empty());
}

#[test]
fn an_id_may_be_begun_but_must_be_one() {
    let mut scene = Scene::new();
    scene.file(0x1a, read(7));
    scene.file(0x1b, read(8));
    scene.command("show 000");
    assert!(scene.told().starts_with("2 asks have an id that begins so."));
    scene.command("show 000000000000001b");
    assert_eq!(scene.page(), Page::Show(id(0x1b)));
    scene.step(Event::Withdrawn { id: id(0x1b) });
    scene.command("show 000000000000001b");
    assert_eq!(scene.page(), Page::Show(id(0x1b)), "it is in the history");
}

#[test]
fn a_yes_written_into_the_line_is_no_yes() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    scene.key(Key::Char(':'));
    for _ in 0..3 {
        for letter in "yngmL".chars() {
            scene.wait(700);
            assert!(!scene.docket.is_armed(Moment(scene.now)), "the bottom line must not say so");
            assert!(scene.key(Key::Char(letter)).is_empty());
        }
    }
    scene.wait(700);
    assert!(scene.key(Key::Escape).is_empty());
    assert!(scene.key(Key::Char('y')).is_empty(), "the quiet time begins with the last key of the line");
    scene.see_and_wait();
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
}

#[test]
fn asks_come_and_go_and_the_line_stays_as_it_is() {
    let mut scene = Scene::new();
    scene.key(Key::CommandLine);
    scene.write("hist 3");
    scene.key(Key::Left);
    let before = scene.line().cloned();
    let mut effects = scene.step(filed(1, read(7)));
    effects.extend(scene.step(Event::Described { id: id(1), what: made_up::described(&read(7)) }));
    effects.extend(scene.step(filed(2, read(8))));
    effects.extend(scene.step(Event::Described { id: id(2), what: made_up::described(&read(8)) }));
    scene.see_and_wait();
    effects.extend(scene.step(Event::Withdrawn { id: id(1) }));
    effects.extend(scene.wait(300_000));
    assert_eq!(scene.line().cloned(), before);
    assert!(
        !effects.contains(&Effect::FlushInput),
        "what is typed is for the line, whichever ask is selected"
    );
    scene.key(Key::Enter);
    assert_eq!(scene.page(), Page::History(3));
}

#[test]
fn the_line_is_still_there_when_the_person_comes_back() {
    let mut scene = Scene::new();
    scene.key(Key::CommandLine);
    scene.write("deny-");
    scene.step(Event::Active(false));
    scene.write("all");
    scene.key(Key::Enter);
    scene.step(Event::Active(true));
    assert_eq!(scene.text(), "deny-", "keys that were typed elsewhere are not in it");
    assert!(!scene.docket.wants_the_vt(Moment(scene.now)));
}

#[test]
fn a_passphrase_prompt_covers_the_line_and_takes_no_key_for_it() {
    let mut scene = Scene::new();
    scene.command("unlock");
    scene.key(Key::CommandLine);
    scene.write("pend");
    scene.step(prompt(1));
    assert!(scene.docket.prompt().is_some());
    scene.write("ing");
    scene.key(Key::Enter);
    assert_eq!(scene.text(), "pend");
    scene.key(Key::Escape);
    assert!(scene.docket.prompt().is_none());
    scene.write("ing");
    scene.key(Key::Enter);
    assert_eq!(scene.page(), Page::Pending);
}

#[test]
fn the_rest_of_a_passphrase_whose_prompt_went_away_goes_nowhere() {
    let mut scene = Scene::new();
    scene.command("unlock");
    scene.key(Key::CommandLine);
    scene.step(prompt(1));
    let face = scene.docket.prompt().map(crate::docket::prompts::Prompt::face);
    scene.step(Event::Drawn(face));
    scene.wait(700);
    scene.step(Event::Typed { characters: 3 });
    scene.step(Event::PassphraseForgone { prompt: PromptId(1) });
    for character in "rest of it".chars() {
        scene.wait(600);
        scene.key(Key::Char(character));
    }
    scene.key(Key::Enter);
    assert_eq!(scene.text(), "");
    scene.wait(700);
    scene.write("lock");
    assert_eq!(scene.text(), "lock");
    // Nor do its letters do what they do to asks.
    scene.key(Key::Escape);
    scene.step(prompt(2));
    scene.step(Event::PassphraseForgone { prompt: PromptId(2) });
    assert!(scene.write("L:lock").is_empty() && scene.key(Key::Enter).is_empty());
    assert_eq!(*scene.docket.mode(), Mode::Asks);
}
