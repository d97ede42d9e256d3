//! The companion's bus: the name, the calls, and the news that a caller has gone.

use std::fmt;
use std::sync::Arc;

use smol::channel::Receiver;
use smol::stream::StreamExt;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream};

use crate::call::Call;
use crate::desk::Desk;
use crate::dispatch;
use crate::refusal::Refusal;
use crate::stop::Stop;
use crate::store::Store;

const NAME: &str = "org.freedesktop.secrets";
const DAEMON: &str = "org.freedesktop.DBus";
const DAEMON_PATH: &str = "/org/freedesktop/DBus";
/// RequestName's flag DO_NOT_QUEUE, and its answer PRIMARY_OWNER.
const DO_NOT_QUEUE: u32 = 4;
const OURS: u32 = 1;

/// Why the store is not served, or no longer.
#[derive(Debug)]
pub(crate) enum Error {
    /// The bus cannot be reached, or has hung up.
    Bus(zbus::Error),
    /// Another program has the name.
    Taken,
    /// The bus has closed the connection.
    Closed,
    /// gpg hangs.
    Hangs,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus(e) => write!(f, "the companion's bus cannot be used: {e}"),
            Self::Taken => {
                write!(f, "another program has {NAME} on the companion's bus already; stop that one first")
            }
            Self::Closed => f.write_str("the companion's bus closed the connection"),
            Self::Hangs => f.write_str("gpg hangs"),
        }
    }
}

impl std::error::Error for Error {}

impl From<zbus::Error> for Error {
    fn from(e: zbus::Error) -> Self {
        Self::Bus(e)
    }
}

/// Serves the store until it is told to stop or the bus hangs up.
pub(crate) async fn serve(store: Store, stop: &Stop) -> Result<(), Error> {
    let bus = zbus::connection::Builder::session()?.build().await?;
    // Before the name is ours: the first call may come with the bus's answer.
    let calls = MessageStream::from(&bus);
    let rule = format!(
        "type='signal',sender='{DAEMON}',path='{DAEMON_PATH}',interface='{DAEMON}',member='NameOwnerChanged',arg2=''"
    );
    bus.call_method(Some(DAEMON), DAEMON_PATH, Some(DAEMON), "AddMatch", &(rule)).await?;
    let asked = (NAME, DO_NOT_QUEUE);
    let reply = bus.call_method(Some(DAEMON), DAEMON_PATH, Some(DAEMON), "RequestName", &asked).await?;
    if reply.body().deserialize::<u32>()? != OURS {
        return Err(Error::Taken);
    }
    let (outbox, letters) = smol::channel::unbounded();
    let (hangs, hung) = smol::channel::bounded(1);
    let desk = Desk::new(store, outbox, hangs);
    sd_journal::ready();
    desk.store.read_ahead();
    let ended = async {
        let hangs = async {
            // Never closed: the desk has the other end.
            let _ = hung.recv().await;
            Err(Error::Hangs)
        };
        let stopped = async {
            stop.asked().await;
            Ok(())
        };
        smol::future::or(stopped, hangs).await
    };
    let serving = smol::future::or(take(calls, &desk), post(&bus, &letters));
    let result = smol::future::or(serving, ended).await;
    sd_journal::stopping();
    desk.store.remember();
    result
}

/// Takes what the bus brings, in order, and waits for nothing else: zbus reads on only when we have taken a message.
async fn take(mut calls: MessageStream, desk: &Arc<Desk>) -> Result<(), Error> {
    while let Some(message) = calls.next().await {
        let message = message.map_err(|_| Error::Closed)?;
        match message.message_type() {
            Type::Signal => {
                if let Some(name) = vanished(&message) {
                    desk.leave(&name);
                }
            }
            Type::MethodCall => {
                let Some(call) = Call::read(&message) else { continue };
                let room = desk.arrive(&call.sender);
                smol::spawn(answer(Arc::clone(desk), call, room)).detach();
            }
            Type::MethodReturn | Type::Error => {}
        }
    }
    Err(Error::Closed)
}

async fn answer(desk: Arc<Desk>, call: Call, room: bool) {
    let answered = if room {
        let answered = dispatch::answer(&desk, &call).await;
        desk.finish(&call.sender);
        answered
    } else {
        Err(Refusal::too_much("too many of your calls are waiting already"))
    };
    if call.wants_reply() {
        match answered {
            Ok(reply) => desk.send(reply),
            Err(refusal) => call.error(&refusal).into_iter().for_each(|error| desk.send(error)),
        }
    }
}

async fn post(bus: &Connection, letters: &Receiver<Message>) -> Result<(), Error> {
    while let Ok(message) = letters.recv().await {
        bus.send(&message).await?;
    }
    Ok(())
}

/// The unique name that a NameOwnerChanged of the bus itself says is gone.
fn vanished(message: &Message) -> Option<String> {
    let header = message.header();
    if header.sender()?.as_str() != DAEMON || header.member()?.as_str() != "NameOwnerChanged" {
        return None;
    }
    let body = message.body();
    let (name, _, new): (&str, &str, &str) = body.deserialize().ok()?;
    (new.is_empty() && name.starts_with(':')).then(|| name.to_owned())
}
