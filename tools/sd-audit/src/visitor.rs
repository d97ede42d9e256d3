//! One connection of `sd-decide`: what it has said, and what it has not taken yet.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use sd_sys::link::Link;
use sd_wire::line::Words;
use sd_wire::record::{MAX_RECENT, MAX_UNDER_WAY, Note, Packet};

/// How long an answer may lie here before the one that does not take it is left to itself.
const TAKES: Duration = Duration::from_secs(10);

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It hung up.
    HungUp,
    /// It said what nobody of its role says, or takes no answers.
    Dropped(String),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Visitor {
    link: Link,
    uid: u32,
    /// Lines that are to be sent.
    answers: VecDeque<Vec<u8>>,
    /// Since when the first of them could not be.
    stuck: Option<Instant>,
}

impl Visitor {
    /// A connection of the one that may come.
    pub(crate) fn admit(link: Link, only: u32) -> Result<Self, String> {
        let uid = link.peer().map_err(|e| e.to_string())?.uid;
        if uid != only {
            return Err(format!("it came from uid {uid}, only uid {only} may"));
        }
        Ok(Self { link, uid, answers: VecDeque::new(), stuck: None })
    }

    /// To wait for it.
    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// Whether it is heard: not while it has answers to take.
    pub(crate) fn is_heard(&self) -> bool {
        self.answers.is_empty()
    }

    /// When it is given up, if it does not take what lies here.
    pub(crate) fn patience(&self) -> Option<Instant> {
        self.stuck.and_then(|since| since.checked_add(TAKES))
    }

    /// What it has said by now, at most as much as may be under way.
    pub(crate) fn hear(&mut self) -> Result<Vec<Packet>, Gone> {
        let mut heard = Vec::new();
        while self.is_heard() && heard.len() < MAX_UNDER_WAY {
            let packet = match self.link.receive() {
                Err(why) if why.is_would_block() => break,
                // It closed before it had read all; what it had said can still be received.
                Err(sd_sys::ReceiveError::Io(why)) if why.kind() == io::ErrorKind::ConnectionReset => {
                    continue;
                }
                Err(why) => return Err(Gone::Dropped(why.to_string())),
                // What was heard before it hung up is written down all the same.
                Ok(None) if heard.is_empty() => return Err(Gone::HungUp),
                Ok(None) => break,
                Ok(Some(packet)) => packet,
            };
            if packet.writer.is_none_or(|writer| writer.uid != self.uid) {
                return Err(Gone::Dropped("another uid writes into its connection".into()));
            }
            if !packet.fds.is_empty() {
                return Err(Gone::Dropped("descriptors came with a record, which takes none".into()));
            }
            heard.push(Packet::from_line(&packet.bytes).map_err(|e| Gone::Dropped(e.to_string()))?);
        }
        Ok(heard)
    }

    /// Says something, now or when there is room.
    pub(crate) fn say(&mut self, note: &Note) {
        // Never too long: a record that fits into its packet fits into this one (sd_wire::record's tests).
        if let Ok(line) = note.to_line() {
            self.answers.push_back(line);
        }
    }

    /// Sends what there is room for.
    pub(crate) fn send(&mut self, now: Instant) -> Result<(), Gone> {
        while let Some(line) = self.answers.front() {
            match self.link.send(line, &[]) {
                Ok(()) => {
                    self.answers.pop_front();
                    self.stuck = None;
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    self.stuck = self.stuck.or(Some(now));
                    if self.patience().is_some_and(|until| until <= now) {
                        return Err(Gone::Dropped(format!("it took no answer for {} s", TAKES.as_secs())));
                    }
                    return Ok(());
                }
                Err(_) => return Err(Gone::HungUp),
            }
        }
        Ok(())
    }
}

/// How many of the past are told at most.
pub(crate) fn most(wanted: u32) -> usize {
    usize::try_from(wanted.min(MAX_RECENT)).unwrap_or_default()
}
