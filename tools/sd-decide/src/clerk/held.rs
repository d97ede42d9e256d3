//! What is held for each ask: its sink and payload until they move on, and the gate's connection until the end.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use sd_journal::Record;
use sd_sys::link::Link;
use sd_sys::payload::Payload;
use sd_sys::sink::Sink;
use sd_wire::ask::{Ask, Note, Resolution};
use sd_wire::description::Description;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::outcome::{Listed, MAX_SHOWN, Outcome, What};

use crate::caller::Caller;

/// What came beside an ask.
pub(crate) struct Beside {
    /// The way home.
    pub(crate) sink: Sink,
    /// What is to be signed, or the manifest of an import.
    pub(crate) payload: Option<Payload>,
    /// What proves the files of a commit.
    pub(crate) objects: Option<Payload>,
}

/// Everything that is held, by ask.
#[derive(Default)]
pub(crate) struct Cabinet(HashMap<AskId, Held>);

struct Held {
    kind: &'static str,
    uid: u32,
    pid: i32,
    sink: Option<Sink>,
    payload: Option<Payload>,
    objects: Option<Payload>,
    gate: Link,
}

impl Cabinet {
    /// Keeps what came with an ask.
    pub(crate) fn keep(&mut self, ask: &Ask, beside: Beside, gate: Link, caller: &Caller) {
        let (kind, uid, pid) = (ask.want.kind(), caller.uid, caller.pid);
        let Beside { sink, payload, objects } = beside;
        let held = Held { kind, uid, pid, sink: Some(sink), payload, objects, gate };
        self.0.insert(ask.id.clone(), held);
    }

    /// How many connections of the gate are held.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many bytes of payloads are held.
    pub(crate) fn payloads(&self) -> usize {
        self.0.values().filter_map(|held| held.payload.as_ref()).map(Payload::len).sum()
    }

    /// The sinks that are still here: their requesters may hang up.
    pub(crate) fn sinks(&self) -> impl Iterator<Item = (&AskId, BorrowedFd<'_>)> {
        self.0.iter().filter_map(|(id, held)| Some((id, held.sink.as_ref()?.as_fd())))
    }

    /// The payload of this ask, while it is here.
    pub(crate) fn payload(&self, id: &AskId) -> Option<BorrowedFd<'_>> {
        self.0.get(id)?.payload.as_ref().map(Payload::as_fd)
    }

    /// The descriptors that go beside the order of this ask: the sink, then the payload.
    pub(crate) fn forward(&self, id: &AskId) -> Vec<BorrowedFd<'_>> {
        let Some(held) = self.0.get(id) else { return Vec::new() };
        held.sink.iter().map(Sink::as_fd).chain(held.payload.iter().map(Payload::as_fd)).collect()
    }

    /// The commit and what proves its files, which is held no longer.
    pub(crate) fn provable(&mut self, id: &AskId) -> Option<(&Payload, Payload)> {
        let held = self.0.get_mut(id)?;
        Some((held.payload.as_ref()?, held.objects.take()?))
    }

    /// Closes our copies: sink and payload are the worker's.
    pub(crate) fn moved_on(&mut self, id: &AskId) {
        if let Some(held) = self.0.get_mut(id) {
            held.sink = None;
            held.payload = None;
        }
    }

    /// Writes the last line into the sink and closes it.
    pub(crate) fn settle(&mut self, outcome: &Outcome) {
        let Some(sink) = self.0.get_mut(&outcome.id).and_then(|held| held.sink.take()) else { return };
        let written = match outcome.to_line() {
            Ok(line) => sink.settle(&line).map_err(|why| why.to_string()),
            Err(why) => Err(why.to_string()),
        };
        if let Err(why) = written {
            // The requester still learns: its sink ends.
            Record::warning(format!("outcome not written: {why}")).ask(&outcome.id).send();
        }
    }

    /// Writes into the sink that a prompt was approved, and behind that what the person saw, and closes it.
    pub(crate) fn approve(&mut self, id: &AskId, seconds: u32, shown: Vec<Description>) {
        let Some(sink) = self.0.get_mut(id).and_then(|held| held.sink.take()) else { return };
        let body = serde_json::to_vec(&Listed { items: shown }).unwrap_or_default();
        // More than a sink takes at once would have to be waited for: then it is not told.
        let len = u32::try_from(body.len()).ok().filter(|len| *len <= MAX_SHOWN).unwrap_or(0);
        let body = if len == 0 { &[] } else { body.as_slice() };
        let line = Outcome::line(id, What::Approved { seconds, len });
        let written = line
            .map_err(|why| why.to_string())
            .and_then(|line| sink.settle_with(&line, body, Instant::now()).map_err(|why| why.to_string()));
        if let Err(why) = written {
            Record::warning(format!("outcome not written: {why}")).ask(id).send();
        }
    }

    /// Tells the gate how an ask ended, and the log.
    pub(crate) fn tell(&mut self, id: &AskId, how: Resolution) {
        let Some(held) = self.0.get(id) else { return };
        Record::info("ask settled")
            .ask(id)
            .kind(held.kind)
            .caller_uid(held.uid)
            .caller_pid(held.pid)
            .outcome(how.as_str())
            .send();
        note(&held.gate, &Note::Resolved { id: id.clone(), how });
    }

    /// Closes whatever is left.
    pub(crate) fn forget(&mut self, id: &AskId) {
        self.0.remove(id);
    }
}

/// Sends a note to the gate. One that is gone, or does not listen, is not waited for.
pub(crate) fn note(gate: &Link, note: &Note) {
    let _ = note.to_line().map(|line| gate.send(&line, &[]));
}

/// Logs that an ask was not let in.
pub(crate) fn refused(ask: &Ask, why: impl std::fmt::Display) {
    Record::warning(format!("ask refused: {why}")).ask(&ask.id).kind(ask.want.kind()).send();
}
