//! What is kept of each application while it is connected: sessions, prompts, what it has seen. No secret.
//!
//! Everything but the approvals hangs on a seat, one a bus name; when the name vanishes the seat goes, and with it the
//! futures whose end withdraws their asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sd_cipher::Cipher;
use sd_wire::bounded::Attributes;
use sd_wire::claims::App;
use sd_wire::path::ItemPath;
use smol::Task;
use smol::channel::Sender;
use zbus::Message;
use zbus::names::OwnedUniqueName;

use crate::approvals::Approvals;
use crate::asks::Asks;
use crate::caller::Caller;
use crate::offer::Offer;
use crate::prompt::Prompt;
use crate::refusal::Refusal;

/// The most calls of one connection that are worked on at once. dbus-daemon allows 128 awaited replies.
const BUSY: usize = 64;
/// The most items of which a connection's own words are remembered.
const SEEN: usize = 1024;

/// What one connection has here.
#[derive(Default)]
pub(crate) struct Seat {
    caller: Option<Caller>,
    busy: usize,
    /// Its sessions, by number.
    pub(crate) sessions: BTreeMap<u64, Arc<Cipher>>,
    /// Its prompts, by number.
    pub(crate) prompts: BTreeMap<u64, Prompt>,
    /// The asks that its direct reads have opened.
    pub(crate) reopened: HashMap<ItemPath, Task<()>>,
    seen: HashMap<ItemPath, Arc<Seen>>,
    /// What its last search called unlocked to it.
    pub(crate) offer: Offer,
}

/// What an application has itself said of an item, which is all that it is told of it again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The label that it gave the item when it made it; empty for an item that it searched for.
    pub(crate) label: String,
    /// The attributes that it searched by, or gave the item.
    pub(crate) attributes: Attributes,
}

impl Seat {
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
        let gone = self.seats().remove(name);
        // Only now, with the seats free again: dropping a task may run code of ours.
        drop(gone);
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

    /// Notes that a person approved these items for an application just now.
    pub(crate) fn approve(&self, app: &App, items: &[ItemPath], lives: Duration) {
        self.approvals().approve(app, items, lives, Instant::now());
    }

    /// Whether an application may read an item now.
    pub(crate) fn approved(&self, app: &App, item: &ItemPath) -> bool {
        self.approvals().covers(app, item, Instant::now())
    }

    /// Takes an approval back.
    pub(crate) fn forget(&self, app: &App, item: &ItemPath) {
        self.approvals().forget(app, item);
    }

    /// Takes every approval of everybody back.
    pub(crate) fn forget_all(&self) {
        self.approvals().forget_all();
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<OwnedUniqueName, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn approvals(&self) -> std::sync::MutexGuard<'_, Approvals> {
        self.approvals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
