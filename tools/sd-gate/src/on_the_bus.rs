//! Going on the system bus, and staying there.

use std::sync::Arc;

use async_io::Timer;
use sd_wire::parties::Parties;
use smol::future::FutureExt;
use smol::stream::StreamExt;
use zbus::Connection;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream, RequestNameFlags, RequestNameReply};

use crate::cli::Cli;
use crate::decide::Decide;
use crate::forward::Gate;
use crate::interface::PATH;
use crate::tally::Tally;

const NAME: &str = "net.mowaka.SecretsDispatcher1";

/// The gate on the bus, and the news that somebody has left it.
#[derive(Debug)]
struct Serving {
    tally: Arc<Tally>,
    changes: NameOwnerChangedStream,
}

/// Goes on the bus and serves; returns when the bus has gone away. All of it on the thread that calls this: nothing that
/// comes is handed from thread to thread, which would cost more than the answer.
///
/// # Errors
/// When the bus is not there, or does not let the gate own its name.
pub(crate) async fn serve(cli: &Cli, parties: Parties) -> zbus::Result<()> {
    let tally = Arc::new(Tally::default());
    let gate = Gate::new(parties, Decide::at(&cli.decide, parties.decide), Arc::clone(&tally));
    let builder = zbus::connection::Builder::system()?.internal_executor(false);
    let bus = builder.serve_at(PATH, gate)?.build().await?;
    let executor = bus.executor().clone();
    let turning = async {
        while !executor.is_empty() {
            executor.tick().await;
        }
        // That the bus is gone is heard where its news is read.
        smol::future::pending().await
    };
    let serving = async {
        Serving::start(&bus, parties, tally).await?.until_the_bus_goes().await;
        Ok(())
    };
    serving.or(turning).await
}

impl Serving {
    /// The names, then ready.
    async fn start(bus: &Connection, parties: Parties, tally: Arc<Tally>) -> zbus::Result<Self> {
        let changes = DBusProxy::new(bus).await?.receive_name_owner_changed().await?;
        // The name with the uid is this gate's alone; the plain one is that of the user who was provisioned first, and
        // the policy lets no other gate have it.
        own(bus, &format!("{NAME}.u{}", parties.desktop), true).await?;
        own(bus, NAME, false).await?;
        sd_journal::ready();
        keep_the_watchdog_quiet(bus);
        Ok(Self { tally, changes })
    }

    /// Serves, and returns when the bus has gone away.
    async fn until_the_bus_goes(mut self) {
        while let Some(change) = self.changes.next().await {
            if let Ok(change) = change.args()
                && change.new_owner().is_none()
            {
                self.tally.gone(change.name());
            }
        }
    }
}

async fn own(bus: &Connection, name: &str, required: bool) -> zbus::Result<()> {
    match bus.request_name_with_flags(name, RequestNameFlags::DoNotQueue.into()).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Err(zbus::Error::NameTaken) | Ok(_) if !required => Ok(()),
        Err(e) if !required && is_denied(&e) => Ok(()),
        Err(e) => Err(e),
        Ok(_) => Err(zbus::Error::NameTaken),
    }
}

/// Whether it is the policy's no.
fn is_denied(e: &zbus::Error) -> bool {
    match e {
        zbus::Error::MethodError(name, ..) => name.as_str() == "org.freedesktop.DBus.Error.AccessDenied",
        zbus::Error::FDO(e) => matches!(**e, zbus::fdo::Error::AccessDenied(_)),
        _ => false,
    }
}

/// Tells systemd that the gate is alive, from the very executor that answers calls: one that hangs, for example in
/// closing what a hostile caller sent along, falls silent and is started again.
fn keep_the_watchdog_quiet(bus: &Connection) {
    let Some(interval) = sd_journal::watchdog_interval() else { return };
    let alive = async move {
        loop {
            sd_journal::watchdog();
            Timer::after(interval / 2).await;
        }
    };
    bus.executor().spawn(alive, "watchdog").detach();
}
