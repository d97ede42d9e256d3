//! The D-Bus interface, as policy/net.mowaka.SecretsDispatcher1.xml describes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sd_sys::payload::Payload;
use sd_wire::ask::{Ask, Note, Packet, Resolution, Want};
use sd_wire::bounded::List;
use sd_wire::deadline;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::parties::Parties;
use smol::stream::StreamExt;
use zbus::Connection;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream, RequestNameFlags, RequestNameReply};
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedFd, OwnedObjectPath, OwnedValue};

use crate::admission::{self, Sender};
use crate::cli::Cli;
use crate::decide::{self, Decide};
use crate::error::Refusal;
use crate::tally::{Full, Tally};
use crate::{claims, signals};

pub(crate) const PATH: &str = "/net/mowaka/SecretsDispatcher1";
const NAME: &str = "net.mowaka.SecretsDispatcher1";
/// How long a property read may wait for sd-decide.
const STATUS_PATIENCE: Duration = Duration::from_secs(3);

type Claims = HashMap<String, OwnedValue>;

/// The object on the bus.
#[derive(Debug)]
pub(crate) struct Gate {
    parties: Parties,
    decide: Decide,
    tally: Arc<Tally>,
}

/// The gate on the bus, and the news that somebody has left it.
#[derive(Debug)]
pub(crate) struct Serving {
    tally: Arc<Tally>,
    changes: NameOwnerChangedStream,
    // The object lives as long as its connection.
    _bus: Connection,
}

impl Serving {
    /// Goes on the bus: the object, then the names, then ready.
    ///
    /// # Errors
    /// When the bus is not there, or does not let the gate own its name.
    pub(crate) async fn start(cli: &Cli, parties: Parties) -> zbus::Result<Self> {
        let tally = Arc::new(Tally::default());
        let gate =
            Gate { parties, decide: Decide::at(&cli.decide, parties.decide), tally: Arc::clone(&tally) };
        let bus = zbus::connection::Builder::system()?.serve_at(PATH, gate)?.build().await?;
        let changes = DBusProxy::new(&bus).await?.receive_name_owner_changed().await?;
        // The name with the uid is this gate's alone; the plain one belongs to whichever gate was first.
        own(&bus, &format!("{NAME}.u{}", parties.desktop), true).await?;
        own(&bus, NAME, false).await?;
        sd_journal::ready();
        Ok(Self { tally, changes, _bus: bus })
    }

    /// Serves, and returns when the bus has gone away.
    pub(crate) async fn until_the_bus_goes(mut self) {
        while let Some(change) = self.changes.next().await {
            if let Ok(change) = change.args()
                && change.new_owner().is_none()
            {
                self.tally.gone(change.name());
            }
        }
    }
}

async fn own(bus: &Connection, name: &str, required: bool) -> zbus::Result<()> {
    match bus.request_name_with_flags(name, RequestNameFlags::DoNotQueue.into()).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Err(zbus::Error::NameTaken) | Ok(_) if !required => Ok(()),
        Err(e) => Err(e),
        Ok(_) => Err(zbus::Error::NameTaken),
    }
}

#[zbus::interface(name = "net.mowaka.SecretsDispatcher1")]
impl Gate {
    async fn request_secret(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        item: OwnedObjectPath,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let want = Want::Read { item: admission::item(&item)? };
        self.forward(bus, sender, sink, None, want, claims).await
    }

    async fn request_access(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        items: Vec<OwnedObjectPath>,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let items = items.iter().map(admission::item).collect::<Result<Vec<_>, _>>()?;
        if items.is_empty() {
            return Err(Refusal::BadArgument("items: none given".into()));
        }
        let items = List::new(items).map_err(|e| Refusal::BadArgument(format!("items: {e}")))?;
        self.forward(bus, sender, sink, None, Want::Access { items }, claims).await
    }

    async fn request_search(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        collection: OwnedObjectPath,
        attributes: HashMap<String, String>,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let collection = match collection.as_str() {
            "/" => None,
            _ => Some(admission::collection(&collection)?),
        };
        let attributes = admission::attributes(attributes)?;
        if attributes.is_empty() {
            return Err(Refusal::BadArgument(
                "attributes: none given; to see everything, ask for a list".into(),
            ));
        }
        self.forward(bus, sender, sink, None, Want::Search { collection, attributes }, claims).await
    }

    async fn request_collections(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        self.forward(bus, sender, sink, None, Want::Collections {}, claims).await
    }

    async fn request_list(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        collection: OwnedObjectPath,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let _ = (collection, claims);
        self.not_yet(bus, &header, sink, "listing").await
    }

    #[allow(clippy::too_many_arguments)] // The interface's own arguments, and two that zbus adds.
    async fn request_store(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        collection: OwnedObjectPath,
        label: String,
        attributes: HashMap<String, String>,
        content_type: String,
        replace: bool,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let want = Want::Store {
            collection: admission::collection(&collection)?,
            label: admission::text("label", label)?,
            attributes: admission::attributes(attributes)?,
            replace,
            content_type: admission::text("content_type", content_type)?,
        };
        self.forward(bus, sender, sink, None, want, claims).await
    }

    async fn request_delete(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        item: OwnedObjectPath,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let want = Want::Delete { item: admission::item(&item)? };
        self.forward(bus, sender, sink, None, want, claims).await
    }

    async fn request_signature(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        payload: OwnedFd,
        key: String,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let payload = admission::payload(payload.into())?;
        let want = Want::Sign { key: admission::text("key", key)? };
        self.forward(bus, sender, sink, Some(payload), want, claims).await
    }

    async fn lock(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let _ = claims;
        self.not_yet(bus, &header, sink, "locking").await
    }

    async fn unlock(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let _ = claims;
        self.not_yet(bus, &header, sink, "unlocking").await
    }

    async fn cancel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        id: String,
    ) -> Result<(), Refusal> {
        self.sender(bus, &header).await?;
        let id = AskId::parse(&id).map_err(|e| Refusal::BadArgument(format!("id: {e}")))?;
        if !self.tally.knows(&id) {
            return Err(no_such(&id));
        }
        let link = self.decide.say(&Packet::Cancel { id: id.clone() }, &[])?;
        match self.decide.note(link, STATUS_PATIENCE).await {
            Some(Note::Cancelled { found: true }) => Ok(()),
            Some(_) => Err(no_such(&id)),
            None => Err(Refusal::Unavailable("sd-decide did not answer; try again".into())),
        }
    }

    async fn subscribe(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
    ) -> Result<(), Refusal> {
        let sender = self.sender(bus, &header).await?;
        self.tally
            .subscribe(&sender.name)
            .map_err(|Full(most)| Refusal::TooMany(format!("{most} connections have subscribed already")))
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> u32 {
        1
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn locked(&self) -> bool {
        self.status().await.and_then(|(_, locked)| locked).unwrap_or(true)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn pending(&self) -> u32 {
        self.status().await.map_or(0, |(pending, _)| pending)
    }

    #[zbus(signal)]
    pub(crate) async fn request_created(
        to: &SignalEmitter<'_>,
        id: &str,
        kind: &str,
        pid: u32,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(crate) async fn request_resolved(to: &SignalEmitter<'_>, id: &str, outcome: &str)
    -> zbus::Result<()>;
}

impl Gate {
    async fn sender(&self, bus: &Connection, header: &Header<'_>) -> Result<Sender, Refusal> {
        admission::sender(&DBusProxy::new(bus).await?, header, self.parties.desktop).await
    }

    /// Moves a request on and returns its id. The sink leaves this process here.
    async fn forward(
        &self,
        bus: &Connection,
        sender: Sender,
        sink: OwnedFd,
        payload: Option<Payload>,
        want: Want,
        untrusted_claims: Claims,
    ) -> Result<String, Refusal> {
        let sink = admission::sink(sink.into(), &sender, self.parties.desktop)?;
        let claims = claims::read(untrusted_claims)?;
        let kind = want.kind();
        let id = new_id()?;
        if let Err(Full(most)) = self.tally.enter(&sender.name, &id) {
            admission::reject(sink, &id, Fault::TooMany);
            return Err(Refusal::TooMany(format!(
                "{most} requests are waiting already; answer or cancel some of them first"
            )));
        }
        let ask = Packet::Ask(Box::new(Ask { id: id.clone(), want, claims }));
        let link = match self.decide.say(&ask, &decide::beside(&sink, payload.as_ref())) {
            Ok(link) => link,
            Err(e) => {
                self.tally.leave(&id);
                admission::reject(sink, &id, e.fault());
                return Err(e.into());
            }
        };
        drop(sink);
        let audience = self.tally.audience(&sender.name);
        signals::created(bus, &audience, &id, kind, sender.pid).await;
        self.await_resolution(bus.clone(), sender.name, id.clone(), link);
        Ok(id.to_string())
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
            tally.leave(&id);
            signals::resolved(&bus, &tally.audience(&requester), &id, how.as_str()).await;
        };
        executor.spawn(resolution, "resolution").detach();
    }

    async fn not_yet(
        &self,
        bus: &Connection,
        header: &Header<'_>,
        sink: OwnedFd,
        what: &str,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, header).await?;
        admission::sink(sink.into(), &sender, self.parties.desktop)?;
        Err(Refusal::NotYet(format!("{what} is not part of this release; see CHANGELOG.md")))
    }

    async fn status(&self) -> Option<(u32, Option<bool>)> {
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

fn no_such(id: &AskId) -> Refusal {
    Refusal::NoSuchRequest(format!("request {id} is not waiting; it may be settled already"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use zbus::object_server::Interface as _;
    use zbus_xml::{Interface, Node};

    use super::*;

    const DESCRIPTION: &str = include_str!("../../../policy/net.mowaka.SecretsDispatcher1.xml");

    fn served() -> String {
        let parties = Parties { desktop: 1, gate: 2, decide: 3, companion: 4 };
        let decide = Decide::at(std::path::Path::new("/nowhere"), 3);
        let mut xml = String::from("<node>");
        Gate { parties, decide, tally: Arc::default() }.introspect_to_writer(&mut xml, 0);
        xml + "</node>"
    }

    /// Everything that a client could notice, one entry a member.
    fn members(interface: &Interface<'_>) -> BTreeMap<String, String> {
        let methods = interface.methods().iter().map(|m| {
            let args: Vec<_> = m.args().iter().map(|a| format!("{:?} {:?}", a.direction(), a.ty())).collect();
            (format!("method {}", m.name()), args.join(", "))
        });
        let signals = interface.signals().iter().map(|s| {
            let args: Vec<_> = s.args().iter().map(|a| format!("{:?} {:?}", a.name(), a.ty())).collect();
            (format!("signal {}", s.name()), args.join(", "))
        });
        let properties = interface
            .properties()
            .iter()
            .map(|p| (format!("property {}", p.name()), format!("{:?} {:?}", p.ty(), p.access())));
        methods.chain(signals).chain(properties).collect()
    }

    #[test]
    fn the_gate_serves_exactly_the_interface_that_policy_describes() {
        let described = Node::from_reader(DESCRIPTION.as_bytes()).unwrap();
        let served = served();
        let served = Node::from_reader(served.as_bytes()).unwrap();
        let (described, served) = (&described.interfaces()[0], &served.interfaces()[0]);
        assert_eq!(described.name(), served.name());
        assert_eq!(members(described), members(served));
    }

    #[test]
    fn no_method_approves() {
        let described = Node::from_reader(DESCRIPTION.as_bytes()).unwrap();
        for method in described.interfaces()[0].methods() {
            let name = method.name().to_lowercase();
            for word in ["approve", "grant", "allow", "answer", "confirm", "yes"] {
                assert!(!name.contains(word), "{name}");
            }
        }
    }
}
