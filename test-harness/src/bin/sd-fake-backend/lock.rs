//! Its lock, and the ways to open it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use zbus::interface;
use zbus::object_server::{ObjectServer, SignalEmitter};
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::service::{Secret, never, nothing, path};

pub(crate) const PROMPT: &str = "/org/freedesktop/secrets/prompt/u1";

/// What it does when it is told to lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Locking {
    /// Locks.
    Works,
    /// Says that it has locked, and stays open.
    Lies,
    /// Has no such method.
    Unknown,
}

/// What it does when it is told to unlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unlocking {
    /// Unlocks without a prompt.
    AtOnce,
    /// Gives a prompt, which is completed well.
    Prompt,
    /// Gives a prompt, which is dismissed.
    Dismissed,
    /// Gives a prompt, which is never completed.
    Hangs,
    /// Gives a prompt, and ends soon after that is performed.
    Crashes,
    /// Gives a prompt, which is completed well and opens nothing.
    Lies,
    /// Takes a passphrase, but by the `plain` algorithm only.
    Plain,
}

#[derive(Clone)]
pub(crate) struct Lock {
    locked: Arc<AtomicBool>,
    pub(crate) locking: Locking,
    pub(crate) unlocking: Unlocking,
}

impl Lock {
    pub(crate) fn new(locked: bool, locking: Locking, unlocking: Unlocking) -> Self {
        Self { locked: Arc::new(AtomicBool::new(locked)), locking, unlocking }
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.locked.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, locked: bool) {
        self.locked.store(locked, Ordering::SeqCst);
    }

    pub(crate) fn lock(
        &self,
        objects: Vec<OwnedObjectPath>,
    ) -> zbus::fdo::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)> {
        match self.locking {
            Locking::Works => self.set(true),
            Locking::Lies => {}
            Locking::Unknown => return Err(zbus::fdo::Error::UnknownMethod("Lock".into())),
        }
        Ok((objects, nothing()))
    }

    pub(crate) async fn unlock(
        &self,
        objects: Vec<OwnedObjectPath>,
        server: &ObjectServer,
    ) -> zbus::fdo::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)> {
        if self.unlocking == Unlocking::AtOnce {
            self.set(false);
            return Ok((objects, nothing()));
        }
        server.at(PROMPT, Prompt(self.clone())).await?;
        Ok((Vec::new(), path(PROMPT)))
    }
}

struct Prompt(Lock);

#[interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(
        &self,
        _window: String,
        #[zbus(signal_emitter)] to: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        match self.0.unlocking {
            Unlocking::Hangs => return Ok(()),
            Unlocking::Crashes => {
                // After the reply: as one that fails while a person looks at it.
                std::thread::spawn(|| {
                    std::thread::sleep(Duration::from_millis(200));
                    std::process::exit(3);
                });
                return Ok(());
            }
            Unlocking::Prompt => self.0.set(false),
            Unlocking::AtOnce | Unlocking::Dismissed | Unlocking::Lies | Unlocking::Plain => {}
        }
        // Before the reply: whoever listens only then hears nothing.
        let dismissed = self.0.unlocking == Unlocking::Dismissed;
        Ok(Self::completed(&to, dismissed, Value::from(0_u32)).await?)
    }

    async fn dismiss(&self) {
        eprintln!("sd-fake-backend: a prompt was dismissed");
    }

    #[zbus(signal)]
    async fn completed(to: &SignalEmitter<'_>, dismissed: bool, result: Value<'_>) -> zbus::Result<()>;
}

/// gnome-keyring's way to unlock by a passphrase.
pub(crate) struct Master(pub(crate) Lock);

#[interface(name = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")]
impl Master {
    async fn unlock_with_master_password(&self, _collection: OwnedObjectPath, _master: Secret) {
        // Nobody may come here: the passphrase would have crossed the bus in the clear.
        self.0.set(false);
        never().await;
    }
}
