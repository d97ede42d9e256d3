//! The door of `decide.sock`: who comes in, and the one packet that each may bring.

use std::os::fd::OwnedFd;

use sd_journal::Record;
use sd_sys::link::{Link, Packet};
use sd_sys::listener::Listener;
use sd_sys::payload::Payload;
use sd_sys::sink::Sink;
use sd_wire::ask::{self, Ask, Want};
use sd_wire::fault::{Fault, Stage};
use sd_wire::id::AskId;
use sd_wire::import::MAX_MANIFEST;
use sd_wire::line::Words;
use sd_wire::outcome::{Outcome, What};
use sd_wire::parties::Parties;
use sd_wire::sign;

use crate::clerk::held::Beside;
use crate::lobby::Lobby;

/// The door.
pub(crate) struct Door {
    pub(crate) lobby: Lobby,
    parties: Parties,
}

/// What came in at the door.
pub(crate) enum Brought {
    /// An ask, with everything that belongs to it.
    Ask {
        /// The gate's words.
        ask: Box<Ask>,
        /// What came beside it.
        beside: Beside,
        /// Where the note about its end goes.
        gate: Link,
    },
    /// An ask is taken back.
    Cancel {
        /// Which.
        id: AskId,
        /// Where the answer goes.
        gate: Link,
    },
    /// How many asks wait?
    Status {
        /// Where the answer goes.
        gate: Link,
    },
}

impl Door {
    /// The door behind this listener.
    pub(crate) fn new(listener: Listener, parties: Parties) -> Self {
        Self { lobby: Lobby::new(listener, parties.gate, "the gate"), parties }
    }

    /// What the visitors at these places have brought. Each brings one packet, well formed or not.
    pub(crate) fn hear(&mut self, places: &[usize]) -> Vec<Brought> {
        let said = self.lobby.hear(places);
        said.into_iter().filter_map(|(packet, gate)| self.read(packet, gate)).collect()
    }

    fn read(&self, packet: Packet, gate: Link) -> Option<Brought> {
        let Packet { bytes, fds, .. } = packet;
        let untrusted = match ask::Packet::from_line(&bytes) {
            Ok(packet) => packet,
            Err(why) => {
                refuse(format!("packet refused: {why}"));
                self.turn_away(salvage_id(&bytes), fds);
                return None;
            }
        };
        match untrusted {
            ask::Packet::Ask(ask) => self.read_ask(ask, fds, gate),
            ask::Packet::Cancel { .. } | ask::Packet::Status {} if !fds.is_empty() => {
                refuse(format!("packet refused: {} descriptors came where none belong", fds.len()));
                None
            }
            ask::Packet::Cancel { id } => Some(Brought::Cancel { id, gate }),
            ask::Packet::Status {} => Some(Brought::Status { gate }),
        }
    }

    fn read_ask(&self, ask: Box<Ask>, fds: Vec<OwnedFd>, gate: Link) -> Option<Brought> {
        let (found, wanted) = (fds.len(), ask.want.descriptors());
        let mut fds = fds.into_iter();
        let (sink, payload, objects) = (fds.next(), fds.next(), fds.next());
        if found != wanted || fds.next().is_some() {
            let kind = ask.want.kind();
            refuse_ask(&ask, format!("a {kind} takes {wanted} descriptors, {found} came"));
            self.turn_away(Some(ask.id), sink);
            return None;
        }
        let sink = match Sink::admit(sink?, self.parties.desktop) {
            Ok(sink) => sink,
            Err(why) => {
                refuse_ask(&ask, why);
                return None;
            }
        };
        let most = if matches!(ask.want, Want::Import { .. }) { MAX_MANIFEST } else { sign::MAX_PAYLOAD };
        let payload = payload.map(|fd| Payload::admit(fd, most)).transpose();
        let objects = objects.map(|fd| Payload::admit(fd, sign::MAX_OBJECTS)).transpose();
        match (payload, objects) {
            (Ok(payload), Ok(objects)) => {
                Some(Brought::Ask { ask, beside: Beside { sink, payload, objects }, gate })
            }
            (Err(why), _) | (_, Err(why)) => {
                refuse_ask(&ask, why);
                settle(sink, &ask.id, Fault::Malformed);
                None
            }
        }
    }

    /// Tells the requester, if there is a sink among the descriptors.
    fn turn_away(&self, id: Option<AskId>, fds: impl IntoIterator<Item = OwnedFd>) {
        let sink = fds.into_iter().next().and_then(|fd| Sink::admit(fd, self.parties.desktop).ok());
        if let (Some(sink), Some(id)) = (sink, id) {
            settle(sink, &id, Fault::Malformed);
        }
    }
}

/// Writes into the sink that it failed here.
pub(crate) fn settle(sink: Sink, id: &AskId, why: Fault) {
    let outcome = Outcome { id: id.clone(), what: What::Failed { stage: Stage::Decide, why } };
    // A requester that does not listen learns by the end of its sink.
    let _ = outcome.to_line().map(|line| sink.settle(&line));
}

fn refuse(why: impl std::fmt::Display) {
    sd_journal::warning(why);
}

fn refuse_ask(ask: &Ask, why: impl std::fmt::Display) {
    Record::warning(format!("ask refused: {why}")).ask(&ask.id).kind(ask.want.kind()).send();
}

/// The id in a line that is not understood, so that whoever waits for it can be told.
fn salvage_id(bytes: &[u8]) -> Option<AskId> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, after) = text.split_once("\"id\":\"")?;
    AskId::parse(after.get(..16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_in_a_line_of_another_version() {
        let line = br#"{"v":2,"body":{"ask":{"id":"0123456789abcdef","want":"x"}}}"#;
        assert_eq!(salvage_id(line).unwrap().as_str(), "0123456789abcdef");
        assert_eq!(salvage_id(b"\"id\":\"0123"), None);
        assert_eq!(salvage_id(b"\xff\xfe"), None);
    }
}
