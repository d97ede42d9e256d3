//! The Secret Service that is imported from, on whatever bus it is.

use std::collections::HashMap;
use std::time::Duration;

use async_io::Timer;
use sd_wire::bounded::Attributes;
use sd_wire::printable::Printable;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smol::stream::StreamExt;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::message::Type as MessageType;
use zbus::names::{BusName, OwnedUniqueName, WellKnownName};
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type};
use zbus::{Connection, MatchRule, MessageStream};

use crate::import::Why;
use crate::import::item::Item;
use crate::process::looks_like;

/// Its root object.
pub(super) const SERVICE: &str = "/org/freedesktop/secrets";
/// The last part of an item's interface.
pub(super) const ITEM: &str = "Item";
const NAME: WellKnownName<'static> = WellKnownName::from_static_str_unchecked("org.freedesktop.secrets");
/// How long it may take for one call.
const CALL: Duration = Duration::from_secs(10);
/// How long a person may take for its prompts.
const PROMPT: Duration = Duration::from_secs(300);
/// What is not kept is not worth moving.
const NOT_KEPT: &str = "/org/freedesktop/secrets/collection/session";

type Properties = HashMap<String, OwnedValue>;

/// Where the items come from.
#[derive(Debug)]
pub(super) struct Source {
    bus: Connection,
    owner: OwnedUniqueName,
    /// What it looks like, fit to be printed.
    pub(super) name: String,
}

/// One of its collections.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) path: OwnedObjectPath,
    pub(super) label: String,
    items: Vec<OwnedObjectPath>,
}

impl Source {
    /// The Secret Service on the bus at this address, or on the session's. It is started if the bus can do that.
    pub(super) async fn at(address: Option<&str>) -> Result<Self, Why> {
        let none = |e: zbus::Error| Why::NoSource(format!("the bus cannot be reached: {e}"));
        let builder = match address {
            Some(address) => {
                Builder::address(address).map_err(|e| Why::Usage(format!("--from {address}: {e}")))?
            }
            None => Builder::session().map_err(none)?,
        };
        let late = async {
            Timer::after(CALL).await;
            Err(Why::NoSource("the bus does not answer".into()))
        };
        let connected = async { builder.method_timeout(CALL).build().await.map_err(none) };
        let bus = smol::future::or(connected, late).await?;
        let daemon = DBusProxy::new(&bus).await.map_err(none)?;
        let nobody = |e: zbus::fdo::Error| {
            Why::NoSource(format!("nobody owns org.freedesktop.secrets on that bus, nor can be started: {e}"))
        };
        let name = BusName::from(NAME);
        if !daemon.name_has_owner(name.clone()).await.map_err(nobody)? {
            daemon.start_service_by_name(NAME, 0).await.map_err(nobody)?;
        }
        let owner = daemon.get_name_owner(name).await.map_err(nobody)?;
        // By its unique name from here on: whoever takes the name over meanwhile is another one.
        let pid = daemon.get_connection_unix_process_id(BusName::from(owner.inner().clone())).await;
        let pid = pid.map_err(nobody)?;
        let looks = looks_like(pid);
        if looks.as_deref() == Some("sd-agent") {
            return Err(Why::Ourselves(pid));
        }
        let name = looks.unwrap_or_else(|| "a process of another user".to_owned());
        Ok(Self { bus, owner, name: format!("{name} ({pid})") })
    }

    /// A call of one of its interfaces.
    pub(super) async fn call<B, R>(
        &self,
        path: &str,
        interface: &str,
        member: &str,
        body: &B,
    ) -> Result<R, Why>
    where
        B: Serialize + DynamicType,
        R: DeserializeOwned + Type,
    {
        self.any(path, &format!("org.freedesktop.Secret.{interface}"), member, body).await
    }

    async fn any<B, R>(&self, path: &str, interface: &str, member: &str, body: &B) -> Result<R, Why>
    where
        B: Serialize + DynamicType,
        R: DeserializeOwned + Type,
    {
        let reply = self.bus.call_method(Some(&self.owner), path, Some(interface), member, body).await;
        let reply = reply.map_err(|e| Why::Source(Printable::clipped(&e.to_string(), 200).to_string()))?;
        reply.body().deserialize().map_err(|e| Why::Source(format!("{member}: {e}")))
    }

    async fn properties(&self, path: &str, interface: &str) -> Result<Properties, Why> {
        let interface = format!("org.freedesktop.Secret.{interface}");
        self.any(path, "org.freedesktop.DBus.Properties", "GetAll", &(interface,)).await
    }

    /// The collections that are meant: the one of this label or path, or all that are kept.
    pub(super) async fn chosen(&self, wanted: Option<&str>) -> Result<Vec<Collection>, Why> {
        let mut all = self.properties(SERVICE, "Service").await?;
        let paths: Vec<OwnedObjectPath> = take(&mut all, "Collections")?;
        let mut collections = Vec::new();
        for path in paths {
            let mut all = self.properties(path.as_str(), "Collection").await?;
            let (label, items) = (take(&mut all, "Label")?, take(&mut all, "Items")?);
            collections.push(Collection { path, label, items });
        }
        let Some(wanted) = wanted else {
            collections.retain(|it| it.path.as_str() != NOT_KEPT);
            return Ok(collections);
        };
        let there = collections.iter().map(|it| it.label.clone()).collect();
        collections.retain(|it| it.path.as_str() == wanted || it.label == wanted);
        if collections.is_empty() {
            Err(Why::NoCollection(wanted.to_owned(), there))
        } else {
            Ok(collections)
        }
    }

    /// Sees to it that a collection is unlocked, by the source's own prompt if it takes one.
    pub(super) async fn unlock(&self, collection: &Collection) -> Result<(), Why> {
        if !self.is_locked(collection).await? {
            return Ok(());
        }
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.call(SERVICE, "Service", "Unlock", &(vec![&collection.path],)).await?;
        self.perform(&prompt).await?;
        if self.is_locked(collection).await? { Err(Why::Locked(collection.label.clone())) } else { Ok(()) }
    }

    async fn is_locked(&self, collection: &Collection) -> Result<bool, Why> {
        let mut all = self.properties(collection.path.as_str(), "Collection").await?;
        take(&mut all, "Locked")
    }

    /// Performs one of its prompts, if there is one, and waits until it is completed or dismissed.
    pub(super) async fn perform(&self, prompt: &OwnedObjectPath) -> Result<(), Why> {
        if prompt.as_str() == "/" {
            return Ok(());
        }
        let wrong = |e: zbus::Error| Why::Source(e.to_string());
        let rule = MatchRule::builder()
            .msg_type(MessageType::Signal)
            .sender(self.owner.as_str())
            .and_then(|rule| rule.path(prompt.as_str()))
            .and_then(|rule| rule.interface("org.freedesktop.Secret.Prompt"))
            .and_then(|rule| rule.member("Completed"))
            .map_err(wrong)?
            .build();
        let mut completed = MessageStream::for_match_rule(rule, &self.bus, None).await.map_err(wrong)?;
        let () = self.call(prompt.as_str(), "Prompt", "Prompt", &("",)).await?;
        let late = async {
            Timer::after(PROMPT).await;
            Err(Why::Source("nobody answered its prompt in time".into()))
        };
        let done = async {
            // Whether it was dismissed shows by what is unlocked or deleted then.
            completed.next().await.map(drop).ok_or_else(|| Why::Source("it has ended".into()))
        };
        smol::future::or(done, late).await
    }

    /// Every item of these collections, without its secret. One that vanishes meanwhile is left out.
    pub(super) async fn listed(&self, collections: &[Collection]) -> Result<Vec<Item>, Why> {
        let mut items = Vec::new();
        for collection in collections {
            for path in &collection.items {
                if let Ok(item) = self.item(path.as_str(), &collection.label).await {
                    items.push(item);
                }
            }
        }
        Ok(items)
    }

    /// An item as it is now, without its secret.
    pub(super) async fn item(&self, path: &str, collection: &str) -> Result<Item, Why> {
        let mut all = self.properties(path, ITEM).await?;
        let (label, attributes): (String, HashMap<String, String>) =
            (take(&mut all, "Label")?, take(&mut all, "Attributes")?);
        Ok(Item::new(
            path,
            collection,
            label,
            attributes.into_iter().collect(),
            take(&mut all, "Modified").ok(),
        ))
    }
}

/// Attributes within their bounds.
pub(super) fn bounded(attributes: &std::collections::BTreeMap<String, String>) -> Option<Attributes> {
    Attributes::new(attributes.iter().map(|(name, value)| (name.clone(), value.clone()))).ok()
}

fn take<T: TryFrom<OwnedValue>>(properties: &mut Properties, name: &str) -> Result<T, Why> {
    let value = properties.remove(name).ok_or_else(|| Why::Source(format!("it has no property {name}")))?;
    T::try_from(value).map_err(|_| Why::Source(format!("its property {name} has another type")))
}
