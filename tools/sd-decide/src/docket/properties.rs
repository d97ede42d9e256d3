//! The docket under random orders of events, against rules that are written down a second time, more simply.

use std::time::Duration;

use proptest::prelude::*;
use sd_wire::ask::Want;
use sd_wire::bounded::Text;
use sd_wire::change::Change;
use sd_wire::fault::Fault;

use super::Docket;
use super::effect::Effect;
use super::entry::Entry;
use super::event::{Event, Moment};
use super::mode::Mode;
use super::onlooker::{Filed, Onlooker, Picture};
use super::prompts::PromptId;
use super::vault::Chore;
use crate::caller::Caller;
use crate::keys::Key;
use crate::made_up;
use crate::rules::Rules;

/// Item 2 takes a code, item 3 is not to be had.
const RULES: &str = r#"
version = 1
[[rule]]
name = "two"
item = "*/2"
confirm = "code"
[[rule]]
name = "three"
item = "*/3"
deny = true
"#;

/// One thing that happens, by small numbers.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Filed(u64, usize, u8),
    Described(u64, bool),
    DescribeFailed(u64),
    Key(usize),
    Command(usize),
    /// All that is needed to copy the code of the selected ask.
    Code(bool),
    Drawn,
    SeenToEnd,
    Active(bool),
    Withdrawn(u64),
    Cancelled(u64),
    Sent(u64),
    DispatchFailed(u64),
    WorkerDone(u64),
    Made(u64),
    WorkerFailed(u64),
    ChoreEnded(bool),
    PassphraseWanted,
    PassphraseForgone,
    Typed(usize),
    ProcessEnded(u8),
    /// One of the lines for the record, of those that are out, is written; or is not.
    Recorded(usize, bool),
    /// A line of this number is said to be written, whether there is one or not.
    SaidRecorded(u64),
    Wait(u64),
}

const KEYS: [Key; 16] = [
    Key::Char('y'),
    Key::Char('y'),
    Key::Char('y'),
    Key::Char('n'),
    Key::Char('g'),
    Key::Char('m'),
    Key::Char('3'),
    Key::Enter,
    Key::Enter,
    Key::Escape,
    Key::Up,
    Key::Down,
    Key::Char('?'),
    Key::Char('u'),
    Key::Char('/'),
    Key::Other,
];

const COMMANDS: [&str; 6] = ["deny-all", "lift", "lock", "unlock", "history", "nonsense"];

fn happens() -> impl Strategy<Value = Happens> {
    let n = || 0_u64..8;
    prop_oneof![
        12 => (n(), 0_usize..16, 0_u8..3).prop_map(|(n, want, caller)| Happens::Filed(n, want, caller)),
        12 => (n(), prop::bool::weighted(0.9)).prop_map(|(n, fits)| Happens::Described(n, fits)),
        1 => n().prop_map(Happens::DescribeFailed),
        20 => (0..KEYS.len()).prop_map(Happens::Key),
        1 => (0..COMMANDS.len()).prop_map(Happens::Command),
        4 => prop::bool::weighted(0.8).prop_map(Happens::Code),
        14 => Just(Happens::Drawn),
        12 => Just(Happens::SeenToEnd),
        2 => prop::bool::weighted(0.8).prop_map(Happens::Active),
        2 => n().prop_map(Happens::Withdrawn),
        1 => n().prop_map(Happens::Cancelled),
        6 => n().prop_map(Happens::Sent),
        1 => n().prop_map(Happens::DispatchFailed),
        4 => n().prop_map(Happens::WorkerDone),
        4 => n().prop_map(Happens::Made),
        1 => n().prop_map(Happens::WorkerFailed),
        4 => prop::bool::weighted(0.8).prop_map(Happens::ChoreEnded),
        3 => Just(Happens::PassphraseWanted),
        1 => Just(Happens::PassphraseForgone),
        3 => (0_usize..5).prop_map(Happens::Typed),
        1 => (0_u8..3).prop_map(Happens::ProcessEnded),
        18 => (0_usize..4, prop::bool::weighted(0.9)).prop_map(|(n, well)| Happens::Recorded(n, well)),
        1 => (0_u64..60).prop_map(Happens::SaidRecorded),
        16 => prop_oneof![Just(100_u64), Just(700), Just(701), Just(3000), Just(30_000)].prop_map(Happens::Wait),
    ]
}

fn want(kind: usize) -> Want {
    match kind {
        0 | 1 => made_up::read(1),
        2 => made_up::read(2),
        3 => made_up::read(3),
        4 => made_up::access(&[1]),
        5 => made_up::access(&[1, 2]),
        6 => made_up::store(),
        7 => Want::Delete { item: made_up::item(1) },
        8 => made_up::sign(),
        9 => Want::Lock {},
        10 => Want::Unlock {},
        11 => Want::List { collection: None },
        12 => Want::SetSecret { item: made_up::item(1), content_type: Text::default() },
        13 => Want::Change { change: Change::DeleteCollection { collection: made_up::collection() } },
        14 => made_up::import(false),
        _ => Want::Collections {},
    }
}

/// Caller 2 is started by git.
fn caller(n: u8) -> Caller {
    let mut caller = Caller::made_up(i32::from(n) + 1, 5);
    if let (2, Some(seen)) = (n, &mut caller.seen) {
        seen.parents[0].comm = "git".to_owned();
        seen.parents[0].pid = 4002;
    }
    caller
}

/// A docket and who looks on.
struct Play {
    docket: Docket,
    onlooker: Onlooker,
    chores: Vec<(u64, Chore)>,
    /// The lines for the record that are out.
    lines: Vec<u64>,
    prompts: u64,
}

impl Play {
    fn new() -> Self {
        let rules = Rules::parse(RULES).unwrap();
        let docket = Docket::new(Duration::from_secs(60), rules);
        Self { docket, onlooker: Onlooker::default(), chores: Vec::new(), lines: Vec::new(), prompts: 0 }
    }

    fn step(&mut self, event: Event) {
        let before = self.docket.selected().map(|entry| entry.id().clone());
        let prompt = self.docket.prompt().map(|prompt| prompt.id);
        self.onlooker.expects(&self.docket, &event, before.as_ref(), prompt);
        let effects = self.docket.step(Moment(self.onlooker.now), event.clone());
        for effect in &effects {
            match effect {
                Effect::Run { number, chore } => self.chores.push((*number, *chore)),
                Effect::Record { number, .. } => self.lines.push(*number),
                _ => {}
            }
        }
        self.onlooker.judge(&self.docket, &event, before.as_ref(), prompt, &effects);
    }

    fn keys(&mut self, keys: &str) {
        for character in keys.chars() {
            self.step(Event::Key(if character == '\n' { Key::Enter } else { Key::Char(character) }));
        }
    }

    /// What the screen would show.
    fn picture(&self) -> (Option<super::entry::Face>, Option<Picture>) {
        if let Some(prompt) = self.docket.prompt() {
            return (Some(prompt.face()), Some(Picture::Prompt(prompt.id)));
        }
        if matches!(self.docket.mode(), Mode::Help | Mode::Page(_)) {
            return (None, None);
        }
        let entry = self.docket.selected();
        let filing = entry.map(|entry| Picture::Ask(self.onlooker.open[entry.id()]));
        (entry.and_then(Entry::face), filing)
    }

    fn happens(&mut self, happens: Happens) {
        let id = made_up::id;
        match happens {
            Happens::Filed(n, kind, who) => {
                if !self.docket.knows(&id(n)) {
                    self.onlooker.file(Filed::new(id(n), want(kind), who));
                }
                self.step(made_up::filed_by(n, want(kind), caller(who)));
            }
            Happens::Described(n, fits) => {
                let wanted = self.onlooker.open.get(&id(n)).map(|n| &self.onlooker.filings[*n].want);
                let wanted = wanted.filter(|_| fits).cloned().unwrap_or_else(made_up::sign);
                self.step(Event::Described { id: id(n), what: made_up::described(&wanted) });
            }
            Happens::DescribeFailed(n) => self.step(Event::DescribeFailed { id: id(n), why: Fault::Lost }),
            Happens::Key(n) => self.step(Event::Key(KEYS[n])),
            Happens::Command(n) => self.keys(&format!(":{}\n", COMMANDS[n])),
            Happens::Code(right) => self.keys(if right { "acDE" } else { "ACDD" }),
            Happens::Drawn => {
                let (face, picture) = self.picture();
                self.onlooker.drawn(picture);
                self.step(Event::Drawn(face));
            }
            Happens::SeenToEnd => {
                if let Some(face) = self.docket.selected().and_then(Entry::face) {
                    self.step(Event::SeenToEnd(face));
                }
            }
            Happens::Active(active) => self.step(Event::Active(active)),
            Happens::Withdrawn(n) => self.step(Event::Withdrawn { id: id(n) }),
            Happens::Cancelled(n) => self.step(Event::Cancelled { id: id(n) }),
            Happens::Sent(n) => self.step(Event::Sent { id: id(n) }),
            Happens::DispatchFailed(n) => {
                self.step(Event::DispatchFailed { id: id(n), why: Fault::Unavailable });
            }
            Happens::Made(n) => {
                let item = Box::new(made_up::description(1, "made"));
                self.step(Event::Made { id: id(n), item });
            }
            Happens::WorkerDone(n) => self.step(Event::WorkerDone { id: id(n) }),
            Happens::WorkerFailed(n) => self.step(Event::WorkerFailed { id: id(n), why: Fault::Refused }),
            Happens::ChoreEnded(well) => {
                if let Some((number, chore)) = self.chores.pop() {
                    let question = matches!(chore, Chore::AskKey | Chore::AskStore);
                    let how = if well { Ok(question.then_some(true)) } else { Err(Fault::Lost) };
                    self.step(Event::ChoreEnded { number, chore, how });
                }
            }
            Happens::PassphraseWanted => {
                self.prompts += 1;
                let prompt = PromptId(self.prompts);
                self.step(Event::PassphraseWanted { prompt, wanted: Box::new(made_up::wanted()) });
            }
            Happens::PassphraseForgone => {
                if let Some(prompt) = self.docket.prompt().map(|prompt| prompt.id) {
                    self.step(Event::PassphraseForgone { prompt });
                }
            }
            Happens::Typed(characters) => {
                // As the clerk does it: a character that counts for nothing is a key that means nothing.
                match self.docket.takes_passphrase(Moment(self.onlooker.now)) {
                    Some(_) => self.step(Event::Typed { characters }),
                    None => self.step(Event::Key(Key::Other)),
                }
            }
            Happens::ProcessEnded(n) => {
                self.onlooker.ended(n);
                let process = if n == 2 { caller(2).git() } else { caller(n).maker() };
                self.step(Event::ProcessEnded(process.unwrap()));
            }
            Happens::Recorded(n, well) => {
                if !self.lines.is_empty() {
                    let number = self.lines.remove(n % self.lines.len());
                    self.step(if well {
                        Event::Recorded { number }
                    } else {
                        Event::Unrecorded { number, why: None }
                    });
                }
            }
            Happens::SaidRecorded(number) => self.step(Event::Recorded { number }),
            Happens::Wait(milliseconds) => {
                self.onlooker.now += milliseconds;
                self.step(Event::Tick);
            }
        }
    }

    /// Everything comes to its end by itself.
    fn end(&mut self) {
        for _ in 0..40 {
            self.onlooker.now += 30_000;
            self.step(Event::Tick);
        }
        assert!(self.docket.due(Moment(self.onlooker.now)).is_none(), "nothing is left to be done");
        assert!(self.docket.listed().next().is_none() && self.docket.prompt().is_none());
        self.onlooker.is_satisfied(self.prompts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_releases_without_a_yes_or_forgets_an_ask(
        story in prop::collection::vec(happens(), 0..120)
    ) {
        let mut play = Play::new();
        play.step(Event::Active(true));
        play.step(Event::Started);
        for happens in story {
            play.happens(happens);
        }
        play.end();
    }

    #[test]
    fn typing_that_does_not_pause_approves_nothing_however_long_it_lasts(
        story in prop::collection::vec((happens(), 0_u64..699), 0..200), key in prop::sample::select(vec!['y', 'g', 'n', 'm'])
    ) {
        let mut play = Play::new();
        play.step(Event::Active(true));
        play.step(Event::Started);
        for (happens, pause) in story {
            // All that happens, happens between two keys that are less than the quiet time apart.
            if !matches!(happens, Happens::Wait(_)) {
                play.happens(happens);
            }
            play.onlooker.now += pause;
            play.step(Event::Key(Key::Char(key)));
        }
        for filed in &play.onlooker.filings {
            let unasked = matches!(filed.want, Want::Collections {});
            prop_assert!(filed.dispatched == 0 || unasked, "{:?} was dispatched", filed.want);
        }
    }

    #[test]
    fn a_person_who_looks_and_waits_settles_whatever_else_happens(
        story in prop::collection::vec(happens(), 0..30), yes in any::<bool>()
    ) {
        let mut play = Play::new();
        play.step(Event::Active(true));
        for happens in story {
            play.happens(happens);
        }
        play.end();
        play.step(Event::Active(true));
        play.keys("\u{1}");
        play.step(Event::Key(Key::Escape));
        play.step(Event::Key(Key::Escape));
        play.keys(":lift\n");
        play.onlooker.file(Filed::new(made_up::id(100), made_up::sign(), 0));
        play.step(made_up::filed(100, made_up::sign()));
        let what = made_up::described(&made_up::sign());
        play.step(Event::Described { id: made_up::id(100), what });
        play.happens(Happens::Drawn);
        play.happens(Happens::SeenToEnd);
        play.onlooker.now += 700;
        let (n, key) = (play.onlooker.filings.len() - 1, if yes { 'y' } else { 'n' });
        play.step(Event::Key(Key::Char(key)));
        prop_assert_eq!(play.onlooker.filings[n].dispatched, 0, "not before it is recorded");
        while !play.lines.is_empty() {
            play.happens(Happens::Recorded(0, true));
        }
        let filed = &play.onlooker.filings[n];
        prop_assert_eq!((filed.dispatched, filed.settled), (u32::from(yes), u32::from(!yes)));
    }
}
