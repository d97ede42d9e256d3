//! Who looks on while the docket works, and says what it may do: the rules once more, more simply.

use std::collections::{BTreeMap, HashMap};

use sd_wire::ask::Want;
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::passphrase::Note;
use sd_wire::record::Event as Written;

use super::Docket;
use super::effect::Effect;
use super::entry::Entry;
use super::event::Event;
use super::mode::Mode;
use super::prompts::PromptId;
use crate::keys::Key;
use crate::made_up;

const QUIET: u64 = 700;
const MINUTE: u64 = 60_000;
const CODE: &str = "acde";

/// What is on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    /// The filing of this number, selected.
    Ask(usize),
    /// A prompt.
    Prompt(PromptId),
}

/// An ask that came in; ids can come again.
#[derive(Debug)]
pub(super) struct Filed {
    id: AskId,
    pub(super) want: Want,
    caller: u8,
    pub(super) dispatched: u32,
    pub(super) settled: u32,
    told: u32,
    unlocking: bool,
    wrong: u32,
    /// The line by which it is let through, once that is to be written: what is done then, and why.
    line: Option<Line>,
    /// How many lines say that it ended.
    lines_of_end: u32,
}

/// Why something may be done, once this line is in the record.
#[derive(Debug)]
struct Line {
    number: u64,
    why: Why,
    written: bool,
}

#[derive(Debug)]
enum Why {
    /// A person said yes, which leaves a grant behind until then.
    Yes { by_hand: Option<u64> },
    /// A grant covers it.
    Grant,
    /// It needs no key.
    Free,
}

impl Filed {
    pub(super) fn new(id: AskId, want: Want, caller: u8) -> Self {
        Self {
            id,
            want,
            caller,
            dispatched: 0,
            settled: 0,
            told: 0,
            unlocking: false,
            wrong: 0,
            line: None,
            lines_of_end: 0,
        }
    }

    fn takes_code(&self) -> bool {
        match &self.want {
            Want::Read { item } | Want::Delete { item } => *item == made_up::item(2),
            Want::Access { items } => items.contains(&made_up::item(2)),
            _ => false,
        }
    }
}

/// A grant that a person gave.
#[derive(Debug)]
struct Given {
    caller: u8,
    key: bool,
    two: bool,
    until: u64,
}

/// Something that takes more keys than one.
#[derive(Debug)]
struct Begun {
    filing: usize,
    by: char,
    typed: String,
}

/// What an onlooker knows.
#[derive(Debug, Default)]
pub(super) struct Onlooker {
    pub(super) now: u64,
    active: bool,
    /// When a key was pressed last, or what is shown changed.
    disturbed: u64,
    picture: Option<(Picture, u64)>,
    pub(super) filings: Vec<Filed>,
    pub(super) open: HashMap<AskId, usize>,
    grants: Vec<Given>,
    /// Who was denied what until when; callers 0 and 1 come from one shell.
    denied: Vec<(bool, Want, u64)>,
    muted: HashMap<u8, u64>,
    everything: bool,
    begun: Option<Begun>,
    line: Option<String>,
    characters: usize,
    /// How often each prompt was answered.
    answered: BTreeMap<PromptId, u32>,
    /// The number of the last line for the record.
    last_line: u64,
    // Of the step that is under way.
    counts: bool,
    finishes: Option<(usize, char, u64)>,
    command: Option<String>,
    may_enter: bool,
}

impl Onlooker {
    pub(super) fn file(&mut self, filed: Filed) {
        self.open.insert(filed.id.clone(), self.filings.len());
        self.filings.push(filed);
    }

    pub(super) fn drawn(&mut self, picture: Option<Picture>) {
        self.picture = picture.map(|picture| match self.picture {
            Some((before, since)) if before == picture => (picture, since),
            _ => (picture, self.now),
        });
    }

    /// A process ended, and its grants with it.
    pub(super) fn ended(&mut self, caller: u8) {
        self.grants.retain(|grant| grant.caller != caller);
    }

    /// Looks at what is about to happen.
    pub(super) fn expects(
        &mut self,
        docket: &Docket,
        event: &Event,
        selected: Option<&AskId>,
        prompt: Option<PromptId>,
    ) {
        let quiet = self.now.saturating_sub(self.disturbed) >= QUIET;
        let sees = |picture: Picture| self.active && self.picture.is_some_and(|(shown, _)| shown == picture);
        let long = self.picture.is_some_and(|(_, since)| self.now - since >= QUIET);
        let filing = selected.and_then(|id| self.open.get(id)).copied();
        let sees_ask = filing.is_some_and(|filing| sees(Picture::Ask(filing)));
        self.counts = prompt.is_none() && quiet && long && sees_ask;
        let typing = self.characters > 0;
        self.may_enter = prompt.is_some_and(|id| sees(Picture::Prompt(id))) && (typing || (quiet && long));
        (self.finishes, self.command) = (None, None);
        if let Event::Typed { .. } = event {
            assert!(self.may_enter, "a character of a passphrase before the quiet time");
        }
        let Event::Key(key) = event else { return };
        if !self.active || prompt.is_some() {
            return;
        }
        self.follow_line(docket, *key);
        self.follow_begun(docket, *key, filing, sees_ask);
    }

    fn follow_line(&mut self, docket: &Docket, key: Key) {
        if !matches!(docket.mode(), Mode::Line(_)) {
            self.line = None;
        }
        match (&mut self.line, key) {
            (Some(line), Key::Char(character)) => line.push(character),
            (Some(line), Key::Enter) => {
                self.command = Some(line.clone());
                self.line = None;
            }
            (None, Key::Char(':')) if matches!(docket.mode(), Mode::Asks | Mode::Page(_)) => {
                self.line = Some(String::new());
            }
            _ => {}
        }
    }

    /// Keeps track of what takes more than one key, in words of this file.
    fn follow_begun(&mut self, docket: &Docket, key: Key, filing: Option<usize>, sees: bool) {
        if !matches!(docket.mode(), Mode::Code(_) | Mode::Minutes(_)) {
            self.begun = None;
            if let (Key::Char(by @ ('y' | 'g' | 'm')), true, Mode::Asks) = (key, self.counts, docket.mode()) {
                let filing = filing.expect("something counts");
                self.begun = Some(Begun { filing, by, typed: String::new() });
            }
            return;
        }
        let Some(begun) = self.begun.as_mut().filter(|begun| Some(begun.filing) == filing && sees) else {
            return;
        };
        match (begun.by, key) {
            ('y', Key::Char(character)) => {
                begun.typed.push(character.to_ascii_lowercase());
                if begun.typed.len() == CODE.len() {
                    if begun.typed == CODE {
                        self.finishes = Some((begun.filing, 'y', 0));
                    } else {
                        let wrong = &mut self.filings[begun.filing].wrong;
                        *wrong += 1;
                        if *wrong == 3 {
                            self.finishes = Some((begun.filing, 'n', 0));
                        }
                    }
                    begun.typed.clear();
                }
            }
            (_, Key::Char(digit)) if digit.is_ascii_digit() => begun.typed.push(digit),
            (by @ ('g' | 'm'), Key::Enter) => {
                let usual = if by == 'g' { 2 } else { 5 };
                let minutes = if begun.typed.is_empty() { usual } else { begun.typed.parse().unwrap() };
                self.finishes = Some((begun.filing, by, minutes * MINUTE));
            }
            _ => {}
        }
    }

    /// Everything that must hold of what the docket did.
    pub(super) fn judge(
        &mut self,
        docket: &Docket,
        event: &Event,
        before: Option<&AskId>,
        prompt: Option<PromptId>,
        effects: &[Effect],
    ) {
        self.follow_event(event);
        for effect in effects {
            self.judge_effect(event, before, effect);
        }
        for filed in &self.filings {
            assert!(filed.dispatched <= 1 && filed.settled <= 1 && filed.told <= 1);
        }
        // What is selected behind a prompt is not on the screen.
        let changed = docket.selected().map(Entry::id) != before && docket.prompt().is_none();
        let prompt_changed = docket.prompt().map(|prompt| prompt.id) != prompt;
        if prompt_changed {
            self.characters = 0;
            self.picture = None;
        }
        let covered = matches!(docket.mode(), Mode::Help | Mode::Page(_)) && docket.prompt().is_none();
        if covered {
            self.picture = None;
        }
        if matches!(event, Event::Key(_) | Event::Typed { .. }) || changed || prompt_changed {
            self.disturbed = self.now;
        }
        let listed: Vec<usize> = docket.listed().map(|entry| self.open[entry.id()]).collect();
        assert!(listed.is_sorted(), "order of arrival");
    }

    fn follow_event(&mut self, event: &Event) {
        match event {
            Event::Active(active) => {
                (self.active, self.picture, self.disturbed) = (*active, None, self.now);
                self.characters = 0;
            }
            Event::Started => self.disturbed = self.now,
            Event::Typed { characters } => self.characters = *characters,
            Event::Made { id, .. } => self.note_made(id),
            Event::Recorded { number } => {
                let open: Vec<usize> = self.open.values().copied().collect();
                for n in open {
                    let filed = &mut self.filings[n];
                    if let Some(line) = filed.line.as_mut().filter(|line| line.number == *number) {
                        line.written = true;
                        filed.unlocking = filed.unlocking || filed.want == Want::Unlock {};
                    }
                }
            }
            _ => {}
        }
        let command = self.command.as_deref();
        match command {
            Some("deny-all") => {
                self.everything = true;
                self.grants.clear();
            }
            Some("lift") => self.everything = false,
            _ => {}
        }
    }

    fn judge_effect(&mut self, event: &Event, before: Option<&AskId>, effect: &Effect) {
        let key = if let Event::Key(key) = event { Some(*key) } else { None };
        let by_key = |this: &Self, n: usize, wanted: char| {
            let at_once =
                key == Some(Key::Char(wanted)) && this.counts && before == Some(&this.filings[n].id);
            let finished = this.finishes.is_some_and(|(filing, by, _)| filing == n && by == wanted);
            if this.filings[n].takes_code() && wanted == 'y' { finished } else { at_once || finished }
        };
        match effect {
            Effect::Record { number, awaited, line } => {
                assert!(*number > self.last_line, "a line's number came a second time");
                self.last_line = *number;
                let Some(n) = line.ask.as_ref().map(|id| self.open[id]) else {
                    assert!(!awaited, "what is let through is an ask");
                    return;
                };
                if !awaited {
                    let lock = line.event == Written::Released && self.filings[n].want == Want::Lock {};
                    assert!(line.event == Written::Ended || lock, "nothing waits for {line:?}");
                    self.filings[n].lines_of_end += u32::from(!lock);
                    return;
                }
                let access = matches!(self.filings[n].want, Want::Access { .. });
                assert_eq!(line.event, if access { Written::Allowed } else { Written::Released });
                assert!(self.filings[n].line.is_none(), "let through twice");
                let by_hand = self.finishes.filter(|(filing, by, _)| *filing == n && *by == 'g');
                let why = if by_key(self, n, 'y') || by_key(self, n, 'g') {
                    Why::Yes { by_hand: by_hand.map(|(_, _, period)| self.now + period) }
                } else if matches!(self.filings[n].want, Want::Collections {}) {
                    Why::Free
                } else {
                    assert!(self.is_granted(n), "{:?} is let through without a reason", self.filings[n].want);
                    Why::Grant
                };
                self.filings[n].line = Some(Line { number: *number, why, written: false });
            }
            Effect::Dispatch { id, .. } => {
                let n = self.open[id];
                if let Why::Grant = self.written(n, event) {
                    assert!(self.is_granted(n), "by a grant that is no more");
                }
                self.note_grant(n);
                self.filings[n].dispatched += 1;
            }
            Effect::Settle { id, what } => {
                let n = self.open[id];
                self.filings[n].settled += 1;
                match what {
                    What::Unlocked {} => assert!(self.filings[n].unlocking, "unlocked without a yes"),
                    What::Denied {} => {
                        self.judge_denial(n, event, by_key(self, n, 'n'), by_key(self, n, 'm'))
                    }
                    _ => {}
                }
            }
            Effect::Approve { id, .. } => {
                let n = self.open[id];
                self.filings[n].settled += 1;
                assert!(matches!(self.filings[n].want, Want::Access { .. }));
                assert!(matches!(self.written(n, event), Why::Yes { .. }), "approved without a yes");
                self.note_grant(n);
            }
            Effect::Run { chore: super::vault::Chore::LockKey, .. } => self.grants.clear(),
            Effect::Tell { id, .. } => self.filings[self.open[id]].told += 1,
            Effect::Forget { id } => {
                assert_eq!(self.filings[self.open[id]].told, 1, "told once, before it is forgotten");
                self.open.remove(id);
            }
            Effect::Queue { id, .. } => {
                let n = self.open[id];
                assert!(matches!(self.written(n, event), Why::Free), "queued {:?}", self.filings[n].want);
                self.filings[n].dispatched += 1;
            }
            Effect::Ahead { id, order, .. } => {
                let line = self.filings[self.open[id]].line.as_ref().expect("it was let through");
                assert!(order.may_go_ahead() && !matches!(line.why, Why::Yes { .. }), "ahead: {order:?}");
            }
            Effect::Enter { prompt } => {
                assert!(key == Some(Key::Enter) && self.may_enter, "a passphrase was sent unseen");
                *self.answered.entry(*prompt).or_default() += 1;
            }
            Effect::Answer { prompt, note } => {
                assert!(!matches!(note, Note::Entered { .. }));
                *self.answered.entry(*prompt).or_default() += 1;
            }
            _ => {}
        }
    }

    /// Why this is done now: in the very step in which its own line, and no other, came into the record.
    fn written(&self, n: usize, event: &Event) -> &Why {
        let line = self.filings[n].line.as_ref().expect("it was let through");
        assert!(
            line.written && matches!(event, Event::Recorded { number } if *number == line.number),
            "{:?} is done before it is in the record",
            self.filings[n].want
        );
        &line.why
    }

    fn is_granted(&self, n: usize) -> bool {
        let filed = &self.filings[n];
        self.grants.iter().any(|grant| {
            let covers = match &filed.want {
                Want::Sign { .. } => grant.key,
                Want::Read { item } if *item == made_up::item(1) => !grant.key,
                Want::Read { item } if *item == made_up::item(2) => !grant.key && grant.two,
                _ => false,
            };
            covers && grant.caller == filed.caller && self.now < grant.until
        })
    }

    fn note_grant(&mut self, n: usize) {
        let filed = &self.filings[n];
        let until = match (filed.line.as_ref().map(|line| &line.why), &filed.want) {
            (Some(Why::Yes { by_hand: Some(until) }), _) => *until,
            (_, Want::Access { .. }) => self.now + 10_000,
            _ => return,
        };
        let two = matches!(&filed.want, Want::Access { items } if items.contains(&made_up::item(2)));
        let key = matches!(filed.want, Want::Sign { .. });
        self.grants.push(Given { caller: filed.caller, key, two, until });
    }

    /// Who was approved to write item 1 may read it for a moment.
    fn note_made(&mut self, id: &AskId) {
        let Some(filed) = self.open.get(id).map(|n| &self.filings[*n]) else { return };
        let wrote = matches!(filed.want, Want::Store { .. } | Want::SetSecret { .. });
        if wrote && filed.dispatched == 1 {
            let until = self.now + 10_000;
            self.grants.push(Given { caller: filed.caller, key: false, two: false, until });
        }
    }

    fn judge_denial(&mut self, n: usize, event: &Event, no: bool, muted: bool) {
        let filed = &self.filings[n];
        let (caller, want, shell) = (filed.caller, filed.want.clone(), filed.caller < 2);
        let arrives = matches!(event, Event::Filed(_));
        let remembered =
            self.denied.iter().any(|(by, what, until)| *by == shell && *what == want && self.now < *until);
        let is_muted = self.muted.get(&caller).is_some_and(|until| self.now < *until);
        let everything = self.everything && (arrives || self.command.as_deref() == Some("deny-all"));
        let with_another = self
            .finishes
            .is_some_and(|(other, by, _)| by == 'm' && self.filings[other].caller == caller && other != n);
        assert!(
            no || muted || everything || with_another || (arrives && (remembered || is_muted)),
            "denied without a reason"
        );
        if no || muted {
            self.denied.push((shell, want.clone(), self.now + 5_000));
            if matches!(want, Want::Read { .. } | Want::Access { .. }) {
                self.grants.retain(|grant| grant.caller != caller || grant.key);
            }
        }
        if muted {
            self.muted.insert(caller, self.now + self.finishes.expect("by hand").2);
        }
    }

    /// At the end nothing is open.
    pub(super) fn is_satisfied(&self, prompts: u64) {
        assert!(self.open.is_empty(), "asks are left: {:?}", self.open);
        assert!(self.filings.iter().all(|filed| filed.told == 1), "each is told exactly once");
        for filed in &self.filings {
            let free = matches!(filed.want, Want::Collections {}) && filed.dispatched == 1;
            let once = filed.lines_of_end == 1 || (free && filed.lines_of_end == 0);
            assert!(once, "the record says {} times that {:?} ended", filed.lines_of_end, filed.want);
        }
        assert!(self.answered.values().all(|times| *times == 1), "no prompt is answered twice");
        assert!(self.answered.len() <= usize::try_from(prompts).unwrap());
    }
}
