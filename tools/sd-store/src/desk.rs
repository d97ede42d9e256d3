//! What lasts between calls: each caller's sessions and prompts, and the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_io::Timer;
use sd_cipher::Cipher;
use smol::channel::Sender;
use smol::future;
use zbus::Message;

use crate::fault::Fault;
use crate::prompt::Prompt;
use crate::refusal::Refusal;
use crate::store::Store;

/// The most sessions, prompts and unfinished calls of one caller, and callers that have any.
const MOST: usize = 64;
const CALLERS: usize = 64;
/// gpg has no deadline of its own. One that hangs cannot be called back: the process ends, and its unit ends gpg with it.
const HANGS: Duration = Duration::from_secs(60);

/// What one caller has.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) sessions: HashMap<u64, Arc<Cipher>>,
    pub(crate) prompts: HashMap<u64, Prompt>,
    calls: usize,
}

pub(crate) struct Desk {
    pub(crate) store: Arc<Store>,
    seats: Mutex<HashMap<String, Seat>>,
    numbers: Mutex<u64>,
    outbox: Sender<Message>,
    hangs: Sender<()>,
}

impl Desk {
    pub(crate) fn new(store: Store, outbox: Sender<Message>, hangs: Sender<()>) -> Arc<Self> {
        let (seats, numbers) = (Mutex::default(), Mutex::default());
        Arc::new(Self { store: Arc::new(store), seats, numbers, outbox, hangs })
    }

    /// Takes a call of this caller in, unless it has too many under way.
    pub(crate) fn arrive(&self, sender: &str) -> bool {
        let mut seats = self.seats();
        if seats.len() >= CALLERS && !seats.contains_key(sender) {
            return false;
        }
        let seat = seats.entry(sender.to_owned()).or_default();
        let room = seat.calls < MOST;
        seat.calls += usize::from(room);
        room
    }

    /// A call of this caller is over.
    pub(crate) fn finish(&self, sender: &str) {
        if let Some(seat) = self.seats().get_mut(sender) {
            seat.calls = seat.calls.saturating_sub(1);
        }
    }

    /// This caller has gone.
    pub(crate) fn leave(&self, sender: &str) {
        self.seats().remove(sender);
    }

    /// Something of what a caller has; none when it is gone.
    pub(crate) fn seat<T>(&self, sender: &str, look: impl FnOnce(&mut Seat) -> T) -> Option<T> {
        self.seats().get_mut(sender).map(look)
    }

    /// Puts something down for a caller, under a number of its own.
    pub(crate) fn put<T>(
        &self,
        sender: &str,
        what: T,
        which: impl FnOnce(&mut Seat) -> &mut HashMap<u64, T>,
    ) -> Result<u64, Refusal> {
        let number = {
            let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            *numbers += 1;
            *numbers
        };
        let put = self.seat(sender, |seat| {
            let shelf = which(seat);
            let room = shelf.len() < MOST;
            if room {
                shelf.insert(number, what);
            }
            room
        });
        match put {
            Some(true) => Ok(number),
            _ => Err(Refusal::too_much(format!("{MOST} of these are open already; close some of them"))),
        }
    }

    /// Has the store do something, on a thread of its own, and waits for it.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(&self.store);
        let done = smol::unblock(move || what(&store));
        let late = async {
            Timer::after(HANGS).await;
            sd_journal::error("gpg did not answer in time; ending, so that it is ended too");
            // Whoever waits for it ends the process; if it is full, it was told already.
            let _ = self.hangs.try_send(());
            Err(Fault::Late("gpg did not answer in time".into()))
        };
        Ok(future::or(done, late).await?)
    }

    /// Sends a message; the bus gets them in this order.
    pub(crate) fn send(&self, message: Message) {
        // A closed box has no bus behind it any more.
        let _ = self.outbox.try_send(message);
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<String, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
