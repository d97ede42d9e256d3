//! An item on the bus, and the fault that shows in it.

use std::collections::HashMap;
use std::sync::PoisonError;

use zbus::interface;
use zbus::message::Header;
use zbus::object_server::ObjectServer;
use zbus::zvariant::OwnedObjectPath;

use crate::Fault;
use crate::faults::Faults;
use crate::lock::Lock;
use crate::service::{COLLECTION, Secret, never, nothing};
use crate::shelf::{Kept, Shelf};

pub(crate) struct Item {
    pub(crate) shelf: Shelf,
    pub(crate) name: String,
    pub(crate) faults: Faults,
    pub(crate) lock: Lock,
}

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.Secret.Error")]
pub(crate) enum SecretError {
    #[zbus(error)]
    ZBus(zbus::Error),
    IsLocked(String),
    NoSuchObject(String),
    NotSupported(String),
}

#[interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    async fn get_secret(
        &self,
        session: OwnedObjectPath,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &zbus::Connection,
    ) -> Result<(Secret,), SecretError> {
        let kept = self.kept()?;
        if self.lock.is_locked() {
            return Err(SecretError::IsLocked("the collection is locked".into()));
        }
        let fault = self.faults.now();
        match fault {
            Fault::Hang => never().await,
            Fault::Crash => std::process::exit(3),
            Fault::Garbage => {
                bus.reply(&header, &7_u32).await?;
                never().await;
            }
            Fault::Locked => return Err(SecretError::IsLocked("the fake is locked".into())),
            Fault::Relabel => self.change(|kept| kept.label.push_str(" (changed)")),
            Fault::None
            | Fault::Huge
            | Fault::Restless
            | Fault::Shifting
            | Fault::Mute
            | Fault::Ghosts
            | Fault::Forgetful
            | Fault::Bare => {}
        }
        let secret = if fault == Fault::Huge { vec![b'x'; 10_000_000] } else { kept.secret };
        Ok(((session, Vec::new(), secret, kept.content_type),))
    }

    async fn set_secret(&self, secret: Secret) {
        self.change(|kept| {
            kept.secret = secret.2;
            kept.modified += 1;
        });
    }

    async fn delete(
        &self,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> zbus::fdo::Result<OwnedObjectPath> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        server.remove::<Self, _>(format!("{COLLECTION}/{}", self.name)).await?;
        Ok(nothing())
    }

    #[zbus(property)]
    async fn label(&self) -> zbus::fdo::Result<String> {
        if self.faults.now() == Fault::Mute {
            return Err(zbus::fdo::Error::Failed("the fake is mute".into()));
        }
        Ok(self.kept().map_err(gone)?.label)
    }

    #[zbus(property)]
    async fn set_label(&self, label: String) -> zbus::Result<()> {
        self.keep(|kept| kept.label = label);
        Ok(())
    }

    #[zbus(property)]
    async fn attributes(&self) -> zbus::fdo::Result<HashMap<String, String>> {
        Ok(self.kept().map_err(gone)?.attributes)
    }

    #[zbus(property)]
    async fn set_attributes(&self, attributes: HashMap<String, String>) -> zbus::Result<()> {
        self.keep(|kept| kept.attributes = attributes);
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
    async fn modified(&self) -> zbus::fdo::Result<u64> {
        let modified = self.kept().map_err(gone)?.modified;
        // Properties are read in the order of their names' hashes: what is changed here is seen the next time at the
        // latest, and the time of change stays, so that only the changed thing itself can give it away.
        match self.faults.now() {
            Fault::Restless => self.change(|kept| kept.label.push('!')),
            Fault::Shifting => self.change(|kept| {
                let turn = kept.attributes.remove("turn").map_or(1, |turn| turn.len() + 1);
                kept.attributes.insert("turn".into(), "x".repeat(turn));
            }),
            _ => {}
        }
        Ok(modified)
    }
}

fn gone(e: SecretError) -> zbus::fdo::Error {
    zbus::fdo::Error::UnknownObject(e.to_string())
}

impl Item {
    fn kept(&self) -> Result<Kept, SecretError> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.get(&self.name).cloned().ok_or_else(|| SecretError::NoSuchObject(self.name.clone()))
    }

    /// A change that it was told to make.
    fn keep(&self, how: impl FnOnce(&mut Kept)) {
        if self.faults.now() != Fault::Forgetful {
            self.change(|kept| {
                how(kept);
                kept.modified += 1;
            });
        }
    }

    fn change(&self, how: impl FnOnce(&mut Kept)) {
        if let Some(kept) = self.shelf.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.name) {
            how(kept);
        }
    }
}
