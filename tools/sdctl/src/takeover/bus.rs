//! The session bus: told of new files, asked who is the Secret Service, and to start it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use async_io::Timer;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::names::{BusName, WellKnownName};

use crate::owner::{NAME, Owner};

/// How long the bus may take; to start a service takes longer than to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long another may take to come or to go.
const CHANGE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

/// The session bus.
pub(crate) struct Bus(DBusProxy<'static>);

impl Bus {
    /// The session bus, if there is one here that answers.
    pub(crate) async fn connect() -> Option<Self> {
        if Owner::now().await == Owner::NoBus {
            return None;
        }
        let bus = Builder::session().ok()?.method_timeout(PATIENCE).build().await.ok()?;
        Some(Self(DBusProxy::new(&bus).await.ok()?))
    }

    /// Has it read its files again. Errors: a sentence.
    pub(crate) async fn reload(&self) -> Result<(), String> {
        self.0.reload_config().await.map_err(|e| format!("the session bus did not read its files again: {e}"))
    }

    /// Has it start the Secret Service, as its files say. Errors: a sentence.
    pub(crate) async fn start(&self) -> Result<(), String> {
        match self.0.start_service_by_name(NAME, 0).await {
            Ok(_) => Ok(()),
            Err(e) => Err(format!("the session bus could not start org.freedesktop.secrets: {e}")),
        }
    }

    /// The process that serves gnome-keyring's components, whichever they are.
    pub(crate) async fn keyring(&self) -> Option<u32> {
        let name = BusName::from(WellKnownName::from_static_str_unchecked("org.gnome.keyring"));
        self.0.get_connection_unix_process_id(name).await.ok()
    }

    /// Waits until there is none, but not for long.
    pub(crate) async fn until_no_keyring(&self) {
        let end = Instant::now() + CHANGE;
        while self.keyring().await.is_some() && Instant::now() < end {
            Timer::after(LOOK).await;
        }
    }

    /// Where the bus looks for the person's own files first: its environment need not be ours. Nothing where that cannot
    /// be seen.
    pub(crate) async fn data_home(&self) -> Option<PathBuf> {
        let bus = BusName::from(WellKnownName::from_static_str_unchecked("org.freedesktop.DBus"));
        let pid = self.0.get_connection_unix_process_id(bus).await.ok()?;
        let variables = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let named = variables.split(|b| *b == 0).find_map(|it| it.strip_prefix(b"XDG_DATA_HOME="))?;
        Some(PathBuf::from(OsStr::from_bytes(named))).filter(|path| path.is_absolute())
    }

    /// Waits until it is so, but not for long; who it is then.
    pub(crate) async fn until(&self, so: impl Fn(&Owner) -> bool) -> Owner {
        let end = Instant::now() + CHANGE;
        loop {
            let owner = Owner::now().await;
            if so(&owner) || Instant::now() >= end {
                return owner;
            }
            Timer::after(LOOK).await;
        }
    }
}
