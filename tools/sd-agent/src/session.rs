//! org.freedesktop.Secret.Session: the key that one application and we have agreed on.

use std::sync::Arc;

use sd_cipher::Cipher;
use zbus::Message;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use crate::dispatch::{Turn, object};
use crate::exchange;
use crate::place::{self, Place};
use crate::refusal::Refusal;

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Session";

/// The most sessions of one connection.
const MOST: usize = 32;

pub(crate) fn answer(turn: &Turn<'_>, number: u64) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "Close" => {
            turn.call.no_arguments()?;
            let closed = turn.desk.seat(&turn.call.sender, |seat| seat.sessions.remove(&number)).flatten();
            closed.ok_or_else(unknown)?;
            turn.call.reply(&())
        }
        _ => Err(turn.no_such_method()),
    }
}

/// Service.OpenSession.
pub(crate) fn open(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (algorithm, input): (String, OwnedValue) = turn.call.arguments()?;
    // Counted before the work is done, and again when the session is put down.
    room(turn)?;
    let (cipher, output) = exchange::agree(&algorithm, &input)?;
    room(turn)?;
    let number = turn.desk.number();
    turn.desk.seat(&turn.call.sender, |seat| seat.sessions.insert(number, Arc::new(cipher)));
    turn.call.reply(&(output, object(&place::session(number))?))
}

/// The session at a path, if it is the caller's own: nobody else may make us encrypt for it, or close it.
pub(crate) fn of(turn: &Turn<'_>, path: &OwnedObjectPath) -> Result<Arc<Cipher>, Refusal> {
    let Some(Place::Session(number)) = Place::of(path.as_str()) else { return Err(unknown()) };
    let found = turn.desk.seat(&turn.call.sender, |seat| seat.sessions.get(&number).cloned());
    found.flatten().ok_or_else(unknown)
}

fn room(turn: &Turn<'_>) -> Result<(), Refusal> {
    turn.desk.seated(&turn.call.sender, |seat| {
        if seat.sessions.len() < MOST {
            return Ok(());
        }
        Err(Refusal::limits_exceeded(format!("{MOST} sessions are open already; close some of them")))
    })
}

fn unknown() -> Refusal {
    Refusal::no_session("there is no such session of yours; open one with OpenSession")
}
