//! A docket, a terminal in memory, and a clock.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sd_wire::ask::Want;
use sd_wire::bounded::Text;
use sd_wire::claims::ChangedFile;
use sd_wire::printable::Printable;

use crate::caller::Caller;
use crate::docket::Docket;
use crate::docket::effect::Effect;
use crate::docket::event::{Event, Filing, Moment};
use crate::keys::Key;
use crate::made_up::{self, filing};
use crate::routing::Described;
use crate::rules::Rules;
use crate::screen::{Around, Pane, Shows, draw};

pub(super) const SIZES: [(u16, u16); 2] = [(80, 25), (120, 40)];

/// Makes each read of the item 2 need its code.
pub(super) const RULES: &str = "version = 1\n[[rule]]\nname = 'bank'\nlabel = 'bank*'\nconfirm = 'code'\n\
    [[rule]]\nname = 'no deleting'\nkind = 'delete'\ndeny = true\n";

pub(super) struct Stage {
    pub(super) docket: Docket,
    pub(super) around: Around,
    pane: Pane,
    pub(super) terminal: Terminal<TestBackend>,
    pub(super) now: u64,
    /// The chores that the docket ordered.
    pub(super) chores: Vec<Effect>,
}

impl Stage {
    pub(super) fn new(size: (u16, u16)) -> Self {
        Self::under(size, Rules::default())
    }

    pub(super) fn under((width, height): (u16, u16), rules: Rules) -> Self {
        let around = Around {
            desktop: 1000,
            user: Some(Printable::line("nb")),
            phrase: Some(Printable::line("the mill had one wheel too few")),
            vt: Some(8),
            clock: 1_700_000_000,
        };
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let docket = Docket::new(Duration::from_secs(300), rules);
        let mut stage = Self { docket, around, pane: Pane::default(), terminal, now: 0, chores: Vec::new() };
        stage.step(Event::Active(true));
        stage
    }

    pub(super) fn step(&mut self, event: Event) {
        for effect in self.docket.step(Moment(self.now), event) {
            match effect {
                Effect::Scroll(pages) => self.pane.scroll(pages),
                Effect::Run { .. } => self.chores.push(effect),
                Effect::Record { number, .. } => self.step(Event::Recorded { number }),
                _ => {}
            }
        }
    }

    /// Answers every chore that is out: questions by `locked`, and what is to be done is done.
    pub(super) fn chores_end(&mut self, locked: [Option<bool>; 2]) {
        use crate::docket::vault::Chore;
        for effect in std::mem::take(&mut self.chores) {
            let Effect::Run { number, chore } = effect else { continue };
            let [key, store] = locked;
            let how = match chore {
                Chore::AskKey => key,
                Chore::AskStore => store,
                _ => None,
            };
            self.step(Event::ChoreEnded { number, chore, how: Ok(how) });
        }
    }

    pub(super) fn file(&mut self, filing: Filing, what: Described) {
        let id = filing.ask.id.clone();
        self.step(Event::Filed(Box::new(filing)));
        self.step(Event::Described { id, what });
    }

    /// Files an ask of the usual caller.
    pub(super) fn ask(&mut self, n: u64, want: Want) {
        let what = made_up::described(&want);
        self.file(filing(n, want, Caller::made_up(4711, 99)), what);
    }

    pub(super) fn key(&mut self, key: Key) {
        self.step(Event::Key(key));
    }

    /// Types each character as a key.
    pub(super) fn type_in(&mut self, text: &str) {
        text.chars().for_each(|character| self.key(Key::Char(character)));
    }

    /// Runs a command and waits until it can be seen.
    pub(super) fn command(&mut self, text: &str) -> Vec<String> {
        self.type_in(":");
        self.type_in(text);
        self.key(Key::Enter);
        self.quiet()
    }

    /// Draws, and tells the docket what is seen, as the clerk does.
    pub(super) fn draw(&mut self) -> (Shows, Vec<String>) {
        let (docket, around, pane, now) = (&self.docket, &self.around, &mut self.pane, Moment(self.now));
        let mut shows = Shows::default();
        self.terminal.draw(|frame| shows = draw(frame, docket, now, around, pane)).unwrap();
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
    pub(super) fn quiet(&mut self) -> Vec<String> {
        self.draw();
        self.now += 700;
        self.draw().1
    }

    /// Compares the picture after a quiet time with the one that is kept.
    pub(super) fn is_as_kept(&mut self, name: &str) -> Vec<String> {
        let lines = self.quiet();
        self.compare(name, &lines);
        lines
    }

    /// Compares the picture of this very moment with the one that is kept.
    pub(super) fn is_now_as_kept(&mut self, name: &str) -> Vec<String> {
        let (_, lines) = self.draw();
        self.compare(name, &lines);
        lines
    }

    fn compare(&self, name: &str, lines: &[String]) {
        let area = self.terminal.backend().buffer().area;
        let file = format!("{name}-{}x{}.txt", area.width, area.height);
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/screen/pictures").join(file);
        // What the console's own font has, code page 437.
        let known = |c: char| c.is_ascii_graphic() || c == ' ' || "│─═┌┐└┘←«»".contains(c);
        let unknown: String = lines.iter().flat_map(|line| line.chars()).filter(|c| !known(*c)).collect();
        assert_eq!(unknown, "", "{}", path.display());
        let text: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        assert!(text == kept, "{} is\n{kept}\nand the picture\n{text}", path.display());
    }
}

pub(super) fn text(lines: &[String]) -> String {
    lines.join("\n")
}

/// The picture of one ask after a quiet time.
pub(super) fn one(size: (u16, u16), want: Want) -> Vec<String> {
    let mut stage = Stage::new(size);
    stage.ask(1, want);
    stage.quiet()
}

pub(super) fn file(status: &str, path: &str) -> ChangedFile {
    ChangedFile { status: Text::new(status).unwrap(), path: Text::new(path).unwrap() }
}
