//! Holds every line against its MAC, its number, and what was written last.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::entry::Own;
use crate::failure::Failure;
use crate::folder::{self, Lines, Raw};
use crate::key::{self, Key, LEN};
use crate::line::{self, Line};
use crate::state::{self, State};

/// No record is followed further ahead than this many lines: a number that somebody made up costs no more.
const FARTHEST: u64 = 1 << 24;
/// A key is kept each so many lines, to go back to.
const STRIDE: u64 = 1024;
/// The most findings that are kept; the others are counted.
const MOST: usize = 1000;

/// Where a line stands: the file's name, and which line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) number: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.number)
    }
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// What stands there is no line.
    Damaged(Place),
    /// It says that it is this line, and was not sealed as such.
    Changed(Place, u64),
    /// Without the key: this line, or the one before it.
    Torn(Place, u64),
    /// This line stands behind later ones.
    Moved(Place, u64),
    /// This line stood before already.
    Repeated(Place, u64),
    /// These lines are nowhere.
    Missing(u64, u64),
    /// These lines were written last, and are nowhere.
    Cut(u64, u64),
    /// A file could not be read to its end.
    Unreadable(String, String),
    /// What was written last cannot be told.
    State(String),
}

impl Finding {
    /// The word for it, for scripts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "damaged",
            Self::Changed(..) => "changed",
            Self::Torn(..) => "torn",
            Self::Moved(..) => "moved",
            Self::Repeated(..) => "repeated",
            Self::Missing(..) => "missing",
            Self::Cut(..) => "cut",
            Self::Unreadable(..) => "unreadable",
            Self::State(_) => "state",
        }
    }

    /// The lines that it is about, the first and the last.
    pub(crate) fn lines(&self) -> Option<(u64, u64)> {
        match self {
            Self::Changed(_, seq) | Self::Torn(_, seq) | Self::Moved(_, seq) | Self::Repeated(_, seq) => {
                Some((*seq, *seq))
            }
            Self::Missing(first, last) | Self::Cut(first, last) => Some((*first, *last)),
            Self::Damaged(_) | Self::Unreadable(..) | Self::State(_) => None,
        }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Damaged(place)
            | Self::Changed(place, _)
            | Self::Torn(place, _)
            | Self::Moved(place, _)
            | Self::Repeated(place, _) => Some(place),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |first: &u64, last: &u64| {
            if first == last { format!("line {first} is") } else { format!("lines {first} to {last} are") }
        };
        match self {
            Self::Damaged(place) => write!(f, "{place}: what stands there is no line of the record"),
            Self::Changed(place, seq) => {
                write!(f, "{place}: line {seq} was changed after it was written, or was never written")
            }
            Self::Torn(place, seq) => {
                write!(f, "{place}: line {seq}, or the one before it, was changed after it was written")
            }
            Self::Moved(place, seq) => write!(f, "{place}: line {seq} stands behind later ones"),
            Self::Repeated(place, seq) => write!(f, "{place}: line {seq} stands here once more"),
            Self::Missing(first, last) => write!(f, "{} missing", lines(first, last)),
            Self::Cut(first, last) => write!(f, "{} missing: the end was cut off", lines(first, last)),
            Self::Unreadable(file, why) => write!(f, "{file} could not be read to its end: {why}"),
            Self::State(why) => write!(f, "what was written last cannot be told: {why}"),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Not as written, in the order of the files.
    pub(crate) findings: Vec<Finding>,
    /// How many more there are.
    pub(crate) more: usize,
    /// How many lines are as they were written.
    pub(crate) good: u64,
    /// The first and the last of them, and when they were written.
    pub(crate) first: Option<(u64, String)>,
    pub(crate) last: Option<(u64, String)>,
    /// Whether MACs were looked at.
    pub(crate) with_key: bool,
    /// Lines up to this one were deleted for want of room, by the record's own word.
    pub(crate) dropped: u64,
    /// What sd-audit noticed itself: torn ends, and changes by somebody else; the line, its word and its sentence.
    pub(crate) notices: Vec<(u64, Own, String)>,
    /// Bytes at the end that are no line yet.
    pub(crate) unfinished: usize,
}

impl Report {
    /// Whether all is as it was written.
    pub(crate) fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

/// Verifies the record in a folder; with the first key also what only that can tell.
pub(crate) fn verify(folder: &Path, first: Option<Key>) -> Result<Report, Failure> {
    let mut tries = 0;
    loop {
        let report = once(folder, first.clone())?;
        tries += 1;
        // A file may have been renamed while it was read: then the state has moved on, and it is read once more.
        if report.0.is_good() || tries == 3 || !has_moved_on(folder, report.1.as_ref()) {
            return Ok(report.0);
        }
    }
}

fn has_moved_on(folder: &Path, before: Option<&State>) -> bool {
    state::look(folder).ok().flatten().as_ref() != before
}

fn once(folder: &Path, first: Option<Key>) -> Result<(Report, Option<State>), Failure> {
    // Before the lines: those that are written meanwhile are more, and never fewer, than it says.
    let state = state::look(folder);
    let files = folder::all(folder).map_err(Failure::reading(folder))?;
    let mut walk = Walk::new(first);
    for (n, path) in files.iter().enumerate() {
        walk.file(path, n + 1 == files.len())?;
    }
    let state = match state {
        Ok(state) => state,
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(Failure::Forbidden(folder.join(state::NAME)));
        }
        Err(e) => {
            walk.report.find(Finding::State(e.to_string()));
            walk.end(None);
            return Ok((walk.report, None));
        }
    };
    walk.end(state.as_ref());
    if state.is_none() {
        walk.report.find(Finding::State(
            "the file `state` is not there; whether the end was cut off is not known".into(),
        ));
    }
    Ok((walk.report, state))
}

/// The keys of lines, forwards and back.
struct Keys {
    every: Vec<Key>,
    latest: (u64, Key),
}

impl Keys {
    fn of(&mut self, seq: u64) -> Option<Key> {
        let steps = seq.checked_sub(1)?;
        let (mut at, mut key) = if self.latest.0 <= steps {
            self.latest.clone()
        } else {
            let kept = steps / STRIDE;
            (kept * STRIDE, self.every.get(usize::try_from(kept).ok()?)?.clone())
        };
        while at < steps {
            key = key.next();
            at += 1;
            if at % STRIDE == 0 && usize::try_from(at / STRIDE).is_ok_and(|place| place == self.every.len()) {
                self.every.push(key.clone());
            }
        }
        if at > self.latest.0 {
            self.latest = (at, key.clone());
        }
        Some(key)
    }
}

struct Walk {
    keys: Option<Keys>,
    report: Report,
    /// The number that the next line should have.
    expected: u64,
    /// The hash of the line before, if that is one that was written.
    hash: Option<[u8; LEN]>,
    /// Of the lines since then that are none: which they say they are.
    bad: Vec<Option<u64>>,
    /// Numbers that were passed over: from, to.
    missing: BTreeMap<u64, u64>,
    began: bool,
    /// Where the last line stands.
    at: Option<Place>,
}

impl Walk {
    fn new(first: Option<Key>) -> Self {
        let report = Report { with_key: first.is_some(), ..Report::default() };
        let keys = first.map(|key| Keys { every: vec![key.clone()], latest: (0, key) });
        Self {
            keys,
            report,
            expected: 1,
            hash: Some([0; LEN]),
            bad: Vec::new(),
            missing: BTreeMap::new(),
            began: false,
            at: None,
        }
    }

    fn file(&mut self, path: &Path, is_last: bool) -> Result<(), Failure> {
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut lines = match folder::open(path) {
            Ok(open) => Lines::of(open),
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(Failure::Forbidden(path.to_owned()));
            }
            Err(e) => {
                self.report.find(Finding::Unreadable(file, e.to_string()));
                return Ok(());
            }
        };
        loop {
            let raw = match lines.next() {
                Ok(None) => return Ok(()),
                Ok(Some(raw)) => raw,
                Err(e) => {
                    self.report.find(Finding::Unreadable(file, e.to_string()));
                    return Ok(());
                }
            };
            let place = Place { file: file.clone(), number: lines.number };
            match raw {
                Raw::Cut(bytes) if is_last => self.report.unfinished = bytes.len(),
                Raw::TooLong | Raw::Cut(_) => self.damaged(place, None),
                Raw::Whole(bytes) => self.line(place, &bytes),
            }
        }
    }

    fn damaged(&mut self, place: Place, says: Option<u64>) {
        self.report.find(match says {
            None => Finding::Damaged(place),
            Some(seq) => Finding::Changed(place, seq),
        });
        self.bad.push(says);
        self.hash = None;
    }

    fn line(&mut self, place: Place, bytes: &[u8]) {
        let Some(line) = line::open(bytes) else { return self.damaged(place, None) };
        let seq = line.entry.seq;
        let far = self.expected.saturating_add(FARTHEST);
        let believed = seq > 0 && seq <= far && self.is_sealed(&line);
        if !believed {
            return self.damaged(place, Some(seq));
        }
        if seq < self.expected {
            let moved = self.take_back(seq);
            self.report.find(if moved { Finding::Moved(place, seq) } else { Finding::Repeated(place, seq) });
            if moved {
                self.good(&line);
            }
            return;
        }
        // Without the key nothing else tells.
        if self.keys.is_none()
            && seq == self.expected
            && self.began
            && self.hash.is_some_and(|hash| hash != line.prev)
        {
            self.report.find(Finding::Torn(place.clone(), seq));
        }
        self.at = Some(place);
        self.pass_over(seq);
        self.good(&line);
        self.hash = Some(key::hash(bytes));
        self.expected = seq + 1;
        self.began = true;
    }

    fn is_sealed(&mut self, line: &Line<'_>) -> bool {
        match &mut self.keys {
            None => true,
            Some(keys) => keys.of(line.entry.seq).is_some_and(|key| line.is_sealed_by(&key)),
        }
    }

    fn good(&mut self, line: &Line<'_>) {
        let entry = &line.entry;
        let report = &mut self.report;
        report.good += 1;
        let this = || (entry.seq, entry.time.clone());
        if report.first.as_ref().is_none_or(|(seq, _)| entry.seq < *seq) {
            report.first = Some(this());
        }
        if report.last.as_ref().is_none_or(|(seq, _)| entry.seq > *seq) {
            report.last = Some(this());
        }
        match entry.told.is_own() {
            Some(Own::Dropped) => report.dropped = report.dropped.max(entry.told.through.unwrap_or_default()),
            Some(own @ (Own::Mended | Own::Broken)) if report.notices.len() < MOST => {
                report.notices.push((entry.seq, own, entry.told.note.clone().unwrap_or_default()));
            }
            _ => {}
        }
    }

    /// The lines before this one that were expected are missing, but for those that stand there in some way.
    fn pass_over(&mut self, seq: u64) {
        let bad = std::mem::take(&mut self.bad);
        let expected = self.expected..seq;
        let mut here: Vec<u64> = bad.iter().flatten().copied().filter(|it| expected.contains(it)).collect();
        here.sort_unstable();
        here.dedup();
        let unnamed = u64::try_from(bad.len() - here.len()).unwrap_or(u64::MAX);
        let gone = (seq - self.expected) - u64::try_from(here.len()).unwrap_or_default();
        // As many stand there that say nothing, or something else: it is they.
        if gone <= unnamed {
            return;
        }
        let mut from = self.expected;
        for at in here.into_iter().chain([seq]) {
            if at > from {
                self.missing.insert(from, at - 1);
            }
            from = at + 1;
        }
    }

    /// Whether this one was missing; it no longer is.
    fn take_back(&mut self, seq: u64) -> bool {
        let Some((from, to)) = self.missing.range(..=seq).next_back().map(|(from, to)| (*from, *to)) else {
            return false;
        };
        if seq > to {
            return false;
        }
        self.missing.remove(&from);
        if from < seq {
            self.missing.insert(from, seq - 1);
        }
        if seq < to {
            self.missing.insert(seq + 1, to);
        }
        true
    }

    fn end(&mut self, state: Option<&State>) {
        let mut cut = None;
        if let Some(state) = state {
            let own = match &mut self.keys {
                None => true,
                Some(keys) => {
                    state.seq <= self.expected.saturating_add(FARTHEST)
                        && keys.of(state.seq + 1).is_some_and(|key| key == state.key)
                }
            };
            if !own {
                self.report.find(Finding::State("the file `state` was changed".into()));
            } else if state.seq >= self.expected {
                let from = self.expected;
                self.pass_over(state.seq + 1);
                if let Some(to) = self.missing.remove(&from) {
                    cut = Some((from, to));
                }
            } else if self.keys.is_none()
                && state.seq + 1 == self.expected
                && self.hash.is_some_and(|hash| hash != state.hash)
                && let Some(place) = self.at.clone()
            {
                self.report.find(Finding::Torn(place, state.seq));
            }
        }
        let dropped = self.report.dropped;
        for (from, to) in std::mem::take(&mut self.missing) {
            // What was deleted for want of room is the beginning.
            let from = from.max(dropped + 1);
            if from <= to {
                self.report.find(Finding::Missing(from, to));
            }
        }
        if let Some((from, to)) = cut {
            self.report.find(Finding::Cut(from, to));
        }
    }
}

#[cfg(test)]
mod tests;
