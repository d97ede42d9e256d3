//! The whole agent without a bus: calls go in as messages, replies and signals come out as messages.

use std::collections::HashMap;
use std::sync::Mutex;
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

use super::*;
use crate::asks::{Asked, Asks, NewItem};

const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const ROOT: &str = "/org/freedesktop/secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const ALIAS: &str = "/org/freedesktop/secrets/aliases/default";
const FIRST: &str = "/org/freedesktop/secrets/collection/login/1";
const SECOND: &str = "/org/freedesktop/secrets/collection/login/2";

/// A gate of which the test is the person. Each `access`, `store` and `delete` waits for one word.
struct Fake {
    words: Receiver<bool>,
    asked: Mutex<Vec<String>>,
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
        let login =
            Collection { path: path.clone(), label: "Login".into(), locked: true, created: 1, modified: 2 };
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
}

struct Bench {
    desk: Arc<Desk>,
    fake: Arc<Fake>,
    say: Sender<bool>,
    sent: Receiver<Message>,
}

/// An application: its bus name and its process.
struct Application(OwnedUniqueName, Caller);

fn item(path: &str) -> ItemPath {
    ItemPath::parse(path).unwrap()
}

fn application(name: &str, pid: u32) -> Application {
    let name = UniqueName::try_from(name.to_owned()).unwrap().into();
    Application(name, Caller { app: App { pid, start: 7, exe: None } })
}

impl Bench {
    fn new() -> Self {
        let (say, words) = smol::channel::unbounded();
        let (outbox, sent) = smol::channel::unbounded();
        let fake = Arc::new(Fake { words, asked: Mutex::default() });
        Self { desk: Desk::new(Box::new(Arc::clone(&fake)), outbox), fake, say, sent }
    }

    fn call<B: Serialize + DynamicType>(
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

    fn search(&self, from: &Application) -> (Vec<String>, Vec<String>) {
        let attributes = HashMap::from([("service", "demo")]);
        let reply = self.call(from, ROOT, SERVICE, "SearchItems", &attributes).unwrap();
        let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            reply.body().deserialize().unwrap();
        (strings(&unlocked), strings(&locked))
    }

    fn session(&self, from: &Application) -> OwnedObjectPath {
        let reply = self.call(from, ROOT, SERVICE, "OpenSession", &("plain", Value::from(""))).unwrap();
        let (_, session): (OwnedValue, OwnedObjectPath) = reply.body().deserialize().unwrap();
        session
    }

    fn unlock(&self, from: &Application, paths: &[&str]) -> (Vec<String>, OwnedObjectPath) {
        let paths: Vec<_> = paths.iter().map(|path| object(path).unwrap()).collect();
        let reply = self.call(from, ROOT, SERVICE, "Unlock", &paths).unwrap();
        let (usable, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize().unwrap();
        (strings(&usable), prompt)
    }

    fn prompt(&self, from: &Application, prompt: &OwnedObjectPath) -> Result<Message, Refusal> {
        self.call(from, prompt, PROMPT, "Prompt", &(""))
    }

    /// The next signal: whom it goes to, and a prompt's result.
    fn completed(&self) -> (String, bool, OwnedValue) {
        let signal = block_on(smol::future::or(async { self.sent.recv().await.ok() }, async {
            async_io::Timer::after(Duration::from_secs(5)).await;
            None
        }));
        let signal = signal.expect("no Completed came");
        let to = signal.header().destination().unwrap().to_string();
        let (dismissed, result) = signal.body().deserialize().unwrap();
        (to, dismissed, result)
    }

    fn approve(&self, from: &Application, paths: &[&str]) {
        let (_, prompt) = self.unlock(from, paths);
        self.prompt(from, &prompt).unwrap();
        self.say.try_send(true).unwrap();
        assert!(!self.completed().1);
    }

    fn get_secret(
        &self,
        from: &Application,
        path: &str,
        session: &OwnedObjectPath,
    ) -> Result<Message, Refusal> {
        self.call(from, path, ITEM, "GetSecret", session)
    }

    fn asked(&self) -> Vec<String> {
        self.fake.asked.lock().unwrap().clone()
    }

    fn eventually_asked(&self, what: &str) {
        let until = Instant::now() + Duration::from_secs(5);
        while !self.asked().iter().any(|asked| asked.starts_with(what)) {
            assert!(Instant::now() < until, "{what} was not asked for: {:?}", self.asked());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn strings(paths: &[OwnedObjectPath]) -> Vec<String> {
    paths.iter().map(|path| path.as_str().to_owned()).collect()
}

fn paths_in(value: OwnedValue) -> Vec<String> {
    let signature = value.value_signature().to_string();
    assert_eq!(signature, "ao");
    strings(&Vec::<OwnedObjectPath>::try_from(value).unwrap())
}

fn secret_in(reply: &Message) -> Vec<u8> {
    assert_eq!(reply.header().signature().to_string(), "(oayays)");
    let ((_, _, value, _),): ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) =
        reply.body().deserialize().unwrap();
    value
}

#[test]
fn found_items_are_locked_until_they_are_approved_for_this_application() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    assert_eq!(bench.search(&app), (vec![], vec![FIRST.to_owned(), SECOND.to_owned()]));
    bench.approve(&app, &[FIRST]);
    assert_eq!(bench.search(&app), (vec![FIRST.to_owned()], vec![SECOND.to_owned()]));
    assert_eq!(bench.search(&other), (vec![], vec![FIRST.to_owned(), SECOND.to_owned()]));
}

#[test]
fn an_approval_holds_for_another_connection_of_the_same_process() {
    let (bench, app, again) = (Bench::new(), application(":1.1", 10), application(":1.9", 10));
    bench.approve(&app, &[FIRST]);
    let session = bench.session(&again);
    assert_eq!(secret_in(&bench.get_secret(&again, FIRST, &session).unwrap()), b"hunter2");
}

#[test]
fn an_approved_prompt_names_each_path_as_it_was_given() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let by_alias = format!("{ALIAS}/1");
    let (usable, prompt) = bench.unlock(&app, &[LOGIN, &by_alias, FIRST, &by_alias, SECOND]);
    assert_eq!(usable, [LOGIN]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    let (to, dismissed, result) = bench.completed();
    assert_eq!((to.as_str(), dismissed), (":1.1", false));
    assert_eq!(paths_in(result), [by_alias.as_str(), FIRST, SECOND]);
    assert_eq!(bench.asked(), [format!("access [{FIRST}, {SECOND}] for 10")]);
    assert_eq!(bench.unlock(&app, &[&by_alias, SECOND]), (vec![by_alias, SECOND.to_owned()], root()));
}

fn root() -> OwnedObjectPath {
    object("/").unwrap().into_owned().into()
}

#[test]
fn a_denied_prompt_is_dismissed_with_an_empty_list() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(false).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert!(dismissed);
    assert!(paths_in(result).is_empty());
    assert_eq!(bench.search(&app).0, Vec::<String>::new());
    assert!(bench.prompt(&app, &prompt).is_err(), "each prompt serves once");
}

#[test]
fn completed_comes_no_sooner_than_a_client_can_listen() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.say.try_send(true).unwrap();
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    let returned = Instant::now();
    bench.completed();
    assert!(returned.elapsed() >= Duration::from_millis(100));
}

#[test]
fn nothing_is_asked_before_the_prompt_is_called() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.unlock(&app, &[FIRST]);
    bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap();
    assert!(bench.asked().is_empty());
}

#[test]
fn dismiss_completes_the_prompt_and_withdraws_the_ask() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.eventually_asked("access");
    bench.call(&app, &prompt, PROMPT, "Dismiss", &()).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert!(dismissed);
    assert!(paths_in(result).is_empty());
    bench.eventually_asked("withdrawn");
    assert!(bench.sent.is_empty(), "Completed was emitted twice");
}

#[test]
fn all_of_a_caller_goes_when_its_name_does() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.eventually_asked("access");
    bench.desk.leave(&app.0);
    bench.eventually_asked("withdrawn");
    assert!(bench.sent.is_empty(), "a signal went to nobody");
    let refusal = bench.get_secret(&app, FIRST, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSession");
}

#[test]
fn a_prompt_and_a_session_are_their_owners_alone() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.search(&other);
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    assert!(bench.prompt(&other, &prompt).is_err());
    assert!(bench.call(&other, &prompt, PROMPT, "Dismiss", &()).is_err());
    let session = bench.session(&app);
    let interface = "org.freedesktop.Secret.Session";
    let refusal = bench.call(&other, &session, interface, "Close", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSession");
    let refusal = bench.get_secret(&other, FIRST, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSession");
}

#[test]
fn a_direct_read_without_approval_is_locked_and_opens_one_ask() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    for _ in 0..3 {
        let refusal = bench.get_secret(&app, FIRST, &session).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
        assert!(refusal.text.contains("VT8"), "{}", refusal.text);
    }
    bench.eventually_asked("access");
    bench.say.try_send(true).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while !bench.desk.approved(&app.1.app, &item(FIRST)) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(bench.asked().len(), 1);
    assert_eq!(secret_in(&bench.get_secret(&app, FIRST, &session).unwrap()), b"hunter2");
}

#[test]
fn get_secrets_leaves_out_what_is_not_approved() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.approve(&app, &[FIRST]);
    let session = bench.session(&app);
    let paths = [object(FIRST).unwrap(), object(SECOND).unwrap(), object(LOGIN).unwrap()];
    let reply = bench.call(&app, ROOT, SERVICE, "GetSecrets", &(&paths[..], &session)).unwrap();
    assert_eq!(reply.header().signature().to_string(), "a{o(oayays)}");
    let secrets: HashMap<OwnedObjectPath, (OwnedObjectPath, Vec<u8>, Vec<u8>, String)> =
        reply.body().deserialize().unwrap();
    assert_eq!(secrets.len(), 1);
    let (_, (_, _, value, content_type)) = secrets.into_iter().next().unwrap();
    assert_eq!((value.as_slice(), content_type.as_str()), (&b"hunter2"[..], "text/plain"));
}

#[test]
fn a_search_for_everything_is_refused() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let nothing = HashMap::<&str, &str>::new();
    for (path, interface) in [(ROOT, SERVICE), (LOGIN, COLLECTION), (ALIAS, COLLECTION)] {
        let refusal = bench.call(&app, path, interface, "SearchItems", &nothing).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.AccessDenied");
    }
    assert!(bench.asked().is_empty());
}

#[test]
fn an_item_tells_an_application_its_own_words_only() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.search(&app);
    let properties = |from, path: &str| -> HashMap<String, OwnedValue> {
        let reply = bench.call(from, path, PROPERTIES, "GetAll", &(ITEM)).unwrap();
        reply.body().deserialize().unwrap()
    };
    let attributes = |properties: &HashMap<String, OwnedValue>| -> HashMap<String, String> {
        properties["Attributes"].try_clone().unwrap().try_into().unwrap()
    };
    let seen = properties(&app, FIRST);
    assert_eq!(attributes(&seen), HashMap::from([("service".to_owned(), "demo".to_owned())]));
    assert_eq!(seen["Label"], OwnedValue::from(zbus::zvariant::Str::from("")));
    assert_eq!(seen["Locked"], OwnedValue::from(true));
    let unseen = properties(&other, FIRST);
    let absent = properties(&other, "/org/freedesktop/secrets/collection/login/none");
    assert!(attributes(&unseen).is_empty());
    assert_eq!(unseen, absent, "an item that there is looks like one that there is not");
}

#[test]
fn create_item_opens_the_secret_when_the_prompt_is_called() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let attributes = HashMap::from([("service", "demo")]);
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::from("demo")),
        ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
    ]);
    let secret = (&session, &b""[..], &b"hunter2"[..], "text/plain");
    let reply = bench.call(&app, ALIAS, COLLECTION, "CreateItem", &(properties, secret, true)).unwrap();
    let (made, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize().unwrap();
    assert_eq!(made.as_str(), "/");
    assert!(bench.asked().is_empty());
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert!(!dismissed);
    assert_eq!(OwnedObjectPath::try_from(result).unwrap().as_str(), FIRST);
    let asked = format!("store hunter2 {ALIAS} demo {{\"service\": \"demo\"}} text/plain true");
    assert_eq!(bench.asked(), [asked]);
}

#[test]
fn delete_goes_by_a_prompt() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    for (word, expected) in [(true, false), (false, true)] {
        let reply = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap();
        let prompt: OwnedObjectPath = reply.body().deserialize().unwrap();
        bench.prompt(&app, &prompt).unwrap();
        bench.say.try_send(word).unwrap();
        let (_, dismissed, result) = bench.completed();
        assert_eq!(dismissed, expected);
        assert_eq!(OwnedObjectPath::try_from(result).unwrap().as_str(), "/");
    }
}

#[test]
fn a_collection_is_never_locked_and_tells_no_items() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    for path in [LOGIN, ALIAS] {
        let reply = bench.call(&app, path, PROPERTIES, "GetAll", &(COLLECTION)).unwrap();
        let properties: HashMap<String, OwnedValue> = reply.body().deserialize().unwrap();
        assert_eq!(properties["Locked"], OwnedValue::from(false));
        assert!(paths_in(properties["Items"].try_clone().unwrap()).is_empty());
        assert_eq!(properties["Created"], OwnedValue::from(1u64));
    }
    let refusal = bench
        .call(&app, "/org/freedesktop/secrets/collection/none", PROPERTIES, "Get", &(COLLECTION, "Label"))
        .unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
}

#[test]
fn the_service_names_its_collections_and_its_default() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let reply = bench.call(&app, ROOT, PROPERTIES, "Get", &(SERVICE, "Collections")).unwrap();
    assert_eq!(reply.header().signature().to_string(), "v");
    assert_eq!(paths_in(reply.body().deserialize().unwrap()), [LOGIN]);
    let alias = |name: &str| -> OwnedObjectPath {
        bench.call(&app, ROOT, SERVICE, "ReadAlias", &(name)).unwrap().body().deserialize().unwrap()
    };
    assert_eq!(alias("default").as_str(), LOGIN);
    assert_eq!(alias("login").as_str(), "/");
}

#[test]
fn sessions_prompts_and_calls_are_bounded_for_each_connection() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    for _ in 0..32 {
        bench.session(&app);
    }
    let refusal = bench.call(&app, ROOT, SERVICE, "OpenSession", &("plain", Value::from(""))).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.LimitsExceeded");
    for _ in 0..64 {
        bench.unlock(&app, &[FIRST]);
    }
    let refusal = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.LimitsExceeded");
    bench.session(&other);
    assert!((0..64).all(|_| bench.desk.arrive(&app.0)));
    assert!(!bench.desk.arrive(&app.0));
    assert!(bench.desk.arrive(&other.0));
}

#[test]
fn every_method_of_the_interfaces_is_answered_and_no_other() {
    use crate::introspect::{COLLECTION as C, ITEM as I, PROMPT as P, SERVICE as S, SESSION};
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let (session, (_, prompt)) = (bench.session(&app), bench.unlock(&app, &[FIRST]));
    for (path, xml) in [(ROOT, S), (LOGIN, C), (FIRST, I), (session.as_str(), SESSION), (prompt.as_str(), P)]
    {
        let named = |line: &str| line.split('"').nth(1).unwrap().to_owned();
        let interface = named(xml.lines().next().unwrap());
        for line in xml.lines().filter(|line| line.contains("<method ")) {
            // Arguments that no method takes: a method that is there says so, or that it is not built yet.
            let refusal =
                bench.call(&app, path, &interface, &named(line), &(7u8, 7u8, 7u8, 7u8)).unwrap_err();
            let known = ["org.freedesktop.DBus.Error.InvalidArgs", "org.freedesktop.DBus.Error.NotSupported"];
            assert!(known.contains(&refusal.name), "{line}: {refusal:?}");
        }
        let refusal = bench.call(&app, path, &interface, "Frobnicate", &()).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.UnknownMethod");
        let refusal = bench.call(&app, path, "org.example.Other", "Open", &()).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.UnknownInterface");
        let reply = bench.call(&app, path, "org.freedesktop.DBus.Introspectable", "Introspect", &()).unwrap();
        assert!(reply.body().deserialize::<&str>().unwrap().contains(&interface));
    }
    bench.call(&app, "/anywhere", "org.freedesktop.DBus.Peer", "Ping", &()).unwrap();
    let refusal = bench.call(&app, "/anywhere", SERVICE, "Unlock", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.UnknownObject");
}

#[test]
fn what_is_not_built_yet_says_so() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let value = Value::from("x");
    let refusal = bench.call(&app, FIRST, PROPERTIES, "Set", &(ITEM, "Label", &value)).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.NotSupported");
    let refusal = bench.call(&app, FIRST, PROPERTIES, "Set", &(ITEM, "Locked", &value)).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.PropertyReadOnly");
    let refusal = bench.call(&app, ROOT, SERVICE, "Lock", &vec![object(LOGIN).unwrap()]).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.NotSupported");
}
