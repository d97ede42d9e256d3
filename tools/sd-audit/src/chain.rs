//! The writer: lines are on the disk before anybody is told, and what was written last right after.

mod files;
mod mend;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use sd_wire::record::Unwritten;

use crate::entry::{Entry, Own, Told, VERSION};
use crate::folder::{self, CURRENT, FIRST_KEY};
use crate::key;
use crate::state::{State, Store};
use crate::{line, moment};
pub(crate) use files::Closed;
use files::{begin, current, doing, finish_rotation, first_key, unwritten};

/// What a folder may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// From this size on, in bytes, a file is full and the next one begins.
    pub(crate) file: u64,
    /// The most bytes of files that are full; above it the oldest are deleted, and that is recorded.
    pub(crate) full: u64,
}

/// The record, for its one writer.
#[derive(Debug)]
pub(crate) struct Chain {
    folder: PathBuf,
    bounds: Bounds,
    boot: String,
    store: Store,
    state: State,
    file: File,
    /// What it has told of itself, for the journal.
    news: Vec<Told>,
    /// Whether the state is written, and not on the disk yet.
    unsettled: bool,
}

impl Chain {
    /// Opens the record and mends what a loss of power has left: what nobody was told of goes aside, and what was told
    /// and is not there is recorded as such.
    pub(crate) fn open(folder: &Path, bounds: Bounds) -> Result<Self, Closed> {
        let (mut store, state) = Store::open(folder).map_err(|e| match e.kind() {
            io::ErrorKind::WouldBlock => Closed::Taken,
            io::ErrorKind::InvalidData => Closed::NoState,
            _ => doing("state")(e),
        })?;
        let first = folder.join(FIRST_KEY);
        let mut state = match state {
            Some(state) => state,
            None => {
                let state = State::first(first_key(&first)?);
                store.keep(&state).map_err(doing("state"))?;
                folder::sync(folder).map_err(doing("the folder"))?;
                state
            }
        };
        // Its keeper outlives it: from here on nobody can make the first line anew.
        match fs::remove_file(&first) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(doing("first.key")(e)),
            _ => {}
        }
        let mut told = Vec::new();
        if state.seq == 0 {
            told.push(Told::own(Own::Opened, begin(folder).map_err(doing("what was there before"))?));
        }
        finish_rotation(folder, &mut state).map_err(doing("a full file"))?;
        let file = current(folder).map_err(doing(CURRENT))?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let mut chain = Self {
            folder: folder.to_owned(),
            bounds,
            boot: boot.trim().to_owned(),
            store,
            state,
            file,
            news: Vec::new(),
            unsettled: false,
        };
        chain.mend(&mut told)?;
        if !told.is_empty() {
            chain.append_own(told).map_err(|why| match why {
                Unwritten::Full => Closed::Full,
                _ => Closed::Io("its first lines", io::Error::other("they could not be written")),
            })?;
        }
        Ok(chain)
    }

    /// The number of the last line.
    pub(crate) fn seq(&self) -> u64 {
        self.state.seq
    }

    /// The length of the file that is written to.
    pub(crate) fn size(&self) -> u64 {
        self.state.size
    }

    /// What it has told of itself since this was asked last.
    pub(crate) fn own_news(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.news)
    }

    /// Writes these down, each as a line; the number of the first one. All of them are on the disk when this returns, or
    /// none.
    pub(crate) fn write(&mut self, told: Vec<Told>) -> Result<u64, Unwritten> {
        if self.state.size >= self.bounds.file {
            self.rotate()?;
        }
        let first = self.state.seq + 1;
        self.append(told)?;
        Ok(first)
    }

    /// Brings what was written last onto the disk: after those who wait were told, as the lines lead there by themselves.
    pub(crate) fn settle(&mut self) -> Result<(), Unwritten> {
        if std::mem::take(&mut self.unsettled) {
            self.store.settle().map_err(|e| unwritten(&e))?;
        }
        Ok(())
    }

    fn append(&mut self, told: Vec<Told>) -> Result<(), Unwritten> {
        // Two that are not on the disk would be in one place.
        self.settle()?;
        if !self.is_ours().map_err(|e| unwritten(&e))? {
            return Err(Unwritten::Changed);
        }
        let mut bytes = Vec::new();
        let mut state = self.state.clone();
        let time = moment::write(moment::now());
        for told in told {
            let entry = Entry {
                v: VERSION,
                seq: state.seq + 1,
                time: time.clone(),
                boot: self.boot.clone(),
                told,
                prev: key::hex(&state.hash),
            };
            let line = line::seal(&entry, &state.key).ok_or(Unwritten::Broken)?;
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
            state = State { seq: entry.seq, size: 0, hash: key::hash(&line), key: state.key.next() };
        }
        state.size = self.state.size + u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let written = self
            .file
            .write_all_at(&bytes, self.state.size)
            .and_then(|()| self.file.sync_data())
            .and_then(|()| self.store.put(&state));
        match written {
            Ok(()) => {
                self.state = state;
                self.unsettled = true;
                Ok(())
            }
            Err(e) => {
                // What was written of it nobody is told of. Should this fail as well, the next start mends it.
                let _ = self.file.set_len(self.state.size);
                let _ = self.store.keep(&self.state);
                Err(unwritten(&e))
            }
        }
    }

    /// The file is full: it gets a name of its own, and the next one begins.
    fn rotate(&mut self) -> Result<(), Unwritten> {
        let name = folder::full_name(self.state.seq);
        fs::rename(self.folder.join(CURRENT), self.folder.join(&name)).map_err(|e| unwritten(&e))?;
        self.settle()?;
        let state = State { size: 0, ..self.state.clone() };
        let next = current(&self.folder)
            .and_then(|file| folder::sync(&self.folder).map(|()| file))
            .and_then(|file| self.store.keep(&state).map(|()| file));
        // Else the next start finishes it.
        self.file = next.map_err(|e| unwritten(&e))?;
        self.state = state;
        let mut told =
            vec![Told::own(Own::Rotated, format!("the lines up to {} are in {name}", self.state.seq))];
        told.extend(self.drop_oldest());
        self.append_own(told)
    }

    /// Whether the file that is open is the one in the folder, and as long as it was left.
    fn is_ours(&self) -> io::Result<bool> {
        let open = self.file.metadata()?;
        let named = match fs::symlink_metadata(self.folder.join(CURRENT)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            named => named?,
        };
        Ok(open.len() == self.state.size && (open.dev(), open.ino()) == (named.dev(), named.ino()))
    }

    fn append_own(&mut self, told: Vec<Told>) -> Result<(), Unwritten> {
        self.append(told.clone())?;
        self.news.extend(told);
        Ok(())
    }

    /// Deletes the oldest full files while there are too many bytes of them.
    fn drop_oldest(&self) -> Option<Told> {
        let full = folder::full(&self.folder).ok()?;
        let size = |path: &Path| fs::symlink_metadata(path).map_or(0, |about| about.len());
        let mut bytes: u64 = full.iter().map(|(_, path)| size(path)).sum();
        let mut through = None;
        for (last, path) in full {
            if bytes <= self.bounds.full {
                break;
            }
            bytes = bytes.saturating_sub(size(&path));
            if fs::remove_file(&path).is_ok() {
                through = Some(last);
            }
        }
        let through = through?;
        let note = format!("the lines up to {through} were deleted, to keep within the bound");
        Some(Told { through: Some(through), ..Told::own(Own::Dropped, note) })
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // Else the next one gets there by the lines.
        let _ = self.settle();
    }
}

#[cfg(test)]
pub(crate) mod tests;
