//! The writer: lines are on the disk before anybody is told, and what was written last right after.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use sd_wire::record::Unwritten;

use crate::entry::{Entry, Own, Told, VERSION};
use crate::folder::{self, CURRENT, FIRST_KEY, Lines, Raw};
use crate::key::{self, Key, LEN};
use crate::state::{State, Store};
use crate::{line, moment};

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

/// Why the record cannot be opened.
#[derive(Debug)]
pub(crate) enum Closed {
    /// There is neither a state nor a first key: provisioning has to make one.
    NoKey,
    /// Another process writes it.
    Taken,
    /// What was written last cannot be told.
    NoState,
    /// The disk is full.
    Full,
    /// A system call failed.
    Io(&'static str, io::Error),
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoKey => f.write_str("the audit record has no key"),
            Self::Taken => f.write_str("another process writes the audit record already"),
            Self::NoState => f.write_str(
                "what was written last cannot be told: the file `state` was changed; `sd-audit verify` says what the \
                 record still shows, and `sd-provision --user USER` begins a new one beside it",
            ),
            Self::Full => f.write_str("the disk of the audit record is full; make room below /var/log"),
            Self::Io(what, e) => write!(f, "the audit record cannot be opened, {what}: {e}"),
        }
    }
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

    /// Holds what stands in the file against what was written last.
    fn mend(&mut self, told: &mut Vec<Told>) -> Result<(), Closed> {
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

/// Puts what is there of another record into a folder of its own; what to say about it.
fn begin(folder: &Path) -> io::Result<String> {
    let mut files = folder::all(folder)?;
    files.retain(|path| fs::symlink_metadata(path).is_ok_and(|about| about.len() > 0));
    if files.is_empty() {
        return Ok("the audit record begins".to_owned());
    }
    let name = format!("before-{}", moment::now().as_micros());
    let before = folder.join(&name);
    fs::DirBuilder::new().mode(0o700).create(&before)?;
    for path in &files {
        if let Some(file) = path.file_name() {
            fs::rename(path, before.join(file))?;
        }
    }
    folder::sync(&before)?;
    Ok(format!("the audit record begins anew; what was there before is in {name}"))
}

/// A rename that power was cut behind: the full file has its name, and the state still speaks of it.
fn finish_rotation(folder: &Path, state: &mut State) -> io::Result<()> {
    if state.size == 0 {
        return Ok(());
    }
    let renamed = folder.join(folder::full_name(state.seq));
    let current = fs::symlink_metadata(folder.join(CURRENT)).map_or(0, |about| about.len());
    let whole = fs::symlink_metadata(renamed).is_ok_and(|about| about.is_file() && about.len() == state.size);
    if current == 0 && whole {
        state.size = 0;
    }
    Ok(())
}

fn first_key(path: &Path) -> Result<Key, Closed> {
    let bytes = match sd_sys::read_trusted(path, 2 * LEN + 1) {
        Err(sd_sys::Untrusted { reason: sd_sys::trusted::Reason::Io(e), .. })
            if e.kind() == io::ErrorKind::NotFound =>
        {
            return Err(Closed::NoKey);
        }
        Err(e) => return Err(Closed::Io("first.key", io::Error::other(e.to_string()))),
        Ok(bytes) => zeroize::Zeroizing::new(bytes),
    };
    std::str::from_utf8(&bytes).ok().and_then(Key::read).ok_or(Closed::NoKey)
}

fn current(folder: &Path) -> io::Result<File> {
    let path = folder.join(CURRENT);
    match new_file(&path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
            let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path)?;
            if !file.metadata()?.is_file() {
                return Err(io::Error::other("it is no regular file"));
            }
            Ok(file)
        }
        new => new,
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

fn unwritten(e: &io::Error) -> Unwritten {
    sd_journal::error(format!("the audit record could not be written: {e}"));
    match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Unwritten::Full
        }
        _ => Unwritten::Broken,
    }
}

fn doing(what: &'static str) -> impl Fn(io::Error) -> Closed {
    move |e| match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Closed::Full,
        _ => Closed::Io(what, e),
    }
}

#[cfg(test)]
pub(crate) mod tests;
