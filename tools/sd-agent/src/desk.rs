//! What is kept of each application while it is connected: sessions, prompts, what it has seen. No secret.
//!
//! Everything but the approvals hangs on a seat, one a bus name; when the name vanishes the seat goes, and with it the
//! futures whose end withdraws their asks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sd_cipher::Cipher;
use sd_wire::bounded::Attributes;
use sd_wire::claims::App;
use sd_wire::deadline::ACCESS;
use sd_wire::metadata::Metadata;
use sd_wire::outcome::Listed;
use sd_wire::path::{CollectionPath, ItemPath};
use smol::Task;
use smol::channel::Sender;
use zbus::Message;
use zbus::names::OwnedUniqueName;

use crate::alias::Aliases;
use crate::approvals::Approvals;
use crate::asks::Asks;
use crate::caller::Caller;
use crate::offer::Offer;
use crate::opened;
use crate::prompt::Prompt;
use crate::refusal::Refusal;
use crate::stand_in::StandIns;
use crate::told::Told;

/// The most calls of one connection that are worked on at once. dbus-daemon allows 128 awaited replies.
const BUSY: usize = 64;
/// How long the setting is believed to be what it was: it changes only when sd-decide is started anew.
const SETTING: Duration = Duration::from_secs(10);
/// The most items of which a connection's own words are remembered.
const SEEN: usize = 16 * 1024;
/// The most items that a connection is remembered to know to be gone.
const GONE: usize = 64;

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
    /// The items that were made up for it.
    pub(crate) dummies: BTreeSet<ItemPath>,
    /// Items that it knew, and knows to be gone.
    gone: VecDeque<ItemPath>,
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
    /// When it made the item, in seconds since 1970; 0 for an item that it searched for.
    pub(crate) created: u64,
    /// When it last changed the item, likewise.
    pub(crate) modified: u64,
}

impl Seat {
    fn is_of(&self, app: &App) -> bool {
        self.process() == Some((app.pid, app.start))
    }

    /// Its process, by number and start.
    fn process(&self) -> Option<(u32, u64)> {
        self.caller.as_ref().map(|caller| (caller.app.pid, caller.app.start))
    }

    /// What the connection itself has said of an item.
    pub(crate) fn said(&self, item: &ItemPath) -> Option<&Seen> {
        self.seen.get(item).map(Arc::as_ref)
    }

    /// Remembers an application's own words about an item.
    pub(crate) fn saw(&mut self, item: ItemPath, seen: Arc<Seen>) {
        if self.seen.len() >= SEEN {
            self.seen.clear();
        }
        // A backend may give a path out again.
        self.gone.retain(|gone| *gone != item);
        self.seen.insert(item, seen);
    }

    fn mourn(&mut self, item: &ItemPath) {
        if self.gone.len() >= GONE {
            self.gone.pop_front();
        }
        self.gone.push_back(item.clone());
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
    stand_ins: Mutex<StandIns>,
    metadata: Mutex<Option<(Metadata, Option<Instant>)>>,
    login: AtomicBool,
    /// Where aliases point.
    pub(crate) aliases: Aliases,
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
            stand_ins: Mutex::default(),
            metadata: Mutex::default(),
            login: AtomicBool::new(false),
            aliases: Aliases::default(),
            number: AtomicU64::new(first()),
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
        let here: HashSet<(u32, u64)> = seats.values().filter_map(Seat::process).collect();
        drop(seats);
        // Only now, with the seats free again: dropping a task may run code of ours.
        drop(gone);
        let (approvals, now) = (self.approvals(), Instant::now());
        self.told().forget_absent(
            |app| here.contains(&(app.pid, app.start)),
            |app, item| approvals.covers(app, item, now),
        );
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

    /// Whether the connection was told that the item is gone. Of every other path it is not told whether there is an
    /// item.
    pub(crate) fn knows_gone(&self, name: &OwnedUniqueName, item: &ItemPath) -> bool {
        self.seat(name, |seat| seat.gone.contains(item)) == Some(true)
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

    /// An item is gone, and these connections are told so.
    pub(crate) fn gone(&self, item: &ItemPath, knew: &[OwnedUniqueName]) {
        for (name, seat) in self.seats().iter_mut() {
            seat.seen.remove(item);
            if knew.contains(name) {
                seat.mourn(item);
            }
        }
        self.told().gone(item);
        self.stand_ins().gone(item);
        self.is_another(item, None);
    }

    /// An item is another than the one that was shown. Returns the applications whose approval ends with that: all but
    /// the one that was approved to change it.
    pub(crate) fn is_another(&self, item: &ItemPath, by: Option<&App>) -> Vec<App> {
        self.approvals().is_another(item, by)
    }

    /// A collection is gone, and every item in it.
    pub(crate) fn collection_gone(&self, collection: &CollectionPath) {
        for seat in self.seats().values_mut() {
            seat.seen.retain(|item, _| item.collection() != *collection);
        }
        self.told().collection_gone(collection);
        self.aliases.gone(collection);
        self.login.store(false, Ordering::Relaxed);
    }

    /// What applications were told of items. To be let go of before anything else of the desk is used.
    pub(crate) fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands for the searches of applications, where items are hidden. To be let go of as [`Desk::told`].
    pub(crate) fn stand_ins(&self) -> std::sync::MutexGuard<'_, StandIns> {
        self.stand_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is told of items without a key, if that was learned of late.
    pub(crate) fn metadata(&self) -> Option<Metadata> {
        let known = *self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |at: Option<Instant>| at.is_some_and(|at| at.elapsed() < SETTING);
        known.filter(|(_, at)| lately(*at)).map(|(metadata, _)| metadata)
    }

    /// Notes what is told of items without a key.
    pub(crate) fn note_metadata(&self, metadata: Metadata) {
        let now = Some((metadata, Some(Instant::now())));
        let mut kept = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *kept, now);
        drop(kept);
        if metadata != Metadata::Open && before.is_some_and(|(before, _)| before == Metadata::Open) {
            // What was told without a person is not told any more.
            self.told().forget_all();
        }
    }

    /// What is known of that seems wrong: it is learned anew before anything hangs on it.
    pub(crate) fn doubt_metadata(&self) {
        let mut kept = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = kept.map(|(metadata, _)| (metadata, None));
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

    /// Notes that a person let an application write this secret just now, which it may read for a moment.
    pub(crate) fn wrote(&self, app: &App, item: &ItemPath) {
        self.approve(app, std::slice::from_ref(item), ACCESS, Listed::default());
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
        let mut approved = self.approvals().forget_all(Instant::now());
        let mut stand_ins = self.stand_ins();
        for (app, items) in &mut approved {
            // After this nobody knows any more what stands for them.
            let paths: Vec<ItemPath> = items.iter().flat_map(|item| stand_ins.paths_for(app, item)).collect();
            items.extend(paths);
        }
        stand_ins.forget_all();
        approved
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<OwnedUniqueName, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn approvals(&self) -> std::sync::MutexGuard<'_, Approvals> {
        self.approvals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first number: above all that an agent before us has given, so that a path of before names nothing of now.
fn first() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(1)
}
