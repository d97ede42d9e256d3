//! One request on its way through: checked, counted, moved on to sd-decide; and the news of its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sd_sys::payload::Payload;
use sd_sys::process::Family;
use sd_wire::ask::{Ask, Note, Packet, Resolution, Want};
use sd_wire::deadline;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::parties::Parties;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::message::Header;
use zbus::zvariant::{OwnedFd, OwnedValue};

use crate::admission::{self, Sender};
use crate::decide::{self, Decide};
use crate::error::Refusal;
use crate::tally::{Full, Tally, Waiting};
use crate::{claims, signals};

/// How long a property read or a cancel may wait for sd-decide.
const STATUS_PATIENCE: Duration = Duration::from_secs(3);

/// What a caller claims, as it comes from the bus.
pub(crate) type Claims = HashMap<String, OwnedValue>;

/// The object on the bus.
#[derive(Debug)]
pub(crate) struct Gate {
    parties: Parties,
    decide: Decide,
    pub(crate) tally: Arc<Tally>,
}

impl Gate {
    /// A gate that has let nobody in yet.
    pub(crate) fn new(parties: Parties, decide: Decide, tally: Arc<Tally>) -> Self {
        Self { parties, decide, tally }
    }

    pub(crate) async fn sender(&self, bus: &Connection, header: &Header<'_>) -> Result<Sender, Refusal> {
        // What the bus has said of a connection stays true as long as there is one of that name.
        if let Some(name) = header.sender()
            && let Some(pid) = self.tally.sender(name)
        {
            return Ok(Sender { name: name.to_string(), pid });
        }
        let sender = admission::sender(&DBusProxy::new(bus).await?, header, self.parties.desktop).await?;
        self.tally.remember(&sender.name, sender.pid);
        Ok(sender)
    }

    /// As [`Gate::sender`], for whoever reads a property.
    pub(crate) async fn reader(&self, bus: &Connection, header: Option<Header<'_>>) -> zbus::fdo::Result<()> {
        let nobody = || zbus::fdo::Error::AccessDenied("the message has no header".into());
        let sender = self.sender(bus, &header.ok_or_else(nobody)?).await;
        sender.map(|_| ()).map_err(|e| zbus::fdo::Error::AccessDenied(e.to_string()))
    }

    /// Moves a request on and returns its id. The sink leaves this process here.
    pub(crate) async fn forward(
        &self,
        bus: &Connection,
        sender: Sender,
        sink: OwnedFd,
        payloads: Vec<Payload>,
        want: Want,
        untrusted_claims: Claims,
    ) -> Result<String, Refusal> {
        let sink = admission::sink(sink.into(), &sender, self.parties.desktop)?;
        let claims = claims::read(untrusted_claims)?;
        let (kind, says) = (want.kind(), claims.says.clone());
        let id = new_id()?;
        let family = Family::of(sink.maker().pid).filter(|_| sink.maker().alive());
        let (since, pid) = (now(), sender.pid);
        let waiting = Waiting { id: id.clone(), kind, since, pid, family, gives_way: false };
        match self.tally.enter(&sender.name, waiting) {
            Ok(None) => {}
            Ok(Some(other)) => self.make_room(bus, other),
            Err(Full(most)) => {
                admission::reject(sink, &id, Fault::TooMany);
                return Err(Refusal::TooMany(format!(
                    "{most} requests are waiting already; answer or cancel some of them first"
                )));
            }
        }
        let ask = Packet::Ask(Box::new(Ask { id: id.clone(), want, claims }));
        let link = match self.decide.say(&ask, &decide::beside(&sink, &payloads)) {
            Ok(link) => link,
            Err(why) => {
                self.tally.forget(&id);
                admission::reject(sink, &id, why.fault());
                return Err(why.into());
            }
        };
        drop(sink);
        let audience = self.tally.audience(&sender.name);
        signals::created(bus, &audience, &id, kind, sender.pid).await;
        if let Some(says) = says {
            signals::says(bus, &audience, &id, &says).await;
        }
        self.await_resolution(bus.clone(), sender.name, id.clone(), link);
        Ok(id.to_string())
    }

    /// Takes back what gives way to others. Its requester hears `cancelled`.
    fn make_room(&self, bus: &Connection, id: AskId) {
        let Ok(link) = self.decide.say(&Packet::Cancel { id }, &[]) else { return };
        let decide = self.decide.clone();
        // The answer is of no use here, but a connection that is closed before it is one that sd-decide complains about.
        let heard = async move { drop(decide.note(link, STATUS_PATIENCE).await) };
        bus.executor().spawn(heard, "room").detach();
    }

    fn await_resolution(&self, bus: Connection, requester: String, id: AskId, link: sd_sys::link::Link) {
        let (decide, tally) = (self.decide.clone(), Arc::clone(&self.tally));
        let executor = bus.executor().clone();
        let resolution = async move {
            let how = match decide.note(link, deadline::REQUESTER).await {
                Some(Note::Resolved { id: settled, how }) if settled == id => how,
                // sd-decide died, or spoke nonsense: the sinks that it held are closed, which means failed.
                _ => Resolution::Failed,
            };
            tally.settle(&id, how.as_str(), now());
            signals::resolved(&bus, &tally.audience(&requester), &id, how.as_str()).await;
        };
        executor.spawn(resolution, "resolution").detach();
    }

    /// Takes back a request that waits.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRequest`] when none of this id waits, [`Refusal::Unavailable`] when sd-decide does not say.
    pub(crate) async fn take_back(&self, id: &AskId) -> Result<(), Refusal> {
        if !self.tally.knows(id) {
            return Err(no_such(id));
        }
        let link = self.decide.say(&Packet::Cancel { id: id.clone() }, &[])?;
        match self.decide.note(link, STATUS_PATIENCE).await {
            Some(Note::Cancelled { found: true }) => Ok(()),
            Some(_) => Err(no_such(id)),
            None => Err(Refusal::Unavailable("sd-decide did not answer; try again".into())),
        }
    }

    /// How many requests wait for a key, and whether the store is locked, if either can be found out.
    pub(crate) async fn status(&self) -> Option<(u32, Option<bool>)> {
        let link = self.decide.say(&Packet::Status {}, &[]).ok()?;
        match self.decide.note(link, STATUS_PATIENCE).await? {
            Note::Status { pending, locked } => Some((pending, locked)),
            _ => None,
        }
    }
}

fn new_id() -> Result<AskId, Refusal> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|e| Refusal::Unavailable(format!("the kernel gives no random bytes: {e}")))?;
    Ok(AskId::from_random(bytes))
}

/// Seconds since 1970. Shown only; nothing is decided by it.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn no_such(id: &AskId) -> Refusal {
    Refusal::NoSuchRequest(format!("request {id} is not waiting; it may be settled already"))
}
