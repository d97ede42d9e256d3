//! The gate, as much of it as the agent uses: a trait, so that the rest can be tested without one.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    fn search_by_key<'a>(
        &'a self,
        collection: Option<&'a CollectionPath>,
        attributes: &'a Attributes,
        claims: &'a Claims,
    ) -> Asked<'a, Found>;
    fn collections<'a>(&'a self, claims: &'a Claims) -> Asked<'a, Collections>;
    /// Where `asks` is false, no person is expected to be asked for it.
    fn list<'a>(
        &'a self,
        collection: Option<&'a CollectionPath>,
        asks: bool,
        claims: &'a Claims,
    ) -> Asked<'a, Listed>;
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
    /// When it was last found out that the gate is not there or answers nothing.
    absent: Mutex<Option<Instant>>,
    notices: Notices,
    lanes: Lanes,
}

impl System {
    /// What is asked for is told to `notices`, and that it failed for want of somebody to ask.
    pub(crate) fn new(notices: Notices) -> Self {
        Self { gate: Mutex::default(), absent: Mutex::default(), notices, lanes: Lanes::default() }
    }

    /// Asks for something that waits for a person.
    async fn people<'a, T, A>(&'a self, claims: &'a Claims, ask: impl Fn(Gate) -> A) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let came = Instant::now();
        let _pass = self.lanes.people(claims).await;
        self.when_there_is_room(came, claims, ROOM, ask).await
    }

    /// Asks for something that needs no key.
    async fn quick<'a, T, A>(&'a self, claims: &'a Claims, ask: impl Fn(Gate) -> A) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let came = Instant::now();
        let _pass = self.lanes.quick(claims).await;
        self.when_there_is_room(came, claims, ROOM_SOON, ask).await
    }

    /// Asks again while the gate is full: other programs may have filled it, and it hears of the end of a request later
    /// than we do. As long as whoever asks waits for it.
    async fn when_there_is_room<T, A>(
        &self,
        mut came: Instant,
        claims: &Claims,
        pause: Duration,
        ask: impl Fn(Gate) -> A,
    ) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        loop {
            match self.told(came, claims, &ask).await {
                Err(failure) if failure.is_full() => came = Timer::after(pause).await,
                answer => return answer,
            }
        }
    }

    async fn told<T, A>(
        &self,
        came: Instant,
        claims: &Claims,
        ask: impl FnOnce(Gate) -> A,
    ) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        // A gate that answers nobody takes a second to be found out, which those who wait for room need not wait again.
        let found_out = (*self.absent()).is_some_and(|since| since >= came);
        let answer = if found_out {
            Err(Failure::Absent)
        } else {
            match self.gate().await {
                Ok(gate) => ask(gate).await,
                Err(failure) => Err(failure),
            }
        };
        if let Err(failure) = &answer {
            if matches!(failure, Failure::Absent) && !found_out {
                *self.absent() = Some(Instant::now());
            }
            self.notices.failed(failure, claims);
        }
        answer
    }

    async fn gate(&self) -> Result<Gate, Failure> {
        let known = self.known().clone();
        if let Some(gate) = known.filter(|gate| !gate.is_closed()) {
            return Ok(gate);
        }
        let gate = Gate::connect_here().await?;
        smol::spawn(gate.turn()).detach();
        let gate = gate.kept().await?.heard_by(Arc::new(self.notices.clone()));
        // Two calls may both have connected; the later connection stays, the other ends with its call.
        *self.known() = Some(gate.clone());
        Ok(gate)
    }

    fn absent(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn search_by_key<'a>(
        &'a self,
        collection: Option<&'a CollectionPath>,
        attributes: &'a Attributes,
        claims: &'a Claims,
    ) -> Asked<'a, Found> {
        Box::pin(self.people(claims, move |gate| async move {
            gate.search_by_key(collection, attributes, claims).await
        }))
    }

    fn collections<'a>(&'a self, claims: &'a Claims) -> Asked<'a, Collections> {
        Box::pin(self.quick(claims, move |gate| async move { gate.collections(claims).await }))
    }

    fn list<'a>(
        &'a self,
        collection: Option<&'a CollectionPath>,
        asks: bool,
        claims: &'a Claims,
    ) -> Asked<'a, Listed> {
        Box::pin(self.people(claims, move |gate| async move {
            // No notification for what waits for nobody.
            let gate = if asks { gate } else { gate.quietly() };
            gate.list(collection, claims).await
        }))
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
