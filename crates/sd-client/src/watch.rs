//! The gate's signals, in order, also across a gate that goes and comes again.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_wire::id::AskId;
use smol::future;
use smol::stream::StreamExt;
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::{MatchRule, Message, MessageStream};

use crate::call::refused;
use crate::gate::{INTAKE, INTERFACE, OBJECT};
use crate::listing::{id_of, word};
use crate::{Failure, Gate, Waiting};

/// How many signals may wait while nobody takes any; more than the gate can have waiting, twice.
pub(crate) const QUEUE: usize = 1024;

/// How long after it did not answer a gate that is there is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// The signals, as the XML describes them.
pub(crate) const CREATED: (&str, &str) = ("RequestCreated", "ssu");
pub(crate) const SAYS: (&str, &str) = ("RequestSays", "ss");
pub(crate) const RESOLVED: (&str, &str) = ("RequestResolved", "ss");

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The gate is there, at first or again. What it had waiting before is gone, what it has now is this.
    Here {
        /// In order of arrival.
        waiting: Vec<Waiting>,
    },
    /// The gate is not there, at first or any more. What waited may still be answered: it had moved on.
    Gone,
    /// An ask has come.
    Created {
        /// Its id.
        id: AskId,
        /// What it is for, in one word.
        kind: String,
        /// The process that asked.
        pid: u32,
    },
    /// What the requester of an ask that has come calls the thing that it asks for: a claim, of any characters.
    Says {
        /// Its id.
        id: AskId,
        /// The claim.
        says: String,
    },
    /// An ask is settled; also one that came before anybody watched.
    Resolved {
        /// Its id.
        id: AskId,
        /// How it ended, in one word.
        outcome: String,
    },
}

/// All asks of this desktop user as they come and go, on a connection of its own: a program that takes no events for
/// a while holds up nothing else.
pub struct Watch {
    gate: Gate,
    names: MessageStream,
    /// The gate that is listened to.
    heard: Option<(OwnedUniqueName, MessageStream)>,
    /// Which asks have been told of as waiting, and may come once more as a signal.
    told: HashSet<AskId>,
    queued: VecDeque<Event>,
    /// When to look who the gate is: once somebody else may own its name.
    look_at: Option<Instant>,
}

impl Watch {
    /// Begins to watch on a connection that is made for this. The first event says whether the gate is there.
    ///
    /// # Errors
    /// [`Failure::System`] without a bus, and what a gate answers that is there.
    pub async fn start(gate: Gate) -> Result<Self, Failure> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")
            .and_then(|rule| rule.interface("org.freedesktop.DBus"))
            .and_then(|rule| rule.member("NameOwnerChanged"))
            .and_then(|rule| rule.arg0ns(INTERFACE))
            .map_err(lost)?
            .build();
        let names = MessageStream::for_match_rule(rule, &gate.bus, Some(QUEUE)).await.map_err(lost)?;
        let (told, queued) = (HashSet::new(), VecDeque::new());
        let mut watch = Self { gate, names, heard: None, told, queued, look_at: None };
        watch.look().await?;
        if watch.queued.is_empty() {
            watch.queued.push_back(Event::Gone);
        }
        Ok(watch)
    }

    /// The next event; waits for it as long as it takes. Nothing is lost when the future is dropped before.
    ///
    /// # Errors
    /// [`Failure::System`] when the system bus is gone: then only a new watch helps. Any other is about a gate that
    /// has just come and does not answer; the next call asks it again, after five seconds.
    pub async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.queued.pop_front() {
                return Ok(event);
            }
            if self.look_at.is_some_and(|at| at <= Instant::now()) {
                let looked = self.look().await;
                self.look_at = looked.is_err().then(|| Instant::now() + AGAIN);
                looked?;
                continue;
            }
            let (names, heard) = (&mut self.names, &mut self.heard);
            let changed = async { names.next().await.map(|change| change.map(|_| None)) };
            let due = async {
                match self.look_at {
                    Some(at) => Timer::at(at).await,
                    None => future::pending().await,
                };
                Some(Ok(None))
            };
            let said = async {
                match heard {
                    Some((_, signals)) => signals.next().await.map(|signal| signal.map(Some)),
                    None => future::pending().await,
                }
            };
            // Signals first: what a gate said before it went belongs before its going.
            match future::or(said, future::or(changed, due)).await {
                None => return Err(Failure::System("the system bus went away".into())),
                Some(Err(e)) => return Err(lost(e)),
                Some(Ok(None)) => self.look_at = Some(Instant::now()),
                Some(Ok(Some(signal))) => self.take(&signal),
            }
        }
    }

    /// Looks who the gate is now, and listens to that one.
    async fn look(&mut self) -> Result<(), Failure> {
        let owner = match self.gate.owner().await {
            Ok(owner) => Some(owner),
            Err(Failure::Absent) => None,
            Err(e) => return Err(e),
        };
        if self.heard.as_ref().map(|(name, _)| name) != owner.as_ref() {
            if self.heard.take().is_some() {
                self.queued.push_back(Event::Gone);
            }
            self.told.clear();
            if let Some(owner) = owner {
                self.listen(owner).await?;
            }
        }
        Ok(())
    }

    async fn listen(&mut self, owner: OwnedUniqueName) -> Result<(), Failure> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(owner.clone())
            .and_then(|rule| rule.interface(INTERFACE))
            .and_then(|rule| rule.path(OBJECT))
            .map_err(lost)?
            .build();
        // Listens before it subscribes, and subscribes before it looks: nothing happens unseen in between.
        let signals = MessageStream::for_match_rule(rule, &self.gate.bus, Some(QUEUE)).await.map_err(lost)?;
        self.gate.call_at(&owner, INTERFACE, "Subscribe", &(), INTAKE).await.map_err(refused)?;
        let waiting = self.gate.waiting().await?;
        self.told = waiting.iter().map(|it| it.id.clone()).collect();
        self.heard = Some((owner, signals));
        self.queued.push_back(Event::Here { waiting });
        Ok(())
    }

    /// Takes a signal in; one that is not as described is nothing that happened.
    fn take(&mut self, signal: &Message) {
        let Some(event) = event(signal) else { return };
        let known = match &event {
            Event::Created { id, .. } => self.told.remove(id),
            Event::Resolved { id, .. } => {
                self.told.remove(id);
                false
            }
            Event::Here { .. } | Event::Gone | Event::Says { .. } => false,
        };
        if !known {
            self.queued.push_back(event);
        }
    }
}

fn event(signal: &Message) -> Option<Event> {
    let header = signal.header();
    let member = header.member()?.as_str();
    let body = signal.body();
    if member == CREATED.0 {
        let (id, kind, pid): (String, String, u32) = body.deserialize().ok()?;
        Some(Event::Created { id: id_of(&id).ok()?, kind: word(&kind).ok()?, pid })
    } else if member == SAYS.0 {
        let (id, says): (String, String) = body.deserialize().ok()?;
        Some(Event::Says { id: id_of(&id).ok()?, says })
    } else if member == RESOLVED.0 {
        let (id, outcome): (String, String) = body.deserialize().ok()?;
        Some(Event::Resolved { id: id_of(&id).ok()?, outcome: word(&outcome).ok()? })
    } else {
        None
    }
}

fn lost(e: zbus::Error) -> Failure {
    Failure::System(format!("the system bus cannot be listened to: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef";

    fn signal(member: &str, body: &(impl serde::Serialize + zbus::zvariant::DynamicType)) -> Message {
        Message::signal(OBJECT, INTERFACE, member).unwrap().build(body).unwrap()
    }

    #[test]
    fn signals_become_events_of_the_same_words() {
        let created = Event::Created { id: id_of(ID).unwrap(), kind: "read".into(), pid: 7 };
        assert_eq!(event(&signal(CREATED.0, &(ID, "read", 7_u32))), Some(created));
        let resolved = Event::Resolved { id: id_of(ID).unwrap(), outcome: "denied".into() };
        assert_eq!(event(&signal(RESOLVED.0, &(ID, "denied"))), Some(resolved));
    }

    #[test]
    fn a_signal_that_is_not_as_described_is_no_event() {
        assert_eq!(event(&signal(CREATED.0, &(ID, "read"))), None);
        assert_eq!(event(&signal(CREATED.0, &("../..", "read", 7_u32))), None);
        assert_eq!(event(&signal(RESOLVED.0, &(ID, "\u{1b}[2Jdenied"))), None);
        assert_eq!(event(&signal("RequestApproved", &(ID, "granted"))), None);
    }
}
