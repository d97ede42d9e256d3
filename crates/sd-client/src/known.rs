//! Who the gate is, kept in mind by a program that stays: asked of the bus once, and again when the bus says that the
//! gate's name has another owner, or when nobody is there any more who was.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use smol::stream::Stream;
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, MatchRule, MessageStream};

use crate::call::within;
use crate::gate::INTAKE;
use crate::watch::QUEUE;

/// The owner of the gate's own name, whose uid was found to be the gate's. A bus gives no unique name a second time, so
/// what was found of one stays true.
pub(crate) struct Known(Mutex<Kept>);

struct Kept {
    /// What the bus says of the name. Looked into before each use: nobody waits for it.
    changes: MessageStream,
    /// How often it has changed hands.
    changed: u64,
    owner: Option<OwnedUniqueName>,
}

impl Known {
    /// Knows nobody as yet, and listens already: no change happens unheard between a question and its answer.
    pub(crate) async fn listen(bus: &Connection, name: &str) -> zbus::Result<Self> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")?
            .interface("org.freedesktop.DBus")?
            .member("NameOwnerChanged")?
            .arg(0, name)?
            .build();
        let changes = within(INTAKE, MessageStream::for_match_rule(rule, bus, Some(QUEUE))).await?;
        Ok(Self(Mutex::new(Kept { changes, changed: 0, owner: None })))
    }

    /// Who it is by now, if that is known; and how often the name has changed hands.
    pub(crate) fn owner(&self) -> (Option<OwnedUniqueName>, u64) {
        let mut kept = self.kept();
        kept.hear();
        (kept.owner.clone(), kept.changed)
    }

    /// Who it turned out to be, asked after the name had changed hands so often. Not kept if it has since.
    pub(crate) fn learn(&self, owner: &OwnedUniqueName, changed: u64) {
        let mut kept = self.kept();
        kept.hear();
        if kept.changed == changed {
            kept.owner = Some(owner.clone());
        }
    }

    /// That it is not this one any more.
    pub(crate) fn forget(&self, owner: &OwnedUniqueName) {
        let mut kept = self.kept();
        if kept.owner.as_ref() == Some(owner) {
            kept.owner = None;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Takes what the bus has said meanwhile. Whatever it was, the name is asked for anew.
    fn hear(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        while let Poll::Ready(change) = Pin::new(&mut self.changes).poll_next(&mut nobody) {
            self.changed = self.changed.wrapping_add(1);
            self.owner = None;
            // The bus is gone, and will say no more.
            if change.is_none() {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use smol::future::try_zip;
    use zbus::Message;
    use zbus::connection::Builder;

    use super::*;

    const NAME: &str = "net.mowaka.SecretsDispatcher1.u1000";

    fn owner(name: &str) -> OwnedUniqueName {
        OwnedUniqueName::try_from(name).unwrap()
    }

    /// Both ends of a connection: of ours, and of what stands for the bus.
    async fn ends() -> (Connection, Connection) {
        let (ours, its) = UnixStream::pair().unwrap();
        let ours = Builder::async_io_unix_stream(ours).p2p().build();
        let its = Builder::async_io_unix_stream(its).server(zbus::Guid::generate()).unwrap().p2p().build();
        try_zip(ours, its).await.unwrap()
    }

    /// The bus says that a name has another owner, and has been heard to.
    async fn says(bus: &Connection, known: &Known, name: &str) {
        let daemon = "org.freedesktop.DBus";
        let signal = Message::signal("/org/freedesktop/DBus", daemon, "NameOwnerChanged").unwrap();
        let before = known.owner().1;
        bus.send(&signal.sender(daemon).unwrap().build(&(name, ":1.7", "")).unwrap()).await.unwrap();
        let end = Instant::now() + Duration::from_millis(if name == NAME { 10_000 } else { 100 });
        while known.owner().1 == before && Instant::now() < end {
            smol::Timer::after(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn an_owner_is_known_until_the_bus_says_that_the_name_has_another() {
        smol::block_on(async {
            let (ours, bus) = ends().await;
            let known = Known::listen(&ours, NAME).await.unwrap();
            assert_eq!(known.owner(), (None, 0));
            known.learn(&owner(":1.7"), 0);
            says(&bus, &known, "net.mowaka.SecretsDispatcher1.u1001").await;
            assert_eq!(known.owner(), (Some(owner(":1.7")), 0), "that is another user's");
            says(&bus, &known, NAME).await;
            assert_eq!(known.owner(), (None, 1));
        });
    }

    #[test]
    fn what_was_found_before_the_name_changed_hands_is_not_kept() {
        smol::block_on(async {
            let (ours, bus) = ends().await;
            let known = Known::listen(&ours, NAME).await.unwrap();
            says(&bus, &known, NAME).await;
            known.learn(&owner(":1.7"), 0);
            assert_eq!(known.owner(), (None, 1));
            known.learn(&owner(":1.8"), 1);
            known.forget(&owner(":1.7"));
            assert_eq!(known.owner().0, Some(owner(":1.8")), "another than was forgotten");
            known.forget(&owner(":1.8"));
            assert_eq!(known.owner().0, None);
        });
    }
}
