//! The asks that calls have opened which may not wait as long as a person takes, so that the next try succeeds.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_client::{Failure, screen};
use sd_wire::change::Change;
use sd_wire::metadata::Metadata;
use sd_wire::path::{CollectionPath, ItemPath};
use smol::Task;
use smol::channel::{Receiver, Sender};
use zbus::names::OwnedUniqueName;

use crate::caller::Caller;
use crate::desk::{Desk, Seat};
use crate::dispatch::Turn;
use crate::refusal::Refusal;
use crate::{change, news, stand_in, store};

/// The most asks that a connection's direct calls may have open at once.
const MOST: usize = 8;
/// How long after a refusal the same call opens no new ask.
const AFTER_REFUSAL: Duration = Duration::from_secs(3);
/// How long a change that nobody waited for any more is remembered, so that asking for it again succeeds.
const REMEMBERED: Duration = Duration::from_secs(60);
/// The most such changes of a connection.
const MOST_DONE: usize = 16;

/// What an ask is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// That items may be read.
    Read(Vec<ItemPath>),
    /// That it be told what is in a collection, or in all.
    List(Option<CollectionPath>),
    /// That something be changed.
    Change(Change),
    /// That the store be opened.
    Unlock,
}

/// What a connection's direct calls have opened. Dropping it withdraws the asks.
#[derive(Default)]
pub(crate) struct Asks {
    open: Vec<Open>,
    done: Vec<(Change, Instant)>,
}

struct Open {
    about: About,
    /// What it is about has been done; whoever wants it again asks again.
    done: bool,
    ended: Ended,
    task: Task<()>,
}

/// How an ask ends, for whoever waits for that.
#[derive(Clone)]
pub(crate) struct Ended {
    closed: Receiver<Infallible>,
    how: Arc<OnceLock<Result<(), Refusal>>>,
}

impl Ended {
    /// Whether it has ended, and well.
    fn went_well(&self) -> bool {
        matches!(self.how.get(), Some(Ok(())))
    }

    /// Waits for the end.
    pub(crate) async fn how(&self) -> Result<(), Refusal> {
        // Nothing is ever sent: it is closed when the ask has ended.
        let _ = self.closed.recv().await;
        self.how.get().cloned().unwrap_or_else(|| Err(Refusal::failed("the caller has gone")))
    }
}

impl Asks {
    /// Whether exactly this was done of late and nobody has been told; now somebody is.
    pub(crate) fn was_done(&mut self, change: &Change, now: Instant) -> bool {
        self.done.retain(|(_, until)| now < *until);
        let found = self.done.iter().position(|(done, _)| done == change);
        found.map(|place| self.done.remove(place)).is_some()
    }

    /// Notes that this was done, and that what it undid no longer is.
    pub(crate) fn note(&mut self, change: &Change, now: Instant) {
        let this = |open: &&mut Open| matches!(&open.about, About::Change(about) if about == change);
        self.open.iter_mut().filter(this).for_each(|open| open.done = true);
        // What was there before is there no longer.
        self.done.retain(|(done, _)| !change::of_the_same(done, change));
        if self.done.len() >= MOST_DONE {
            self.done.remove(0);
        }
        self.done.push((change.clone(), now + REMEMBERED));
    }

    fn take(&mut self, about: &About) -> Option<Task<()>> {
        let place = self.open.iter().position(|open| open.about == *about)?;
        Some(self.open.remove(place).task)
    }
}

/// Opens an ask for the caller, unless the same one stands open or was refused a moment ago: then that is it.
pub(crate) fn open(turn: &Turn<'_>, about: About) -> Result<Ended, Refusal> {
    let (desk, caller, sender) = (turn.desk.clone(), turn.caller.clone(), turn.call.sender.clone());
    turn.desk.seated(&turn.call.sender, |seat: &mut Seat| {
        // One that went well is told once; it may not have cleared its place yet.
        let stands = |open: &&Open| open.about == about && !open.done && !open.ended.went_well();
        if let Some(open) = seat.opened.open.iter().find(stands) {
            return Ok(open.ended.clone());
        }
        if seat.opened.open.len() >= MOST {
            let text = format!("{MOST} of your requests wait for an answer ({}) already", screen::name());
            return Err(Refusal::limits_exceeded(text));
        }
        let (closing, closed) = smol::channel::bounded(1);
        let ended = Ended { closed, how: Arc::default() };
        // Spawned with the seat still locked: however fast it is, it finds itself there.
        let task = smol::spawn(ask(desk, caller, sender, about.clone(), Arc::clone(&ended.how), closing));
        seat.opened.open.push(Open { about, done: false, ended: ended.clone(), task });
        Ok(ended)
    })
}

async fn ask(
    desk: Arc<Desk>,
    caller: Caller,
    sender: OwnedUniqueName,
    about: About,
    how: Arc<OnceLock<Result<(), Refusal>>>,
    closing: Sender<Infallible>,
) {
    let asked = carry_out(&desk, &caller, &sender, &about).await;
    let refused = asked.is_err();
    if let Err(failure) = &asked {
        sd_journal::info(format_args!("a direct call ended unapproved: {failure}"));
    }
    let _ = how.set(asked.map_err(Refusal::from));
    drop(closing);
    if refused {
        // A client that retries in a loop must not fill the screen again in the same breath.
        Timer::after(AFTER_REFUSAL).await;
    }
    if let Some(this_task) = desk.seat(&sender, |seat| seat.opened.take(&about)).flatten() {
        this_task.detach();
    }
}

async fn carry_out(
    desk: &Arc<Desk>,
    caller: &Caller,
    sender: &OwnedUniqueName,
    about: &About,
) -> Result<(), Failure> {
    let claims = caller.claims();
    match about {
        About::Read(items) => {
            store::open_for_items(desk, items, &claims).await?;
            let items = stand_in::resolved(desk, caller, items.clone()).await?;
            if !items.is_empty() {
                let (lives, shown) = desk.asks.access(&items, &claims).await?;
                desk.approve(&caller.app, &items, lives, shown);
                news::approved(desk, &caller.app, &items, lives);
            }
        }
        About::List(within) => {
            let known = store::open_for_list(desk, within.as_ref(), &claims).await?;
            let asks = known.metadata != Metadata::Open;
            let listed = desk.asks.list(within.as_ref(), asks, &claims).await.inspect_err(|failure| {
                if !asks && !failure.is_refusal() && !failure.is_absence() {
                    desk.told().was_too_much(within.as_ref(), Instant::now());
                }
            })?;
            let collections: Vec<CollectionPath> = match within {
                Some(collection) => vec![collection.clone()],
                None => known.collections.into_iter().map(|collection| collection.path).collect(),
            };
            desk.told().list(&caller.app, collections.clone(), within.is_none(), listed.items);
            for collection in &collections {
                news::items_changed(desk, &caller.app, collection);
            }
        }
        About::Change(change) => {
            change::make(desk, caller, sender, change).await?;
        }
        About::Unlock => store::unlock(desk, &claims).await?,
    }
    Ok(())
}
