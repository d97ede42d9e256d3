//! `sd-rig await-backend` ends as soon as the Secret Service on its session bus can be used.
//!
//! A process of its own, because the companion's bus admits the companion only.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use smol::future::FutureExt;
use smol::stream::StreamExt;
use zbus::fdo::DBusProxy;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, Proxy};

/// How the rig asks itself for this.
pub const WORD: &str = "await-backend";

const NAME: &str = "org.freedesktop.secrets";
const PATIENCE: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(50);

/// Waits. 0 when the backend can be used, 69 with a sentence on stderr when not.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let name_only = arguments.iter().any(|word| word == "--name-only");
    let too_late = async {
        smol::Timer::after(PATIENCE).await;
        Err(format!("no {NAME} on the bus within {} s", PATIENCE.as_secs()))
    };
    match smol::block_on(wait(name_only).or(too_late)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(69)
        }
    }
}

async fn wait(name_only: bool) -> Result<(), String> {
    let bus = Connection::session().await.map_err(|e| format!("the backend's bus does not answer: {e}"))?;
    let said = |e: zbus::Error| format!("the backend's bus said: {e}");
    let daemon = DBusProxy::new(&bus).await.map_err(said)?;
    // Subscribed before the question, so that a name which appears in between is not missed.
    let mut news = daemon.receive_name_owner_changed_with_args(&[(0, NAME)]).await.map_err(said)?;
    let name = NAME.try_into().map_err(|e| format!("{e}"))?;
    if !daemon.name_has_owner(name).await.map_err(|e| said(e.into()))? {
        while let Some(change) = news.next().await {
            if change.args().is_ok_and(|args| args.new_owner().is_some()) {
                break;
            }
        }
    }
    if name_only {
        return Ok(());
    }
    let until = Instant::now() + PATIENCE - AGAIN;
    loop {
        // oo7-daemon owns its name before it has opened its keyrings, and says nothing when it has.
        match default_is_unlocked(&bus).await {
            Err(_) if Instant::now() < until => smol::Timer::after(AGAIN).await,
            opened => return opened,
        };
    }
}

async fn default_is_unlocked(bus: &Connection) -> Result<(), String> {
    let said = |e: zbus::Error| format!("the backend said: {e}");
    let service = Proxy::new(bus, NAME, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service");
    let service = service.await.map_err(said)?;
    let path: OwnedObjectPath = service.call("ReadAlias", &("default",)).await.map_err(said)?;
    if path.as_str() == "/" {
        return Err("the backend has no default collection".to_owned());
    }
    let collection = Proxy::new(bus, NAME, path, "org.freedesktop.Secret.Collection").await.map_err(said)?;
    match collection.get_property::<bool>("Locked").await.map_err(said)? {
        false => Ok(()),
        true => Err("the backend did not unlock its default collection".to_owned()),
    }
}
