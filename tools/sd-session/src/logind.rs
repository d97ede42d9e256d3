//! Asking logind, over the system bus.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_io::Timer;
use smol::future::FutureExt;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus::{Connection, Error};

use crate::session::{Session, Sessions};

const LOGIND: &str = "org.freedesktop.login1";
/// Between two looks. logind tells of no session that it is closing, so there is nothing to wait for but time.
const PAUSE: Duration = Duration::from_millis(200);
/// Each look gets as much, however short the patience is: the first of a busy machine takes its time.
const LOOK: Duration = Duration::from_secs(2);

/// The sessions of this uid that count, as soon as they are as `wanted` or else when the patience has ended; or why
/// logind could not say at last.
pub(crate) fn look_until(
    uid: u32,
    patience: Duration,
    wanted: impl Fn(&Sessions) -> bool,
) -> Result<Sessions, String> {
    let deadline = Instant::now() + patience;
    smol::block_on(async {
        loop {
            let seen = in_time(look(uid)).await;
            let done = seen.as_ref().is_ok_and(&wanted);
            if done || Instant::now() + PAUSE > deadline {
                return seen;
            }
            Timer::after(PAUSE).await;
        }
    })
}

async fn in_time(look: impl Future<Output = Result<Sessions, Error>>) -> Result<Sessions, String> {
    let late = async {
        Timer::after(LOOK).await;
        Err(format!("it did not answer in {} s", LOOK.as_secs()))
    };
    async { look.await.map_err(|e| e.to_string()) }.or(late).await
}

/// A connection a look: one that has broken would not mend itself.
async fn look(uid: u32) -> Result<Sessions, Error> {
    let bus = zbus::connection::Builder::system()?.build().await?;
    let manager = "org.freedesktop.login1.Manager";
    let reply =
        bus.call_method(Some(LOGIND), "/org/freedesktop/login1", Some(manager), "ListSessions", &()).await?;
    let listed: Vec<(String, u32, String, String, OwnedObjectPath)> = reply.body().deserialize()?;
    let mut all = Vec::new();
    for (id, owner, _, _, path) in listed.into_iter().filter(|entry| entry.1 == uid) {
        let Some(told) = properties(&bus, &path).await? else { continue };
        all.push(Session { id, uid: owner, class: text(&told, "Class"), state: text(&told, "State") });
    }
    Ok(Sessions::of(uid, all))
}

/// What logind says of a session, unless it has gone meanwhile.
async fn properties(
    bus: &Connection,
    path: &OwnedObjectPath,
) -> Result<Option<HashMap<String, OwnedValue>>, Error> {
    let session = "org.freedesktop.login1.Session";
    let properties = Some("org.freedesktop.DBus.Properties");
    match bus.call_method(Some(LOGIND), path, properties, "GetAll", &session).await {
        Ok(reply) => Ok(Some(reply.body().deserialize()?)),
        Err(Error::MethodError(name, ..)) if gone(&name) => Ok(None),
        Err(e) => Err(e),
    }
}

fn gone(error: &str) -> bool {
    matches!(error, "org.freedesktop.DBus.Error.UnknownObject" | "org.freedesktop.login1.NoSuchSession")
}

fn text(told: &HashMap<String, OwnedValue>, name: &str) -> String {
    told.get(name).and_then(|value| <&str>::try_from(value).ok()).unwrap_or_default().to_owned()
}
