//! The one connection to sd-audit: what goes into the record, in order, and what comes back.
//!
//! It is made when something is to be recorded, and made anew when it has ended: what was under way then is not
//! recorded, as nobody can say. What nothing waits for is kept meanwhile, up to a bound, and sent again.

mod rest;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::poll::PollFlags;
use sd_sys::link::{Link, Packet, ReceiveError};
use sd_wire::bounded::Text;
use sd_wire::line::Words;
use sd_wire::record::{self, MAX_RECENT, MAX_UNDER_WAY, Matter, Note, Record, Unwritten};

use crate::clerk::ledger::rest::Rest;
use crate::docket::event::{Event, Moment};
use crate::docket::past::Reader;

/// The most bytes of lines that are kept for sd-audit.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// The lines that are not in the record yet, and the way there.
pub(crate) struct Ledger {
    path: PathBuf,
    /// Whose notes are believed.
    audit: u32,
    link: Option<Link>,
    /// Sent, and not answered, in that order.
    out: VecDeque<Line>,
    /// Not sent, in order.
    waiting: VecDeque<Line>,
    /// The socket takes no more just now.
    is_full: bool,
    rest: Rest,
    past: Past,
    /// How many lines were given up.
    lost: u64,
}

struct Line {
    number: u64,
    awaited: bool,
    packet: Vec<u8>,
}

/// The past is asked for once, and told once.
enum Past {
    Wanted,
    Asked(Box<Reader>),
    Told,
}

impl Ledger {
    /// To the socket at this path, behind which this uid writes.
    pub(crate) fn new(path: &Path, audit: u32) -> Self {
        Self {
            path: path.to_owned(),
            audit,
            link: None,
            out: VecDeque::new(),
            waiting: VecDeque::new(),
            is_full: false,
            rest: Rest::default(),
            past: Past::Wanted,
            lost: 0,
        }
    }

    /// The connection, and what to wait for there.
    pub(crate) fn fd(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let full = if self.is_full { PollFlags::POLLOUT } else { PollFlags::empty() };
        self.link.as_ref().map(|link| (link.as_fd(), PollFlags::POLLIN | full))
    }

    /// When what rests is tried again.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.rest.over().filter(|_| !self.waiting.is_empty())
    }

    /// Sends a line, now or when there is room; what came of it, if that is known already.
    pub(crate) fn record(
        &mut self,
        number: u64,
        awaited: bool,
        record: Box<Record>,
        now: Moment,
    ) -> Vec<Event> {
        let packet = match (record::Packet::Record { n: number, record }).to_line() {
            Ok(packet) => packet,
            Err(why) => {
                sd_journal::warning(format!("nothing recorded: {why}"));
                return vec![unrecorded(number, None)];
            }
        };
        self.make_room(packet.len());
        if awaited && self.bytes().saturating_add(packet.len()) > MOST_BYTES {
            return vec![unrecorded(number, None)];
        }
        self.waiting.push_back(Line { number, awaited, packet });
        self.send(now)
    }

    /// What nothing waits for makes room, the oldest first.
    fn make_room(&mut self, bytes: usize) {
        while self.bytes().saturating_add(bytes) > MOST_BYTES {
            let Some(at) = self.waiting.iter().position(|line| !line.awaited) else { return };
            self.waiting.remove(at);
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn bytes(&self) -> usize {
        self.out.iter().chain(&self.waiting).map(|line| line.packet.len()).sum()
    }

    /// Sends what may be sent; what came of it.
    pub(crate) fn send(&mut self, now: Moment) -> Vec<Event> {
        let rests = self.rest.lasts(now);
        let mut events = Vec::new();
        while self.out.len() < MAX_UNDER_WAY {
            let Some(at) = self.waiting.iter().position(|line| line.awaited || !rests) else { break };
            let was_there = self.link.is_some();
            match self.send_one(at) {
                Ok(()) => self.out.extend(self.waiting.remove(at)),
                Err(why) if was_there && why.kind() == io::ErrorKind::WouldBlock => {
                    self.is_full = true;
                    break;
                }
                // It ended, and that was not heard yet: by a new one.
                Err(_) if was_there => events.extend(self.hang_up()),
                Err(why) => {
                    if !rests {
                        let path = self.path.display();
                        sd_journal::warning(format!("nothing recorded, as {path} is not answered: {why}"));
                    }
                    self.rest.begin(now);
                    events.extend(self.hang_up());
                    // Nobody who waits is kept waiting for nothing.
                    let awaited = self.waiting.iter().filter(|line| line.awaited);
                    events.extend(awaited.map(|line| unrecorded(line.number, None)));
                    self.waiting.retain(|line| !line.awaited);
                    break;
                }
            }
        }
        events
    }

    fn send_one(&mut self, at: usize) -> io::Result<()> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.connect()?,
        };
        let link = self.link.insert(link);
        link.send(self.waiting.get(at).map_or(&[], |line| &line.packet), &[])
    }

    fn connect(&mut self) -> io::Result<Link> {
        let link = Link::connect(&self.path)?;
        if !matches!(self.past, Past::Told) {
            let ask = record::Packet::Recent { most: MAX_RECENT }.to_line().map_err(io::Error::other)?;
            link.send(&ask, &[])?;
            self.past = Past::Asked(Box::default());
        }
        Ok(link)
    }

    /// Hears what has come, and sends what had no room.
    pub(crate) fn hear(&mut self, now: Moment) -> Vec<Event> {
        self.is_full = false;
        let mut events = Vec::new();
        while let Some(link) = &self.link {
            match link.receive() {
                Ok(Some(packet)) => match self.read(&packet, now) {
                    Ok(event) => events.extend(event),
                    Err(why) => {
                        sd_journal::warning(format!("note of sd-audit refused: {why}"));
                        self.rest.begin(now);
                        events.extend(self.hang_up());
                    }
                },
                Err(why) if why.is_would_block() => break,
                // It closed with words of ours unread: what it said is still to be read.
                Err(ReceiveError::Io(why)) if why.kind() == io::ErrorKind::ConnectionReset => {}
                Ok(None) => {
                    // Or what ends it would be sent to it again at once, for ever.
                    if !self.out.is_empty() {
                        self.rest.begin(now);
                    }
                    events.extend(self.hang_up());
                }
                Err(why) => {
                    sd_journal::warning(format!("sd-audit not understood: {why}"));
                    self.rest.begin(now);
                    events.extend(self.hang_up());
                }
            }
        }
        events.extend(self.send(now));
        events
    }

    fn read(&mut self, packet: &Packet, now: Moment) -> Result<Option<Event>, String> {
        if packet.writer.as_ref().map(|writer| writer.uid) != Some(self.audit) || !packet.fds.is_empty() {
            return Err(format!("it was not written by uid {}, or carried descriptors", self.audit));
        }
        match (Note::from_line(&packet.bytes), &mut self.past) {
            (Ok(Note::Written { n, .. }), _) => {
                self.answered(n)?;
                self.rest = Rest::default();
                self.tell_what_was_lost();
                Ok(Some(Event::Recorded { number: n }))
            }
            (Ok(Note::Unwritten { n, why }), _) => {
                let line = self.answered(n)?;
                if !self.rest.lasts(now) {
                    sd_journal::warning(format!("not recorded: {why}"));
                }
                if !line.awaited {
                    // Nothing waits for it, so there is time to try again.
                    self.rest.begin(now);
                    self.keep(line);
                }
                Ok(Some(unrecorded(n, Some(why))))
            }
            (Ok(Note::Past { at, record, .. }), Past::Asked(reader)) => {
                reader.take(at, &record);
                Ok(None)
            }
            (Ok(Note::End {}), Past::Asked(reader)) => {
                let decisions = std::mem::take(reader).decisions();
                self.past = Past::Told;
                Ok(Some(Event::Remembered(decisions)))
            }
            (Ok(_), _) => Err("it tells of a past that was not asked for".to_owned()),
            (Err(why), _) => Err(why.to_string()),
        }
    }

    /// The line that is answered: the first one that is out.
    fn answered(&mut self, number: u64) -> Result<Line, String> {
        match self.out.pop_front() {
            Some(line) if line.number == number => Ok(line),
            other => {
                // That one is out as much as the others.
                other.into_iter().for_each(|line| self.out.push_front(line));
                Err(format!("it answers line {number}, which is not the next one"))
            }
        }
    }

    /// The connection has ended, or is ended: of what was under way nobody can say whether it is in the record.
    fn hang_up(&mut self) -> Vec<Event> {
        (self.link, self.is_full) = (None, false);
        if let Past::Asked(_) = self.past {
            self.past = Past::Wanted;
        }
        let mut events = Vec::new();
        for line in std::mem::take(&mut self.out) {
            if line.awaited {
                events.push(unrecorded(line.number, None));
            } else {
                // Twice in the record is better than never.
                self.keep(line);
            }
        }
        events
    }

    fn keep(&mut self, line: Line) {
        let at = self.waiting.partition_point(|other| other.number < line.number);
        self.waiting.insert(at, line);
    }

    /// How many lines are missing is a line of its own.
    fn tell_what_was_lost(&mut self) {
        if self.lost == 0 {
            return;
        }
        let words = format!("{} lines before this one could not be kept", self.lost);
        sd_journal::warning(format!("not recorded: {words}"));
        let what = Some(Box::new(Matter { words: Text::clipped(&words), ..Matter::default() }));
        let record = Record { kind: Text::clipped("lost"), what, ..Record::of(record::Event::Changed) };
        // A number that nothing else has, since nothing waits for it.
        let line = record::Packet::Record { n: u64::MAX, record: Box::new(record) }.to_line();
        if let Ok(packet) = line {
            self.waiting.push_back(Line { number: u64::MAX, awaited: false, packet });
            self.lost = 0;
        }
    }
}

fn unrecorded(number: u64, why: Option<Unwritten>) -> Event {
    Event::Unrecorded { number, why }
}

#[cfg(test)]
mod tests;
