//! What the start finds of the last run: a loss of power is mended, a change by somebody else recorded.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use super::files::{doing, new_file};
use super::{Chain, Closed};
use crate::entry::{Own, Told};
use crate::folder::{CURRENT, Lines, Raw};
use crate::state::State;
use crate::{key, line};

impl Chain {
    /// Holds what stands in the file against what was written last.
    pub(super) fn mend(&mut self, told: &mut Vec<Told>) -> Result<(), Closed> {
        let length = self.file.metadata().map_err(doing(CURRENT))?.len();
        if length < self.state.size {
            told.push(Told::own(
                Own::Broken,
                format!(
                    "line {} was the last one, and of its file {} bytes are missing",
                    self.state.seq,
                    self.state.size - length
                ),
            ));
            self.state.size = self.whole_lines(length)?;
        } else if !self.ends_as_written().map_err(doing(CURRENT))? {
            told.push(Told::own(
                Own::Broken,
                format!(
                    "what stands at the end of the file is not line {}, which was the last one",
                    self.state.seq
                ),
            ));
            self.state.size = self.whole_lines(length)?;
        }
        self.go_on()?;
        let length = self.file.metadata().map_err(doing(CURRENT))?.len();
        if length > self.state.size {
            told.push(Told::own(Own::Mended, self.move_aside(length)?));
        }
        Ok(())
    }

    /// Whether the last line is the one that was written last.
    fn ends_as_written(&self) -> io::Result<bool> {
        if self.state.size == 0 {
            return Ok(true);
        }
        let most = u64::try_from(line::MAX).unwrap_or(u64::MAX);
        let from = self.state.size.saturating_sub(most);
        let mut tail = vec![0; usize::try_from(self.state.size - from).unwrap_or_default()];
        self.file.read_exact_at(&mut tail, from)?;
        let Some((b'\n', tail)) = tail.split_last() else { return Ok(false) };
        let last = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        Ok(key::hash(last) == self.state.hash)
    }

    /// How much of so many bytes is whole lines.
    fn whole_lines(&self, length: u64) -> Result<u64, Closed> {
        let mut reader = self.file.try_clone().map_err(doing(CURRENT))?;
        reader.seek(SeekFrom::Start(0)).map_err(doing(CURRENT))?;
        let mut lines = Lines::of(io::Read::take(reader, length));
        let mut whole = 0;
        while let Some(raw) = lines.next().map_err(doing(CURRENT))? {
            if !matches!(raw, Raw::Cut(_)) {
                whole = lines.read;
            }
        }
        Ok(whole.min(length))
    }

    /// Takes the lines that are on the disk, and whose writing was not noted yet.
    fn go_on(&mut self) -> Result<(), Closed> {
        let mut reader = self.file.try_clone().map_err(doing(CURRENT))?;
        reader.seek(SeekFrom::Start(self.state.size)).map_err(doing(CURRENT))?;
        let mut lines = Lines::of(reader);
        let mut state = self.state.clone();
        let from = state.size;
        while let Some(Raw::Whole(bytes)) = lines.next().map_err(doing(CURRENT))? {
            let Some(line) = line::open(&bytes) else { break };
            let follows = line.entry.seq == state.seq + 1 && line.prev == state.hash;
            if !follows || !line.is_sealed_by(&state.key) {
                break;
            }
            state = State {
                seq: line.entry.seq,
                size: from + lines.read,
                hash: key::hash(&bytes),
                key: state.key.next(),
            };
        }
        if state != self.state {
            self.file.sync_data().map_err(doing(CURRENT))?;
            self.store.keep(&state).map_err(doing("state"))?;
            self.state = state;
        }
        Ok(())
    }

    /// Moves what is no line of ours into a file of its own; what to say about it.
    fn move_aside(&mut self, length: u64) -> Result<String, Closed> {
        let more = length - self.state.size;
        // What a group of lines can leave behind, and no more: somebody else's gigabyte is not copied.
        let kept = more.min(u64::try_from(4 * line::MAX).unwrap_or(u64::MAX));
        let mut torn = vec![0; usize::try_from(kept).unwrap_or_default()];
        self.file.read_exact_at(&mut torn, self.state.size).map_err(doing(CURRENT))?;
        let name = format!("torn-{:016}", self.state.seq);
        let path = self.folder.join(&name);
        let _ = fs::remove_file(&path);
        let mut aside = new_file(&path).map_err(doing("what was torn"))?;
        aside.write_all(&torn).and_then(|()| aside.sync_all()).map_err(doing("what was torn"))?;
        self.file.set_len(self.state.size).and_then(|()| self.file.sync_all()).map_err(doing(CURRENT))?;
        Ok(format!("{more} bytes behind line {} were no line, and are in {name} now", self.state.seq))
    }
}
