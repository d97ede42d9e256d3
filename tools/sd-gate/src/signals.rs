//! Telling the desktop: to the requester and to the subscribers, each by unicast, so that no other uid listens.

use sd_wire::id::AskId;
use zbus::Connection;
use zbus::object_server::SignalEmitter;

use crate::forward::Gate;
use crate::interface::PATH;

/// A request has moved on to sd-decide.
pub(crate) async fn created(bus: &Connection, audience: &[String], id: &AskId, kind: &str, pid: u32) {
    for name in audience {
        if let Some(to) = emitter(bus, name) {
            // A listener that has left the bus misses nothing that it could still use.
            let _ = Gate::request_created(&to, id.as_str(), kind, pid).await;
        }
    }
}

/// What the requester calls the thing that it asks for.
pub(crate) async fn says(bus: &Connection, audience: &[String], id: &AskId, says: &str) {
    for name in audience {
        if let Some(to) = emitter(bus, name) {
            let _ = Gate::request_says(&to, id.as_str(), says).await;
        }
    }
}

/// A request is settled.
pub(crate) async fn resolved(bus: &Connection, audience: &[String], id: &AskId, outcome: &str) {
    for name in audience {
        if let Some(to) = emitter(bus, name) {
            let _ = Gate::request_resolved(&to, id.as_str(), outcome).await;
        }
    }
}

fn emitter<'a>(bus: &'a Connection, name: &'a str) -> Option<SignalEmitter<'a>> {
    let destination = zbus::names::UniqueName::try_from(name).ok()?;
    Some(SignalEmitter::new(bus, PATH).ok()?.set_destination(destination.into()))
}
