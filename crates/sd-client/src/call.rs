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
const FULL: &str = "net.mowaka.SecretsDispatcher1.Error.TooMany";

impl Gate {
    /// Calls one of its methods.
    pub(crate) async fn call(
        &self,
        gate: &OwnedUniqueName,
        interface: &str,
        member: &str,
        body: &(impl Serialize + DynamicType),
        patience: Duration,
    ) -> Result<Message, Failure> {
        let reply = self.bus.call_method(Some(gate), OBJECT, Some(interface), member, body);
        within(patience, reply).await.map_err(refused)
    }

    /// The unique name of this user's gate. Calls go to it and not to the well-known name, so that a gate which is
    /// gone is an error now and not after the bus has waited for somebody to start one.
    pub(crate) async fn owner(&self) -> Result<OwnedUniqueName, Failure> {
        let own = format!("{INTERFACE}.u{}", self.parties.desktop);
        for name in [own.as_str(), INTERFACE] {
            if let Some(owner) = self.owner_of(name).await? {
                return Ok(owner);
            }
        }
        Err(Failure::Absent)
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

/// The reply, or what zbus makes of none within its own time for all calls.
async fn within(
    patience: Duration,
    reply: impl Future<Output = zbus::Result<Message>>,
) -> zbus::Result<Message> {
    let late = async {
        Timer::after(patience).await;
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    };
    smol::future::or(reply, late).await
}

pub(crate) fn refused(e: zbus::Error) -> Failure {
    match e {
        zbus::Error::MethodError(name, sentence, _) => match name.as_str() {
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner"
            | "org.freedesktop.DBus.Error.NoReply" => Failure::Absent,
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
