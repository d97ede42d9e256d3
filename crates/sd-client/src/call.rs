//! Calls of the gate and of the system bus: to whom they go, how long they may take, what their errors mean.

use std::time::Duration;

use async_io::Timer;
use sd_wire::parties::Role;
use serde::Serialize;
use zbus::Message;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::DynamicType;

use crate::gate::{INTAKE, INTERFACE, OBJECT};
use crate::{Failure, Gate};

/// The error's name for an id that is not known.
const NO_SUCH: &str = "net.mowaka.SecretsDispatcher1.Error.NoSuchRequest";
/// The errors of a bus on which nobody has the name.
const NOBODY: [&str; 2] =
    ["org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"];
const FULL: &str = "net.mowaka.SecretsDispatcher1.Error.TooMany";

impl Gate {
    /// Calls a method of whoever is the gate now.
    pub(crate) async fn call(
        &self,
        interface: &str,
        member: &str,
        body: &(impl Serialize + DynamicType),
        patience: Duration,
    ) -> Result<Message, Failure> {
        let (gate, known) = match self.known() {
            Some(gate) => (gate, true),
            None => (self.owner().await?, false),
        };
        let answer = self.call_at(&gate, interface, member, body, patience).await;
        // It has gone, and the bus had not said so yet: nobody got the call. There may be another already.
        if known && matches!(&answer, Err(e) if is_nobody(e)) {
            self.known.iter().for_each(|known| known.forget(&gate));
            let gate = self.owner().await?;
            return self.call_at(&gate, interface, member, body, patience).await.map_err(refused);
        }
        answer.map_err(refused)
    }

    /// Calls a method of this gate.
    pub(crate) async fn call_at(
        &self,
        gate: &OwnedUniqueName,
        interface: &str,
        member: &str,
        body: &(impl Serialize + DynamicType),
        patience: Duration,
    ) -> zbus::Result<Message> {
        within(patience, self.bus.call_method(Some(gate), OBJECT, Some(interface), member, body)).await
    }

    /// The gate as it is kept in mind.
    fn known(&self) -> Option<OwnedUniqueName> {
        self.known.as_ref()?.owner().0
    }

    /// The unique name of this user's gate, by the bus. Calls go to it and not to the well-known name, so that a gate
    /// which is gone is an error now and not after the bus has waited for somebody to start one.
    pub(crate) async fn owner(&self) -> Result<OwnedUniqueName, Failure> {
        let changed = self.known.as_ref().map(|known| known.owner().1);
        if let Some(owner) = self.owner_of(&self.own_name()).await? {
            if let (Some(known), Some(changed)) = (&self.known, changed) {
                known.learn(&owner, changed);
            }
            return Ok(owner);
        }
        self.owner_of(INTERFACE).await?.ok_or(Failure::Absent)
    }

    /// The name that this user's gate alone may have.
    pub(crate) fn own_name(&self) -> String {
        format!("{INTERFACE}.u{}", self.parties.desktop)
    }

    async fn owner_of(&self, name: &str) -> Result<Option<OwnedUniqueName>, Failure> {
        let owner: OwnedUniqueName = match self.bus_says("GetNameOwner", name).await {
            Ok(reply) => reply.body().deserialize().map_err(|e| Failure::Garbled(e.to_string()))?,
            Err(zbus::Error::MethodError(..)) => return Ok(None),
            Err(e) => return Err(refused(e)),
        };
        let uid: u32 = match self.bus_says("GetConnectionUnixUser", owner.as_str()).await {
            Ok(reply) => reply.body().deserialize().map_err(|e| Failure::Garbled(e.to_string()))?,
            Err(zbus::Error::MethodError(..)) => return Ok(None),
            Err(e) => return Err(refused(e)),
        };
        // The plain name is the first user's gate's, which is not ours to ask; and a bus without our policy would let
        // anybody own either.
        Ok(if uid == self.parties.uid(Role::Gate) { Some(owner) } else { None })
    }

    async fn bus_says(&self, member: &str, name: &str) -> zbus::Result<zbus::Message> {
        let bus = "org.freedesktop.DBus";
        let reply = self.bus.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), member, &(name));
        within(INTAKE, reply).await
    }
}

/// What comes of it, or what zbus makes of no reply within its own time for all calls.
pub(crate) async fn within<T>(
    patience: Duration,
    reply: impl Future<Output = zbus::Result<T>>,
) -> zbus::Result<T> {
    let late = async {
        Timer::after(patience).await;
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    };
    smol::future::or(reply, late).await
}

/// Whether the bus says that there is nobody of the name that was called. One who went with the call in hand is another
/// error: it may have done what it was asked.
fn is_nobody(e: &zbus::Error) -> bool {
    matches!(e, zbus::Error::MethodError(name, ..) if NOBODY.contains(&name.as_str()))
}

pub(crate) fn refused(e: zbus::Error) -> Failure {
    match e {
        zbus::Error::MethodError(name, sentence, _) => match name.as_str() {
            gone if NOBODY.contains(&gone) || gone == "org.freedesktop.DBus.Error.NoReply" => Failure::Absent,
            "net.mowaka.SecretsDispatcher1.Error.Unavailable" => {
                Failure::Unavailable(sentence.unwrap_or_else(|| name.as_str().to_owned()))
            }
            FULL => Failure::Full(sentence.unwrap_or_else(|| "too many requests wait".to_owned())),
            NO_SUCH => Failure::NoSuch(sentence.unwrap_or_else(|| "there is no such request".to_owned())),
            other => Failure::Refused(sentence.unwrap_or_else(|| other.to_owned())),
        },
        zbus::Error::InputOutput(e) if e.kind() == std::io::ErrorKind::TimedOut => Failure::Absent,
        other => Failure::System(other.to_string()),
    }
}
