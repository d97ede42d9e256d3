//! Who is the Secret Service of this session, asked without starting one.

use std::time::Duration;

use async_io::Timer;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::names::{BusName, WellKnownName};

use crate::process::looks_like;

/// The name of the Secret Service.
pub(crate) const NAME: WellKnownName<'static> =
    WellKnownName::from_static_str_unchecked("org.freedesktop.secrets");
/// What ours is called.
const OURS: &str = "sd-agent";
/// How long the session bus may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who owns the name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A process that looks like sd-agent.
    Agent(u32),
    /// Another one; what it looks like, unless it is hidden.
    Other(u32, Option<String>),
    /// Nobody yet; the first who asks starts it.
    Startable,
    /// Nobody.
    Nobody,
    /// There is no session bus here, or it does not answer.
    NoBus,
}

impl Owner {
    /// As the bus says now.
    pub(crate) async fn now() -> Self {
        let late = async {
            Timer::after(PATIENCE).await;
            None
        };
        smol::future::or(asked(), late).await.unwrap_or(Self::NoBus)
    }
}

async fn asked() -> Option<Owner> {
    let session = Builder::session().ok()?.method_timeout(PATIENCE).build().await.ok()?;
    let bus = DBusProxy::new(&session).await.ok()?;
    let name = BusName::from(NAME);
    if bus.name_has_owner(name.clone()).await.ok()? {
        let pid = bus.get_connection_unix_process_id(name).await.ok()?;
        return Some(match looks_like(pid) {
            Some(it) if it == OURS => Owner::Agent(pid),
            it => Owner::Other(pid, it),
        });
    }
    let startable = bus.list_activatable_names().await.ok()?;
    Some(if startable.iter().any(|it| it.as_str() == NAME.as_str()) {
        Owner::Startable
    } else {
        Owner::Nobody
    })
}
