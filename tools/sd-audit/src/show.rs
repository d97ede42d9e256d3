//! What a person or a script reads of the record. Nothing is verified here; damaged lines are said, and left out.

use std::collections::VecDeque;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::cli;
use crate::entry::Entry;
use crate::failure::Failure;
use crate::folder::{self, Lines, Raw};
use crate::paper::Paper;
use crate::row::{heading, print};
use crate::{line, moment, place};

/// How often it is looked for more.
const LOOK: Duration = Duration::from_millis(300);

/// `sd-audit show`
pub(crate) fn show(options: &cli::Show, paper: &mut Paper) -> Result<(), Failure> {
    let folder = place::of(&options.which)?;
    let wanted = Wanted::read(&options.lines)?;
    heading(options.json, paper)?;
    each(
        &folder,
        |bytes, entry| {
            if wanted.wants(&entry) { print(bytes, &entry, options.json, paper) } else { Ok(()) }
        },
    )?;
    paper.flush().map_err(Failure::Output)
}

/// `sd-audit tail`
pub(crate) fn tail(options: &cli::Tail, paper: &mut Paper) -> Result<(), Failure> {
    let folder = place::of(&options.which)?;
    let wanted = Wanted::read(&options.lines)?;
    heading(options.json, paper)?;
    let mut last = VecDeque::new();
    // From here on nothing is missed: what comes while it is read is read again, and known by its number.
    let mut seen = 0;
    each(&folder, |bytes, entry| {
        seen = seen.max(entry.seq);
        if wanted.wants(&entry) {
            last.push_back((bytes.to_vec(), entry));
            if last.len() > options.most {
                last.pop_front();
            }
        }
        Ok(())
    })?;
    for (bytes, entry) in last {
        print(&bytes, &entry, options.json, paper)?;
    }
    paper.flush().map_err(Failure::Output)?;
    if options.follow { follow(&folder, &wanted, seen, options.json, paper) } else { Ok(()) }
}

fn follow(
    folder: &Path,
    wanted: &Wanted,
    mut seen: u64,
    json: bool,
    paper: &mut Paper,
) -> Result<(), Failure> {
    let path = folder.join(folder::CURRENT);
    let mut open: Option<(u64, u64)> = None;
    loop {
        let mut file = match folder::open(&path) {
            Ok(file) => file,
            // Between two files.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                std::thread::sleep(LOOK);
                continue;
            }
            Err(e) => return Err(Failure::reading(&path)(e)),
        };
        let about = file.metadata().map_err(Failure::reading(&path))?;
        let mut from = open.filter(|(inode, _)| *inode == about.ino()).map_or(0, |(_, read)| read);
        if open.is_some_and(|(inode, _)| inode != about.ino()) {
            // What was written to the one before since it was looked at last.
            each(folder, |bytes, entry| print_new(bytes, &entry, &mut seen, wanted, json, paper))?;
        } else if about.len() > from {
            file.seek(SeekFrom::Start(from)).map_err(Failure::reading(&path))?;
            let mut lines = Lines::of(file);
            while let Some(raw) = lines.next().map_err(Failure::reading(&path))? {
                // An unfinished line is read again when it is whole.
                let Raw::Whole(bytes) = raw else { break };
                if let Some(line) = line::open(&bytes) {
                    print_new(&bytes, &line.entry, &mut seen, wanted, json, paper)?;
                }
                from += u64::try_from(bytes.len() + 1).unwrap_or_default();
            }
        }
        open = Some((about.ino(), from));
        paper.flush().map_err(Failure::Output)?;
        std::thread::sleep(LOOK);
    }
}

fn print_new(
    bytes: &[u8],
    entry: &Entry,
    seen: &mut u64,
    wanted: &Wanted,
    json: bool,
    paper: &mut Paper,
) -> Result<(), Failure> {
    if entry.seq <= *seen {
        return Ok(());
    }
    *seen = entry.seq;
    if wanted.wants(entry) { print(bytes, entry, json, paper) } else { Ok(()) }
}

/// `sd-audit export`
pub(crate) fn export(options: &cli::Export, paper: &mut Paper) -> Result<(), Failure> {
    let folder = place::of(&options.which)?;
    let mut first = true;
    let mut put = |bytes: &[u8]| paper.bytes(bytes).map_err(Failure::Output);
    each(&folder, |bytes, entry| {
        if entry.seq < options.from {
            return Ok(());
        }
        if options.json {
            put(if std::mem::take(&mut first) { b"[" } else { b",\n" })?;
            put(bytes)
        } else {
            put(bytes)?;
            put(b"\n")
        }
    })?;
    if options.json {
        put(if first { b"[]\n" } else { b"]\n" })?;
    }
    paper.flush().map_err(Failure::Output)
}

/// Each line of the record, the oldest first. What is none is said on standard error.
fn each(folder: &Path, mut tell: impl FnMut(&[u8], Entry) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut damaged = 0_u64;
    for path in folder::all(folder).map_err(Failure::reading(folder))? {
        let file = match folder::open(&path) {
            // Deleted for want of room, since the folder was looked at.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            file => file.map_err(Failure::reading(&path))?,
        };
        let mut lines = Lines::of(file);
        while let Some(raw) = lines.next().map_err(Failure::reading(&path))? {
            match &raw {
                Raw::Whole(bytes) => match line::open(bytes) {
                    Some(line) => tell(bytes, line.entry)?,
                    None => damaged += 1,
                },
                Raw::TooLong => damaged += 1,
                Raw::Cut(_) => {}
            }
        }
    }
    if damaged > 0 {
        eprintln!("sd-audit: {damaged} lines are damaged and left out; `sd-audit verify` says which");
    }
    Ok(())
}

/// Which lines are wanted.
struct Wanted {
    ask: Option<String>,
    event: Option<String>,
    kind: Option<String>,
    since: Option<Duration>,
}

impl Wanted {
    fn read(options: &cli::Lines) -> Result<Self, Failure> {
        let since = match &options.since {
            None => None,
            Some(word) => Some(
                moment::read(word)
                    .ok_or_else(|| Failure::Word("time such as 2026-11-22T14:00:00Z", word.clone()))?,
            ),
        };
        Ok(Self { ask: options.ask.clone(), event: options.event.clone(), kind: options.kind.clone(), since })
    }

    fn wants(&self, entry: &Entry) -> bool {
        let told = &entry.told;
        self.ask.as_ref().is_none_or(|id| told.ask.as_ref().is_some_and(|ask| ask.as_str().starts_with(id)))
            && self.event.as_ref().is_none_or(|event| *event == told.event)
            && self.kind.as_ref().is_none_or(|kind| *kind == told.kind)
            && self.since.is_none_or(|since| moment::read(&entry.time).is_some_and(|time| time >= since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Told, VERSION};

    #[test]
    fn only_what_is_wanted_is_shown() {
        let entry = Entry {
            v: VERSION,
            seq: 7,
            time: "2026-11-22T14:03:22.123456Z".into(),
            boot: String::new(),
            told: Told { event: "ended".into(), ..Told::default() },
            prev: String::new(),
        };
        let wants = |options: &cli::Lines| Wanted::read(options).unwrap().wants(&entry);
        let lines = cli::Lines::default;
        assert!(wants(&lines()));
        assert!(wants(&cli::Lines { event: Some("ended".into()), ..lines() }));
        assert!(!wants(&cli::Lines { event: Some("released".into()), ..lines() }));
        assert!(!wants(&cli::Lines { ask: Some("ab".into()), ..lines() }));
        assert!(wants(&cli::Lines { since: Some("2026-11-22".into()), ..lines() }));
        assert!(!wants(&cli::Lines { since: Some("2026-11-23".into()), ..lines() }));
        assert!(Wanted::read(&cli::Lines { since: Some("yesterday".into()), ..lines() }).is_err());
    }
}
