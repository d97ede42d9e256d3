//! A gate of which the test is the person, and applications that call by messages.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sd_client::Failure;
use sd_sys::secret::Secret;
use sd_wire::bounded::Attributes;
use sd_wire::claims::{App, Claims};
use sd_wire::outcome::{Collection, Collections, Found, What};
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

/// A gate of which the test is the person. Each `access`, `store` and `delete` waits for one word.
pub(super) struct Fake {
    words: Receiver<bool>,
    asked: Mutex<Vec<String>>,
    /// Whether the backend's collection is locked.
    locked: AtomicBool,
}

impl Fake {
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
            let mut secret = Secret::with_capacity(7).unwrap();
            secret.push(b"hunter2").unwrap();
            Ok((secret, "text/plain".to_owned()))
        })
    }

    fn access<'a>(&'a self, items: &'a [ItemPath], claims: &'a Claims) -> Asked<'a, Duration> {
        Box::pin(async move {
            self.note(format!("access {items:?} for {}", claims.app.as_ref().unwrap().pid));
            let mut asked = Withdrawn(Arc::clone(self), false);
            let answer = self.person(Duration::from_secs(10)).await;
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
            Ok(Found { unlocked: vec![item(FIRST), item(SECOND)], locked: Vec::new() })
        })
    }

    fn collections<'a>(&'a self, _: &'a Claims) -> Asked<'a, Collections> {
        let path = CollectionPath::parse(LOGIN).unwrap();
        let locked = self.locked.load(Ordering::SeqCst);
        let login = Collection { path: path.clone(), label: "Login".into(), locked, created: 1, modified: 2 };
        Box::pin(async move { Ok(Collections { collections: vec![login], default: Some(path) }) })
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
}

/// An application: its bus name and its process.
pub(super) struct Application(pub(super) OwnedUniqueName, pub(super) Caller);

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
        let fake = Arc::new(Fake { words, asked: Mutex::default(), locked: AtomicBool::new(false) });
        Self { desk: Desk::new(Box::new(Arc::clone(&fake)), outbox), fake, say, sent }
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
        let reply = block_on(answer(&self.desk, &from.1, &call));
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

    /// The next signal: whom it goes to, and a prompt's result.
    pub(super) fn completed(&self) -> (String, bool, OwnedValue) {
        let signal = block_on(smol::future::or(async { self.sent.recv().await.ok() }, async {
            async_io::Timer::after(Duration::from_secs(5)).await;
            None
        }));
        let signal = signal.expect("no Completed came");
        let to = signal.header().destination().unwrap().to_string();
        let (dismissed, result) = signal.body().deserialize().unwrap();
        (to, dismissed, result)
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

    /// Locks the backend's collection, as if somebody else had.
    pub(super) fn lock_the_store(&self) {
        self.fake.locked.store(true, Ordering::SeqCst);
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
