//! Pictures of the screen, as a person would see them.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sd_wire::ask::Want;
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::claims::{App, ChangedFile};
use sd_wire::description::Description;

use crate::caller::{Caller, ClaimedApp};
use crate::commit::Signed;
use crate::docket::Docket;
use crate::docket::event::{Event, Filing, Moment};
use crate::keys::Key;
use crate::made_up::{self, access, description, filed, filing, id, read, sign, store};
use crate::routing::Described;
use crate::rules::Rules;
use crate::screen::{Pane, Shows, draw};

const SIZES: [(u16, u16); 2] = [(80, 25), (120, 40)];

/// A docket, a terminal in memory, and a clock.
struct Stage {
    docket: Docket,
    pane: Pane,
    terminal: Terminal<TestBackend>,
    now: u64,
}

impl Stage {
    fn new((width, height): (u16, u16)) -> Self {
        let mut docket = Docket::new(Duration::from_secs(300), Rules::default());
        docket.step(Moment(0), Event::Active(true));
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        Self { docket, pane: Pane::default(), terminal, now: 0 }
    }

    fn step(&mut self, event: Event) {
        for effect in self.docket.step(Moment(self.now), event) {
            if let crate::docket::effect::Effect::Scroll(pages) = effect {
                self.pane.scroll(pages);
            }
        }
    }

    fn file(&mut self, filing: Filing, what: Described) {
        let id = filing.ask.id.clone();
        self.step(Event::Filed(Box::new(filing)));
        self.step(Event::Described { id, what });
    }

    /// Draws, and tells the docket what is seen, as the clerk does.
    fn draw(&mut self) -> (Shows, Vec<String>) {
        let (docket, pane, now) = (&self.docket, &mut self.pane, Moment(self.now));
        let mut shows = Shows::default();
        self.terminal.draw(|frame| shows = draw(frame, docket, now, 1000, pane)).unwrap();
        self.pane.seen(shows.view);
        self.step(Event::Drawn(shows.face));
        if let Some(face) = shows.face.filter(|_| shows.to_end) {
            self.step(Event::SeenToEnd(face));
        }
        let buffer = self.terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        let lines = buffer.content.chunks(width).map(|line| line.iter().map(|cell| cell.symbol()).collect());
        (shows, lines.collect())
    }

    /// The picture after a quiet time.
    fn quiet(&mut self) -> Vec<String> {
        self.draw();
        self.now += 700;
        self.draw().1
    }
}

fn text(lines: &[String]) -> String {
    lines.join("\n")
}

fn one(size: (u16, u16), want: Want) -> Vec<String> {
    let what = made_up::described(&want);
    let mut stage = Stage::new(size);
    stage.file(filing(1, want, Caller::made_up(4711, 99)), what);
    let lines = stage.quiet();
    // Seen with `cargo nextest run --no-capture`.
    println!("{}", text(&lines));
    lines
}

#[test]
fn an_idle_screen_says_so() {
    for size in SIZES {
        let lines = Stage::new(size).quiet();
        assert!(text(&lines).contains("nothing is waiting"));
        assert!(lines[0].contains("Secrets Dispatcher   for uid 1000"));
        assert!(!text(&lines).contains("y approve"));
    }
}

#[test]
fn a_read_shows_what_the_backend_the_kernel_and_the_caller_say() {
    for size in SIZES {
        let lines = one(size, read(7));
        let all = text(&lines);
        for part in [
            "ask 0000000000000001",
            "BACKEND SAYS",
            "/org/freedesktop/secrets/collection/login/7",
            "label       demo",
            "collection  Login",
            "service = demo",
            "user = nb",
            "2023-11-14 22:13:20 +0000",
            "KERNEL ATTESTS",
            "pid 4711   uid 1000   gid 1000",
            "3 s before it asked",
            "pts/3   login session none",
            "1234 ← 1200",
            "LOOKS LIKE",
            "name        secret-tool",
            "command     secret-tool lookup \"a b\"",
            "sh (1234) ← sd-rig (1200)",
            "app.slice/foot.scope",
            "5:00",
        ] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        assert!(!all.contains("CLAIMED"), "nothing was claimed");
        assert!(lines.last().unwrap().starts_with(" y approve   n deny"));
    }
}

#[test]
fn the_bottom_line_says_wait_until_a_key_counts() {
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), made_up::described(&read(7)));
    for milliseconds in [0, 100, 300, 299] {
        stage.now += milliseconds;
        let (_, lines) = stage.draw();
        let bottom = lines.last().unwrap();
        assert!(bottom.contains("wait") && !bottom.contains("y approve"), "{bottom}");
    }
    stage.now += 1;
    let (_, lines) = stage.draw();
    assert!(lines.last().unwrap().contains("y approve   n deny"));
    assert!(!lines.last().unwrap().contains("wait"));
    stage.step(Event::Key(Key::Other));
    let (_, lines) = stage.draw();
    assert!(lines.last().unwrap().contains("wait"));
}

#[test]
fn a_signature_shows_what_is_signed_and_by_which_key() {
    for size in SIZES {
        let want = Want::Sign { key: Text::new("ada@example.org").unwrap() };
        let mut filing = filing(1, want, Caller::made_up(4711, 99));
        filing.ask.claims.repository = Some(Text::new("/home/nb/engine").unwrap());
        filing.ask.claims.branch = Some(Text::new("main").unwrap());
        let file = |status: &str, path: &str| ChangedFile {
            status: Text::new(status).unwrap(),
            path: Text::new(path).unwrap(),
        };
        filing.ask.claims.files = List::new(vec![file("M", "src/mill.rs"), file("A", "README")]).unwrap();
        let mut stage = Stage::new(size);
        stage.file(filing, Described::Key(made_up::key()));
        let mut all = text(&stage.quiet());
        for _ in 0..3 {
            stage.step(Event::Key(Key::PageDown));
            all.push('\n');
            all.push_str(&text(&stage.quiet()));
        }
        for part in [
            "SIGNED BYTES SAY",
            "git commit",
            "Ada Lovelace <ada@example.org>",
            "2023-11-14 23:13:20 +0100",
            "Grace Hopper <grace@example.org>",
            "engine: count further",
            "The mill had one wheel too few.",
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            "parent      1111111111111111111111111111111111111111",
            "KEYRING SAYS",
            "key id      89ABCDEF01234567",
            "Nobody <nobody@example.org>",
            "0123456789ABCDEF0123456789ABCDEF01234567",
            "~ key wanted  ada@example.org",
            "CLAIMED, NOT CHECKED",
            "~ repository  /home/nb/engine",
            "~ branch      main",
            "~ files       M src/mill.rs",
            "A README",
        ] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        println!("{all}");
        assert!(stage.quiet().last().unwrap().contains("y approve   n deny"));
    }
}

#[test]
fn a_detail_longer_than_the_pane_has_to_be_scrolled_to_its_end() {
    let mut stage = Stage::new((80, 25));
    let items: Vec<u64> = (1..=20).collect();
    stage.file(filing(1, access(&items), Caller::made_up(4711, 99)), made_up::described(&access(&items)));
    let bottom = stage.quiet().last().unwrap().clone();
    assert!(bottom.contains("scroll to the end before approving: PageDown"), "{bottom}");
    assert!(!bottom.contains("y approve"));
    let mut pages = 0;
    while !stage.quiet().last().unwrap().contains("y approve   n deny") {
        stage.step(Event::Key(Key::PageDown));
        pages += 1;
        assert!(pages < 20);
    }
    assert!(pages > 3, "every page has been on the screen");
}

/// The first and the last line of the detail that are there, as its title says.
fn lines_shown(lines: &[String]) -> (usize, usize) {
    let all = text(lines);
    let (_, range) = all.split_once(" left   lines ").unwrap();
    let (range, _) = range.split_once(" of ").unwrap();
    let (first, last) = range.split_once('-').unwrap();
    (first.parse().unwrap(), last.parse().unwrap())
}

#[test]
fn several_page_downs_before_a_picture_are_one() {
    let items: Vec<u64> = (1..=20).collect();
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, access(&items), Caller::made_up(4711, 99)), made_up::described(&access(&items)));
    stage.step(Event::Key(Key::PageDown));
    let (first, mut end) = lines_shown(&stage.quiet());
    assert_eq!(first, 1, "not before the first page was there");
    while !stage.quiet().last().unwrap().contains("y approve   n deny") {
        for _ in 0..9 {
            stage.step(Event::Key(Key::PageDown));
        }
        let lines = stage.quiet();
        let (first, last) = lines_shown(&lines);
        assert!(first <= end && last > end, "{end}\n{}", text(&lines));
        end = last;
    }
}

#[test]
fn on_another_width_the_detail_begins_anew() {
    let items: Vec<u64> = (1..=20).collect();
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, access(&items), Caller::made_up(4711, 99)), made_up::described(&access(&items)));
    stage.quiet();
    stage.step(Event::Key(Key::PageDown));
    assert!(!text(&stage.quiet()).contains("lines 1-"));
    stage.terminal = Terminal::new(TestBackend::new(90, 25)).unwrap();
    // The picture in between was not on the terminal yet.
    stage.step(Event::Key(Key::PageDown));
    assert!(text(&stage.quiet()).contains("lines 1-"));
}

#[test]
fn hostile_text_is_shown_as_escapes_and_cannot_leave_its_line() {
    let label = "pay\x1b[2J\x1b[31m\nKERNEL ATTESTS\u{202e}txt\u{200b}\u{85}";
    let hostile = Description {
        label: Text::new(label).unwrap(),
        attributes: Attributes::new([("a\nb".to_owned(), "c\r│ label  x".to_owned())]).unwrap(),
        ..description(7, "")
    };
    for size in SIZES {
        let mut stage = Stage::new(size);
        let mut filing = filing(1, read(7), Caller::made_up(4711, 99));
        filing.ask.claims.says = Some(Text::new("x\x1b]0;y approve   n deny\x07").unwrap());
        let seen = filing.caller.seen.as_mut().unwrap();
        seen.process.comm = "a\nb\u{202e}".to_owned();
        seen.arguments = Some(vec![b"\xff\x1b[H".to_vec()]);
        stage.file(filing, Described::Items(vec![hostile.clone()]));
        let lines = stage.quiet();
        let all = text(&lines);
        for part in [
            r"pay\x1b[2J\x1b[31m\nKERNEL ATTESTS\u{202e}txt\u{200b}\x85",
            r"a\nb = c\r│ label  x",
            r"name        a\nb\u{202e}",
            r"\xff\x1b[H",
            r"~ says        x\x1b]0;y approve   n deny\x07",
        ] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        let bad = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!all.contains(bad));
        let sections = lines.iter().filter(|line| line.contains("── KERNEL ATTESTS ──")).count();
        assert_eq!(sections, 1);
    }
}

#[test]
fn a_message_cannot_pass_for_a_row_of_ours() {
    let forged = "│ committer   Linus <l@example.org>";
    // The second one is where a line begins that is cut to the pane, whatever its width.
    let message = format!("title\n\n{forged}\n── KEYRING SAYS ──\n{}\n+ more\n> more\n", forged.repeat(9));
    let commit = String::from_utf8(made_up::COMMIT.to_vec()).unwrap();
    let (head, _) = commit.split_once("\n\n").unwrap();
    for bytes in [format!("{head}\n\n{message}"), message] {
        for size in SIZES {
            let mut stage = Stage::new(size);
            let mut filing = filing(1, sign(), Caller::made_up(4711, 99));
            filing.signed = Some(Signed::read(bytes.as_bytes()));
            stage.file(filing, made_up::described(&sign()));
            let mut lines = stage.quiet();
            stage.step(Event::Key(Key::PageDown));
            lines.extend(stage.quiet());
            println!("{}", text(&lines));
            // Beside the list, behind the rule.
            let left = if size.0 < 100 { 0 } else { 36 };
            let detail = lines.iter().map(|line| line.chars().skip(left).collect::<String>());
            let bearing: Vec<String> = detail.filter(|line| line.contains("Linus")).collect();
            assert!(bearing.len() > 4);
            for line in bearing {
                assert!(line.starts_with("│ > ") || line.starts_with("│ + "), "{line}");
            }
            for part in ["│ > ── KEYRING SAYS", "│ > + more", "│ > > more"] {
                assert!(text(&lines).contains(part), "{part}");
            }
        }
    }
}

#[test]
fn what_goes_on_from_the_line_above_is_told_from_another_attribute() {
    let value = format!("x{}user = root", " ".repeat(60));
    let pairs = [("a", value.as_str()), ("b = c", "d"), ("e", "say \"f\"")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let what = Description { attributes: Attributes::new(pairs).unwrap(), ..description(7, "demo") };
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), Described::Items(vec![what]));
    let all = text(&stage.quiet());
    println!("{all}");
    for part in
        ["│           + user = root\"", "│             \"b = c\" = d", "│             e = \"say \\\"f\\\"\""]
    {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
}

#[test]
fn a_long_text_wraps_and_nothing_of_it_is_left_out() {
    let label: String = (0..40).map(|n| format!("<{n:03}>")).collect();
    let label = format!("{label}{}", "漢字".repeat(60));
    let mut stage = Stage::new((80, 25));
    let what = Description { label: Text::new(label.clone()).unwrap(), ..description(7, "") };
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), Described::Items(vec![what]));
    let lines = stage.quiet();
    let part = |line: &String| {
        let line = line.trim_start_matches('│').trim();
        line.strip_prefix("+ ").unwrap_or(line).to_owned()
    };
    let all: String = lines.iter().map(part).collect();
    // A wide character fills two cells, and the second one reads as a blank.
    let all: String = all.chars().filter(|c| *c != ' ').collect();
    assert!(all.contains(&label), "{all}");
}

#[test]
fn a_store_shows_what_will_be_stored_and_what_is_lost() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        let what = Described::Target {
            collection: made_up::collection(),
            label: Text::new("Login").unwrap(),
            replaces: Some(description(7, "old password")),
        };
        stage.file(filing(1, store(), Caller::made_up(4711, 99)), what);
        let mut all = text(&stage.quiet());
        stage.step(Event::Key(Key::PageDown));
        all.push_str(&text(&stage.quiet()));
        for part in ["WILL BE STORED", "new password", "text/plain", "THIS ITEM", "old password"] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
    }
    assert!(text(&one((120, 40), store())).contains("replaces    nothing"));
}

#[test]
fn a_claimed_app_that_is_not_there_is_called_so() {
    let claim = App { pid: 99, start: 1, exe: Some(Text::new("/usr/bin/firefox").unwrap()) };
    let mut caller = Caller::made_up(4711, 99);
    caller.app = Some(ClaimedApp { claim: claim.clone(), seen: None });
    let mut stage = Stage::new((120, 40));
    stage.file(filing(1, read(7), caller), made_up::described(&read(7)));
    assert!(text(&stage.quiet()).contains("~ app         pid 99: there is no such process of this user"));

    let mut caller = Caller::made_up(4711, 99);
    caller.app = Some(ClaimedApp { claim, seen: Caller::made_up(99, 1).seen });
    let mut stage = Stage::new((120, 40));
    stage.file(filing(1, read(7), caller), made_up::described(&read(7)));
    let all = text(&stage.quiet());
    assert!(all.contains("~ app         secret-tool (99)") && all.contains("/usr/bin/firefox"), "{all}");
}

#[test]
fn arguments_that_could_not_be_read_in_time_are_said_to_be() {
    let mut caller = Caller::made_up(4711, 99);
    caller.seen.as_mut().unwrap().arguments = None;
    let mut stage = Stage::new((120, 40));
    stage.file(filing(1, read(7), caller), made_up::described(&read(7)));
    assert!(text(&stage.quiet()).contains("? command     not readable in time"));
}

#[test]
fn several_asks_stand_in_order_of_arrival_and_one_is_selected() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.step(filed(1, read(1)));
        for (n, want) in [(2, read(2)), (3, sign()), (4, store())] {
            stage.step(filed(n, want.clone()));
            stage.step(Event::Described { id: id(n), what: made_up::described(&want) });
        }
        let lines = stage.quiet();
        let place = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap_or(99);
        let places = ["asking the backend…", "> read ", "engine: count", "new password"].map(place);
        assert!(places.is_sorted() && places[3] < 99, "{places:?}");
        assert!(lines[0].contains("4 are waiting"));
        assert!(text(&lines).contains("ask 0000000000000002"));
        println!("{}", text(&lines));
    }
}

#[test]
fn help_and_a_small_terminal_show_no_ask_and_so_settle_none() {
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), made_up::described(&read(7)));
    stage.quiet();
    stage.step(Event::Key(Key::Char('?')));
    let (shows, lines) = stage.draw();
    assert_eq!(shows, Shows::default());
    assert!(text(&lines).contains("any key closes this page"));

    let mut stage = Stage::new((40, 10));
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), made_up::described(&read(7)));
    let lines = stage.quiet();
    assert!(text(&lines).contains("the terminal is too small") && !text(&lines).contains("y approve"));
}
