//! What was written last, kept apart from the record: so that a cut tail shows, and the next line has its key.
//!
//! Two places take turns, so that one is whole whenever power is cut. The one that is not the latest is wiped: with the
//! key in it, lines could be written anew that were written since.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::key::{Key, LEN};

/// The name of the file.
pub(crate) const NAME: &str = "state";
const MAGIC: &[u8; 8] = b"sdaudit1";
/// A place a sector: written in one go.
const PLACE: usize = 512;
/// magic, seq, size, hash of the last line, key of the next one, MAC with that key.
const USED: usize = 8 + 8 + 8 + LEN + LEN + LEN;

/// How far the record has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// The number of the last line; 0 for none.
    pub(crate) seq: u64,
    /// The length of the file that is written to, in bytes.
    pub(crate) size: u64,
    /// The hash of the last line; zeros for none.
    pub(crate) hash: [u8; LEN],
    /// The key of the next line.
    pub(crate) key: Key,
}

impl State {
    /// Of a record that begins with this key.
    pub(crate) fn first(key: Key) -> Self {
        Self { seq: 0, size: 0, hash: [0; LEN], key }
    }

    fn write(&self) -> [u8; PLACE] {
        let mut place = [0; PLACE];
        let fields = [
            MAGIC.as_slice(),
            &self.seq.to_le_bytes(),
            &self.size.to_le_bytes(),
            &self.hash,
            self.key.bytes(),
        ];
        let mac = self
            .key
            .mac(&[MAGIC.as_slice(), &self.seq.to_le_bytes(), &self.size.to_le_bytes(), &self.hash].concat());
        let bytes = fields.into_iter().chain([mac.as_slice()]).flatten();
        for (to, from) in place.iter_mut().zip(bytes) {
            *to = *from;
        }
        place
    }

    fn read(place: &[u8]) -> Option<Self> {
        let (magic, rest) = place.split_first_chunk::<8>()?;
        let (seq, rest) = rest.split_first_chunk::<8>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let (hash, rest) = rest.split_first_chunk::<LEN>()?;
        let (key, rest) = rest.split_first_chunk::<LEN>()?;
        let (mac, _) = rest.split_first_chunk::<LEN>()?;
        let key = Key::from_bytes(*key);
        let whole = magic == MAGIC && key.has_made(mac, place.get(..USED - 2 * LEN)?);
        whole.then(|| Self {
            seq: u64::from_le_bytes(*seq),
            size: u64::from_le_bytes(*size),
            hash: *hash,
            key,
        })
    }
}

/// The file, for its one writer.
#[derive(Debug)]
pub(crate) struct Store {
    file: Flock<File>,
    /// The place that the next state goes to.
    next: u64,
}

impl Store {
    /// Opens it, or makes it; and what stands in it, if anything does.
    ///
    /// # Errors
    /// `WouldBlock` when another writer has it; `InvalidData` when something stands in it that is no state.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Option<State>)> {
        let path = folder.join(NAME);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
            .open(&path)?;
        let file = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, e)| io::Error::from(e))?;
        let (latest, next) = latest(&file)?;
        Ok((Self { file, next }, latest))
    }

    /// Keeps a state. It is on the disk when this returns.
    pub(crate) fn keep(&mut self, state: &State) -> io::Result<()> {
        self.put(state)?;
        self.settle()
    }

    /// Writes a state, which every process sees at once; it is on the disk with [`Store::settle`]. Until then the one before
    /// is, from which the lines lead to this one.
    pub(crate) fn put(&mut self, state: &State) -> io::Result<()> {
        let mut place = state.write();
        let put = self.file.write_all_at(&place, self.next);
        zeroize::Zeroize::zeroize(&mut place);
        put
    }

    /// Makes the state that was put outlive a loss of power, and wipes the one before it.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.next = other(self.next);
        // The old key: gone for every process at once, and from the disk with the next state. It need not be waited for.
        self.file.write_all_at(&[0; PLACE], self.next)
    }
}

fn other(place: u64) -> u64 {
    let second = u64::try_from(PLACE).unwrap_or(u64::MAX);
    if place == 0 { second } else { 0 }
}

/// The latest state, and the place that it is not in.
fn latest(file: &File) -> io::Result<(Option<State>, u64)> {
    let mut found: Option<(State, u64)> = None;
    let mut blank = true;
    for at in [0, other(0)] {
        let mut place = [0; PLACE];
        let read = read_at_most(file, &mut place, at)?;
        blank &= place.iter().all(|byte| *byte == 0);
        let state = place.get(..read).and_then(State::read);
        zeroize::Zeroize::zeroize(&mut place);
        if let Some(state) =
            state.filter(|state| found.as_ref().is_none_or(|(other, _)| other.seq < state.seq))
        {
            found = Some((state, at));
        }
    }
    match found {
        Some((state, at)) => Ok((Some(state), other(at))),
        None if blank => Ok((None, 0)),
        None => Err(io::Error::new(io::ErrorKind::InvalidData, "nothing in it is what was written")),
    }
}

fn read_at_most(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    let mut have = 0;
    while let Some(rest) = room.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at.saturating_add(u64::try_from(have).unwrap_or(u64::MAX))) {
            Ok(0) => break,
            Ok(more) => have += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(have)
}

/// What stands in it now, for a reader.
///
/// # Errors
/// As [`Store::open`], but for the lock.
pub(crate) fn look(folder: &Path) -> io::Result<Option<State>> {
    match crate::folder::open(&folder.join(NAME)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
        Ok(file) => Ok(latest(&file)?.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(seq: u64) -> State {
        let mut key = Key::from_bytes([7; LEN]);
        for _ in 0..seq {
            key = key.next();
        }
        State { seq, size: seq * 100, hash: [3; LEN], key }
    }

    #[test]
    fn the_latest_is_found_and_the_one_before_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, before) = Store::open(folder.path()).unwrap();
        assert_eq!(before, None);
        for seq in 1..=5 {
            store.keep(&state(seq)).unwrap();
            assert_eq!(look(folder.path()).unwrap(), Some(state(seq)));
            let bytes = std::fs::read(folder.path().join(NAME)).unwrap();
            let old = *state(seq - 1).key.bytes();
            assert!(!bytes.windows(LEN).any(|window| window == old), "an old key stands there after {seq}");
        }
        drop(store);
        let (_store, found) = Store::open(folder.path()).unwrap();
        assert_eq!(found, Some(state(5)));
    }

    #[test]
    fn a_state_that_was_half_written_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut both = state(4).write().to_vec();
        both.extend_from_slice(state(5).write().get(..90).unwrap());
        std::fs::write(&path, &both).unwrap();
        let (mut store, found) = Store::open(folder.path()).unwrap();
        assert_eq!(found, Some(state(4)));
        store.keep(&state(5)).unwrap();
        drop(store);
        assert_eq!(look(folder.path()).unwrap(), Some(state(5)));
    }

    #[test]
    fn what_is_no_state_is_an_error_and_not_a_beginning() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), [1; 2 * PLACE]).unwrap();
        assert_eq!(look(folder.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let mut changed = state(5).write();
        changed[8] ^= 1;
        std::fs::write(folder.path().join(NAME), changed).unwrap();
        assert!(Store::open(folder.path()).is_err());
    }

    #[test]
    fn there_is_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Store::open(folder.path()).unwrap();
        assert_eq!(Store::open(folder.path()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
