//! A collection that it was told to make, and its aliases.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::ValueEnum;
use zbus::interface;
use zbus::object_server::{ObjectServer, SignalEmitter};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use crate::Fault;
use crate::faults::Faults;
use crate::service::{COLLECTION, SERVICE, nothing, path};

const MADE: &str = "/org/freedesktop/secrets/collection/made";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/c1";

/// What it does when it is told to make a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Creating {
    /// Makes it without a prompt.
    AtOnce,
    /// Gives a prompt, which is completed well.
    Prompt,
    /// Gives a prompt, which is dismissed.
    Dismissed,
    /// Gives the collection that is there already.
    Same,
}

/// Makes one collection.
#[derive(Clone)]
pub(crate) struct Maker {
    creating: Creating,
    faults: Faults,
    known: Arc<Mutex<Known>>,
}

struct Known {
    collections: Vec<OwnedObjectPath>,
    aliases: HashMap<String, OwnedObjectPath>,
}

impl Maker {
    pub(crate) fn new(creating: Creating, faults: Faults) -> Self {
        let aliases = HashMap::from([("default".to_owned(), path(COLLECTION))]);
        let collections = if faults.now() == Fault::Bare { Vec::new() } else { vec![path(COLLECTION)] };
        let known = Arc::new(Mutex::new(Known { collections, aliases }));
        Self { creating, faults, known }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn collections(&self) -> Vec<OwnedObjectPath> {
        self.known().collections.clone()
    }

    pub(crate) fn alias(&self, name: &str) -> OwnedObjectPath {
        self.known().aliases.get(name).cloned().unwrap_or_else(nothing)
    }

    pub(crate) fn point(&self, name: String, to: OwnedObjectPath) {
        if self.faults.now() != Fault::Forgetful {
            self.known().aliases.insert(name, to);
        }
    }

    pub(crate) async fn make(
        &self,
        mut properties: HashMap<String, OwnedValue>,
        server: &ObjectServer,
    ) -> zbus::fdo::Result<(OwnedObjectPath, OwnedObjectPath)> {
        let label = properties.remove("org.freedesktop.Secret.Collection.Label");
        let label = label.and_then(|label| String::try_from(label).ok()).unwrap_or_default();
        match self.creating {
            Creating::Same => return Ok((path(COLLECTION), nothing())),
            Creating::AtOnce => self.put(label, server).await?,
            Creating::Prompt | Creating::Dismissed => {
                server.at(PROMPT, Prompt { maker: self.clone(), label }).await?;
                return Ok((nothing(), path(PROMPT)));
            }
        }
        Ok((path(MADE), nothing()))
    }

    async fn put(&self, label: String, server: &ObjectServer) -> zbus::fdo::Result<()> {
        server.at(MADE, Made { maker: self.clone(), label }).await?;
        self.known().collections.push(path(MADE));
        Ok(())
    }
}

/// The collection that was made: empty, and so it stays.
struct Made {
    maker: Maker,
    label: String,
}

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Made {
    async fn delete(
        &self,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> zbus::fdo::Result<OwnedObjectPath> {
        self.maker.known().collections.retain(|one| one.as_str() != MADE);
        server.remove::<Self, _>(MADE).await?;
        Ok(nothing())
    }

    #[zbus(property)]
    async fn label(&self) -> String {
        self.label.clone()
    }

    #[zbus(property)]
    async fn locked(&self) -> bool {
        false
    }

    #[zbus(property)]
    async fn items(&self) -> Vec<OwnedObjectPath> {
        Vec::new()
    }
}

struct Prompt {
    maker: Maker,
    label: String,
}

#[interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(
        &self,
        _window: String,
        #[zbus(object_server)] server: &ObjectServer,
        #[zbus(signal_emitter)] to: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        let dismissed = self.maker.creating == Creating::Dismissed;
        let made = if dismissed {
            nothing()
        } else {
            self.maker.put(self.label.clone(), server).await?;
            path(MADE)
        };
        Ok(Self::completed(&to, dismissed, Value::from(made)).await?)
    }

    async fn dismiss(&self) {
        eprintln!("sd-fake-backend: a prompt at {SERVICE} was dismissed");
    }

    #[zbus(signal)]
    async fn completed(to: &SignalEmitter<'_>, dismissed: bool, result: Value<'_>) -> zbus::Result<()>;
}
