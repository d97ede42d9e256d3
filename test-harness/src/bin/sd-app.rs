//! sd-app — an application of the Secret Service that does what it is told, on one connection.
//!
//! For trying sd-agent by hand and for the tests of what it tells whom: a tool that makes one call and ends takes its
//! asks with it, and never hears a signal.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use smol::Timer;
use smol::stream::StreamExt;
use zbus::export::serde::Serialize;
use zbus::message::Type;
use zbus::zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Message, MessageStream};

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Calls the Secret Service of the session bus, one step after the other, and prints a line for each.
///
/// Steps: `search NAME=VALUE` (prints what is unlocked and what is locked), `items COLLECTION`, `everything` (a search by
/// no attributes), `label PATH`, `attributes ITEM`, `locked PATH`,
/// `unlock PATH`, `read ITEM`, `set-secret ITEM TEXT`, `set-label PATH TEXT`, `set-attributes ITEM NAME=VALUE`,
/// `set-alias NAME COLLECTION`, `read-alias NAME`, `delete PATH`, `create LABEL NAME=VALUE SECRET`,
/// `create-collection LABEL`, `heard MEMBER` (waits for a signal), `wait MILLISECONDS`. With `retry` before it, a step is
/// taken again until it succeeds. Paths may leave out
/// /org/freedesktop/secrets; `FOUND` is the first that the last search has found, or what was made last, and `@FILE` what
/// that file holds: arguments stand on the screen.
#[derive(Debug, Parser)]
#[command(name = "sd-app", version)]
struct Cli {
    /// What to do, a step an argument.
    #[arg(required = true)]
    steps: Vec<String>,
}

fn main() -> ExitCode {
    match smol::block_on(go(&Cli::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-app: {e}");
            ExitCode::FAILURE
        }
    }
}

type Done<T = String> = zbus::Result<T>;

struct App {
    bus: Connection,
    signals: MessageStream,
    passed_over: Vec<Message>,
    session: OwnedObjectPath,
    /// What the last search has found, or what was made last.
    found: Vec<String>,
}

async fn go(cli: &Cli) -> Done<()> {
    // What most clients have, by GDBus.
    let patience = Duration::from_secs(25);
    let bus = zbus::connection::Builder::session()?.method_timeout(patience).build().await?;
    let signals = MessageStream::from(&bus);
    let rule = format!("type='signal',sender='{NAME}'");
    let daemon = "org.freedesktop.DBus";
    bus.call_method(Some(daemon), "/org/freedesktop/DBus", Some(daemon), "AddMatch", &(rule)).await?;
    let session = ObjectPath::from_static_str_unchecked("/").into();
    let mut app = App { bus, signals, passed_over: Vec::new(), session, found: Vec::new() };
    let opened = app.call(ROOT, SERVICE, "OpenSession", &("plain", Value::from(""))).await?;
    app.session = opened.body().deserialize::<(OwnedValue, OwnedObjectPath)>()?.1;
    for step in &cli.steps {
        let words: Vec<&str> = step.split_whitespace().collect();
        let said = match words.as_slice() {
            ["retry", words @ ..] => app.retry(words).await,
            words => app.step(words).await,
        };
        match said {
            Ok(said) => println!("{said}"),
            Err(zbus::Error::MethodError(name, text, _)) => {
                println!("error {name}: {}", text.unwrap_or_default());
            }
            Err(e) => println!("error {e}"),
        }
    }
    Ok(())
}

impl App {
    async fn retry(&mut self, words: &[&str]) -> Done {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let said = self.step(words).await;
            if said.is_ok() || Instant::now() > until {
                return said;
            }
            Timer::after(Duration::from_millis(100)).await;
        }
    }

    async fn step(&mut self, words: &[&str]) -> Done {
        let found = self.found.first().cloned().unwrap_or_default();
        let words = words.iter().map(|word| match word.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file).unwrap_or_default(),
            None if *word == "FOUND" => found.clone(),
            None => (*word).to_owned(),
        });
        let words: Vec<String> = words.collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match *words {
            ["items", path] => paths(self.get(path, COLLECTION, "Items").await?),
            ["everything"] => {
                let nothing = HashMap::<&str, &str>::new();
                let found = self.call(ROOT, SERVICE, "SearchItems", &nothing).await?;
                let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
                    found.body().deserialize()?;
                Ok(joined(unlocked.iter().chain(&locked).map(short)))
            }
            ["search", pair] => {
                let found = self.call(ROOT, SERVICE, "SearchItems", &attributes(pair)).await?;
                let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
                    found.body().deserialize()?;
                self.found = unlocked.iter().chain(&locked).map(short).collect();
                Ok(format!("{} {}", joined(unlocked.iter().map(short)), joined(locked.iter().map(short))))
            }
            ["label", path] => text(self.get(path, interface(path), "Label").await?),
            ["attributes", path] => {
                let attributes: HashMap<String, String> =
                    self.get(path, ITEM, "Attributes").await?.try_into()?;
                let mut words: Vec<String> =
                    attributes.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
                words.sort();
                Ok(words.join(" "))
            }
            ["locked", path] => {
                Ok(bool::try_from(self.get(path, interface(path), "Locked").await?)?.to_string())
            }
            ["unlock", path] => {
                let path = object(path)?;
                let reply = self.call(ROOT, SERVICE, "Unlock", &vec![path]).await?;
                let (usable, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize()?;
                if prompt.as_str() == "/" {
                    return Ok(joined(usable.iter().map(short)));
                }
                paths(self.prompt(&prompt).await?)
            }
            ["read", path] => {
                let reply = self.call(&full(path), ITEM, "GetSecret", &self.session).await?;
                let (_, _, value, _): (OwnedObjectPath, Vec<u8>, Vec<u8>, String) =
                    reply.body().deserialize()?;
                Ok(String::from_utf8_lossy(&value).into_owned())
            }
            ["set-secret", path, secret] => {
                let secret = (&self.session, &b""[..], secret.as_bytes(), "text/plain");
                self.call(&full(path), ITEM, "SetSecret", &(secret,)).await?;
                done()
            }
            ["set-label", path, label] => self.set(path, interface(path), "Label", Value::from(label)).await,
            ["set-attributes", path, pair] => {
                self.set(path, ITEM, "Attributes", Value::from(attributes(pair))).await
            }
            ["set-alias", name, path] => {
                self.call(ROOT, SERVICE, "SetAlias", &(name, object(path)?)).await?;
                done()
            }
            ["read-alias", name] => {
                let reply = self.call(ROOT, SERVICE, "ReadAlias", &(name)).await?;
                Ok(short(&reply.body().deserialize::<OwnedObjectPath>()?))
            }
            ["delete", path] => {
                let reply = self.call(&full(path), interface(path), "Delete", &()).await?;
                let prompt: OwnedObjectPath = reply.body().deserialize()?;
                self.prompt(&prompt).await?;
                done()
            }
            ["create", label, pair, secret] => {
                let properties = HashMap::from([
                    ("org.freedesktop.Secret.Item.Label", Value::from(label)),
                    ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes(pair))),
                ]);
                let secret = (&self.session, &b""[..], secret.as_bytes(), "text/plain");
                let into = full("/aliases/default");
                let reply = self.call(&into, COLLECTION, "CreateItem", &(properties, secret, true)).await?;
                let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize()?;
                self.found = vec![short(&self.prompt(&prompt).await?.try_into()?)];
                Ok(self.found.concat())
            }
            ["create-collection", label] => {
                let properties =
                    HashMap::from([("org.freedesktop.Secret.Collection.Label", Value::from(label))]);
                let reply = self.call(ROOT, SERVICE, "CreateCollection", &(properties, "")).await?;
                let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize()?;
                Ok(short(&self.prompt(&prompt).await?.try_into()?))
            }
            ["heard", member] => {
                let signal = self.signal(member).await?;
                Ok(format!("{member} {}", signal.header().path().map_or("", |path| short_of(path.as_str()))))
            }
            ["wait", time] => {
                Timer::after(Duration::from_millis(time.parse().unwrap_or(0))).await;
                done()
            }
            _ => Err(zbus::Error::Failure(format!("no such step: {}", words.join(" ")))),
        }
    }

    async fn call<B: Serialize + DynamicType>(
        &self,
        path: &str,
        interface: &str,
        member: &str,
        body: &B,
    ) -> Done<Message> {
        self.bus.call_method(Some(NAME), path, Some(interface), member, body).await
    }

    async fn get(&self, path: &str, interface: &str, name: &str) -> Done<OwnedValue> {
        self.call(&full(path), PROPERTIES, "Get", &(interface, name)).await?.body().deserialize()
    }

    async fn set(&self, path: &str, interface: &str, name: &str, value: Value<'_>) -> Done {
        self.call(&full(path), PROPERTIES, "Set", &(interface, name, value)).await?;
        done()
    }

    /// Waits for a prompt's end, as long as it takes.
    async fn prompt(&mut self, prompt: &OwnedObjectPath) -> Done<OwnedValue> {
        self.call(prompt, PROMPT, "Prompt", &("")).await?;
        let completed = self.signal("Completed").await?;
        let (dismissed, result): (bool, OwnedValue) = completed.body().deserialize()?;
        if dismissed { Err(zbus::Error::Failure("dismissed".into())) } else { Ok(result) }
    }

    /// The next signal of this name that no step has been about yet; waits for it.
    async fn signal(&mut self, member: &str) -> Done<Message> {
        let named = |signal: &Message| signal.header().member().is_some_and(|name| name.as_str() == member);
        if let Some(place) = self.passed_over.iter().position(named) {
            return Ok(self.passed_over.remove(place));
        }
        while let Some(message) = self.signals.next().await {
            let message = message?;
            if message.message_type() != Type::Signal {
                continue;
            }
            if named(&message) {
                return Ok(message);
            }
            self.passed_over.push(message);
        }
        Err(zbus::Error::Failure("the bus hung up".into()))
    }
}

fn done() -> Done {
    Ok("done".into())
}

fn full(path: &str) -> String {
    if path.starts_with(ROOT) || path == "/" { path.into() } else { format!("{ROOT}{path}") }
}

fn object(path: &str) -> Done<OwnedObjectPath> {
    OwnedObjectPath::try_from(full(path)).map_err(Into::into)
}

fn short_of(path: &str) -> &str {
    path.strip_prefix(ROOT).unwrap_or(path)
}

fn short(path: &OwnedObjectPath) -> String {
    short_of(path.as_str()).to_owned()
}

/// Items have one element more than collections.
fn interface(path: &str) -> &'static str {
    if full(path).split('/').count() > 6 { ITEM } else { COLLECTION }
}

fn attributes(pair: &str) -> HashMap<&str, &str> {
    pair.split_once('=').into_iter().collect()
}

fn text(value: OwnedValue) -> Done {
    Ok(value.try_into()?)
}

fn paths(value: OwnedValue) -> Done {
    let paths: Vec<OwnedObjectPath> = value.try_into()?;
    Ok(joined(paths.iter().map(short)))
}

fn joined(paths: impl Iterator<Item = String>) -> String {
    let mut paths: Vec<String> = paths.collect();
    paths.sort();
    format!("[{}]", paths.join(" "))
}
