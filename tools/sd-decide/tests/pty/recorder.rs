//! sd-audit, played by a thread.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_wire::ask::Resolution;
use sd_wire::line::Words;
use sd_wire::record::{Event, Note, Packet, Record, Unwritten};

use crate::stage::say;

/// What it does with what it is to write down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Writes it, and says so.
    Writes,
    /// Nothing, as if it were stopped; what came meanwhile it writes later.
    Waits,
    /// Says that the disk is full.
    Refuses,
    /// Hangs up.
    HangsUp,
    /// Says that it wrote another line.
    Misspeaks,
}

/// It, and what it has written.
pub(crate) struct Recorder {
    does: Arc<Mutex<Does>>,
    lines: Arc<Mutex<Vec<Record>>>,
    ends: Arc<AtomicBool>,
}

impl Recorder {
    /// Listens at this path; tells this past, each with its time in milliseconds since 1970.
    pub(crate) fn start(path: &Path, past: Vec<(u64, Record)>) -> Self {
        let door = Listener::bind(path, 0o600).unwrap();
        let does = Arc::new(Mutex::new(Does::Writes));
        let (lines, ends) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let recorder = Self { does, lines, ends };
        let (does, lines, ends) =
            (Arc::clone(&recorder.does), Arc::clone(&recorder.lines), Arc::clone(&recorder.ends));
        std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                if door.wait(Duration::from_millis(50)).unwrap()
                    && let Some(link) = door.accept().unwrap()
                {
                    serve(&link, &past, &does, &lines, &ends);
                }
            }
        });
        recorder
    }

    /// From now on it does this.
    pub(crate) fn does(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    /// What it has written.
    pub(crate) fn lines(&self) -> Vec<Record> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits until it has written that something ended so.
    pub(crate) fn has(&self, event: Event, ended: Resolution) -> Record {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let found = self.told(event).into_iter().find(|line| line.ended == Some(ended));
            if let Some(line) = found {
                return line;
            }
            assert!(Instant::now() < until, "no line {ended:?}: {:?}", self.lines());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Those lines of what happened.
    pub(crate) fn told(&self, event: Event) -> Vec<Record> {
        self.lines().into_iter().filter(|line| line.event == event).collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

fn serve(
    link: &Link,
    past: &[(u64, Record)],
    does: &Mutex<Does>,
    lines: &Mutex<Vec<Record>>,
    ends: &AtomicBool,
) {
    while !ends.load(Ordering::Relaxed) {
        // It has to hear that it is to end, or to do something else.
        let packet = match link.receive() {
            Ok(Some(packet)) => Packet::from_line(&packet.bytes).unwrap(),
            Err(why) if why.is_would_block() => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            Ok(None) | Err(_) => return,
        };
        let (n, record) = match packet {
            Packet::Record { n, record } => (n, record),
            Packet::Recent { .. } => {
                for (seq, (at, record)) in (1..).zip(past) {
                    say(link, &Note::Past { seq, at: *at, record: Box::new(record.clone()) });
                }
                say(link, &Note::End {});
                continue;
            }
        };
        let mut doing = *does.lock().unwrap();
        while doing == Does::Waits && !ends.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
            doing = *does.lock().unwrap();
        }
        match doing {
            Does::Writes | Does::Waits => {
                let mut lines = lines.lock().unwrap();
                lines.push(*record);
                let _ = link.send(&Note::Written { n, seq: n }.to_line().unwrap(), &[]);
            }
            Does::Refuses => say(link, &Note::Unwritten { n, why: Unwritten::Full }),
            Does::HangsUp => return,
            Does::Misspeaks => say(link, &Note::Written { n: n + 1, seq: 1 }),
        }
    }
}
