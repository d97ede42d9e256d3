//! sd-fake-backend — a Secret Service with one collection, in memory, which misbehaves as told.
//!
//! For trying one tool by hand, and for the tests of what a broken or hostile backend can do. Secrets are given on
//! the command line: it is for made-up ones only. Speaks the `plain` algorithm alone.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Parser, ValueEnum};
use zbus::interface;
use zbus::message::Header;
use zbus::object_server::ObjectServer;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

const SERVICE: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/fake";

/// A Secret Service on the session bus, for tests: one collection in memory, and one fault.
#[derive(Debug, Parser)]
#[command(name = "sd-fake-backend", version)]
struct Cli {
    /// An item: LABEL, the secret, and attributes. Repeat for more.
    #[arg(long = "item", value_name = "LABEL=SECRET[,NAME=VALUE]...")]
    items: Vec<String>,
    /// What it does when it is asked for a secret.
    #[arg(long, value_enum, default_value_t = Fault::None)]
    fault: Fault,
    /// Reply to nothing for this member, for example SearchItems.
    #[arg(long, value_name = "MEMBER")]
    hang: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// Behaves.
    None,
    /// Never answers.
    Hang,
    /// Ends before it answers.
    Crash,
    /// Answers with another type than the specification's.
    Garbage,
    /// Answers with 10 MB.
    Huge,
    /// Changes the item's label while it answers.
    Relabel,
    /// Says that the item is locked.
    Locked,
    /// Changes an item's label each time when it has been described.
    Restless,
    /// Likewise one of its attributes.
    Shifting,
}

type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);
type Shelf = Arc<Mutex<HashMap<String, Kept>>>;

#[derive(Clone, Debug)]
struct Kept {
    label: String,
    attributes: HashMap<String, String>,
    secret: Vec<u8>,
    content_type: String,
    modified: u64,
}

struct Service {
    shelf: Shelf,
    hang: Option<String>,
}

struct Collection {
    shelf: Shelf,
    fault: Fault,
    hang: Option<String>,
}

struct Item {
    shelf: Shelf,
    name: String,
    fault: Fault,
}

struct Session;

fn path(of: &str) -> OwnedObjectPath {
    ObjectPath::try_from(of.to_owned()).map_or_else(|_| OwnedObjectPath::default(), Into::into)
}

fn nothing() -> OwnedObjectPath {
    path("/")
}

fn matching(shelf: &Shelf, wanted: &HashMap<String, String>) -> Vec<OwnedObjectPath> {
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let has = |kept: &Kept| wanted.iter().all(|(name, value)| kept.attributes.get(name) == Some(value));
    let mut found: Vec<_> = shelf
        .iter()
        .filter(|(_, kept)| has(kept))
        .map(|(name, _)| path(&format!("{COLLECTION}/{name}")))
        .collect();
    found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    found
}

async fn never() {
    std::future::pending::<()>().await;
}

#[interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    async fn open_session(
        &self,
        algorithm: String,
        _input: OwnedValue,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> zbus::fdo::Result<(Value<'static>, OwnedObjectPath)> {
        if algorithm != "plain" {
            return Err(zbus::fdo::Error::NotSupported(algorithm));
        }
        let session = format!("{SERVICE}/session/s1");
        server.at(session.as_str(), Session).await?;
        Ok((Value::from(""), path(&session)))
    }

    async fn search_items(
        &self,
        attributes: HashMap<String, String>,
    ) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        if self.hang.as_deref() == Some("SearchItems") {
            never().await;
        }
        (matching(&self.shelf, &attributes), Vec::new())
    }

    async fn read_alias(&self, name: String) -> OwnedObjectPath {
        if name == "default" { path(COLLECTION) } else { nothing() }
    }

    #[zbus(property)]
    async fn collections(&self) -> Vec<OwnedObjectPath> {
        vec![path(COLLECTION)]
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
        _replace: bool,
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
        let name = put(&self.shelf, kept);
        let item = Item { shelf: Arc::clone(&self.shelf), name: name.clone(), fault: self.fault };
        let at = format!("{COLLECTION}/{name}");
        server.at(at.as_str(), item).await?;
        Ok((path(&at), nothing()))
    }

    #[zbus(property)]
    async fn label(&self) -> String {
        "Fake".into()
    }

    #[zbus(property)]
    async fn locked(&self) -> bool {
        false
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
        matching(&self.shelf, &HashMap::new())
    }
}

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.Secret.Error")]
enum SecretError {
    #[zbus(error)]
    ZBus(zbus::Error),
    IsLocked(String),
    NoSuchObject(String),
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
        match self.fault {
            Fault::Hang => never().await,
            Fault::Crash => std::process::exit(3),
            Fault::Garbage => {
                bus.reply(&header, &7_u32).await?;
                never().await;
            }
            Fault::Locked => return Err(SecretError::IsLocked("the fake is locked".into())),
            Fault::Relabel => self.change(|kept| kept.label.push_str(" (changed)")),
            Fault::None | Fault::Huge | Fault::Restless | Fault::Shifting => {}
        }
        let secret = if self.fault == Fault::Huge { vec![b'x'; 10_000_000] } else { kept.secret };
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
        Ok(self.kept().map_err(gone)?.label)
    }

    #[zbus(property)]
    async fn set_label(&self, label: String) -> zbus::Result<()> {
        self.change(|kept| {
            kept.label = label;
            kept.modified += 1;
        });
        Ok(())
    }

    #[zbus(property)]
    async fn attributes(&self) -> zbus::fdo::Result<HashMap<String, String>> {
        Ok(self.kept().map_err(gone)?.attributes)
    }

    #[zbus(property)]
    async fn locked(&self) -> bool {
        false
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
        match self.fault {
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

    fn change(&self, how: impl FnOnce(&mut Kept)) {
        if let Some(kept) = self.shelf.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.name) {
            how(kept);
        }
    }
}

fn put(shelf: &Shelf, kept: Kept) -> String {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let name = format!("i{}", shelf.len() + 1);
    shelf.insert(name.clone(), kept);
    name
}

fn item(words: &str) -> Option<Kept> {
    let mut parts = words.split(',');
    let (label, secret) = parts.next()?.split_once('=')?;
    let named = |part: &str| part.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()));
    let attributes: Option<HashMap<_, _>> = parts.map(named).collect();
    Some(Kept {
        label: label.to_owned(),
        attributes: attributes?,
        secret: secret.as_bytes().to_vec(),
        content_type: "text/plain".into(),
        modified: 1,
    })
}

async fn serve(cli: &Cli) -> zbus::Result<()> {
    let shelf = Shelf::default();
    let bus = zbus::connection::Builder::session()?.build().await?;
    let server = bus.object_server();
    for kept in cli.items.iter().filter_map(|words| item(words)) {
        let name = put(&shelf, kept);
        let at = format!("{COLLECTION}/{name}");
        server.at(at.as_str(), Item { shelf: Arc::clone(&shelf), name, fault: cli.fault }).await?;
    }
    let hang = cli.hang.clone();
    server
        .at(COLLECTION, Collection { shelf: Arc::clone(&shelf), fault: cli.fault, hang: hang.clone() })
        .await?;
    server.at(SERVICE, Service { shelf, hang }).await?;
    bus.request_name("org.freedesktop.secrets").await?;
    std::future::pending().await
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.items.iter().any(|words| item(words).is_none()) {
        eprintln!("sd-fake-backend: an item is LABEL=SECRET[,NAME=VALUE]...");
        return ExitCode::from(64);
    }
    match smol::block_on(serve(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-fake-backend: {e}");
            ExitCode::from(69)
        }
    }
}
