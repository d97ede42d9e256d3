//! Whether the backend runs, and starting and ending it. In an installed session it is a unit of the companion's user
//! manager, and the companion's bus knows how to have it started.
//!
//! A backend that the bus could start and that does not run is *locked*: only an unlock starts it. gopass opens its
//! store as it starts, which takes a key that is unlocked already; and one that is started by somebody's search, with
//! the key locked, finds nothing and says that there is nothing.

use std::time::Duration;

use async_io::Timer;
use sd_wire::fault::Fault;
use sd_wire::outcome::{Collection, Collections};
use sd_wire::path::CollectionPath;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use crate::backend::{Backend, NAME};
use crate::refusal::fault;

const BUS: &str = "org.freedesktop.DBus";
const MANAGER: &str = "org.freedesktop.systemd1";
/// The units of backends in the companion's user manager (`units/user`).
const UNITS: &str = "sd-backend-";
/// Keeps what it has decrypted for as long as it lives, whatever it says about locks.
const FORGETS_AT_ITS_END: &str = "sd-backend-gopass.service";
/// How long a backend may take to end; its unit kills it before.
const ENDS: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(50);

/// Whether the bus could start the backend.
pub(crate) async fn could_start(backend: &Backend) -> Result<bool, Fault> {
    let names: Vec<String> = ask(backend, BUS, "/", BUS, "ListActivatableNames", &()).await?;
    Ok(names.iter().any(|name| name == NAME))
}

/// What is told of its collections while it does not run: one, locked. Clients look for one, and unlock it.
pub(crate) fn closed() -> Result<Collections, Fault> {
    let path =
        CollectionPath::parse("/org/freedesktop/secrets/collection/default").map_err(|_| Fault::Malformed)?;
    let one =
        Collection { path: path.clone(), label: "Default".into(), locked: true, created: 0, modified: 0 };
    Ok(Collections { default: Some(path), collections: vec![one], ..Collections::default() })
}

/// Has the bus start it, if it does not run.
///
/// # Errors
/// [`Fault::Unavailable`] when it cannot be started; why not is in the journal of its unit.
pub(crate) async fn start(backend: &Backend) -> Result<(), Fault> {
    if owner(backend).await?.is_some() || !could_start(backend).await? {
        return Ok(());
    }
    let started: Result<u32, Fault> = ask(backend, BUS, "/", BUS, "StartServiceByName", &(NAME, 0_u32)).await;
    started.map(drop).map_err(|why| {
        sd_journal::error(format!(
            "the backend could not be started ({why}): the unit sd-backend-… of the companion's user manager says why"
        ));
        Fault::Unavailable
    })
}

/// Ends the backend where it is a unit of ours, and says whether it did.
pub(crate) async fn end(backend: &Backend) -> Result<bool, Fault> {
    let Some(unit) = unit(backend).await? else { return Ok(false) };
    let root = "/org/freedesktop/systemd1";
    let interface = "org.freedesktop.systemd1.Manager";
    let _: OwnedObjectPath =
        ask(backend, MANAGER, root, interface, "StopUnit", &(unit.as_str(), "replace")).await?;
    let mut waited = Duration::ZERO;
    while owner(backend).await?.is_some() {
        if waited >= ENDS {
            return Err(Fault::Timeout);
        }
        Timer::after(LOOK).await;
        waited = waited.saturating_add(LOOK);
    }
    sd_journal::info(format!("{unit} was ended, so that nothing of the store is in its memory"));
    Ok(true)
}

/// Whether it forgets what it has decrypted only by ending.
pub(crate) async fn forgets_at_its_end(backend: &Backend) -> Result<bool, Fault> {
    Ok(unit(backend).await?.as_deref() == Some(FORGETS_AT_ITS_END))
}

/// The unit of ours that the backend is, if it is one: in a user manager that is on the same bus.
async fn unit(backend: &Backend) -> Result<Option<String>, Fault> {
    let pid: u32 = match ask(backend, BUS, "/", BUS, "GetConnectionUnixProcessID", &(NAME,)).await {
        Ok(pid) => pid,
        Err(Fault::Unavailable | Fault::Refused) => return Ok(None),
        Err(why) => return Err(why),
    };
    let (root, interface) = ("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
    let found: Result<OwnedObjectPath, Fault> =
        ask(backend, MANAGER, root, interface, "GetUnitByPID", &(pid,)).await;
    // No such manager, or a process that is none of its: not a unit of ours.
    let Ok(path) = found else { return Ok(None) };
    let wanted = ("org.freedesktop.systemd1.Unit", "Id");
    let id: OwnedValue =
        ask(backend, MANAGER, path.as_str(), "org.freedesktop.DBus.Properties", "Get", &wanted).await?;
    let id = String::try_from(id).map_err(|_| Fault::Malformed)?;
    Ok(Some(id).filter(|id| id.starts_with(UNITS)))
}

/// The unique name of the backend; `None` while it does not run.
pub(crate) async fn owner(backend: &Backend) -> Result<Option<String>, Fault> {
    match ask(backend, BUS, "/", BUS, "GetNameOwner", &(NAME,)).await {
        Ok(name) => Ok(Some(name)),
        // The bus says so, or it is gone: then the next call says that.
        Err(Fault::Unavailable) => Ok(None),
        Err(why) => Err(why),
    }
}

/// One call to somebody on the bus who is not the backend.
async fn ask<B, R>(
    backend: &Backend,
    whom: &str,
    path: &str,
    interface: &str,
    member: &str,
    body: &B,
) -> Result<R, Fault>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
    R: serde::de::DeserializeOwned + zbus::zvariant::Type,
{
    let call = backend.bus().call_method(Some(whom), path, Some(interface), member, body);
    let reply = call.await.map_err(|e| fault(&e))?;
    reply.body().deserialize().map_err(|_| Fault::Malformed)
}
