//! The desktop's notification server: org.freedesktop.Notifications on the session bus, whoever owns that name.
//!
//! On a connection of its own: the Secret Service waits for none of this. Nothing here is an action, and what the
//! person does at a notification is heard only to know that it is closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_io::Timer;
use sd_client::turn;
use smol::channel::Sender;
use smol::stream::StreamExt;
use zbus::message::Flags;
use zbus::names::{OwnedUniqueName, UniqueName};
use zbus::zvariant::Value;
use zbus::{Connection, Message, MessageStream};

use super::board::{Event, Number};
use super::words::{Notice, plain_title, without_markup};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const DAEMON: &str = "org.freedesktop.DBus";
const DAEMON_PATH: &str = "/org/freedesktop/DBus";

/// A server that is slower than this is complained of, and its answer still taken: it names what has to be closed.
const SLOW: Duration = Duration::from_secs(2);
/// After this nothing more is expected of it.
const GIVEN_UP: Duration = Duration::from_secs(30);

/// What a server can do, as far as it matters here.
#[derive(Debug, Clone, Copy, Default)]
struct Abilities {
    body: bool,
    markup: bool,
    persistence: bool,
}

/// The way to the server.
pub(crate) struct Server {
    bus: Connection,
    /// Whoever owns the name now, as the bus says.
    owner: Mutex<Option<OwnedUniqueName>>,
    complained: AtomicBool,
}

impl Server {
    /// Connects to the session bus and asks to be told who comes, who goes, and what is closed.
    pub(crate) async fn connect() -> zbus::Result<(Self, MessageStream)> {
        let bus = zbus::connection::Builder::session()?.internal_executor(false).build().await?;
        smol::spawn(turn(&bus)).detach();
        let messages = MessageStream::from(&bus);
        let changes = format!("type='signal',sender='{DAEMON}',member='NameOwnerChanged',arg0='{NAME}'");
        let closed = format!("type='signal',sender='{NAME}',interface='{NAME}',member='NotificationClosed'");
        for rule in [changes, closed] {
            bus.call_method(Some(DAEMON), DAEMON_PATH, Some(DAEMON), "AddMatch", &(rule)).await?;
        }
        let asked = bus.call_method(Some(DAEMON), DAEMON_PATH, Some(DAEMON), "GetNameOwner", &(NAME)).await;
        let owner = asked.ok().and_then(|reply| reply.body().deserialize().ok());
        Ok((Self { bus, owner: Mutex::new(owner), complained: AtomicBool::default() }, messages))
    }

    /// Tells the board what the server and the bus say, until the bus hangs up.
    pub(crate) async fn listen(&self, mut messages: MessageStream, tell: &Sender<Event>) {
        while let Some(Ok(message)) = messages.next().await {
            for event in self.read(&message) {
                if tell.send(event).await.is_err() {
                    return;
                }
            }
        }
    }

    fn read(&self, message: &Message) -> Vec<Event> {
        let header = message.header();
        let (Some(sender), Some(member)) = (header.sender(), header.member()) else { return Vec::new() };
        let body = message.body();
        if sender.as_str() == DAEMON && member.as_str() == "NameOwnerChanged" {
            let Ok((NAME, _, new)) = body.deserialize::<(&str, &str, &str)>() else { return Vec::new() };
            let new = UniqueName::try_from(new).ok().map(|name| OwnedUniqueName::from(name.to_owned()));
            let came = new.as_ref().map(|_| Event::ServerCame);
            let old = std::mem::replace(&mut *self.owner(), new);
            self.complained.store(false, Ordering::Relaxed);
            return old.map(|_| Event::ServerGone).into_iter().chain(came).collect();
        }
        let from_it = self.owner().as_ref().is_some_and(|owner| *owner == *sender);
        if from_it
            && member.as_str() == "NotificationClosed"
            && let Ok((number, _)) = body.deserialize::<(u32, u32)>()
        {
            return Number::new(number).map(Event::Dismissed).into_iter().collect();
        }
        Vec::new()
    }

    /// Shows a notice; its number, or nothing when the server does not do that. What a server that was given up shows
    /// in the end is taken down.
    pub(crate) async fn raise(self: Arc<Self>, replaces: Option<Number>, notice: Notice) -> Option<Number> {
        let mut call = {
            let server = Arc::clone(&self);
            smol::spawn(async move { server.notify(replaces, &notice).await })
        };
        let slow = async {
            Timer::after(SLOW).await;
            self.complain("slow; its answer is still waited for");
            Timer::after(GIVEN_UP.saturating_sub(SLOW)).await;
            None
        };
        match smol::future::or(async { Some((&mut call).await) }, slow).await {
            Some(Ok(number)) => {
                self.complained.store(false, Ordering::Relaxed);
                Number::new(number)
            }
            Some(Err(e)) => {
                self.complain(&format!("of no use, which changes nothing else: {e}"));
                None
            }
            None => {
                let late = async move {
                    if let Ok(Some(number)) = call.await.map(Number::new) {
                        self.close(number).await;
                    }
                };
                smol::spawn(late).detach();
                None
            }
        }
    }

    /// Once, until it does something or another one comes: a desktop without a server need not hear of it all day.
    fn complain(&self, what: &str) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            sd_journal::info(format_args!("the notification server is {what}"));
        }
    }

    async fn notify(&self, replaces: Option<Number>, notice: &Notice) -> zbus::Result<u32> {
        let abilities = self.abilities().await?;
        let (title, body) = match (abilities.body, abilities.markup) {
            (true, true) => (&notice.title, without_markup(&notice.body)),
            (true, false) => (&notice.title, notice.body.clone()),
            (false, _) => (&notice.alone, String::new()),
        };
        let urgency: u8 = if notice.urgent { 2 } else { 1 };
        let mut hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", urgency.into()),
            ("category", "x-secrets-dispatcher.ask".into()),
            ("desktop-entry", "net.mowaka.SecretsDispatcher".into()),
        ]);
        if abilities.persistence && (notice.urgent || notice.asks == 0) {
            // Not for an ask that waits: who missed it should find it in the server's list, which we clear.
            hints.insert("transient", true.into());
        }
        let lives = i32::try_from(notice.lives.as_millis()).unwrap_or(i32::MAX);
        let replaces = replaces.map_or(0, Number::get);
        let no_actions: &[&str] = &[];
        let title = plain_title(title);
        let icon = "dialog-password";
        let words =
            ("Secrets Dispatcher", replaces, icon, title.as_str(), body.as_str(), no_actions, hints, lives);
        self.call("Notify", &words).await?.body().deserialize()
    }

    /// Asked anew each time: a server that has been started again may be another one.
    async fn abilities(&self) -> zbus::Result<Abilities> {
        let reply = self.call("GetCapabilities", &()).await?;
        let body = reply.body();
        let words: Vec<&str> = body.deserialize()?;
        let has = |word: &str| words.contains(&word);
        Ok(Abilities { body: has("body"), markup: has("body-markup"), persistence: has("persistence") })
    }

    /// To the owner that is known, so that its successor is never told what is his; to the name where there is none,
    /// which lets the bus start one.
    async fn call<B>(&self, member: &str, body: &B) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let owner = self.owner().clone();
        let to = owner.as_ref().map_or(NAME, |owner| owner.as_str());
        self.bus.call_method(Some(to), PATH, Some(NAME), member, body).await
    }

    /// Takes a notification down. Nobody waits for an answer: one that is gone already is an error to some servers.
    pub(crate) async fn close(&self, number: Number) {
        let Some(owner) = self.owner().clone() else { return };
        let message = Message::method_call(PATH, "CloseNotification")
            .and_then(|m| m.destination(owner.as_str().to_owned()))
            .and_then(|m| m.interface(NAME))
            .and_then(|m| m.with_flags(Flags::NoReplyExpected))
            .and_then(|m| m.build(&number.get()));
        if let Ok(message) = message {
            let _ = self.bus.send(&message).await;
        }
    }

    fn owner(&self) -> MutexGuard<'_, Option<OwnedUniqueName>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
