//! What is kept of each application while it is connected: sessions, prompts, what it has seen. No secret.
//!
//! Everything but the approvals hangs on a seat, one a bus name; when the name vanishes the seat goes, and with it the
//! futures whose end withdraws their asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sd_cipher::Cipher;
use sd_wire::bounded::Attributes;
use sd_wire::claims::App;
use sd_wire::outcome::Listed;
use sd_wire::path::{CollectionPath, ItemPath};
use smol::Task;
use smol::channel::Sender;
use zbus::Message;
use zbus::names::OwnedUniqueName;

use crate::approvals::Approvals;
use crate::asks::Asks;
use crate::caller::Caller;
use crate::offer::Offer;
use crate::opened;
use crate::prompt::Prompt;
use crate::refusal::Refusal;
use crate::told::Told;

/// The most calls of one connection that are worked on at once. dbus-daemon allows 128 awaited replies.
const BUSY: usize = 64;
/// The most items of which a connection's own words are remembered.
const SEEN: usize = 16 * 1024;

/// What one connection has here.
#[derive(Default)]
pub(crate) struct Seat {
    caller: Option<Caller>,
    busy: usize,
    /// Its sessions, by number.
    pub(crate) sessions: BTreeMap<u64, Arc<Cipher>>,
    /// Its prompts, by number.
    pub(crate) prompts: BTreeMap<u64, Prompt>,
    /// The asks that its direct calls have opened.
    pub(crate) opened: opened::Asks,
    /// What goes on for it while a call of its waits, by number. Dropping one withdraws its ask.
    pub(crate) held: BTreeMap<u64, Task<()>>,
    seen: HashMap<ItemPath, Arc<Seen>>,
    /// What its last search called unlocked to it.
    pub(crate) offer: Offer,
}

/// What an application has itself said of an item, which it is told again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The label that it gave the item when it made it; empty for an item that it searched for.
    pub(crate) label: String,
    /// The attributes that it searched by, or gave the item.
    pub(crate) attributes: Attributes,
}

impl Seat {
    fn is_of(&self, app: &App) -> bool {
        self.caller.as_ref().is_some_and(|caller| (caller.app.pid, caller.app.start) == (app.pid, app.start))
    }

    /// Whether the connection has itself found or made an item.
    pub(crate) fn has_seen(&self, item: &ItemPath) -> bool {
        self.seen.contains_key(item)
    }

    /// Remembers an application's own words about an item.
    pub(crate) fn saw(&mut self, item: ItemPath, seen: Arc<Seen>) {
        if self.seen.len() >= SEEN {
            self.seen.clear();
        }
        self.seen.insert(item, seen);
    }
}

/// The state of the agent.
pub(crate) struct Desk {
    /// The way to the gate.
    pub(crate) asks: Box<dyn Asks>,
    outbox: Sender<Message>,
    seats: Mutex<HashMap<OwnedUniqueName, Seat>>,
    approvals: Mutex<Approvals>,
    told: Mutex<Told>,
    login: AtomicBool,
    number: AtomicU64,
}

impl Desk {
    /// An empty desk, whose replies and signals go into `outbox`.
    pub(crate) fn new(asks: Box<dyn Asks>, outbox: Sender<Message>) -> Arc<Self> {
        Arc::new(Self {
            asks,
            outbox,
            seats: Mutex::default(),
            approvals: Mutex::default(),
            told: Mutex::default(),
            login: AtomicBool::new(false),
            number: AtomicU64::new(1),
        })
    }

    /// A connection has called. Returns whether the call may be worked on: not when too many are already.
    pub(crate) fn arrive(&self, name: &OwnedUniqueName) -> bool {
        let mut seats = self.seats();
        let seat = seats.entry(name.clone()).or_default();
        seat.busy += 1;
        seat.busy <= BUSY
    }

    /// A call of this connection has been answered.
    pub(crate) fn finish(&self, name: &OwnedUniqueName) {
        self.seat(name, |seat| seat.busy = seat.busy.saturating_sub(1));
    }

    /// A connection has gone: all that it had goes too.
    pub(crate) fn leave(&self, name: &OwnedUniqueName) {
        let mut seats = self.seats();
        let gone = seats.remove(name);
        let app = gone.as_ref().and_then(|seat| seat.caller.as_ref()).map(|caller| caller.app.clone());
        let app = app.filter(|app| !seats.values().any(|seat| seat.is_of(app)));
        drop(seats);
        // Only now, with the seats free again: dropping a task may run code of ours.
        drop(gone);
        if let Some(app) = app {
            self.told().forget(&app);
        }
    }

    /// Who the connection is, if that has been found out.
    pub(crate) fn known(&self, name: &OwnedUniqueName) -> Option<Caller> {
        self.seat(name, |seat| seat.caller.clone()).flatten()
    }

    /// Notes who the connection is, unless it has gone meanwhile.
    pub(crate) fn introduce(&self, name: &OwnedUniqueName, caller: &Caller) {
        self.seat(name, |seat| seat.caller = Some(caller.clone()));
    }

    /// Does something with a connection's seat; `None` when it has gone. The closure must not wait, nor drop a task.
    pub(crate) fn seat<T>(&self, name: &OwnedUniqueName, what: impl FnOnce(&mut Seat) -> T) -> Option<T> {
        self.seats().get_mut(name).map(what)
    }

    /// As [`Desk::seat`], for a call: the caller's end is the call's.
    pub(crate) fn seated<T>(
        &self,
        name: &OwnedUniqueName,
        what: impl FnOnce(&mut Seat) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.seat(name, what).unwrap_or_else(|| Err(Refusal::failed("the caller has gone")))
    }

    /// What the connection itself has said of an item.
    pub(crate) fn seen(&self, name: &OwnedUniqueName, item: &ItemPath) -> Arc<Seen> {
        self.seat(name, |seat| seat.seen.get(item).cloned()).flatten().unwrap_or_default()
    }

    /// The connections of an application.
    pub(crate) fn names_of(&self, app: &App) -> Vec<OwnedUniqueName> {
        self.seats().iter().filter(|(_, seat)| seat.is_of(app)).map(|(name, _)| name.clone()).collect()
    }

    /// The connections that know of an item: it was found, made or told there.
    pub(crate) fn who_knows(&self, item: &ItemPath) -> Vec<OwnedUniqueName> {
        let seats = self.seats();
        let told = self.told();
        let was_told = |seat: &Seat| seat.caller.as_ref().is_some_and(|it| told.of(&it.app, item).is_some());
        let knows = |seat: &Seat| seat.seen.contains_key(item) || was_told(seat);
        seats.iter().filter(|(_, seat)| knows(seat)).map(|(name, _)| name.clone()).collect()
    }

    /// An item is gone.
    pub(crate) fn gone(&self, item: &ItemPath) {
        for seat in self.seats().values_mut() {
            seat.seen.remove(item);
        }
        self.told().gone(item);
        self.is_another(item);
    }

    /// An item is another than the one that was shown. Returns the applications whose approval ends with that.
    pub(crate) fn is_another(&self, item: &ItemPath) -> Vec<App> {
        self.approvals().is_another(item)
    }

    /// A collection is gone, and every item in it.
    pub(crate) fn collection_gone(&self, collection: &CollectionPath) {
        for seat in self.seats().values_mut() {
            seat.seen.retain(|item, _| item.collection() != *collection);
        }
        self.told().collection_gone(collection);
        self.login.store(false, Ordering::Relaxed);
    }

    /// What applications were told of items. To be let go of before anything else of the desk is used.
    pub(crate) fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a collection of the name `login`, as far as is known.
    pub(crate) fn has_login(&self) -> bool {
        self.login.load(Ordering::Relaxed)
    }

    /// Notes that there is a collection of the name `login`.
    pub(crate) fn note_login(&self) {
        self.login.store(true, Ordering::Relaxed);
    }

    /// A number that no session and no prompt has had.
    pub(crate) fn number(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// Ends every prompt of everybody, and withdraws what they asked for.
    pub(crate) fn dismiss_all(&self) {
        let seats = std::mem::take(&mut *self.seats());
        for (name, seat) in seats {
            for (number, prompt) in seat.prompts {
                prompt.dismiss(self, &name, number);
            }
        }
    }

    /// Puts a message on its way to the bus.
    pub(crate) fn send(&self, message: Message) {
        // Refused only when the bus connection is being closed, and then nobody is left to read it.
        let _ = self.outbox.try_send(message);
    }

    /// Notes that a person approved these items for an application just now, and was shown this of them.
    pub(crate) fn approve(&self, app: &App, items: &[ItemPath], lives: Duration, shown: Listed) {
        self.approvals().approve(app, items, lives, Instant::now());
        self.told().tell(app, shown.items.into_iter().filter(|shown| items.contains(&shown.item)));
    }

    /// Whether an application may read an item now.
    pub(crate) fn approved(&self, app: &App, item: &ItemPath) -> bool {
        self.approvals().covers(app, item, Instant::now())
    }

    /// Of these items, those that an application may read now, and the others.
    pub(crate) fn sort<'a>(
        &self,
        app: &App,
        items: &'a [ItemPath],
    ) -> (Vec<&'a ItemPath>, Vec<&'a ItemPath>) {
        let (approvals, now) = (self.approvals(), Instant::now());
        items.iter().partition(|item| approvals.covers(app, item, now))
    }

    /// Takes an approval back.
    pub(crate) fn forget(&self, app: &App, item: &ItemPath) {
        self.approvals().forget(app, item);
    }

    /// Takes every approval of everybody back, and what they were told with it. Returns what was approved.
    pub(crate) fn forget_all(&self) -> Vec<(App, Vec<ItemPath>)> {
        self.told().forget_all();
        self.approvals().forget_all(Instant::now())
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<OwnedUniqueName, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn approvals(&self) -> std::sync::MutexGuard<'_, Approvals> {
        self.approvals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
