//! The loop of a worker: a thread an order, none kept, and the end when there is nothing to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sd_sys::link::Link;
use sd_sys::listener::Listener;

use crate::NotServing;

/// Orders carried out at the same time; more wait in the socket's queue.
pub const AT_ONCE: usize = 16;
/// How often a busy worker looks whether an order has ended.
const BUSY_LOOK: Duration = Duration::from_millis(100);

/// Says that the worker is ready, serves each connection on a thread of its own by straight-line code, and returns when
/// none has come for `idle`, or when `worn_out` says that this process should make room for a fresh one and the orders in hand have ended. systemd
/// keeps the listening socket and starts the next instance with the next order.
///
/// # Errors
/// [`NotServing::Io`] when the listening socket fails.
pub fn each_connection<S, W>(
    listener: &Listener,
    idle: Duration,
    worn_out: W,
    serve: S,
) -> Result<(), NotServing>
where
    S: Fn(&Link) + Send + Sync + 'static,
    W: Fn() -> bool,
{
    let serve = Arc::new(serve);
    let in_hand = Arc::new(AtomicUsize::new(0));
    let mut pulse = Pulse::wanted();
    let mut at_rest_since = Instant::now();
    let mut is_short = false;
    sd_journal::ready();
    loop {
        pulse.beat();
        let busy = in_hand.load(Ordering::Acquire);
        if worn_out() {
            if busy == 0 {
                return Ok(());
            }
            std::thread::sleep(BUSY_LOOK);
            continue;
        }
        if busy >= AT_ONCE {
            std::thread::sleep(BUSY_LOOK);
            continue;
        }
        if busy > 0 {
            at_rest_since = Instant::now();
        }
        let left = idle.saturating_sub(at_rest_since.elapsed());
        if !listener.wait(if busy == 0 {
            pulse.until_due().map_or(left, |due| left.min(due))
        } else {
            BUSY_LOOK
        })? {
            if busy == 0 && at_rest_since.elapsed() >= idle {
                return Ok(());
            }
            continue;
        }
        at_rest_since = Instant::now();
        let link = match listener.accept() {
            Ok(Some(link)) => link,
            Ok(None) => continue,
            // The orders in hand will give some back; those that wait do so in the socket's queue.
            Err(why) if is_out_of_something(&why) => {
                if !is_short {
                    sd_journal::warning(format!("orders have to wait: {why}"));
                }
                is_short = true;
                std::thread::sleep(BUSY_LOOK);
                continue;
            }
            Err(why) => return Err(why.into()),
        };
        is_short = false;
        let (serve, place) = (Arc::clone(&serve), Place::taken(&in_hand));
        let order = std::thread::Builder::new().name("order".into()).spawn(move || {
            let _place = place;
            serve(&link);
        });
        if let Err(why) = order {
            // Its connection is closed, which whoever gave it takes for a failure.
            sd_journal::warning(format!("an order is given up: {why}"));
        }
    }
}

/// Whether there are no more descriptors, or no more memory, just now (accept(2)).
fn is_out_of_something(why: &std::io::Error) -> bool {
    matches!(why.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

/// What the unit's watchdog wants to hear, from the loop alone: an order that hangs has a deadline of its own.
struct Pulse {
    every: Option<Duration>,
    last: Instant,
}

impl Pulse {
    fn wanted() -> Self {
        let every = sd_journal::watchdog_interval().and_then(|interval| interval.checked_div(2));
        Self { every, last: Instant::now() }
    }

    fn beat(&mut self) {
        if self.until_due().is_some_and(|due| due.is_zero()) {
            self.last = Instant::now();
            sd_journal::watchdog();
        }
    }

    fn until_due(&self) -> Option<Duration> {
        self.every.map(|every| every.saturating_sub(self.last.elapsed()))
    }
}

/// A place among the orders in hand, given back also when the thread panics.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn taken(in_hand: &Arc<AtomicUsize>) -> Self {
        in_hand.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(in_hand))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
