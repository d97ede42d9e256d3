//! The gate's signals: what the desktop user's programs ask for, and how each ask ended. Also that the gate comes and
//! goes, after which the signals have to be asked for again.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sd_wire::bounded::Text;
use sd_wire::id::AskId;
use smol::stream::StreamExt;
use zbus::names::OwnedUniqueName;
use zbus::{Message, MessageStream};

use crate::Failure;
use crate::gate::{Gate, INTERFACE, OBJECT};

/// The most messages that wait to be read. All that a gate lets wait at once fits in twice: a call of ours waits for
/// its answer behind them.
const QUEUE: usize = 1024;
const DAEMON: &str = "org.freedesktop.DBus";

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum New {
    /// There is a gate, and from now on it tells us.
    Here,
    /// The gate has gone; how asks that waited end is not told any more.
    Gone,
    /// Something has been asked for.
    Created {
        /// The ask.
        id: AskId,
        /// As in [`sd_wire::ask::Want::kind`].
        kind: Text<64>,
        /// The process that asks.
        pid: u32,
        /// How long ago that was.
        ago: Duration,
    },
    /// What whoever asked calls the thing that it asks for: a claim.
    Says {
        /// The ask.
        id: AskId,
        /// Its words.
        says: Text<1024>,
    },
    /// An ask has ended.
    Resolved {
        /// The ask.
        id: AskId,
        /// As in the interface's description.
        outcome: Text<64>,
    },
}

/// The signals of this user's gate, on a connection of their own.
pub struct News {
    gate: Gate,
    messages: MessageStream,
    from: Option<OwnedUniqueName>,
    /// Who owns the gate's names has to be found out.
    look: bool,
    ready: VecDeque<New>,
}

impl News {
    /// Connects to the system bus. There need not be a gate yet.
    ///
    /// # Errors
    /// As [`Gate::connect`].
    pub async fn connect() -> Result<Self, Failure> {
        let gate = Gate::with_queue(QUEUE).await?;
        let messages = MessageStream::from(gate.bus());
        for name in gate.names() {
            let rule = format!(
                "type='signal',sender='{DAEMON}',interface='{DAEMON}',member='NameOwnerChanged',arg0='{name}'"
            );
            gate.bus_says("AddMatch", &rule).await.map_err(|e| Failure::System(e.to_string()))?;
        }
        Ok(Self { gate, messages, from: None, look: true, ready: VecDeque::new() })
    }

    /// The next piece of news. It may be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// [`Failure::System`] when the bus has gone, and any other when a gate that is there does not let us listen; a
    /// new [`News::connect`] may help later.
    pub async fn next(&mut self) -> Result<New, Failure> {
        loop {
            if let Some(new) = self.ready.pop_front() {
                return Ok(new);
            }
            if self.look {
                self.look_for_the_gate().await?;
                self.look = false;
                continue;
            }
            let message = self.messages.next().await.and_then(Result::ok);
            let message = message.ok_or_else(|| Failure::System("the system bus has hung up".into()))?;
            self.read(&message);
        }
    }

    async fn look_for_the_gate(&mut self) -> Result<(), Failure> {
        let owner = match self.gate.owner().await {
            Ok(owner) => Some(owner),
            Err(Failure::Absent) => None,
            Err(e) => return Err(e),
        };
        if owner == self.from {
            return Ok(());
        }
        if self.from.take().is_some() {
            self.ready.push_back(New::Gone);
        }
        let Some(owner) = owner else { return Ok(()) };
        match self.gate.call(&owner, "Subscribe").await {
            Ok(_) => {}
            // It went while we spoke to it; the bus will say who comes next.
            Err(Failure::Absent) => return Ok(()),
            Err(e) => return Err(e),
        }
        self.ready.push_back(New::Here);
        self.ready.extend(self.waiting(&owner).await);
        self.from = Some(owner);
        Ok(())
    }

    /// What waits already. An older gate cannot say, and then only what comes is told.
    async fn waiting(&self, owner: &OwnedUniqueName) -> Vec<New> {
        let Ok(reply) = self.gate.call(owner, "List").await else { return Vec::new() };
        let body = reply.body();
        let listed: Vec<(String, String, u64, u32)> = body.deserialize().unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let waiting = listed.into_iter().filter_map(|(id, kind, since, pid)| {
            let ago = now.saturating_sub(Duration::from_secs(since));
            Some(New::Created { id: AskId::parse(&id).ok()?, kind: Text::clipped(&kind), pid, ago })
        });
        waiting.collect()
    }

    fn read(&mut self, message: &Message) {
        let header = message.header();
        let (Some(sender), Some(member)) = (header.sender(), header.member()) else { return };
        if sender.as_str() == DAEMON {
            // Only what was matched comes from the bus, and its replies, of which a look does no harm.
            self.look |= member.as_str() == "NameOwnerChanged";
            return;
        }
        let ours = self.from.as_ref().is_some_and(|from| *from == *sender)
            && header.interface().is_some_and(|interface| *interface == INTERFACE)
            && header.path().is_some_and(|path| *path == OBJECT)
            && message.message_type() == zbus::message::Type::Signal;
        if ours && let Some(new) = signal(message, member.as_str()) {
            self.ready.push_back(new);
        }
    }
}

fn signal(message: &Message, member: &str) -> Option<New> {
    let body = message.body();
    match member {
        "RequestCreated" => {
            let (id, kind, pid): (&str, &str, u32) = body.deserialize().ok()?;
            let id = AskId::parse(id).ok()?;
            Some(New::Created { id, kind: Text::clipped(kind), pid, ago: Duration::ZERO })
        }
        "RequestSays" => {
            let (id, says): (&str, &str) = body.deserialize().ok()?;
            Some(New::Says { id: AskId::parse(id).ok()?, says: Text::clipped(says) })
        }
        "RequestResolved" => {
            let (id, outcome): (&str, &str) = body.deserialize().ok()?;
            Some(New::Resolved { id: AskId::parse(id).ok()?, outcome: Text::clipped(outcome) })
        }
        _ => None,
    }
}
