//! org.freedesktop.Secret.Session: the key that a caller and we have agreed on.

use std::sync::Arc;

use sd_cipher::Cipher;
use sd_sys::secret::Secret;
use zbus::Message;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zeroize::Zeroize;

use crate::dispatch::{Turn, object};
use crate::place::{self, Place};
use crate::refusal::Refusal;

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Session";

/// A secret as it is on the bus: session, parameters, value, content type (Secret Service, part II, "Secret").
pub(crate) type Wrapped = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) fn answer(turn: &Turn<'_>, number: u64) -> Result<Message, Refusal> {
    if turn.call.member != "Close" {
        return turn.no_such_method();
    }
    let closed = turn.desk.seat(&turn.call.sender, |seat| seat.sessions.remove(&number));
    closed.flatten().ok_or_else(Refusal::no_session)?;
    turn.call.reply(&())
}

/// Service.OpenSession.
pub(crate) fn open(turn: &Turn<'_>) -> Result<Message, Refusal> {
    let (algorithm, input): (String, OwnedValue) = turn.call.arguments()?;
    let (cipher, ours) = sd_cipher::agree(&algorithm, Vec::try_from(input).ok())?;
    let number = turn.desk.put(&turn.call.sender, Arc::new(cipher), |seat| &mut seat.sessions)?;
    let output = ours.map_or_else(|| Value::from(""), Value::from);
    turn.call.reply(&(output, object(place::session(number))?))
}

/// The session at a path, if it is the caller's own.
pub(crate) fn of(turn: &Turn<'_>, path: &OwnedObjectPath) -> Result<Arc<Cipher>, Refusal> {
    let Some(Place::Session(number)) = Place::of(path.as_str()) else { return Err(Refusal::no_session()) };
    let found = turn.desk.seat(&turn.call.sender, |seat| seat.sessions.get(&number).cloned());
    found.flatten().ok_or_else(Refusal::no_session)
}

/// The secret in locked memory, and its content type; the wrapped one is wiped.
pub(crate) fn unwrap(turn: &Turn<'_>, wrapped: Wrapped) -> Result<(Secret, String), Refusal> {
    let (session, iv, mut value, content_type) = wrapped;
    let cipher = of(turn, &session)?;
    let secret = cipher.open(&iv, &value);
    value.zeroize();
    Ok((secret?, content_type))
}

/// The secret as it goes over the bus.
pub(crate) fn wrap(
    cipher: &Cipher,
    session: &OwnedObjectPath,
    secret: &Secret,
    content_type: String,
) -> Result<Wrapped, Refusal> {
    let (iv, value) = cipher.seal(secret)?;
    Ok((session.clone(), iv, value.to_vec(), content_type))
}
