//! The gate, as much of it as the agent uses: a trait, so that the rest can be tested without one.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_io::Timer;
use sd_client::{Failure, Gate};
use sd_sys::secret::Secret;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::change::Change;
use sd_wire::claims::Claims;
use sd_wire::description::MAX_LABEL;
use sd_wire::outcome::{Collections, Found, Listed};
use sd_wire::path::{CollectionPath, ItemPath};

use crate::lanes::Lanes;
use crate::notices::Notices;

/// How long before a gate that is full is asked again, for what waits for a person.
const ROOM: Duration = Duration::from_secs(1);
/// And for what a program waits for.
const ROOM_SOON: Duration = Duration::from_millis(50);

/// A request on its way. Dropping it withdraws the ask.
pub(crate) type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// An item to be made, without its secret.
#[derive(Debug, Clone)]
pub(crate) struct NewItem {
    pub(crate) collection: CollectionPath,
    pub(crate) label: Text<MAX_LABEL>,
    pub(crate) attributes: Attributes,
    pub(crate) content_type: Text<256>,
    pub(crate) replace: bool,
}

/// What can be asked for. Each as [`Gate`]'s method of the same name.
pub(crate) trait Asks: Send + Sync {
    fn read<'a>(&'a self, item: &'a ItemPath, claims: &'a Claims) -> Asked<'a, (Secret, String)>;
    fn access<'a>(&'a self, items: &'a [ItemPath], claims: &'a Claims) -> Asked<'a, (Duration, Listed)>;
    fn search<'a>(
        &'a self,
        collection: Option<&'a CollectionPath>,
        attributes: &'a Attributes,
        claims: &'a Claims,
    ) -> Asked<'a, Found>;
    fn collections<'a>(&'a self, claims: &'a Claims) -> Asked<'a, Collections>;
    fn list<'a>(&'a self, collection: Option<&'a CollectionPath>, claims: &'a Claims) -> Asked<'a, Listed>;
    fn store<'a>(&'a self, item: &'a NewItem, secret: &'a Secret, claims: &'a Claims) -> Asked<'a, ItemPath>;
    fn delete<'a>(&'a self, item: &'a ItemPath, claims: &'a Claims) -> Asked<'a, ()>;
    fn set_secret<'a>(
        &'a self,
        item: &'a ItemPath,
        secret: &'a Secret,
        content_type: &'a str,
        claims: &'a Claims,
    ) -> Asked<'a, ()>;
    fn change<'a>(&'a self, change: &'a Change, claims: &'a Claims) -> Asked<'a, Option<CollectionPath>>;
    fn lock<'a>(&'a self, claims: &'a Claims) -> Asked<'a, ()>;
    fn unlock<'a>(&'a self, claims: &'a Claims) -> Asked<'a, ()>;
}

/// The gate, connected to when it is first needed and again after the system bus went away.
pub(crate) struct System {
    gate: Mutex<Option<Gate>>,
    notices: Notices,
    lanes: Lanes,
}

impl System {
    /// What is asked for is told to `notices`, and that it failed for want of somebody to ask.
    pub(crate) fn new(notices: Notices) -> Self {
        Self { gate: Mutex::default(), notices, lanes: Lanes::default() }
    }

    /// Asks for something that waits for a person.
    async fn people<'a, T, A>(&'a self, claims: &'a Claims, ask: impl Fn(Gate) -> A) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let _pass = self.lanes.people(claims).await;
        self.when_there_is_room(claims, ROOM, ask).await
    }

    /// Asks for something that needs no key.
    async fn quick<'a, T, A>(&'a self, claims: &'a Claims, ask: impl Fn(Gate) -> A) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let _pass = self.lanes.quick(claims).await;
        self.when_there_is_room(claims, ROOM_SOON, ask).await
    }

    /// Asks again while the gate is full: other programs may have filled it, and it hears of the end of a request later
    /// than we do. As long as whoever asks waits for it.
    async fn when_there_is_room<T, A>(
        &self,
        claims: &Claims,
        pause: Duration,
        ask: impl Fn(Gate) -> A,
    ) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        loop {
            match self.told(claims, &ask).await {
                Err(failure) if failure.is_full() => Timer::after(pause).await,
                answer => return answer,
            };
        }
    }

    async fn told<T, A>(&self, claims: &Claims, ask: impl FnOnce(Gate) -> A) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let answer = match self.gate().await {
            Ok(gate) => ask(gate).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &answer {
            self.notices.failed(failure, claims);
        }
        answer
    }

    async fn gate(&self) -> Result<Gate, Failure> {
        let known = self.known().clone();
        if let Some(gate) = known.filter(|gate| !gate.is_closed()) {
            return Ok(gate);
        }
        let gate = Gate::connect().await?.heard_by(Arc::new(self.notices.clone()));
        // Two calls may both have connected; the later connection stays, the other ends with its call.
        *self.known() = Some(gate.clone());
        Ok(gate)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Gate>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asks for System {
    fn read<'a>(&'a self, item: &'a ItemPath, claims: &'a Claims) -> Asked<'a, (Secret, String)> {
        Box::pin(self.quick(claims, move |gate| async move { gate.read(item, claims).await }))
    }

    fn access<'a>(&'a self, items: &'a [ItemPath], claims: &'a Claims) -> Asked<'a, (Duration, Listed)> {
        Box::pin(self.people(claims, move |gate| async move { gate.access(items, claims).await }))
    }

    fn search<'a>(
        &'a self,
        collection: Option<&'a CollectionPath>,
        attributes: &'a Attributes,
        claims: &'a Claims,
    ) -> Asked<'a, Found> {
        Box::pin(
            self.quick(claims, move |gate| async move { gate.search(collection, attributes, claims).await }),
        )
    }

    fn collections<'a>(&'a self, claims: &'a Claims) -> Asked<'a, Collections> {
        Box::pin(self.quick(claims, move |gate| async move { gate.collections(claims).await }))
    }

    fn list<'a>(&'a self, collection: Option<&'a CollectionPath>, claims: &'a Claims) -> Asked<'a, Listed> {
        Box::pin(self.people(claims, move |gate| async move { gate.list(collection, claims).await }))
    }

    fn store<'a>(&'a self, item: &'a NewItem, secret: &'a Secret, claims: &'a Claims) -> Asked<'a, ItemPath> {
        let NewItem { collection, label, attributes, content_type, replace } = item;
        Box::pin(self.people(claims, move |gate| async move {
            gate.store(collection, label, attributes, secret, content_type, *replace, claims).await
        }))
    }

    fn delete<'a>(&'a self, item: &'a ItemPath, claims: &'a Claims) -> Asked<'a, ()> {
        Box::pin(self.people(claims, move |gate| async move { gate.delete(item, claims).await }))
    }

    fn set_secret<'a>(
        &'a self,
        item: &'a ItemPath,
        secret: &'a Secret,
        content_type: &'a str,
        claims: &'a Claims,
    ) -> Asked<'a, ()> {
        Box::pin(self.people(claims, move |gate| async move {
            gate.set_secret(item, secret, content_type, claims).await
        }))
    }

    fn change<'a>(&'a self, change: &'a Change, claims: &'a Claims) -> Asked<'a, Option<CollectionPath>> {
        Box::pin(self.people(claims, move |gate| async move { gate.change(change, claims).await }))
    }

    fn lock<'a>(&'a self, claims: &'a Claims) -> Asked<'a, ()> {
        Box::pin(self.quick(claims, move |gate| async move { gate.lock(claims).await }))
    }

    fn unlock<'a>(&'a self, claims: &'a Claims) -> Asked<'a, ()> {
        Box::pin(self.people(claims, move |gate| async move { gate.unlock(claims).await }))
    }
}
