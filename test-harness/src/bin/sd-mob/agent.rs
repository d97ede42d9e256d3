//! A request at the Secret Service of the session bus, as an application makes it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_io::Timer;
use smol::stream::StreamExt;
use zbus::export::serde::Serialize;
use zbus::zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

use crate::{Ended, Mob, Request};

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const DEFAULT: &str = "/org/freedesktop/secrets/aliases/default";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
const BUS: &str = "org.freedesktop.DBus";

/// After `Completed`: how long a second one is listened for.
const AFTERWARDS: Duration = Duration::from_millis(200);
/// How often to look whether the agent is still the same.
const LOOK: Duration = Duration::from_millis(500);

struct App<'a> {
    request: &'a Request,
    bus: Connection,
    /// The agent that is asked; one that was started since is another.
    agent: String,
    until: Instant,
}

/// How a prompt ended.
enum Prompted {
    Completed(OwnedValue),
    Dismissed,
    Lost,
}

pub(crate) async fn ask(mob: &Mob, request: &Request, words: &[&str]) -> Ended {
    let bus = mob.session()?;
    let owner = bus.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "GetNameOwner", &(NAME)).await;
    let agent: String = match owner {
        Ok(reply) => reply.body().deserialize()?,
        Err(e) => return Ok(format!("refused {e}")),
    };
    let app = App { request, bus, agent, until: Instant::now() + mob.patience };
    let began = Instant::now();
    let end = match app.go(words).await {
        Ok(end) => Ok(end),
        Err(zbus::Error::MethodError(name, text, _)) => {
            Ok(format!("error {name} {}", text.unwrap_or_default()))
        }
        Err(e) => Ok(format!("error {e}")),
    };
    // No call waits for a person but by a prompt, whose end is a signal.
    if began.elapsed() > mob.patience {
        request.says("wrong it was never told how this ended");
    }
    end
}

impl App<'_> {
    async fn go(&self, words: &[&str]) -> zbus::Result<String> {
        match *words {
            ["app-search", pair] => {
                let wanted: HashMap<&str, &str> = pair.split_once('=').into_iter().collect();
                self.call(ROOT, SERVICE, "SearchItems", &(wanted)).await?;
                Ok("found".into())
            }
            ["app-read", item] => {
                let session = self.session().await?;
                let path = ObjectPath::try_from(item)?;
                let reply = self.call(ROOT, SERVICE, "Unlock", &(vec![&path])).await?;
                let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize()?;
                match self.prompted(&prompt).await? {
                    Prompted::Dismissed => return Ok("dismissed".into()),
                    Prompted::Lost => return Ok("lost".into()),
                    Prompted::Completed(_) => {}
                }
                self.request.says("reading");
                let reply = self.call(item, ITEM, "GetSecret", &(session)).await?;
                let (_, _, value, _): (OwnedObjectPath, Vec<u8>, Vec<u8>, String) =
                    reply.body().deserialize()?;
                let first: String = String::from_utf8_lossy(&value).chars().take(60).collect();
                Ok(format!("got {first} {}", value.len()))
            }
            ["app-store", label, pair, secret] => {
                let session = self.session().await?;
                let wanted: HashMap<&str, &str> = pair.split_once('=').into_iter().collect();
                let properties = HashMap::from([
                    ("org.freedesktop.Secret.Item.Label", Value::from(label)),
                    ("org.freedesktop.Secret.Item.Attributes", Value::from(wanted)),
                ]);
                let secret = (&session, Vec::<u8>::new(), secret.as_bytes(), "text/plain");
                let reply =
                    self.call(DEFAULT, COLLECTION, "CreateItem", &(properties, secret, false)).await?;
                let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize()?;
                self.changed(&prompt, "stored").await
            }
            ["app-delete", item] => {
                let reply = self.call(item, ITEM, "Delete", &()).await?;
                let prompt: OwnedObjectPath = reply.body().deserialize()?;
                self.changed(&prompt, "deleted").await
            }
            ["app-lock"] => {
                let path = ObjectPath::try_from(DEFAULT)?;
                self.call(ROOT, SERVICE, "Lock", &(vec![path])).await?;
                Ok("locked".into())
            }
            _ => Ok(format!("not understood: {}", words.join(" "))),
        }
    }

    async fn changed(&self, prompt: &OwnedObjectPath, how: &str) -> zbus::Result<String> {
        Ok(match self.prompted(prompt).await? {
            Prompted::Dismissed => "dismissed".into(),
            Prompted::Lost => "lost".into(),
            Prompted::Completed(item) => {
                let item = OwnedObjectPath::try_from(item).map(|it| it.to_string()).unwrap_or_default();
                format!("{how} {item}")
            }
        })
    }

    async fn call<B>(&self, path: &str, interface: &str, member: &str, body: &B) -> zbus::Result<Message>
    where
        B: Serialize + DynamicType,
    {
        self.bus.call_method(Some(self.agent.as_str()), path, Some(interface), member, body).await
    }

    async fn session(&self) -> zbus::Result<OwnedObjectPath> {
        let opened = self.call(ROOT, SERVICE, "OpenSession", &("plain", Value::from(""))).await?;
        let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
        Ok(session)
    }

    async fn prompted(&self, prompt: &OwnedObjectPath) -> zbus::Result<Prompted> {
        if prompt.as_str() == "/" {
            return Ok(Prompted::Completed(OwnedValue::from(0_u32)));
        }
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(self.agent.as_str())?
            .path(prompt.as_str())?
            .member("Completed")?
            .build();
        let mut signals = MessageStream::for_match_rule(rule, &self.bus, Some(16)).await?;
        self.call(prompt, PROMPT, "Prompt", &("")).await?;
        let (dismissed, result) = loop {
            if let Some(said) = within(LOOK, signals.next()).await {
                let Some(said) = said else { return Ok(Prompted::Lost) };
                break said?.body().deserialize::<(bool, OwnedValue)>()?;
            }
            if Instant::now() > self.until {
                self.request.says("wrong it was never told how this ended");
                return Ok(Prompted::Lost);
            }
            if !self.agent_is_there().await {
                return Ok(Prompted::Lost);
            }
        };
        if let Some(Some(_)) = within(AFTERWARDS, signals.next()).await {
            self.request.says("wrong a prompt was completed twice");
        }
        Ok(if dismissed { Prompted::Dismissed } else { Prompted::Completed(result) })
    }

    async fn agent_is_there(&self) -> bool {
        let agent = self.agent.as_str();
        self.bus
            .call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "GetNameOwner", &(agent))
            .await
            .is_ok()
    }
}

async fn within<T>(patience: Duration, what: impl Future<Output = T>) -> Option<T> {
    smol::future::or(async { Some(what.await) }, async {
        Timer::after(patience).await;
        None
    })
    .await
}
