//! The files of a record: their names, their order, and how they are opened. Whoever reads as root reads in a folder that
//! is not root's, so nothing is followed, waited for or believed to be short.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::line;

/// The file that is written to.
pub(crate) const CURRENT: &str = "audit.jsonl";
/// The first key, until the first line is written.
pub(crate) const FIRST_KEY: &str = "first.key";
const BEFORE: &str = "audit-";
const AFTER: &str = ".jsonl";
/// The most files that are looked at.
const MOST: usize = 100_000;

/// The name of a file that is full, by the number of its last line: in the order of their names they follow each other.
pub(crate) fn full_name(last: u64) -> String {
    format!("{BEFORE}{last:016}{AFTER}")
}

/// The number of the last line of a file that is full, by its name.
fn last_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
    let plain = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// The files that are full, the oldest first, each with the number of its last line by its name.
pub(crate) fn full(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.take(MOST) {
        let entry = entry?;
        if let Some(last) = entry.file_name().to_str().and_then(last_of) {
            found.push((last, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// All files of the record, the oldest first.
pub(crate) fn all(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = full(folder)?.into_iter().map(|(_, path)| path).collect();
    let current = folder.join(CURRENT);
    if fs::symlink_metadata(&current).is_ok() {
        files.push(current);
    }
    Ok(files)
}

/// A regular file that no link leads to, for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    Ok(file)
}

/// Makes what was done to names in the folder outlive a loss of power.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The lines of a file, each without its newline.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    from: BufReader<R>,
    /// The number of the line that was read last.
    pub(crate) number: u64,
    /// How many bytes were read, the newlines too.
    pub(crate) read: u64,
}

/// One line, as far as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    /// A line.
    Whole(Vec<u8>),
    /// One that is longer than any line of ours. What it says is not kept.
    TooLong,
    /// The end of the file, without a newline.
    Cut(Vec<u8>),
}

impl<R: Read> Lines<R> {
    /// From the beginning.
    pub(crate) fn of(from: R) -> Self {
        Self { from: BufReader::new(from), number: 0, read: 0 }
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Raw>> {
        let mut bytes = Vec::new();
        let most = u64::try_from(line::MAX).unwrap_or(u64::MAX);
        let got = (&mut self.from).take(most).read_until(b'\n', &mut bytes)?;
        if got == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.read += u64::try_from(got).unwrap_or(u64::MAX);
        if bytes.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(Raw::Whole(bytes)));
        }
        if got < line::MAX {
            return Ok(Some(Raw::Cut(bytes)));
        }
        loop {
            let room = self.from.fill_buf()?;
            if room.is_empty() {
                return Ok(Some(Raw::TooLong));
            }
            let end = room.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(room.len(), |at| at + 1);
            self.from.consume(used);
            self.read += u64::try_from(used).unwrap_or(u64::MAX);
            if end.is_some() {
                return Ok(Some(Raw::TooLong));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_file_are_read_whatever_they_are() {
        let mut bytes = b"a\n\n".to_vec();
        bytes.extend(vec![b'x'; 3 * line::MAX]);
        bytes.extend(b"\nb\nrest");
        let mut lines = Lines::of(bytes.as_slice());
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line);
        }
        let expected = [
            Raw::Whole(b"a".to_vec()),
            Raw::Whole(Vec::new()),
            Raw::TooLong,
            Raw::Whole(b"b".to_vec()),
            Raw::Cut(b"rest".to_vec()),
        ];
        assert_eq!(all, expected);
        assert_eq!((lines.number, lines.read), (5, u64::try_from(bytes.len()).unwrap()));
    }

    #[test]
    fn files_follow_each_other_by_number_and_others_are_none() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "audit.jsonl",
            "audit-x.jsonl",
            "audit-0.jsonl",
            "state",
            "torn-1",
            &full_name(20),
            &full_name(3),
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = all(folder.path()).unwrap();
        let expected = [full_name(3), full_name(20), CURRENT.to_owned()].map(|name| folder.path().join(name));
        assert_eq!(names, expected);
    }

    #[test]
    fn a_link_and_a_pipe_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
        assert!(open(&link).is_err());
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(open(&pipe).is_err());
        assert!(open(folder.path()).is_err());
    }
}
