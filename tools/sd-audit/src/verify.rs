//! Holds every line against its MAC, its number, and what was written last.

mod finding;
mod keys;
mod report;

use std::collections::BTreeMap;
use std::path::Path;

use crate::entry::Own;
use crate::failure::Failure;
use crate::folder::{self, Lines, Raw};
use crate::key::{self, Key, LEN};
use crate::line::{self, Line};
use crate::state::{self, State};
use keys::Keys;
use report::MOST;

pub(crate) use finding::{Finding, Place};
pub(crate) use report::Report;

/// No record is followed further ahead than this many lines: a number that somebody made up costs no more.
const FARTHEST: u64 = 1 << 24;

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
        let keys = first.map(Keys::from);
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
