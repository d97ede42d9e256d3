//! A gate of which the test is the person, and applications that call by messages.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sd_client::Failure;
use sd_sys::secret::Secret;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::change::Change;
use sd_wire::claims::{App, Claims};
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage};
use sd_wire::metadata::Metadata;
use sd_wire::outcome::{Account, Collection, Collections, Found, Listed, What};
use sd_wire::path::CollectionPath;
use serde::Serialize;
use smol::block_on;
use smol::channel::{Receiver, Sender};
use zbus::names::{OwnedUniqueName, UniqueName};
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Value};

use super::super::*;
use crate::asks::{Asked, Asks, NewItem};

pub(super) const SERVICE: &str = "org.freedesktop.Secret.Service";
pub(super) const COLLECTION: &str = "org.freedesktop.Secret.Collection";
pub(super) const ITEM: &str = "org.freedesktop.Secret.Item";
pub(super) const PROMPT: &str = "org.freedesktop.Secret.Prompt";
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
pub(super) const ROOT: &str = "/org/freedesktop/secrets";
pub(super) const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
pub(super) const ALIAS: &str = "/org/freedesktop/secrets/aliases/default";
pub(super) const FIRST: &str = "/org/freedesktop/secrets/collection/login/1";
pub(super) const SECOND: &str = "/org/freedesktop/secrets/collection/login/2";
/// In another collection.
pub(super) const THIRD: &str = "/org/freedesktop/secrets/collection/work/3";
pub(super) const WORK: &str = "/org/freedesktop/secrets/collection/work";
/// gnome-keyring's, for what is kept until the logout only.
pub(super) const SESSION_COLLECTION: &str = "/org/freedesktop/secrets/collection/session";
/// The collection that is made when one is.
pub(super) const MADE: &str = "/org/freedesktop/secrets/collection/made";

/// A gate of which the test is the person. Each `access`, `store` and `delete` waits for one word.
pub(super) struct Fake {
    words: Receiver<bool>,
    asked: Mutex<Vec<String>>,
    /// Whether the backend's collections are locked.
    locked: AtomicBool,
    /// Whether the backend searches only what is open.
    searches_open_only: AtomicBool,
    /// Whether somebody else has changed every item.
    changed: AtomicBool,
    /// The backend's collections; the first is the default.
    collections: Mutex<Vec<CollectionPath>>,
    /// How long an approval lives.
    lives: Mutex<Duration>,
    /// What is told of items without a key.
    metadata: Mutex<Metadata>,
}

/// What the backend says of any item.
pub(super) fn described(item: &ItemPath) -> Description {
    let attributes = [("service", "demo"), ("xdg:schema", "org.example")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Description {
        item: item.clone(),
        collection: Text::clipped("Login"),
        label: Text::clipped("Demo password"),
        attributes: Attributes::new(attributes).unwrap(),
        created: 3,
        modified: 4,
        locked: false,
    }
}

impl Fake {
    /// The first item is git's, which searches by the server.
    fn accounts(searched: &Attributes) -> Vec<Account> {
        if searched.get("server").is_none() {
            return Vec::new();
        }
        let attributes = Attributes::new([("user".to_owned(), "ada".to_owned())]).unwrap();
        vec![Account { item: item(FIRST), label: Text::clipped("example.org"), attributes }]
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    async fn person<T>(&self, yes: T) -> Result<T, Failure> {
        match self.words.recv().await {
            Ok(true) => Ok(yes),
            _ => Err(Failure::Ended(What::Denied {})),
        }
    }
}

/// Notes a request that was dropped before it was answered.
struct Withdrawn(Arc<Fake>, bool);

impl Drop for Withdrawn {
    fn drop(&mut self) {
        if !self.1 {
            self.0.note("withdrawn".into());
        }
    }
}

impl Asks for Arc<Fake> {
    fn read<'a>(&'a self, item: &'a ItemPath, claims: &'a Claims) -> Asked<'a, (Secret, String)> {
        Box::pin(async move {
            self.note(format!("read {item} for {}", claims.app.as_ref().unwrap().pid));
            if self.changed.load(Ordering::SeqCst) {
                return Err(Failure::Ended(What::Failed { stage: Stage::Fetch, why: Fault::Changed }));
            }
            let mut secret = Secret::with_capacity(7).unwrap();
            secret.push(b"hunter2").unwrap();
            Ok((secret, "text/plain".to_owned()))
        })
    }

    fn access<'a>(&'a self, items: &'a [ItemPath], claims: &'a Claims) -> Asked<'a, (Duration, Listed)> {
        Box::pin(async move {
            self.note(format!("access {items:?} for {}", claims.app.as_ref().unwrap().pid));
            let mut asked = Withdrawn(Arc::clone(self), false);
            let seen = Listed { items: items.iter().map(described).collect() };
            let lives = *self.lives.lock().unwrap();
            let answer = self.person((lives, seen)).await;
            asked.1 = true;
            answer
        })
    }

    fn search<'a>(
        &'a self,
        _: Option<&'a CollectionPath>,
        attributes: &'a Attributes,
        _: &'a Claims,
    ) -> Asked<'a, Found> {
        Box::pin(async move {
            self.note(format!("search {:?}", **attributes));
            if self.searches_open_only.load(Ordering::SeqCst) && self.locked.load(Ordering::SeqCst) {
                return Err(Failure::Ended(What::Failed { stage: Stage::Fetch, why: Fault::Locked }));
            }
            let unlocked = vec![item(FIRST), item(SECOND)];
            let open = *self.metadata.lock().unwrap() == Metadata::Open;
            let described = if open { unlocked.iter().map(described).collect() } else { Vec::new() };
            Ok(Found { unlocked, described, accounts: Fake::accounts(attributes), ..Found::default() })
        })
    }

    fn search_by_key<'a>(
        &'a self,
        within: Option<&'a CollectionPath>,
        attributes: &'a Attributes,
        _: &'a Claims,
    ) -> Asked<'a, Found> {
        Box::pin(async move {
            let place = within.map_or("everywhere", CollectionPath::as_str);
            self.note(format!("search by key {:?} {place}", **attributes));
            let there = attributes.get("service").is_some_and(|service| service == "demo");
            let unlocked = if there { vec![item(FIRST), item(SECOND)] } else { Vec::new() };
            self.person(Found { unlocked, ..Found::default() }).await
        })
    }

    fn collections<'a>(&'a self, _: &'a Claims) -> Asked<'a, Collections> {
        let locked = self.locked.load(Ordering::SeqCst);
        let collections: Vec<Collection> = self
            .collections
            .lock()
            .unwrap()
            .iter()
            .map(|path| Collection {
                path: path.clone(),
                label: "Login".into(),
                locked,
                created: 1,
                modified: 2,
            })
            .collect();
        let default = collections.first().map(|collection| collection.path.clone());
        let metadata = *self.metadata.lock().unwrap();
        Box::pin(async move { Ok(Collections { collections, default, metadata }) })
    }

    fn list<'a>(
        &'a self,
        within: Option<&'a CollectionPath>,
        asks: bool,
        _: &'a Claims,
    ) -> Asked<'a, Listed> {
        Box::pin(async move {
            self.note(format!("list {}", within.map_or("everything", CollectionPath::as_str)));
            let items = [FIRST, SECOND, THIRD].map(item);
            let listed = items.iter().filter(|item| within.is_none_or(|within| item.collection() == *within));
            let listed = Listed { items: listed.map(described).collect() };
            if asks { self.person(listed).await } else { Ok(listed) }
        })
    }

    fn store<'a>(&'a self, new: &'a NewItem, secret: &'a Secret, _: &'a Claims) -> Asked<'a, ItemPath> {
        Box::pin(async move {
            let NewItem { collection, label, attributes, content_type, replace } = new;
            let (secret, attributes) = (String::from_utf8_lossy(secret.expose()), &**attributes);
            let (label, content_type) = (label.as_str(), content_type.as_str());
            self.note(format!("store {secret} {collection} {label} {attributes:?} {content_type} {replace}"));
            self.person(item(FIRST)).await
        })
    }

    fn delete<'a>(&'a self, item: &'a ItemPath, _: &'a Claims) -> Asked<'a, ()> {
        Box::pin(async move {
            self.note(format!("delete {item}"));
            self.person(()).await
        })
    }

    fn set_secret<'a>(
        &'a self,
        item: &'a ItemPath,
        secret: &'a Secret,
        content_type: &'a str,
        _: &'a Claims,
    ) -> Asked<'a, ()> {
        Box::pin(async move {
            let secret = String::from_utf8_lossy(secret.expose()).into_owned();
            self.note(format!("set {item} {secret} {content_type}"));
            let mut asked = Withdrawn(Arc::clone(self), false);
            let answer = self.person(()).await;
            asked.1 = true;
            answer
        })
    }

    fn change<'a>(&'a self, change: &'a Change, _: &'a Claims) -> Asked<'a, Option<CollectionPath>> {
        Box::pin(async move {
            self.note(format!("change {change:?}"));
            let mut asked = Withdrawn(Arc::clone(self), false);
            let answer = self.person(()).await;
            asked.1 = true;
            answer?;
            let mut collections = self.collections.lock().unwrap();
            match change {
                Change::CreateCollection { .. } => {
                    let made = collection(MADE);
                    collections.push(made.clone());
                    Ok(Some(made))
                }
                Change::DeleteCollection { collection } => {
                    collections.retain(|path| path != collection);
                    Ok(None)
                }
                _ => Ok(None),
            }
        })
    }

    fn lock<'a>(&'a self, _: &'a Claims) -> Asked<'a, ()> {
        Box::pin(async move {
            self.note("lock".into());
            self.locked.store(true, Ordering::SeqCst);
            Ok(())
        })
    }

    fn unlock<'a>(&'a self, _: &'a Claims) -> Asked<'a, ()> {
        Box::pin(async move {
            self.note("unlock".into());
            self.person(()).await?;
            self.locked.store(false, Ordering::SeqCst);
            Ok(())
        })
    }
}

pub(super) struct Bench {
    pub(super) desk: Arc<Desk>,
    fake: Arc<Fake>,
    pub(super) say: Sender<bool>,
    pub(super) sent: Receiver<Message>,
    /// How long a call without a prompt waits for the person.
    pub(super) patience: Duration,
}

/// An application: its bus name and its process.
pub(super) struct Application(pub(super) OwnedUniqueName, pub(super) Caller);

pub(super) fn collection(path: &str) -> CollectionPath {
    CollectionPath::parse(path).unwrap()
}

pub(super) fn member(signal: &Message) -> String {
    signal.header().member().unwrap().to_string()
}

pub(super) fn item(path: &str) -> ItemPath {
    ItemPath::parse(path).unwrap()
}

pub(super) fn application(name: &str, pid: u32) -> Application {
    let name = UniqueName::try_from(name.to_owned()).unwrap().into();
    Application(name, Caller { app: App { pid, start: 7, exe: None } })
}

impl Bench {
    pub(super) fn new() -> Self {
        let (say, words) = smol::channel::unbounded();
        let (outbox, sent) = smol::channel::unbounded();
        let fake = Arc::new(Fake {
            words,
            asked: Mutex::default(),
            locked: AtomicBool::new(false),
            searches_open_only: AtomicBool::new(false),
            changed: AtomicBool::new(false),
            collections: Mutex::new(vec![collection(LOGIN)]),
            lives: Mutex::new(Duration::from_secs(10)),
            metadata: Mutex::default(),
        });
        Self {
            desk: Desk::new(Box::new(Arc::clone(&fake)), outbox),
            fake,
            say,
            sent,
            patience: Duration::from_secs(5),
        }
    }

    pub(super) fn call<B: Serialize + DynamicType>(
        &self,
        from: &Application,
        path: &str,
        interface: &str,
        member: &str,
        body: &B,
    ) -> Result<Message, Refusal> {
        let builder = Message::method_call(path.to_owned(), member.to_owned()).unwrap();
        let builder = builder.sender(from.0.as_str().to_owned()).unwrap();
        let message = builder.interface(interface.to_owned()).unwrap().build(body).unwrap();
        let call = Call::read(message).unwrap();
        self.desk.arrive(&call.sender);
        self.desk.introduce(&call.sender, &from.1);
        let reply = block_on(answer_within(self.patience, &self.desk, &from.1, &call));
        self.desk.finish(&call.sender);
        reply
    }

    pub(super) fn search(&self, from: &Application) -> (Vec<String>, Vec<String>) {
        let attributes = HashMap::from([("service", "demo")]);
        let reply = self.call(from, ROOT, SERVICE, "SearchItems", &attributes).unwrap();
        let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            reply.body().deserialize().unwrap();
        (strings(&unlocked), strings(&locked))
    }

    pub(super) fn session(&self, from: &Application) -> OwnedObjectPath {
        let reply = self.call(from, ROOT, SERVICE, "OpenSession", &("plain", Value::from(""))).unwrap();
        let (_, session): (OwnedValue, OwnedObjectPath) = reply.body().deserialize().unwrap();
        session
    }

    pub(super) fn unlock(&self, from: &Application, paths: &[&str]) -> (Vec<String>, OwnedObjectPath) {
        let paths: Vec<_> = paths.iter().map(|path| object(path).unwrap()).collect();
        let reply = self.call(from, ROOT, SERVICE, "Unlock", &paths).unwrap();
        let (usable, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize().unwrap();
        (strings(&usable), prompt)
    }

    pub(super) fn prompt(&self, from: &Application, prompt: &OwnedObjectPath) -> Result<Message, Refusal> {
        self.call(from, prompt, PROMPT, "Prompt", &(""))
    }

    /// The next signal.
    pub(super) fn signal(&self) -> Message {
        let signal = block_on(smol::future::or(async { self.sent.recv().await.ok() }, async {
            async_io::Timer::after(Duration::from_secs(5)).await;
            None
        }));
        signal.expect("no signal came")
    }

    /// The next end of a prompt: whom it goes to, and the result. Other signals before it are passed over.
    pub(super) fn completed(&self) -> (String, bool, OwnedValue) {
        loop {
            let signal = self.signal();
            if member(&signal) == "Completed" {
                let to = signal.header().destination().unwrap().to_string();
                let (dismissed, result) = signal.body().deserialize().unwrap();
                return (to, dismissed, result);
            }
        }
    }

    /// Every signal that has been sent and not been looked at: whom it goes to, where it comes from, its name.
    pub(super) fn signals(&self) -> Vec<String> {
        let told = |signal: Message| {
            let header = signal.header();
            let to = header.destination().map_or("all".to_owned(), ToString::to_string);
            format!("{to} {} {}", header.path().unwrap(), member(&signal))
        };
        std::iter::from_fn(|| self.sent.try_recv().ok()).map(told).collect()
    }

    pub(super) fn approve(&self, from: &Application, paths: &[&str]) {
        let (_, prompt) = self.unlock(from, paths);
        self.prompt(from, &prompt).unwrap();
        self.say.try_send(true).unwrap();
        assert!(!self.completed().1);
    }

    pub(super) fn get_secret(
        &self,
        from: &Application,
        path: &str,
        session: &OwnedObjectPath,
    ) -> Result<Message, Refusal> {
        self.call(from, path, ITEM, "GetSecret", session)
    }

    /// The backend has these collections, of which the first is the default.
    pub(super) fn has_collections(&self, paths: &[&str]) {
        *self.fake.collections.lock().unwrap() = paths.iter().map(|path| collection(path)).collect();
    }

    /// So much is told of items without a key.
    pub(super) fn tells(&self, metadata: Metadata) {
        *self.fake.metadata.lock().unwrap() = metadata;
        self.desk.doubt_metadata();
    }

    /// Somebody else changes every item.
    pub(super) fn changes_under_us(&self) {
        self.fake.changed.store(true, Ordering::SeqCst);
    }

    /// How long approvals live from now on.
    pub(super) fn approvals_live(&self, lives: Duration) {
        *self.fake.lives.lock().unwrap() = lives;
    }

    /// A property, or why it is not told.
    pub(super) fn get(
        &self,
        from: &Application,
        path: &str,
        interface: &str,
        name: &str,
    ) -> Result<OwnedValue, Refusal> {
        let reply = self.call(from, path, PROPERTIES, "Get", &(interface, name))?;
        Ok(reply.body().deserialize().unwrap())
    }

    /// Locks the backend's collection, as if somebody else had.
    pub(super) fn lock_the_store(&self) {
        self.fake.locked.store(true, Ordering::SeqCst);
    }

    /// The backend searches only what is open.
    pub(super) fn searches_open_only(&self) {
        self.fake.searches_open_only.store(true, Ordering::SeqCst);
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.fake.asked.lock().unwrap().clone()
    }

    pub(super) fn eventually_asked(&self, what: &str) {
        let until = Instant::now() + Duration::from_secs(5);
        while !self.asked().iter().any(|asked| asked.starts_with(what)) {
            assert!(Instant::now() < until, "{what} was not asked for: {:?}", self.asked());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

pub(super) fn strings(paths: &[OwnedObjectPath]) -> Vec<String> {
    paths.iter().map(|path| path.as_str().to_owned()).collect()
}

pub(super) fn paths_in(value: OwnedValue) -> Vec<String> {
    let signature = value.value_signature().to_string();
    assert_eq!(signature, "ao");
    strings(&Vec::<OwnedObjectPath>::try_from(value).unwrap())
}

pub(super) fn secret_in(reply: &Message) -> Vec<u8> {
    assert_eq!(reply.header().signature().to_string(), "(oayays)");
    let ((_, _, value, _),): ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) =
        reply.body().deserialize().unwrap();
    value
}

pub(super) fn root() -> OwnedObjectPath {
    object("/").unwrap().into_owned().into()
}
