//! The service: all that has arrived is written in one go, and then each is told.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sd_start::{NotServing, Start};
use sd_sys::listener::Listener;
use sd_wire::parties::Role;
use sd_wire::record::{Note, Packet, Unwritten};

use crate::chain::{Bounds, Chain};
use crate::cli::Serve;
use crate::entry::Told;
use crate::keeper::Keeper;
use crate::metrics::Metrics;
use crate::visitor::{Gone, Visitor, most};
use crate::{news, past};

/// The most connections: `sd-decide` has one, and perhaps a dead one beside it.
const MOST_CONNECTIONS: usize = 4;

/// Serves until nobody has been there for `idle`.
pub(crate) fn run(options: &Serve) -> Result<(), NotServing> {
    let start = Start::as_role(Role::Audit, options.parties.as_deref())?;
    let listener = start.listener("audit")?;
    let folder = folder(options)?;
    let bounds = Bounds { file: options.file_size(), full: options.full_size() };
    let record = Keeper::open(&folder, bounds)?;
    let mut service = Service {
        only: start.parties.decide,
        visitors: Vec::new(),
        record,
        metrics: Metrics::of(&folder),
        pulse: Pulse::wanted(),
    };
    service.told_of_itself();
    sd_journal::ready();
    service.serve(&listener, options.idle())
}

fn folder(options: &Serve) -> Result<PathBuf, NotServing> {
    let named = options.folder.clone().or_else(|| std::env::var_os("LOGS_DIRECTORY").map(PathBuf::from));
    named.ok_or_else(|| {
        NotServing::Misconfigured("neither --folder nor $LOGS_DIRECTORY says where the record is".into())
    })
}

struct Service {
    only: u32,
    visitors: Vec<Visitor>,
    record: Keeper,
    metrics: Metrics,
    pulse: Pulse,
}

impl Service {
    fn serve(&mut self, listener: &Listener, idle: Duration) -> Result<(), NotServing> {
        let mut alone_since = Instant::now();
        loop {
            let now = Instant::now();
            self.pulse.beat();
            self.metrics.write_if_due(now, self.record.chain.as_ref());
            if !self.visitors.is_empty() {
                alone_since = now;
            }
            let left = idle.saturating_sub(now.saturating_duration_since(alone_since));
            if self.visitors.is_empty() && left.is_zero() {
                self.metrics.write(self.record.chain.as_ref());
                return Ok(());
            }
            let patience = self.patience(now, left);
            let found = self.wait(listener, patience)?;
            if found.door
                && let Some(link) = listener.accept()?
            {
                match Visitor::admit(link, self.only) {
                    Ok(visitor) => self.visitors.push(visitor),
                    Err(why) => sd_journal::warning(format!("a connection was refused: {why}")),
                }
            }
            self.attend(&found.visitors);
        }
    }

    /// How long to wait at most.
    fn patience(&self, now: Instant, idle: Duration) -> Option<Duration> {
        let of_visitors = self.visitors.iter().filter_map(Visitor::patience);
        let until = of_visitors.chain(self.metrics.due()).map(|at| at.saturating_duration_since(now)).min();
        let idle = self.visitors.is_empty().then_some(idle);
        [until, idle, self.pulse.until_due()].into_iter().flatten().min()
    }

    fn wait(&self, listener: &Listener, patience: Option<Duration>) -> io::Result<Found> {
        let mut asked = vec![PollFd::new(
            listener.as_fd(),
            if self.visitors.len() < MOST_CONNECTIONS { PollFlags::POLLIN } else { PollFlags::empty() },
        )];
        asked.extend(self.visitors.iter().map(|visitor| {
            let wanted = if visitor.is_heard() { PollFlags::POLLIN } else { PollFlags::POLLOUT };
            PollFd::new(visitor.link().as_fd(), wanted)
        }));
        // Rounded up, or the last millisecond would be spent in a circle.
        let timeout = patience.map_or(PollTimeout::NONE, |left| {
            PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut asked, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
        }
        let some = |one: &PollFd<'_>| one.revents().is_none_or(|events| !events.is_empty());
        let mut asked = asked.iter();
        let door = asked.next().is_some_and(some);
        Ok(Found { door, visitors: asked.map(some).collect() })
    }

    /// Hears those that have something to say, writes all of it down in one go, and answers.
    fn attend(&mut self, found: &[bool]) {
        let mut ends: Vec<Option<Gone>> = Vec::new();
        let mut group = Vec::new();
        let mut replies = Vec::new();
        for (place, visitor) in self.visitors.iter_mut().enumerate() {
            let called = found.get(place).copied().unwrap_or_default();
            let heard = if called && visitor.is_heard() { visitor.hear() } else { Ok(Vec::new()) };
            let end = match heard {
                Err(end) => Some(end),
                Ok(packets) => {
                    for packet in packets {
                        match packet {
                            Packet::Record { n, record } => {
                                replies.push((place, Reply::Written { n, place_in_group: group.len() }));
                                group.push(Told::of(*record));
                            }
                            Packet::Recent { most } => replies.push((place, Reply::Recent(most))),
                        }
                    }
                    None
                }
            };
            ends.push(end);
        }
        let written = if group.is_empty() { Ok(0) } else { self.record.write(group.clone()) };
        for (place, reply) in replies {
            let Some(visitor) = self.visitors.get_mut(place) else { continue };
            match reply {
                Reply::Written { n, place_in_group } => visitor.say(&match written {
                    Ok(first) => Note::Written {
                        n,
                        seq: first.saturating_add(u64::try_from(place_in_group).unwrap_or_default()),
                    },
                    Err(why) => Note::Unwritten { n, why },
                }),
                Reply::Recent(wanted) => {
                    for note in past::recent(&self.record.folder, most(wanted)) {
                        visitor.say(&note);
                    }
                    visitor.say(&Note::End {});
                }
            }
        }
        let now = Instant::now();
        for (visitor, end) in self.visitors.iter_mut().zip(&mut ends) {
            if end.is_none() {
                *end = visitor.send(now).err();
            }
        }
        let mut ends = ends.into_iter();
        self.visitors.retain(|_| match ends.next().flatten() {
            None => true,
            Some(Gone::HungUp) => false,
            Some(Gone::Dropped(why)) => {
                sd_journal::warning(format!("a connection was dropped: {why}"));
                false
            }
        });
        self.record.settle();
        // Nobody waits for the journal.
        self.told(&group, written);
    }

    fn told(&mut self, group: &[Told], written: Result<u64, Unwritten>) {
        if group.is_empty() {
            return;
        }
        self.told_of_itself();
        for (seq, told) in (written.unwrap_or_default()..).zip(group) {
            match written {
                Ok(_) => {
                    self.metrics.count(told);
                    news::written(seq, told);
                }
                Err(why) => {
                    self.metrics.count_unwritten();
                    news::unwritten(why, told);
                }
            }
        }
    }

    /// What `sd-audit` has written of itself.
    fn told_of_itself(&mut self) {
        for told in self.record.chain.as_mut().map(Chain::own_news).unwrap_or_default() {
            self.metrics.count(&told);
            news::own(&told);
        }
    }
}

enum Reply {
    Written { n: u64, place_in_group: usize },
    Recent(u32),
}

/// Who has something to say.
struct Found {
    door: bool,
    visitors: Vec<bool>,
}

/// What the unit's watchdog wants to hear.
struct Pulse {
    every: Option<Duration>,
    last: Instant,
}

impl Pulse {
    fn wanted() -> Self {
        let every = sd_journal::watchdog_interval().and_then(|interval| interval.checked_div(2));
        Self { every, last: Instant::now() }
    }

    fn beat(&mut self) {
        if self.until_due().is_some_and(|due| due.is_zero()) {
            self.last = Instant::now();
            sd_journal::watchdog();
        }
    }

    fn until_due(&self) -> Option<Duration> {
        self.every.map(|every| every.saturating_sub(self.last.elapsed()))
    }
}
