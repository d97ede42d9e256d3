//! The clients, and what each of their requests came to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use test_harness::chaos::judge::{Judge, Release};
use test_harness::chaos::steps::WELL;

use crate::support::Going;

/// How long a request may go on: to be described, to stand on the screen, to be carried out, each with its deadline, and
/// what stops of the chain add.
const PATIENCE: u64 = 100;

struct Mob {
    child: Child,
    stdin: ChildStdin,
    /// Which of those that had this place: of one that was killed nothing is expected.
    life: u64,
    newest: Option<u64>,
}

/// A request that goes on.
struct Open {
    mob: usize,
    pid: i32,
    words: Vec<String>,
    began: Instant,
    id: Option<String>,
    reading: Option<Instant>,
}

struct Said {
    mob: usize,
    life: u64,
    line: String,
    at: Instant,
}

/// All clients.
pub(crate) struct Crowd {
    mobs: Vec<Mob>,
    session_bus: String,
    lives: u64,
    number: u64,
    open: HashMap<u64, Open>,
    sender: Sender<Said>,
    hears: Receiver<Said>,
    /// How often each end was heard.
    pub(crate) ends: HashMap<String, usize>,
    pub(crate) slowest: Duration,
    pub(crate) asked: usize,
}

impl Crowd {
    pub(crate) fn gathers(going: &Going, session_bus: &str, size: u64) -> Self {
        let (sender, hears) = channel();
        let mut crowd = Self {
            mobs: Vec::new(),
            session_bus: session_bus.to_owned(),
            lives: 0,
            number: 0,
            open: HashMap::new(),
            sender,
            hears,
            ends: HashMap::new(),
            slowest: Duration::ZERO,
            asked: 0,
        };
        for place in 0..usize::try_from(size).unwrap() {
            let mob = crowd.comes(going, place);
            crowd.mobs.push(mob);
        }
        crowd
    }

    fn comes(&mut self, going: &Going, place: usize) -> Mob {
        self.lives += 1;
        let life = self.lives;
        let mut child = going
            .as_desktop("sd-mob", &["--patience", &PATIENCE.to_string()])
            .env("DBUS_SESSION_BUS_ADDRESS", &self.session_bus)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(Said { mob: place, life, line, at: Instant::now() });
            }
        });
        Mob { child, stdin, life, newest: None }
    }

    /// Has one ask for something; the number of the request.
    pub(crate) fn asks(&mut self, mob: u64, words: &str) -> u64 {
        self.number += 1;
        let place = usize::try_from(mob).unwrap();
        let it = &mut self.mobs[place];
        it.newest = Some(self.number);
        writeln!(it.stdin, "{} {words}", self.number).unwrap();
        let open = Open {
            mob: place,
            pid: i32::try_from(it.child.id()).unwrap(),
            words: words.split_whitespace().map(str::to_owned).collect(),
            began: Instant::now(),
            id: None,
            reading: None,
        };
        self.open.insert(self.number, open);
        self.asked += 1;
        self.number
    }

    /// Tells one something about its newest request.
    pub(crate) fn tells(&mut self, mob: u64, word: &str) {
        self.number += 1;
        let it = &mut self.mobs[usize::try_from(mob).unwrap()];
        let newest = it.newest.map(|n| n.to_string()).unwrap_or_default();
        writeln!(it.stdin, "{} {word} {newest}", self.number).unwrap();
    }

    /// Kills one; another takes its place.
    pub(crate) fn replaces(&mut self, going: &Going, mob: u64) {
        let place = usize::try_from(mob).unwrap();
        let _ = self.mobs[place].child.kill();
        let _ = self.mobs[place].child.wait();
        self.open.retain(|_, open| open.mob != place);
        self.mobs[place] = self.comes(going, place);
    }

    /// How many requests go on.
    pub(crate) fn waiting(&self) -> usize {
        self.open.len()
    }

    /// Those, in words.
    pub(crate) fn waits_for(&self) -> Vec<String> {
        let words = |(n, open): (&u64, &Open)| {
            format!(
                "{n} ({}, {:.1} s): {}",
                open.pid,
                open.began.elapsed().as_secs_f32(),
                open.words.join(" ")
            )
        };
        self.open.iter().map(words).collect()
    }

    /// Hears what clients say until then, and judges it; the ends of requests with their numbers.
    pub(crate) fn hear(
        &mut self,
        until: Instant,
        judge: &std::sync::Mutex<Judge>,
    ) -> Result<Vec<(u64, String)>, String> {
        let mut ended = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(said) = self.hears.recv_timeout(left) else { return Ok(ended) };
            if self.mobs[said.mob].life != said.life {
                continue;
            }
            let mut words = said.line.splitn(3, ' ');
            let number: u64 = words.next().unwrap_or_default().parse().map_err(|_| said.line.clone())?;
            let (word, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let Some(open) = self.open.get_mut(&number) else { continue };
            match word {
                "id" => open.id = Some(rest.to_owned()),
                "reading" => open.reading = Some(said.at),
                "end" => {
                    let open = self.open.remove(&number).unwrap();
                    self.slowest = self.slowest.max(open.began.elapsed());
                    allowed(&open, rest, &judge.lock().unwrap())?;
                    let kind = rest.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
                    let kind = if rest.starts_with("granted") {
                        kind
                    } else {
                        rest.split(' ').next().unwrap_or_default().to_owned()
                    };
                    *self.ends.entry(kind).or_default() += 1;
                    ended.push((number, rest.to_owned()));
                }
                _ => {
                    return Err(format!("request {number}, {}: {word} {rest}", open.words.join(" ")));
                }
            }
        }
    }
}

/// Whether this may have come out.
fn allowed(open: &Open, end: &str, judge: &Judge) -> Result<(), String> {
    let words: Vec<&str> = open.words.iter().map(String::as_str).collect();
    let ends: Vec<&str> = end.split_whitespace().collect();
    let asked = |kind, about: &str| Release::Asked {
        id: open.id.clone().unwrap_or_default(),
        kind,
        about: about.to_owned(),
    };
    let app = |kind, about: &str| Release::Changed { app: open.pid, kind, about: about.to_owned() };
    let release = match (words.as_slice(), ends.as_slice()) {
        (["read", item], ["granted" | "cut", "secret", rest @ ..]) => {
            is_of(item, rest, ends[0] == "cut")?;
            asked("read", item)
        }
        (["app-read", path], ["got", rest @ ..]) => {
            is_of(path, rest, false)?;
            let release = Release::Read { app: open.pid, path: (*path).to_owned() };
            let began = open.reading.unwrap_or(open.began);
            return verdict(judge.allows(&release, open.pid, began), open, end);
        }
        (["list"], ["granted" | "cut", "listed", ..]) => asked("list", ""),
        (["access", item], ["approved"]) => asked("access", item),
        (["store", label, ..], ["granted", "stored", _]) => asked("store", label),
        (["replace", item, _], ["granted", "stored" | "changed", ..]) => asked("set", item),
        (["delete", item], ["granted", "deleted"]) => asked("delete", item),
        (["sign", _], ["granted" | "cut", "signature", ..]) => asked("sign", ""),
        (["unlock"], ["unlocked"]) => asked("unlock", ""),
        (["app-store", label, ..], ["stored", _]) => app("store", label),
        (["app-delete", item], ["deleted", ..]) => app("delete", item),
        // Free for everybody.
        (["search", _], ["granted" | "cut", "found", ..])
        | (["collections"], ["granted" | "cut", "collections", ..])
        | (["lock"], ["locked"])
        | (["app-search", _], ["found"])
        | (["app-lock"], ["locked"]) => return Ok(()),
        // Nothing came out.
        (
            _,
            [
                "denied" | "expired" | "cancelled" | "rejected" | "failed" | "eof" | "hung-up" | "refused"
                | "error" | "dismissed" | "lost",
                ..,
            ],
        ) => return Ok(()),
        _ => return Err(format!("{} ended as {end}, which is no end of that", open.words.join(" "))),
    };
    verdict(judge.allows(&release, open.pid, open.began), open, end)
}

fn verdict(allowed: bool, open: &Open, end: &str) -> Result<(), String> {
    if allowed {
        return Ok(());
    }
    Err(format!(
        "RELEASED WITHOUT A YES: {} of {} ({:?}) ended as {end}",
        open.words.join(" "),
        open.pid,
        open.id
    ))
}

/// Whether this secret is that of the item.
fn is_of(item: &str, secret: &[&str], cut: bool) -> Result<(), String> {
    let number: u64 = item.rsplit('i').next().unwrap_or_default().parse().unwrap_or_default();
    let text = secret.first().copied().unwrap_or_default();
    let right =
        if number <= WELL { text == format!("secret-of-i{number}") } else { text.starts_with("stored-") };
    if right || cut { Ok(()) } else { Err(format!("what came out as the secret of {item} was {secret:?}")) }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for mob in &mut self.mobs {
            let _ = mob.child.kill();
            let _ = mob.child.wait();
        }
    }
}
