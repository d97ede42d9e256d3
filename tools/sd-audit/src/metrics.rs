//! Numbers for node-exporter's textfile collector: no port is opened, and nobody is asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::chain::Chain;
use crate::entry::Told;
use crate::moment;

/// The name of the file.
pub(crate) const NAME: &str = "metrics.prom";
/// It is written this long after something has changed, with all that has changed since.
const AFTER: Duration = Duration::from_secs(15);
/// The most different values of one label: whoever could make up kinds makes no more numbers than this.
const MOST: usize = 64;
const PREFIX: &str = "secrets_dispatcher_audit";

/// What was counted since the start.
#[derive(Debug)]
pub(crate) struct Metrics {
    folder: PathBuf,
    user: String,
    events: BTreeMap<String, u64>,
    decisions: BTreeMap<String, u64>,
    outcomes: BTreeMap<(String, String), u64>,
    unwritten: u64,
    last: Option<Duration>,
    due: Option<Instant>,
}

impl Metrics {
    /// Of the record in this folder, whose name is the user's.
    pub(crate) fn of(folder: &Path) -> Self {
        let user = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            folder: folder.to_owned(),
            user: label(&user),
            events: BTreeMap::new(),
            decisions: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            unwritten: 0,
            last: None,
            due: Some(Instant::now()),
        }
    }

    /// One that was written.
    pub(crate) fn count(&mut self, told: &Told) {
        more(&mut self.events, told.event.clone());
        if let Some(how) = &told.how {
            more(&mut self.decisions, how.clone());
        }
        if let Some(ended) = told.ended {
            more(&mut self.outcomes, (label(&told.kind), ended.as_str().to_owned()));
        }
        self.last = Some(moment::now());
        self.changed();
    }

    /// One that could not be.
    pub(crate) fn count_unwritten(&mut self) {
        self.unwritten += 1;
        self.changed();
    }

    fn changed(&mut self) {
        self.due = self.due.or_else(|| Instant::now().checked_add(AFTER));
    }

    /// When the file is to be written.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes it if that is due.
    pub(crate) fn write_if_due(&mut self, now: Instant, chain: Option<&Chain>) {
        if self.due.is_some_and(|due| due <= now) {
            self.write(chain);
        }
    }

    /// Writes it. That it cannot be, as on a full disk, is no reason not to serve.
    pub(crate) fn write(&mut self, chain: Option<&Chain>) {
        self.due = None;
        let _ = put(&self.folder, &self.text(chain));
    }

    fn text(&self, chain: Option<&Chain>) -> String {
        let mut text = String::new();
        let user = &self.user;
        let events = self.events.iter().map(|(event, n)| (format!(",event=\"{}\"", label(event)), *n));
        family(&mut text, "lines_total", "counter", "Lines written since the start, by event.", user, events);
        let decisions = self.decisions.iter().map(|(how, n)| (format!(",how=\"{}\"", label(how)), *n));
        family(&mut text, "decisions_total", "counter", "Lines by what decided.", user, decisions);
        let outcomes = self
            .outcomes
            .iter()
            .map(|((kind, outcome), n)| (format!(",kind=\"{kind}\",outcome=\"{}\"", label(outcome)), *n));
        family(
            &mut text,
            "asks_total",
            "counter",
            "Asks that have ended, by kind and outcome.",
            user,
            outcomes,
        );
        let mut one = |name, sort, help, value: u64| {
            family(&mut text, name, sort, help, user, std::iter::once((String::new(), value)));
        };
        one(
            "unwritten_total",
            "counter",
            "Records that could not be written, so that nothing was released.",
            self.unwritten,
        );
        one("up", "gauge", "Whether the record can be written.", u64::from(chain.is_some()));
        if let Some(chain) = chain {
            one("last_line", "gauge", "The number of the last line.", chain.seq());
            one("file_bytes", "gauge", "The length of the file that is written to.", chain.size());
        }
        if let Some(last) = self.last {
            one("last_written_timestamp_seconds", "gauge", "When the last line was written.", last.as_secs());
        }
        text
    }
}

fn family(
    text: &mut String,
    name: &str,
    sort: &str,
    help: &str,
    user: &str,
    values: impl Iterator<Item = (String, u64)>,
) {
    let mut values = values.peekable();
    if values.peek().is_none() {
        return;
    }
    // Writing to a string cannot fail.
    let _ = write!(text, "# HELP {PREFIX}_{name} {help}\n# TYPE {PREFIX}_{name} {sort}\n");
    for (labels, value) in values {
        let _ = writeln!(text, "{PREFIX}_{name}{{user=\"{user}\"{labels}}} {value}");
    }
}

fn more<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    if counts.len() < MOST || counts.contains_key(&key) {
        *counts.entry(key).or_default() += 1;
    }
}

/// A value of a label, without what would need an escape.
fn label(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.chars().take(32).map(|c| if plain(c) { c } else { '_' }).collect()
}

/// Whole, or not at all: a reader sees the one before or this one.
fn put(folder: &Path, text: &str) -> io::Result<()> {
    let (part, path) = (folder.join(".metrics.part"), folder.join(NAME));
    match fs::remove_file(&part) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(&part)?;
    // The umask of this process is stricter; who is in the group may read it, and nothing else here.
    fs::set_permissions(&part, std::os::unix::fs::PermissionsExt::from_mode(0o640))?;
    file.write_all(text.as_bytes())?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_stands_in_the_file_and_no_made_up_word_breaks_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut metrics = Metrics::of(&folder.path().join("nb"));
        let ended = Told {
            event: "ended".into(),
            kind: "a\"b\n{}".into(),
            how: Some("key".into()),
            ended: Some(sd_wire::ask::Resolution::Denied),
            ..Told::default()
        };
        metrics.count(&ended);
        metrics.count(&ended);
        metrics.count_unwritten();
        let text = metrics.text(None);
        for line in [
            "# TYPE secrets_dispatcher_audit_lines_total counter",
            "secrets_dispatcher_audit_lines_total{user=\"nb\",event=\"ended\"} 2",
            "secrets_dispatcher_audit_decisions_total{user=\"nb\",how=\"key\"} 2",
            "secrets_dispatcher_audit_asks_total{user=\"nb\",kind=\"a_b___\",outcome=\"denied\"} 2",
            "secrets_dispatcher_audit_unwritten_total{user=\"nb\"} 1",
            "secrets_dispatcher_audit_up{user=\"nb\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn made_up_kinds_make_no_more_numbers_than_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let mut metrics = Metrics::of(folder.path());
        for n in 0..1000 {
            metrics.count(&Told {
                event: format!("e{n}"),
                kind: format!("k{n}"),
                ended: Some(sd_wire::ask::Resolution::Granted),
                ..Told::default()
            });
        }
        assert!(metrics.text(None).lines().count() < 3 * MOST);
        metrics.write(None);
        assert!(folder.path().join(NAME).is_file());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
