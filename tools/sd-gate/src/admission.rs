//! The one choke point: nothing reaches sd-decide that has not passed here.

use std::os::fd::OwnedFd;

use sd_sys::payload::Payload;
use sd_sys::sink::Sink;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::import::MAX_MANIFEST;
use sd_wire::outcome::{Outcome, What};
use sd_wire::path::{CollectionPath, ItemPath};
use sd_wire::sign::{MAX_OBJECTS, MAX_PAYLOAD};
use zbus::fdo::DBusProxy;
use zbus::message::Header;
use zbus::zvariant::{Fd, OwnedObjectPath, OwnedValue};

use crate::error::Refusal;

/// Who sent a message, by the bus.
#[derive(Debug)]
pub(crate) struct Sender {
    /// Its unique name.
    pub(crate) name: String,
    /// Its process id.
    pub(crate) pid: u32,
}

/// The sender of a message, if it is the desktop user.
///
/// # Errors
/// [`Refusal::NotServed`] for any other uid: the bus policy refuses those already; this is the second lock.
pub(crate) async fn sender(
    bus: &DBusProxy<'_>,
    header: &Header<'_>,
    desktop: u32,
) -> Result<Sender, Refusal> {
    let name = header.sender().ok_or_else(|| Refusal::NotServed("the message has no sender".into()))?;
    let credentials = bus
        .get_connection_credentials(name.clone().into())
        .await
        .map_err(|e| Refusal::NotServed(format!("the bus does not say who you are: {e}")))?;
    served(name.to_string(), credentials.unix_user_id(), credentials.process_id(), desktop)
}

/// Whether a sender of whom the bus says this is served. Whoever has gone meanwhile is nobody, and not root.
fn served(name: String, uid: Option<u32>, pid: Option<u32>, desktop: u32) -> Result<Sender, Refusal> {
    match (uid, pid) {
        (Some(uid), Some(pid)) if uid == desktop => Ok(Sender { name, pid }),
        (Some(uid), _) if uid != desktop => Err(Refusal::NotServed(format!(
            "this gate serves uid {desktop}, not uid {uid}; every desktop user has a gate of its own"
        ))),
        _ => Err(Refusal::NotServed("the bus does not say who you are".into())),
    }
}

/// The sink, if the sender itself made it.
///
/// # Errors
/// [`Refusal::BadSink`], with the check that failed.
pub(crate) fn sink(fd: OwnedFd, sender: &Sender, desktop: u32) -> Result<Sink, Refusal> {
    let sink = Sink::admit(fd, desktop).map_err(|e| Refusal::BadSink(format!("sink: {e}")))?;
    let maker = sink.maker().pid;
    if u32::try_from(maker) != Ok(sender.pid) {
        return Err(Refusal::BadSink(format!(
            "sink: made by process {maker}, but process {} sent the request; make the socketpair yourself",
            sender.pid
        )));
    }
    Ok(sink)
}

/// Tells whoever listens at the sink, and not at the method's reply, that the request goes no further.
pub(crate) fn reject(sink: Sink, id: &AskId, why: Fault) {
    if let Ok(line) = Outcome::line(id, What::Rejected { why }) {
        // A requester that is gone needs no answer.
        let _ = sink.settle(&line);
    }
}

/// The payload, if it can no longer change.
///
/// # Errors
/// [`Refusal::BadPayload`], with the check that failed.
pub(crate) fn payload(fd: OwnedFd) -> Result<Payload, Refusal> {
    Payload::admit(fd, MAX_PAYLOAD).map_err(|e| Refusal::BadPayload(format!("payload: {e}")))
}

/// What proves the files of a commit, if it can no longer change. What stands in it is for sd-decide to read.
///
/// # Errors
/// [`Refusal::BadArgument`] when the claim is of another type, [`Refusal::BadPayload`] with the check that failed.
pub(crate) fn objects(claim: OwnedValue) -> Result<Payload, Refusal> {
    let fd = Fd::try_from(claim)
        .map_err(|_| Refusal::BadArgument("claim objects is not a file descriptor".into()))?;
    let fd = OwnedFd::try_from(fd).map_err(|e| Refusal::BadPayload(format!("objects: {e}")))?;
    Payload::admit(fd, MAX_OBJECTS).map_err(|e| Refusal::BadPayload(format!("objects: {e}")))
}

/// The manifest of an import, if it can no longer change. What stands in it is for sd-decide to read.
///
/// # Errors
/// [`Refusal::BadPayload`], with the check that failed.
pub(crate) fn manifest(fd: OwnedFd) -> Result<Payload, Refusal> {
    Payload::admit(fd, MAX_MANIFEST).map_err(|e| Refusal::BadPayload(format!("manifest: {e}")))
}

/// An item's path.
///
/// # Errors
/// [`Refusal::BadArgument`].
pub(crate) fn item(path: &OwnedObjectPath) -> Result<ItemPath, Refusal> {
    ItemPath::parse(path.as_str()).map_err(|e| Refusal::BadArgument(format!("item: {e}")))
}

/// A collection's path.
///
/// # Errors
/// [`Refusal::BadArgument`].
pub(crate) fn collection(path: &OwnedObjectPath) -> Result<CollectionPath, Refusal> {
    CollectionPath::parse(path.as_str()).map_err(|e| Refusal::BadArgument(format!("collection: {e}")))
}

/// A collection's path, or none for `/`.
///
/// # Errors
/// [`Refusal::BadArgument`].
pub(crate) fn collection_or_none(path: &OwnedObjectPath) -> Result<Option<CollectionPath>, Refusal> {
    if path.as_str() == "/" { Ok(None) } else { collection(path).map(Some) }
}

/// What has a label.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// An item.
    Item(ItemPath),
    /// A collection.
    Collection(CollectionPath),
}

/// The path of an item or of a collection.
///
/// # Errors
/// [`Refusal::BadArgument`].
pub(crate) fn object(path: &OwnedObjectPath) -> Result<Object, Refusal> {
    if let Ok(collection) = CollectionPath::parse(path.as_str()) {
        return Ok(Object::Collection(collection));
    }
    ItemPath::parse(path.as_str()).map(Object::Item).map_err(|e| Refusal::BadArgument(format!("object: {e}")))
}

/// Bounded text.
///
/// # Errors
/// [`Refusal::BadArgument`] that names the argument.
pub(crate) fn text<const MAX: usize>(name: &str, text: String) -> Result<Text<MAX>, Refusal> {
    Text::new(text).map_err(|e| Refusal::BadArgument(format!("{name}: {e}")))
}

/// Bounded attributes.
///
/// # Errors
/// [`Refusal::BadArgument`].
pub(crate) fn attributes(
    untrusted: std::collections::HashMap<String, String>,
) -> Result<Attributes, Refusal> {
    Attributes::new(untrusted).map_err(|e| Refusal::BadArgument(format!("attributes: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_gone_before_the_bus_could_name_it_is_not_served() {
        let served = |uid, pid| served(":1.7".into(), uid, pid, 1000);
        assert!(served(Some(1000), Some(7)).is_ok_and(|sender| sender.pid == 7));
        for (uid, pid) in
            [(None, None), (Some(1000), None), (None, Some(7)), (Some(0), Some(7)), (Some(1001), Some(7))]
        {
            assert!(served(uid, pid).is_err(), "{uid:?} {pid:?}");
        }
    }
}
