//! The last lines of the record, as `sd-decide` wants them back: those that it has said itself.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sd_wire::record::Note;

use crate::folder::{self, Lines, Raw};
use crate::{line, moment};

/// How much of the end of a file is read: some thousand records.
const TAIL: u64 = 2 * 1024 * 1024;

/// At most so many notes, the oldest first. What cannot be read is not there: the past is for the eye.
pub(crate) fn recent(folder: &Path, most: usize) -> Vec<Note> {
    let mut notes = VecDeque::new();
    let files = folder::all(folder).unwrap_or_default();
    // The file that is written to, and the one before it.
    for path in files.iter().rev().take(2) {
        let Ok(mut of_file) = tail(path, most) else { break };
        while let Some(note) = of_file.pop_back().filter(|_| notes.len() < most) {
            notes.push_front(note);
        }
        if notes.len() >= most {
            break;
        }
    }
    notes.into()
}

fn tail(path: &Path, most: usize) -> io::Result<VecDeque<Note>> {
    let mut file = folder::open(path)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut lines = Lines::of(file.take(TAIL));
    if from > 0 {
        // Its end only, as a rule.
        lines.next()?;
    }
    let mut notes = VecDeque::new();
    while let Some(raw) = lines.next()? {
        let Raw::Whole(bytes) = raw else { continue };
        let Some(note) = note(&bytes) else { continue };
        if notes.len() >= most {
            notes.pop_front();
        }
        notes.push_back(note);
    }
    Ok(notes)
}

fn note(bytes: &[u8]) -> Option<Note> {
    let entry = line::open(bytes)?.entry;
    let at = u64::try_from(moment::read(&entry.time)?.as_millis()).ok()?;
    Some(Note::Past { seq: entry.seq, at, record: Box::new(entry.told.record()?) })
}
