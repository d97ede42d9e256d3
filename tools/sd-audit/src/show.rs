//! What a person or a script reads of the record. Nothing is verified here; damaged lines are said, and left out.

use std::collections::VecDeque;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use sd_wire::ask::Resolution;
use sd_wire::printable::Printable;

use crate::cli;
use crate::entry::{Entry, Own};
use crate::failure::Failure;
use crate::folder::{self, Lines, Raw};
use crate::paper::{Ink, Paper};
use crate::{line, moment, place};

/// How often it is looked for more.
const LOOK: Duration = Duration::from_millis(300);
/// The most characters of what outside text a line shows.
const WIDE: usize = 120;

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

fn heading(json: bool, paper: &mut Paper) -> Result<(), Failure> {
    if json {
        return Ok(());
    }
    let words = row("LINE", "TIME (UTC)", "EVENT", "KIND", "HOW", "OUTCOME", "ASK") + "WHO AND WHAT";
    let words = paper.paint(Ink::Heading, &words);
    paper.line(&words).map_err(Failure::Output)
}

fn row(seq: &str, time: &str, event: &str, kind: &str, how: &str, outcome: &str, ask: &str) -> String {
    format!("{seq:>7}  {time:<19}  {event:<8}  {kind:<11}  {how:<13}  {outcome:<9}  {ask:<8}  ")
}

fn print(bytes: &[u8], entry: &Entry, json: bool, paper: &mut Paper) -> Result<(), Failure> {
    if json {
        return paper.bytes(bytes).and_then(|()| paper.bytes(b"\n")).map_err(Failure::Output);
    }
    let (text, ink) = (told(entry), ink(entry));
    let text = paper.paint(ink, &text);
    paper.line(&text).map_err(Failure::Output)
}

fn ink(entry: &Entry) -> Ink {
    let told = &entry.told;
    match (told.is_own(), told.ended) {
        (Some(Own::Broken), _) | (_, Some(Resolution::Denied | Resolution::Failed | Resolution::Expired)) => {
            Ink::Bad
        }
        (Some(_), _) => Ink::Faint,
        _ if matches!(told.event.as_str(), "released" | "allowed") => Ink::Good,
        _ => Ink::Plain,
    }
}

/// A line in words. What comes from outside is made fit for a terminal, whoever wrote it.
fn told(entry: &Entry) -> String {
    let told = &entry.told;
    let short = |text: &str, most| Printable::line(text).beginning(most).to_string();
    let how = match (told.how.as_deref(), told.number, told.seconds) {
        (Some(how), Some(number), _) => format!("{how} {number}"),
        (Some(how), _, Some(seconds)) => format!("{how} {seconds} s"),
        (how, ..) => how.unwrap_or_default().to_owned(),
    };
    let time = entry.time.get(..19).unwrap_or(&entry.time).replace('T', " ");
    let mut text = row(
        &entry.seq.to_string(),
        &short(&time, 19),
        &short(&told.event, 12),
        &short(&told.kind, 16),
        &short(&how, 24),
        told.ended.map_or("", Resolution::as_str),
        told.ask.as_ref().and_then(|ask| ask.as_str().get(..8)).unwrap_or_default(),
    );
    let mut more = Vec::new();
    if let Some(rule) = &told.rule {
        more.push(format!("rule {}", short(rule, 40)));
    }
    if let Some(who) = &told.attested {
        let looks = told.claimed.as_ref().map(|claimed| short(&claimed.looks, 40)).unwrap_or_default();
        let looks = if looks.is_empty() { looks } else { format!(" (looks like {looks})") };
        more.push(format!("pid {} of uid {}{looks}", who.pid, who.uid));
    }
    if let Some(what) = &told.what {
        more.push(short(&what.words, WIDE));
        if let Some(signed) = &what.signed {
            let key = signed.key.map(|key| format!(" with {key}")).unwrap_or_default();
            more.push(format!("{} sha256 {}{key}", short(&signed.sort, 20), signed.payload.as_str()));
        }
    }
    if let Some(why) = &told.why {
        // As a sentence, where it is one of this version.
        let fault = serde_json::from_value::<sd_wire::fault::Fault>(why.clone());
        more.push(fault.map_or_else(|_| short(&why.to_string(), WIDE), |fault| fault.to_string()));
    }
    if let Some(note) = &told.note {
        more.push(short(note, 2 * WIDE));
    }
    more.retain(|part| !part.is_empty());
    text.push_str(&more.join("; "));
    text
}

#[cfg(test)]
mod tests {
    use sd_wire::bounded::Text;
    use sd_wire::record::{Attested, Claimed, Matter};

    use super::*;
    use crate::entry::{Told, VERSION};

    fn hostile() -> Entry {
        let hostile = "\u{1b}[2J\u{202e}x\n";
        Entry {
            v: VERSION,
            seq: 7,
            time: format!("{hostile}2026-11-22T14:03:22.123456Z"),
            boot: hostile.into(),
            told: Told {
                event: hostile.into(),
                kind: hostile.into(),
                how: Some(hostile.into()),
                rule: Some(hostile.into()),
                attested: Some(Attested {
                    pid: 1,
                    uid: 2,
                    gid: 3,
                    start: None,
                    pinned: false,
                    parents: Default::default(),
                }),
                claimed: Some(Box::new(Claimed { looks: Text::new(hostile).unwrap(), ..Claimed::default() })),
                what: Some(Box::new(Matter { words: Text::new(hostile).unwrap(), ..Matter::default() })),
                why: Some(serde_json::Value::String(hostile.into())),
                note: Some(hostile.into()),
                ..Told::default()
            },
            prev: String::new(),
        }
    }

    #[test]
    fn whoever_wrote_a_line_paints_no_terminal_with_it() {
        let text = told(&hostile());
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\n']), "{text:?}");
        assert!(text.contains("pid 1 of uid 2"), "{text}");
    }

    #[test]
    fn only_what_is_wanted_is_shown() {
        let mut entry = hostile();
        entry.time = "2026-11-22T14:03:22.123456Z".into();
        entry.told.event = "ended".into();
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
