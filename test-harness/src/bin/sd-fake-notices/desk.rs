//! The server's interface: Desktop Notifications Specification 1.2, with nothing behind it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use crate::{Cli, Fault, PATH};

/// What it has been told to show.
pub(crate) struct Desk {
    cli: Cli,
    last: u32,
    stands: BTreeSet<u32>,
}

impl Desk {
    /// With nothing on it.
    pub(crate) fn new(cli: Cli) -> Self {
        Self { cli, last: 0, stands: BTreeSet::new() }
    }

    fn refuses(&self) -> zbus::fdo::Result<()> {
        match self.cli.fault {
            Some(Fault::Refuse) => Err(zbus::fdo::Error::Failed("refused as told".into())),
            _ => Ok(()),
        }
    }
}

/// Before an answer, with no lock held: calls wait beside each other.
async fn waits(fault: Option<Fault>) {
    match fault {
        Some(Fault::Slow) => drop(smol::Timer::after(Duration::from_secs(4)).await),
        Some(Fault::Mute) => smol::future::pending().await,
        _ => {}
    }
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Desk {
    async fn get_capabilities(&self) -> zbus::fdo::Result<Vec<String>> {
        self.refuses()?;
        if self.cli.fault == Some(Fault::Mute) {
            waits(self.cli.fault).await;
        }
        let all = ["body", "body-markup", "persistence"].map(str::to_owned);
        Ok(all.into_iter().filter(|name| !self.cli.without.contains(name)).collect())
    }

    #[allow(clippy::too_many_arguments)] // The interface's own.
    async fn notify(
        &mut self,
        #[zbus(connection)] bus: &zbus::Connection,
        app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        lives: i32,
    ) -> zbus::fdo::Result<u32> {
        self.refuses()?;
        waits(self.cli.fault).await;
        let number = if self.stands.contains(&replaces) { replaces } else { self.last + 1 };
        self.last = self.last.max(number);
        self.stands.insert(number);
        let mut words: Vec<String> =
            hints.iter().map(|(name, value)| format!("{name}={}", **value)).collect();
        words.sort();
        println!(
            "notify {number} replaces {replaces} app {app:?} title {title:?} body {body:?} actions {} lives {lives} \
             hints {}",
            actions.len(),
            words.join(" ")
        );
        if let Some(dismiss) = self.cli.dismiss {
            let bus = bus.clone();
            let put_away = async move {
                smol::Timer::after(Duration::from_millis(dismiss)).await;
                if let Ok(to) = SignalEmitter::new(&bus, PATH) {
                    println!("dismiss {number}");
                    let _ = Desk::notification_closed(&to, number, 2).await;
                }
            };
            smol::spawn(put_away).detach();
        }
        Ok(number)
    }

    async fn close_notification(
        &mut self,
        #[zbus(signal_emitter)] to: SignalEmitter<'_>,
        number: u32,
    ) -> zbus::fdo::Result<()> {
        self.refuses()?;
        println!("close {number}");
        if self.cli.fault == Some(Fault::Noclose) {
            return Ok(());
        }
        if self.stands.remove(&number) {
            let _ = Desk::notification_closed(&to, number, 3).await;
        }
        Ok(())
    }

    async fn get_server_information(&self) -> (String, String, String, String) {
        ("sd-fake-notices".into(), "Secrets Dispatcher".into(), "0".into(), "1.2".into())
    }

    #[zbus(signal)]
    async fn notification_closed(to: &SignalEmitter<'_>, number: u32, reason: u32) -> zbus::Result<()>;
}
