//! The service, its one session and its one collection on the bus.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use zbus::interface;
use zbus::object_server::ObjectServer;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::Fault;
use crate::faults::Faults;
use crate::item::{Item, SecretError};
use crate::lock::Lock;
use crate::made::Maker;
use crate::shelf::{Kept, Shelf, equal, matching, put};

pub(crate) const SERVICE: &str = "/org/freedesktop/secrets";
pub(crate) const COLLECTION: &str = "/org/freedesktop/secrets/collection/fake";

pub(crate) type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) struct Service {
    pub(crate) shelf: Shelf,
    pub(crate) hang: Option<String>,
    pub(crate) lock: Lock,
    pub(crate) gopass: bool,
    pub(crate) maker: Maker,
}

pub(crate) struct Collection {
    pub(crate) shelf: Shelf,
    pub(crate) faults: Faults,
    pub(crate) hang: Option<String>,
    pub(crate) lock: Lock,
    pub(crate) gopass: bool,
}

struct Session;

pub(crate) fn path(of: &str) -> OwnedObjectPath {
    ObjectPath::try_from(of.to_owned()).map_or_else(|_| OwnedObjectPath::default(), Into::into)
}

pub(crate) fn nothing() -> OwnedObjectPath {
    path("/")
}

pub(crate) async fn never() {
    std::future::pending::<()>().await;
}

#[interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    async fn open_session(
        &self,
        algorithm: String,
        _input: OwnedValue,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> Result<(Value<'static>, OwnedObjectPath), SecretError> {
        if algorithm != "plain" {
            return Err(match self.gopass {
                true => SecretError::NotSupported(algorithm),
                false => zbus::Error::from(zbus::fdo::Error::NotSupported(algorithm)).into(),
            });
        }
        let session = format!("{SERVICE}/session/s1");
        server.at(session.as_str(), Session).await?;
        let nothing = if self.gopass { Value::from(Vec::<u8>::new()) } else { Value::from("") };
        Ok((nothing, path(&session)))
    }

    async fn search_items(
        &self,
        attributes: HashMap<String, String>,
    ) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        if self.hang.as_deref() == Some("SearchItems") {
            never().await;
        }
        let found = matching(&self.shelf, &attributes);
        if self.lock.is_locked() { (Vec::new(), found) } else { (found, Vec::new()) }
    }

    async fn lock(
        &self,
        objects: Vec<OwnedObjectPath>,
    ) -> zbus::fdo::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)> {
        self.lock.lock(objects)
    }

    async fn unlock(
        &self,
        objects: Vec<OwnedObjectPath>,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> zbus::fdo::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)> {
        self.lock.unlock(objects, server).await
    }

    async fn create_collection(
        &self,
        properties: HashMap<String, OwnedValue>,
        _alias: String,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> zbus::fdo::Result<(OwnedObjectPath, OwnedObjectPath)> {
        self.maker.make(properties, server).await
    }

    async fn read_alias(&self, name: String) -> OwnedObjectPath {
        self.maker.alias(&name)
    }

    async fn set_alias(&self, name: String, collection: OwnedObjectPath) {
        self.maker.point(name, collection);
    }

    #[zbus(property)]
    async fn collections(&self) -> Vec<OwnedObjectPath> {
        self.maker.collections()
    }
}

#[interface(name = "org.freedesktop.Secret.Session")]
impl Session {
    async fn close(&self) {}
}

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    async fn search_items(&self, attributes: HashMap<String, String>) -> Vec<OwnedObjectPath> {
        if self.hang.as_deref() == Some("SearchItems") {
            never().await;
        }
        matching(&self.shelf, &attributes)
    }

    async fn create_item(
        &self,
        properties: HashMap<String, OwnedValue>,
        secret: Secret,
        replace: bool,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> zbus::fdo::Result<(OwnedObjectPath, OwnedObjectPath)> {
        let text = |name: &str| properties.get(name).and_then(|v| v.try_clone().ok());
        let label = text("org.freedesktop.Secret.Item.Label").and_then(|v| String::try_from(v).ok());
        let attributes = text("org.freedesktop.Secret.Item.Attributes").and_then(|v| v.try_into().ok());
        let kept = Kept {
            label: label.unwrap_or_default(),
            attributes: attributes.unwrap_or_default(),
            secret: secret.2,
            content_type: secret.3,
            modified: 2,
        };
        if let Some(name) = equal(&self.shelf, &kept).filter(|_| self.gopass && !replace) {
            return Ok((path(&format!("{COLLECTION}/{name}")), nothing()));
        }
        if let Some(name) = equal(&self.shelf, &kept).filter(|_| replace) {
            self.shelf.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), kept);
            return Ok((path(&format!("{COLLECTION}/{name}")), nothing()));
        }
        let name = put(&self.shelf, kept);
        let item = Item {
            shelf: Arc::clone(&self.shelf),
            name: name.clone(),
            faults: self.faults.clone(),
            lock: self.lock.clone(),
        };
        let at = format!("{COLLECTION}/{name}");
        server.at(at.as_str(), item).await?;
        Ok((path(&at), nothing()))
    }

    async fn delete(&self) -> OwnedObjectPath {
        // The only fault in it that is of use: it stays.
        nothing()
    }

    #[zbus(property)]
    async fn label(&self) -> String {
        "Fake".into()
    }

    #[zbus(property)]
    async fn set_label(&self, _label: String) -> zbus::Result<()> {
        Ok(())
    }

    #[zbus(property)]
    async fn locked(&self) -> bool {
        self.lock.is_locked()
    }

    #[zbus(property)]
    async fn created(&self) -> u64 {
        1
    }

    #[zbus(property)]
    async fn modified(&self) -> u64 {
        1
    }

    #[zbus(property)]
    async fn items(&self) -> Vec<OwnedObjectPath> {
        let mut items = matching(&self.shelf, &HashMap::new());
        if self.faults.now() == Fault::Ghosts {
            items.push(path(&format!("{COLLECTION}/ghost")));
            items.push(path(&format!("{SERVICE}/collection/other/i1")));
        }
        items
    }
}
