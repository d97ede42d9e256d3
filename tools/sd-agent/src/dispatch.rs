//! The one place that every call goes through: path, then interface, then the file of that interface.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_io::Timer;
use sd_client::screen;
use sd_wire::metadata::Metadata;
use sd_wire::outcome::Collections;
use sd_wire::path::ItemPath;
use zbus::Message;
use zbus::zvariant::ObjectPath;

use crate::call::Call;
use crate::caller::Caller;
use crate::desk::Desk;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::{
    browser, change, collection, dummy, introspect, item, peer, prompt, properties, service, session,
};

/// The most that a call may take which waits for nobody: below the 2 s of the least patient client, and above what each
/// single question to the gate may take, whose own words then say better what is wrong.
const HASTE: Duration = Duration::from_millis(1900);

/// One call, with whom it is from and what it is about.
pub(crate) struct Turn<'a> {
    pub(crate) desk: &'a Arc<Desk>,
    pub(crate) caller: &'a Caller,
    pub(crate) call: &'a Call,
    /// The collections, once they have been looked up for this call.
    pub(crate) known: OnceLock<Collections>,
    /// How long a call waits that changes something and for which there is no prompt.
    pub(crate) patience: Duration,
}

impl Turn<'_> {
    /// Whether the caller may read an item now.
    pub(crate) fn approved(&self, item: &ItemPath) -> bool {
        self.desk.approved(&self.caller.app, item) || dummy::is(self, item)
    }

    /// What is told of items without a key.
    pub(crate) async fn metadata(&self) -> Result<Metadata, Refusal> {
        match self.desk.metadata() {
            Some(metadata) => Ok(metadata),
            None => Ok(self.collections().await?.metadata),
        }
    }

    pub(crate) fn no_such_method(&self) -> Refusal {
        no_such_method(self.call)
    }

    /// The collections, as they are while this call is answered.
    pub(crate) async fn collections(&self) -> Result<&Collections, Refusal> {
        if let Some(known) = self.known.get() {
            return Ok(known);
        }
        let known = self.desk.asks.collections(&self.caller.claims()).await?;
        if collection::has_login(&known) {
            self.desk.note_login();
        }
        self.desk.note_metadata(known.metadata);
        Ok(self.known.get_or_init(|| known))
    }
}

/// The reply to a call. Answers within two seconds, whatever happens: people are waited for by prompts, and by the few
/// calls that change something and are given none ([`crate::change`], [`item`]).
pub(crate) async fn answer(desk: &Arc<Desk>, caller: &Caller, call: &Call) -> Result<Message, Refusal> {
    answer_within(change::PATIENCE, desk, caller, call).await
}

async fn answer_within(
    patience: Duration,
    desk: &Arc<Desk>,
    caller: &Caller,
    call: &Call,
) -> Result<Message, Refusal> {
    let unknown = || Refusal::unknown_object(format!("there is no object {}", call.path));
    let place = Place::of(&call.path);
    let interface = interface_of(call, place.as_ref());
    if interface == Some(peer::INTERFACE) {
        return peer::answer(call);
    }
    let place = place.ok_or_else(unknown)?;
    let turn = Turn { desk, caller, call, known: OnceLock::new(), patience };
    let answered = route(&turn, interface, &place);
    // A GetSecret that waits says for how long.
    let waits = match (call.member.as_str(), &place) {
        ("Set" | "SetAlias" | "SetSecret", _) => true,
        ("GetSecret", Place::Item(item)) => browser::asks(desk, &call.sender, std::slice::from_ref(item)),
        _ => false,
    };
    if waits {
        return answered.await;
    }
    let late = async {
        Timer::after(HASTE).await;
        Err(Refusal::failed(format!(
            "the approval side takes too long to answer; look at {}, and try again",
            screen::name()
        )))
    };
    smol::future::or(answered, late).await
}

async fn route(turn: &Turn<'_>, interface: Option<&str>, place: &Place) -> Result<Message, Refusal> {
    let call = turn.call;
    match (interface, place) {
        (Some(introspect::INTERFACE), _) => introspect::answer(turn, place),
        (Some(properties::INTERFACE), _) => properties::answer(turn, place).await,
        (Some(service::INTERFACE), Place::Service) => service::answer(turn).await,
        (Some(collection::INTERFACE), Place::Collection(path)) => collection::answer(turn, path).await,
        (Some(item::INTERFACE), Place::Item(path)) => item::answer(turn, path).await,
        (Some(session::INTERFACE), Place::Session(number)) => session::answer(turn, *number),
        (Some(prompt::INTERFACE), Place::Prompt(number)) => prompt::answer(turn, *number),
        (Some(other), _) => {
            Err(Refusal::unknown_interface(format!("{} has no interface {other}", call.path)))
        }
        (None, _) => Err(no_such_method(call)),
    }
}

/// The interface that a call means. It may be left out (D-Bus specification, "Message Types"), and then the method's
/// name decides.
fn interface_of<'a>(call: &'a Call, place: Option<&Place>) -> Option<&'a str> {
    if call.interface.is_some() {
        return call.interface.as_deref();
    }
    match call.member.as_str() {
        "Ping" | "GetMachineId" => Some(peer::INTERFACE),
        "Introspect" => Some(introspect::INTERFACE),
        "Get" | "GetAll" | "Set" => Some(properties::INTERFACE),
        _ => place.and_then(own_interface),
    }
}

/// The interface for whose sake there is such an object.
pub(crate) fn own_interface(place: &Place) -> Option<&'static str> {
    match place {
        Place::Above(_) => None,
        Place::Service => Some(service::INTERFACE),
        Place::Collection(_) => Some(collection::INTERFACE),
        Place::Item(_) => Some(item::INTERFACE),
        Place::Session(_) => Some(session::INTERFACE),
        Place::Prompt(_) => Some(prompt::INTERFACE),
    }
}

pub(crate) fn no_such_method(call: &Call) -> Refusal {
    let interface = call.interface.as_deref().unwrap_or("any interface");
    Refusal::unknown_method(format!("{interface} at {} has no method {}", call.path, call.member))
}

/// A path as D-Bus carries it.
pub(crate) fn object(path: &str) -> Result<ObjectPath<'_>, Refusal> {
    ObjectPath::try_from(path).map_err(|e| Refusal::failed(format!("{path} is not an object path: {e}")))
}

#[cfg(test)]
mod tests;
