//! sd-crowd — many applications of the Secret Service, or one with little patience.
//!
//! For the tests of what one caller may take from another. What it asks for is what sd-fake-backend has by --stock.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use smol::stream::StreamExt;
use zbus::Connection;
use zbus::export::serde::Serialize;
use zbus::zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const FAKE: &str = "/org/freedesktop/secrets/collection/fake";
const ALIAS: &str = "/org/freedesktop/secrets/aliases/default";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What libdbus-based clients give every call (dbus-secret-service, and keyring-rs on it).
const PATIENCE: Duration = Duration::from_secs(2);
/// How many calls a flood has under way. dbus-daemon allows 128.
const FLOOD: usize = 60;

/// Calls the Secret Service of the session bus as a crowd would.
#[derive(Debug, Parser)]
#[command(name = "sd-crowd", version)]
enum Cli {
    /// Performs prompts for so many items, says so, and keeps waiting for them.
    Hold {
        /// At most 64.
        prompts: usize,
        /// The number of the first item.
        #[arg(default_value_t = 1)]
        first: usize,
    },
    /// Searches without end, 60 searches at a time.
    Flood,
    /// Calls every method that may not wait for a person, so often, with the patience of a client on libdbus: 2 s a call.
    /// Prints what each took at most; fails when one was not answered, or was turned away for want of room.
    Rounds {
        /// How often.
        rounds: usize,
    },
    /// Unlocks so many items by one prompt, and reads them.
    Unlock {
        /// How many.
        items: usize,
    },
}

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Hold { prompts, first } => smol::block_on(hold(prompts, first)),
        Cli::Flood => smol::block_on(flood()),
        Cli::Rounds { rounds } => smol::block_on(round(rounds)),
        Cli::Unlock { items } => smol::block_on(unlock(items)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-crowd: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn bus(patience: Duration) -> zbus::Result<Connection> {
    zbus::connection::Builder::session()?.method_timeout(patience).build().await
}

fn item(number: usize) -> Done<OwnedObjectPath> {
    Ok(OwnedObjectPath::try_from(format!("{FAKE}/i{number}"))?)
}

async fn prompt_for(bus: &Connection, items: &[OwnedObjectPath]) -> Done<OwnedObjectPath> {
    let reply = bus.call_method(Some(NAME), ROOT, Some(SERVICE), "Unlock", &(items)).await?;
    let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize()?;
    bus.call_method(Some(NAME), &prompt, Some(PROMPT), "Prompt", &("")).await?;
    Ok(prompt)
}

async fn hold(prompts: usize, first: usize) -> Done {
    let bus = bus(Duration::from_secs(25)).await?;
    for number in first..first + prompts {
        prompt_for(&bus, &[item(number)?]).await?;
    }
    println!("holds {prompts}");
    std::future::pending().await
}

async fn flood() -> Done {
    let bus = bus(Duration::from_secs(25)).await?;
    for _ in 0..FLOOD {
        let bus = bus.clone();
        smol::spawn(async move {
            loop {
                let wanted = HashMap::from([("number", "1")]);
                let _ = bus.call_method(Some(NAME), ROOT, Some(SERVICE), "SearchItems", &(wanted)).await;
            }
        })
        .detach();
    }
    std::future::pending().await
}

/// A caller that writes down how long everything takes.
struct Impatient {
    bus: Connection,
    slowest: Vec<(String, Duration)>,
    lost: Vec<String>,
}

impl Impatient {
    /// A call that is to be answered in time, if only by a refusal.
    async fn call<B>(&mut self, path: &str, interface: &str, member: &str, body: &B) -> Option<zbus::Message>
    where
        B: Serialize + DynamicType,
    {
        let began = Instant::now();
        let answer = self.bus.call_method(Some(NAME), path, Some(interface), member, body).await;
        let took = began.elapsed();
        let name = format!("{}.{member}", interface.rsplit('.').next().unwrap_or_default());
        match self.slowest.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slowest)) => *slowest = took.max(*slowest),
            None => self.slowest.push((name.clone(), took)),
        }
        match answer {
            Ok(reply) => Some(reply),
            Err(zbus::Error::MethodError(error, ..))
                if ["IsLocked", "AccessDenied"].iter().any(|may| error.ends_with(may)) =>
            {
                None
            }
            Err(e) => {
                self.lost.push(format!("{name} after {} ms: {e}", took.as_millis()));
                None
            }
        }
    }

    /// A call that is answered by a prompt, which is then dismissed.
    async fn dismiss<B>(&mut self, path: &str, interface: &str, member: &str, body: &B)
    where
        B: Serialize + DynamicType,
    {
        let Some(reply) = self.call(path, interface, member, body).await else { return };
        let prompt = match reply.body().deserialize::<OwnedObjectPath>() {
            Ok(prompt) => Some(prompt),
            Err(_) => reply.body().deserialize::<(OwnedValue, OwnedObjectPath)>().ok().map(|it| it.1),
        };
        if let Some(prompt) = prompt.filter(|prompt| prompt.as_str() != "/") {
            self.call(&prompt, PROMPT, "Dismiss", &()).await;
        }
    }
}

async fn round(rounds: usize) -> Done {
    let mut app = Impatient { bus: bus(PATIENCE).await?, slowest: Vec::new(), lost: Vec::new() };
    for _ in 0..rounds {
        every_method(&mut app).await?;
    }
    app.slowest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    for (name, took) in &app.slowest {
        println!("{} ms {name}", took.as_millis());
    }
    if app.lost.is_empty() { Ok(()) } else { Err(app.lost.join("\n").into()) }
}

async fn every_method(app: &mut Impatient) -> Done {
    let none = OwnedObjectPath::from(ObjectPath::from_static_str_unchecked("/"));
    let one = HashMap::from([("number", "777")]);
    let all = HashMap::from([("service", "demo")]);
    let it = item(777)?;
    app.call(ROOT, "org.freedesktop.DBus.Peer", "Ping", &()).await;
    app.call(ROOT, "org.freedesktop.DBus.Introspectable", "Introspect", &()).await;
    app.call(ROOT, PROPERTIES, "GetAll", &(SERVICE)).await;
    app.call(ROOT, SERVICE, "SearchItems", &(&all)).await;
    let opened = app.call(ROOT, SERVICE, "OpenSession", &("plain", Value::from(""))).await;
    let session = match &opened {
        Some(reply) => reply.body().deserialize::<(OwnedValue, OwnedObjectPath)>()?.1,
        None => none.clone(),
    };
    app.call(ROOT, SERVICE, "ReadAlias", &("default")).await;
    app.call(ROOT, SERVICE, "SearchItems", &(&one)).await;
    app.call(ROOT, SERVICE, "SearchItems", &(&all)).await;
    app.call(ALIAS, COLLECTION, "SearchItems", &(&one)).await;
    app.call(ALIAS, PROPERTIES, "Get", &(COLLECTION, "Locked")).await;
    app.call(FAKE, PROPERTIES, "GetAll", &(COLLECTION)).await;
    app.call(FAKE, PROPERTIES, "Get", &(COLLECTION, "Items")).await;
    app.call(&it, PROPERTIES, "GetAll", &(ITEM)).await;
    app.call(&format!("{ALIAS}/i777"), PROPERTIES, "Get", &(ITEM, "Locked")).await;
    app.dismiss(ROOT, SERVICE, "Unlock", &(vec![it.clone(), OwnedObjectPath::try_from(ALIAS)?])).await;
    app.call(ROOT, SERVICE, "Lock", &(vec![it.clone()])).await;
    app.call(ROOT, SERVICE, "GetSecrets", &(vec![it.clone()], &session)).await;
    app.call(&it, ITEM, "GetSecret", &(&session)).await;
    app.dismiss(&it, ITEM, "Delete", &()).await;
    let properties = HashMap::from([("org.freedesktop.Secret.Item.Label", Value::from("new"))]);
    let secret = (&session, Vec::<u8>::new(), b"hunter2".to_vec(), "text/plain");
    app.dismiss(ALIAS, COLLECTION, "CreateItem", &(properties, secret, true)).await;
    app.dismiss(FAKE, COLLECTION, "Delete", &()).await;
    let properties = HashMap::from([("org.freedesktop.Secret.Collection.Label", Value::from("new"))]);
    app.dismiss(ROOT, SERVICE, "CreateCollection", &(properties, "")).await;
    app.call(&session, "org.freedesktop.Secret.Session", "Close", &()).await;
    Ok(())
}

/// As libsecret does for a search with secrets: one prompt for all that was found, then all secrets at once, then those
/// again one by one that did not come.
async fn unlock(count: usize) -> Done {
    let bus = bus(Duration::from_secs(25)).await?;
    let mut completed = zbus::MessageStream::from(&bus);
    let opened =
        bus.call_method(Some(NAME), ROOT, Some(SERVICE), "OpenSession", &("plain", Value::from(""))).await?;
    let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
    let items = (1..=count).map(item).collect::<Done<Vec<_>>>()?;
    prompt_for(&bus, &items).await?;
    println!("asked");
    let result = loop {
        let message = completed.next().await.ok_or("the bus is gone")??;
        if message.header().member().is_some_and(|member| member.as_str() == "Completed") {
            break message;
        }
    };
    let (dismissed, _): (bool, OwnedValue) = result.body().deserialize()?;
    if dismissed {
        return Err("the prompt was dismissed".into());
    }
    // Messages stop coming when nobody takes the signals among them.
    drop(completed);
    let began = Instant::now();
    let got = bus.call_method(Some(NAME), ROOT, Some(SERVICE), "GetSecrets", &(&items, &session)).await?;
    let got: HashMap<OwnedObjectPath, (OwnedObjectPath, Vec<u8>, Vec<u8>, String)> =
        got.body().deserialize()?;
    let at_once = got.len();
    let mut one_by_one = 0;
    for item in items.iter().filter(|item| !got.contains_key(*item)) {
        bus.call_method(Some(NAME), item, Some(ITEM), "GetSecret", &(&session)).await?;
        one_by_one += 1;
    }
    println!("{at_once} secrets at once, {one_by_one} one by one, in {} ms", began.elapsed().as_millis());
    Ok(())
}
