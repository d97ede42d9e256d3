//! The backend: the Secret Service on the companion's session bus. Every call has a deadline.

use std::collections::HashMap;

use oo7::dbus::api;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::deadline;
use sd_wire::description::{Description, MAX_LABEL};
use sd_wire::fault::Fault;
use sd_wire::path::{CollectionPath, ItemPath};
use serde::{Serialize, de::DeserializeOwned};
use smol::future::zip;
use smol::lock::OnceCell;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type};

use crate::refusal::{self, fault};
use crate::session::Session;

/// The backend's name on the bus.
pub(crate) const NAME: &str = "org.freedesktop.secrets";
/// Its root object.
pub(crate) const SERVICE: &str = "/org/freedesktop/secrets";

pub(crate) type Properties = HashMap<String, OwnedValue>;

/// One connection to the backend.
pub(crate) struct Backend {
    bus: zbus::Connection,
    /// Who it is. Nobody is started to answer a call to that, and nobody else gets it.
    owner: Option<String>,
    session: OnceCell<Session>,
}

impl Backend {
    /// Connects to the companion's session bus.
    pub(crate) async fn connect() -> Result<Self, Fault> {
        Self::connected(true).await
    }

    /// As [`Backend::connect`], for a caller that takes the messages in itself, by [`Backend::turn`]: no thread is started
    /// for it, and nothing is handed from thread to thread.
    pub(crate) async fn connect_here() -> Result<Self, Fault> {
        Self::connected(false).await
    }

    /// Takes in what comes, for ever.
    pub(crate) async fn turn(&self) -> std::convert::Infallible {
        let executor = self.bus.executor().clone();
        loop {
            executor.tick().await;
        }
    }

    async fn connected(by_itself: bool) -> Result<Self, Fault> {
        let bus = zbus::connection::Builder::session()
            .map_err(|e| fault(&e))?
            .method_timeout(deadline::BACKEND_CALL)
            .internal_executor(by_itself)
            .build()
            .await
            .map_err(|e| fault(&e))?;
        Ok(Self { bus, owner: None, session: OnceCell::new() })
    }

    /// That its calls go to this owner of the backend's name, if there is one, and to nobody who has it later.
    pub(crate) fn is_of(&mut self, owner: Option<String>) {
        self.owner = owner;
    }

    /// Whose connection it is: the unique name of the backend, if it ran when this was made.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// The companion's session bus.
    pub(crate) fn bus(&self) -> &zbus::Connection {
        &self.bus
    }

    /// The session, for an order that carries a secret: opened once a connection.
    pub(crate) async fn session(&self) -> Result<&Session, Fault> {
        let open = || async {
            Session::open(&api::Service::new(&self.bus).await.map_err(|e| refusal::of_oo7(&e))?).await
        };
        self.session.get_or_try_init(open).await
    }

    /// One call of the Secret Service.
    pub(crate) async fn call<B, R>(
        &self,
        path: &str,
        interface: &str,
        member: &str,
        body: &B,
    ) -> Result<R, Fault>
    where
        B: Serialize + DynamicType,
        R: DeserializeOwned + Type,
    {
        let reply = self
            .bus
            .call_method(Some(self.owner().unwrap_or(NAME)), path, Some(interface), member, body)
            .await
            .map_err(|e| refusal::noted(member, &e))?;
        reply.body().deserialize().map_err(|_| Fault::Malformed)
    }

    /// A call to the service object.
    pub(crate) async fn service<B, R>(&self, member: &str, body: &B) -> Result<R, Fault>
    where
        B: Serialize + DynamicType,
        R: DeserializeOwned + Type,
    {
        self.call(SERVICE, "org.freedesktop.Secret.Service", member, body).await
    }

    /// The paths of all collections.
    pub(crate) async fn collections(&self) -> Result<Vec<OwnedObjectPath>, Fault> {
        let mut all = self.properties(SERVICE, "org.freedesktop.Secret.Service").await?;
        take(&mut all, "Collections")
    }

    /// What a collection says of itself. Property by property: all at once would name every item in it.
    pub(crate) async fn collection(&self, path: &CollectionPath) -> Result<CollectionFacts, Fault> {
        let texts = zip(self.of_collection(path, "Label"), self.of_collection(path, "Locked"));
        let times = zip(self.of_collection(path, "Created"), self.of_collection(path, "Modified"));
        let ((label, locked), (created, modified)) = zip(texts, times).await;
        Ok(CollectionFacts {
            label: label?,
            locked: locked?,
            created: created.unwrap_or(0),
            modified: modified.unwrap_or(0),
        })
    }

    /// One property of a collection.
    pub(crate) async fn of_collection<T>(&self, path: &CollectionPath, name: &str) -> Result<T, Fault>
    where
        T: TryFrom<OwnedValue>,
    {
        let wanted = ("org.freedesktop.Secret.Collection", name);
        let value: OwnedValue =
            self.call(path.as_str(), "org.freedesktop.DBus.Properties", "Get", &wanted).await?;
        T::try_from(value).map_err(|_| Fault::Malformed)
    }

    /// The collection that lasts as long as the backend, if it has one: it is in memory only, and nobody knows a
    /// passphrase of it (Secret Service, "Aliases").
    pub(crate) async fn transient(&self) -> Result<Option<CollectionPath>, Fault> {
        self.alias("session").await
    }

    /// Where an alias points.
    pub(crate) async fn alias(&self, name: &str) -> Result<Option<CollectionPath>, Fault> {
        let path: OwnedObjectPath = self.service("ReadAlias", &(name,)).await?;
        Ok(CollectionPath::parse(path.as_str()).ok())
    }

    /// The collection's own path, an alias resolved.
    pub(crate) async fn resolve(&self, path: &CollectionPath) -> Result<CollectionPath, Fault> {
        match path.as_str().strip_prefix("/org/freedesktop/secrets/aliases/") {
            Some(alias) => self.alias(alias).await?.ok_or(Fault::NotFound),
            None => Ok(path.clone()),
        }
    }

    /// An item, as the screen will show it.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] when its texts are over their bounds: what cannot be shown in full cannot be released.
    /// [`Fault::Locked`] when it is locked and therefore tells nothing.
    pub(crate) async fn describe(&self, item: &ItemPath) -> Result<Description, Fault> {
        let collection = item.collection();
        let both =
            zip(self.of_collection::<String>(&collection, "Label"), self.describe_in(item, Text::default()));
        let (label, described) = both.await;
        let collection = Text::new(label?).map_err(|_| Fault::TooLarge)?;
        Ok(Description { collection, ..described? })
    }

    /// As [`Backend::describe`], of an item in a collection whose label is known.
    pub(crate) async fn describe_in(
        &self,
        item: &ItemPath,
        collection: Text<MAX_LABEL>,
    ) -> Result<Description, Fault> {
        let mut all = self.properties(item.as_str(), "org.freedesktop.Secret.Item").await?;
        let locked = take(&mut all, "Locked")?;
        if locked && !(all.contains_key("Label") && all.contains_key("Attributes")) {
            // oo7-daemon tells nothing of a locked item; gnome-keyring tells something.
            return Err(Fault::Locked);
        }
        let attributes: HashMap<String, String> = take(&mut all, "Attributes")?;
        Ok(Description {
            item: item.clone(),
            collection,
            label: Text::new(take::<String>(&mut all, "Label")?).map_err(|_| Fault::TooLarge)?,
            attributes: Attributes::new(attributes).map_err(|_| Fault::TooLarge)?,
            created: take(&mut all, "Created").unwrap_or(0),
            modified: take(&mut all, "Modified").unwrap_or(0),
            locked,
        })
    }

    /// All properties of an object, as it gives them.
    pub(crate) async fn properties(&self, path: &str, interface: &str) -> Result<Properties, Fault> {
        self.call(path, "org.freedesktop.DBus.Properties", "GetAll", &(interface,)).await
    }
}

/// What a collection says of itself.
pub(crate) struct CollectionFacts {
    pub(crate) label: String,
    pub(crate) locked: bool,
    pub(crate) created: u64,
    pub(crate) modified: u64,
}

/// One of an object's properties, if it is of that type.
pub(crate) fn take<T: TryFrom<OwnedValue>>(properties: &mut Properties, name: &str) -> Result<T, Fault> {
    let value = properties.remove(name).ok_or(Fault::Malformed)?;
    T::try_from(value).map_err(|_| Fault::Malformed)
}
