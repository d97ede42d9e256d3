//! The one place that every call goes through: path, then interface, then the file of that interface.

use std::sync::Arc;

use serde::Serialize;
use zbus::Message;
use zbus::zvariant::{DynamicType, OwnedObjectPath};

use crate::call::Call;
use crate::desk::Desk;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::{collection, introspect, item, prompt, properties, service, session};

const PEER: &str = "org.freedesktop.DBus.Peer";

/// One call, and what it is made at.
pub(crate) struct Turn<'a> {
    pub(crate) desk: &'a Arc<Desk>,
    pub(crate) call: &'a Call,
}

impl Turn<'_> {
    pub(crate) fn no_such_method<T>(&self) -> Result<T, Refusal> {
        Err(Refusal::unknown_method(&self.call.member))
    }

    /// The element of the collection that an alias names.
    pub(crate) async fn alias(&self, name: &str) -> Result<Option<String>, Refusal> {
        let name = name.to_owned();
        self.desk.ask(move |store| store.alias(&name)).await
    }

    /// The object at a path, an alias resolved.
    pub(crate) async fn place(&self, path: &str) -> Result<Place, Refusal> {
        let place = Place::of(path).ok_or_else(Refusal::no_such_object)?;
        let gone = Refusal::no_such_object;
        Ok(match place {
            Place::Alias(alias) => Place::Collection(self.alias(&alias).await?.ok_or_else(gone)?),
            Place::AliasItem(alias, item) => Place::Item(self.alias(&alias).await?.ok_or_else(gone)?, item),
            place => place,
        })
    }

    /// Tells everybody on the bus.
    pub(crate) fn tell<B: Serialize + DynamicType>(
        &self,
        path: &str,
        interface: &str,
        member: &str,
        body: &B,
    ) {
        tell(self.desk, path, interface, member, body);
    }
}

/// The reply to a call.
pub(crate) async fn answer(desk: &Arc<Desk>, call: &Call) -> Result<Message, Refusal> {
    let turn = Turn { desk, call };
    let place = turn.place(&call.path).await?;
    match (interface_of(call, &place), &place) {
        (PEER, _) => match call.member.as_str() {
            "Ping" => call.reply(&()),
            _ => turn.no_such_method(),
        },
        (introspect::INTERFACE, _) => introspect::answer(&turn, &place),
        (properties::INTERFACE, _) => properties::answer(&turn, &place).await,
        (service::INTERFACE, Place::Service) => service::answer(&turn).await,
        (collection::INTERFACE, Place::Collection(it)) => collection::answer(&turn, it).await,
        (item::INTERFACE, Place::Item(within, it)) => item::answer(&turn, within, it).await,
        (session::INTERFACE, Place::Session(number)) => session::answer(&turn, *number),
        (prompt::INTERFACE, Place::Prompt(number)) => prompt::answer(&turn, *number),
        _ => turn.no_such_method(),
    }
}

/// The interface that a call means. It may be left out (D-Bus specification, "Message Types"), and then the method's
/// name decides.
fn interface_of<'a>(call: &'a Call, place: &Place) -> &'a str {
    match (call.interface.as_str(), call.member.as_str()) {
        ("", "Ping" | "GetMachineId") => PEER,
        ("", "Introspect") => introspect::INTERFACE,
        ("", "Get" | "GetAll" | "Set") => properties::INTERFACE,
        ("", _) => own_interface(place),
        (named, _) => named,
    }
}

/// The interface for whose sake there is such an object.
pub(crate) fn own_interface(place: &Place) -> &'static str {
    match place {
        Place::Service => service::INTERFACE,
        Place::Collection(_) | Place::Alias(_) => collection::INTERFACE,
        Place::Item(..) | Place::AliasItem(..) => item::INTERFACE,
        Place::Session(_) => session::INTERFACE,
        Place::Prompt(_) => prompt::INTERFACE,
    }
}

/// Sends a signal.
pub(crate) fn tell<B: Serialize + DynamicType>(
    desk: &Desk,
    path: &str,
    interface: &str,
    member: &str,
    body: &B,
) {
    let signal = Message::signal(path, interface, member).and_then(|signal| signal.build(body));
    match signal {
        Ok(signal) => desk.send(signal),
        Err(why) => sd_journal::warning(format!("{member} could not be told: {why}")),
    }
}

/// A path as D-Bus carries it.
pub(crate) fn object(path: String) -> Result<OwnedObjectPath, Refusal> {
    OwnedObjectPath::try_from(path).map_err(|e| Refusal::failed(e.to_string()))
}

/// No prompt, no object.
pub(crate) fn nothing() -> Result<OwnedObjectPath, Refusal> {
    object("/".to_owned())
}
