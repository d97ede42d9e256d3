//! The session bus: the name, the calls, and the news that a caller has gone.

use std::fmt;
use std::sync::Arc;

use sd_client::{screen, turn};
use sd_sys::process::Process;
use sd_wire::printable::Printable;
use smol::channel::Receiver;
use smol::stream::StreamExt;
use zbus::message::Type;
use zbus::names::{OwnedUniqueName, UniqueName};
use zbus::{Connection, Message, MessageStream};

use crate::asks::System;
use crate::call::Call;
use crate::caller::Caller;
use crate::desk::Desk;
use crate::dispatch;
use crate::notices;
use crate::refusal::Refusal;
use crate::stop::Stop;

const NAME: &str = "org.freedesktop.secrets";
const DAEMON: &str = "org.freedesktop.DBus";
const DAEMON_PATH: &str = "/org/freedesktop/DBus";
/// The most characters of another program's name.
const LONGEST: usize = 40;

/// RequestName's flags, none of them: we take the name from nobody, nobody takes it from us, and where somebody has it
/// we wait in the queue.
const NO_FLAGS: u32 = 0;
/// RequestName's answers PRIMARY_OWNER, IN_QUEUE and ALREADY_OWNER.
const OURS: u32 = 1;
const WAITS: u32 = 2;
const OURS_ALREADY: u32 = 4;

/// Why the agent cannot serve, or has stopped.
#[derive(Debug)]
pub(crate) enum Error {
    /// The session bus cannot be reached, or has hung up.
    Bus(zbus::Error),
    /// The session bus has closed the connection.
    Closed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus(e) => write!(f, "session bus cannot be used: {e}"),
            Self::Closed => f.write_str("session bus closed the connection"),
        }
    }
}

impl std::error::Error for Error {}

impl From<zbus::Error> for Error {
    fn from(e: zbus::Error) -> Self {
        Self::Bus(e)
    }
}

/// Owns the name and answers calls until it is told to stop or the bus hangs up.
pub(crate) async fn serve(stop: Stop) -> Result<(), Error> {
    let bus = zbus::connection::Builder::session()?.internal_executor(false).build().await?;
    // Before the name is ours: the first call may come with the bus's answer.
    let calls = MessageStream::from(&bus);
    smol::spawn(turn(&bus)).detach();
    let rule = format!(
        "type='signal',sender='{DAEMON}',path='{DAEMON_PATH}',interface='{DAEMON}',member='NameOwnerChanged',arg2=''"
    );
    bus.call_method(Some(DAEMON), DAEMON_PATH, Some(DAEMON), "AddMatch", &(rule)).await?;
    if !is_ours(&bus).await? {
        // All the same we stay: what sd-gpg asks is to be told of, and the name comes when it is free.
        sd_journal::warning(taken(&bus).await);
    }
    let (outbox, letters) = smol::channel::unbounded();
    let (notices, showing) = notices::begin();
    let desk = Desk::new(Box::new(System::new(notices)), outbox);
    sd_journal::ready();
    let serving = smol::future::or(take(calls, &bus, &desk), post(&bus, &letters));
    let stopped = async {
        stop.asked().await;
        Ok(())
    };
    smol::future::or(serving, stopped).await?;
    sd_journal::stopping();
    // libsecret 0.20.5 waits for ever for a prompt whose owner has vanished, so none may be left open.
    desk.dismiss_all();
    while let Ok(letter) = letters.try_recv() {
        bus.send(&letter).await?;
    }
    showing.end().await;
    Ok(())
}

/// Asks for the name; whether it is ours at once.
async fn is_ours(bus: &Connection) -> Result<bool, Error> {
    let asked = (NAME, NO_FLAGS);
    let reply = bus.call_method(Some(DAEMON), DAEMON_PATH, Some(DAEMON), "RequestName", &asked).await?;
    match reply.body().deserialize()? {
        OURS | OURS_ALREADY => Ok(true),
        WAITS => Ok(false),
        other => Err(Error::Bus(zbus::Error::Failure(format!("RequestName answered {other}")))),
    }
}

/// No program may take the name from us. Whatever it was: we ask for it again.
async fn ask_again(bus: Connection) {
    match is_ours(&bus).await {
        Ok(true) => {}
        Ok(false) => sd_journal::warning(taken(&bus).await),
        Err(e) => sd_journal::warning(format_args!("{NAME} was lost: {e}")),
    }
}

/// Who has the name, and how it is handed over.
async fn taken(bus: &Connection) -> String {
    let member = "GetConnectionUnixProcessID";
    let reply = bus.call_method(Some(DAEMON), DAEMON_PATH, Some(DAEMON), member, &(NAME)).await;
    let pid: Option<i32> = reply.ok().and_then(|r| r.body().deserialize::<u32>().ok()?.try_into().ok());
    let who = match pid.map(|pid| (pid, Process::look(pid))) {
        Some((pid, Ok(process))) => {
            format!("{} (pid {pid})", Printable::clipped(&process.comm, LONGEST))
        }
        Some((pid, Err(_))) => format!("pid {pid}"),
        None => "another program".to_owned(),
    };
    format!(
        "{NAME} is owned by {who}, and applications ask there: `sdctl takeover` hands it over; until then this only tells \
         of what waits on {}",
        screen::name()
    )
}

/// Takes what the bus brings, in order, and waits for nothing else: zbus reads on only when we have taken a message.
async fn take(mut calls: MessageStream, bus: &Connection, desk: &Arc<Desk>) -> Result<(), Error> {
    while let Some(message) = calls.next().await {
        let message = message.map_err(|_| Error::Closed)?;
        match message.message_type() {
            Type::Signal => {
                if let Some(name) = vanished(&message) {
                    desk.leave(&name);
                }
                match ours(&message) {
                    Some("NameAcquired") => sd_journal::info(format_args!("{NAME} is ours")),
                    Some("NameLost") => smol::spawn(ask_again(bus.clone())).detach(),
                    _ => {}
                }
            }
            Type::MethodCall => {
                let Some(call) = Call::read(message) else { continue };
                let room = desk.arrive(&call.sender);
                smol::spawn(answer(bus.clone(), Arc::clone(desk), call, room)).detach();
            }
            Type::MethodReturn | Type::Error => {}
        }
    }
    Err(Error::Closed)
}

async fn answer(bus: Connection, desk: Arc<Desk>, call: Call, room: bool) {
    let answered = if room {
        match who(&bus, &desk, &call.sender).await {
            Ok(caller) => dispatch::answer(&desk, &caller, &call).await,
            Err(refusal) => Err(refusal),
        }
    } else {
        Err(Refusal::limits_exceeded("too many of your calls are waiting already"))
    };
    desk.finish(&call.sender);
    if call.wants_reply() {
        match answered {
            Ok(reply) => desk.send(reply),
            Err(refusal) => {
                if let Some(error) = call.error(&refusal) {
                    desk.send(error);
                }
            }
        }
    }
}

async fn who(bus: &Connection, desk: &Desk, name: &OwnedUniqueName) -> Result<Caller, Refusal> {
    if let Some(caller) = desk.known(name) {
        return Ok(caller);
    }
    let caller = Caller::look(bus, name).await?;
    desk.introduce(name, &caller);
    Ok(caller)
}

async fn post(bus: &Connection, letters: &Receiver<Message>) -> Result<(), Error> {
    while let Ok(message) = letters.recv().await {
        bus.send(&message).await?;
    }
    Ok(())
}

/// The unique name that a NameOwnerChanged of the bus itself says is gone.
fn vanished(message: &Message) -> Option<OwnedUniqueName> {
    let header = message.header();
    if header.sender()?.as_str() != DAEMON || header.member()?.as_str() != "NameOwnerChanged" {
        return None;
    }
    let body = message.body();
    let (name, _, new): (&str, &str, &str) = body.deserialize().ok()?;
    if !new.is_empty() {
        return None;
    }
    UniqueName::try_from(name).ok().map(|name| name.to_owned().into())
}

/// The bus's own word about our name: the signal that says whether it is ours now.
fn ours(message: &Message) -> Option<&'static str> {
    let header = message.header();
    let member = header.member()?;
    let known = ["NameAcquired", "NameLost"].into_iter().find(|known| member.as_str() == *known)?;
    let body = message.body();
    (header.sender()?.as_str() == DAEMON && body.deserialize::<&str>().ok()? == NAME).then_some(known)
}
