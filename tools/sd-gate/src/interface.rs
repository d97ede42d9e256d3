//! The D-Bus interface, as policy/net.mowaka.SecretsDispatcher1.xml describes it: each method reads its arguments into
//! words of the wire, and leaves the rest to [`Gate::forward`].

use std::collections::HashMap;

use sd_wire::ask::Want;
use sd_wire::bounded::List;
use sd_wire::change::Change;
use sd_wire::id::AskId;
use zbus::Connection;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedFd, OwnedObjectPath};

use crate::admission::{self, Object};
use crate::error::Refusal;
use crate::forward::{Claims, Gate};
use crate::tally::{Full, SettledRow, WaitingRow};

/// Where the object is.
pub(crate) const PATH: &str = "/net/mowaka/SecretsDispatcher1";

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
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
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
        self.forward(bus, sender, sink, Vec::new(), Want::Access { items }, claims).await
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
        let collection = admission::collection_or_none(&collection)?;
        let attributes = admission::attributes(attributes)?;
        if attributes.is_empty() {
            return Err(Refusal::BadArgument(
                "attributes: none given; to see everything, ask for a list".into(),
            ));
        }
        self.forward(bus, sender, sink, Vec::new(), Want::Search { collection, attributes }, claims).await
    }

    async fn request_collections(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        self.forward(bus, sender, sink, Vec::new(), Want::Collections {}, claims).await
    }

    async fn request_list(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        collection: OwnedObjectPath,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let want = Want::List { collection: admission::collection_or_none(&collection)? };
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
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
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    #[allow(clippy::too_many_arguments)] // The interface's own arguments, and two that zbus adds.
    async fn request_import(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        manifest: OwnedFd,
        collection: OwnedObjectPath,
        replace: bool,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let manifest = admission::manifest(manifest.into())?;
        let want = Want::Import { collection: admission::collection(&collection)?, replace };
        self.forward(bus, sender, sink, vec![manifest], want, claims).await
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
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    async fn request_set_secret(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        item: OwnedObjectPath,
        content_type: String,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let content_type = admission::text("content_type", content_type)?;
        let want = Want::SetSecret { item: admission::item(&item)?, content_type };
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    async fn request_set_label(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        object: OwnedObjectPath,
        label: String,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let label = admission::text("label", label)?;
        let change = match admission::object(&object)? {
            Object::Item(item) => Change::ItemLabel { item, label },
            Object::Collection(collection) => Change::CollectionLabel { collection, label },
        };
        let want = Want::Change { change };
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    async fn request_set_attributes(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        item: OwnedObjectPath,
        attributes: HashMap<String, String>,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let (item, attributes) = (admission::item(&item)?, admission::attributes(attributes)?);
        let want = Want::Change { change: Change::ItemAttributes { item, attributes } };
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    async fn request_set_alias(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        name: String,
        collection: OwnedObjectPath,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        if name.is_empty() {
            return Err(Refusal::BadArgument("name: an alias without a name".into()));
        }
        let name = admission::text("name", name)?;
        let collection = admission::collection_or_none(&collection)?;
        let want = Want::Change { change: Change::Alias { name, collection } };
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    async fn request_create_collection(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        label: String,
        alias: String,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let (label, alias) = (admission::text("label", label)?, admission::text("alias", alias)?);
        let want = Want::Change { change: Change::CreateCollection { label, alias } };
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    async fn request_delete_collection(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        collection: OwnedObjectPath,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let collection = admission::collection(&collection)?;
        let want = Want::Change { change: Change::DeleteCollection { collection } };
        self.forward(bus, sender, sink, Vec::new(), want, claims).await
    }

    async fn request_signature(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        payload: OwnedFd,
        key: String,
        mut claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        let mut payloads = vec![admission::payload(payload.into())?];
        payloads.extend(claims.remove("objects").map(admission::objects).transpose()?);
        let want = Want::Sign { key: admission::text("key", key)?, objects: payloads.len() > 1 };
        self.forward(bus, sender, sink, payloads, want, claims).await
    }

    async fn lock(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        self.forward(bus, sender, sink, Vec::new(), Want::Lock {}, claims).await
    }

    async fn unlock(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        sink: OwnedFd,
        claims: Claims,
    ) -> Result<String, Refusal> {
        let sender = self.sender(bus, &header).await?;
        self.forward(bus, sender, sink, Vec::new(), Want::Unlock {}, claims).await
    }

    async fn cancel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        id: String,
    ) -> Result<(), Refusal> {
        self.sender(bus, &header).await?;
        let id = AskId::parse(&id).map_err(|e| Refusal::BadArgument(format!("id: {e}")))?;
        self.take_back(&id).await
    }

    async fn list(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
    ) -> Result<Vec<WaitingRow>, Refusal> {
        self.sender(bus, &header).await?;
        Ok(self.tally.waiting())
    }

    async fn history(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
    ) -> Result<Vec<SettledRow>, Refusal> {
        self.sender(bus, &header).await?;
        Ok(self.tally.settled())
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
    async fn locked(
        &self,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(connection)] bus: &Connection,
    ) -> zbus::fdo::Result<bool> {
        self.reader(bus, header).await?;
        Ok(self.status().await.and_then(|(_, locked)| locked).unwrap_or(true))
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn pending(
        &self,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(connection)] bus: &Connection,
    ) -> zbus::fdo::Result<u32> {
        self.reader(bus, header).await?;
        Ok(self.status().await.map_or(0, |(pending, _)| pending))
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn ready(
        &self,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(connection)] bus: &Connection,
    ) -> zbus::fdo::Result<bool> {
        self.reader(bus, header).await?;
        Ok(self.status().await.is_some())
    }

    #[zbus(signal)]
    pub(crate) async fn request_created(
        to: &SignalEmitter<'_>,
        id: &str,
        kind: &str,
        pid: u32,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(crate) async fn request_says(to: &SignalEmitter<'_>, id: &str, says: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(crate) async fn request_resolved(to: &SignalEmitter<'_>, id: &str, outcome: &str)
    -> zbus::Result<()>;
}

#[cfg(test)]
mod tests;
