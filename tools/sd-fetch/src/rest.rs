//! Connections to the backend that rest between two orders. To connect takes half of what a search takes, and to agree on
//! a session's key more than the rest of a read.
//!
//! An order has a connection for itself. It leaves it here if it went well and only looked or read; the next one of that
//! kind takes it. Its calls go to the very backend that the connection was made with, which the bus is asked about at the
//! same time: if another has the name by now, all of it is done anew. What rests holds no secret: the key of a session,
//! to a backend that is asked anew each time. All of it goes with the process, a minute after the last order, and with
//! each lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sd_wire::fault::Fault;
use sd_wire::fetch::Order;
use smol::future::FutureExt;

use crate::backend::Backend;
use crate::running;

/// As many orders at once are not rare; more are.
const MOST: usize = 4;

/// The connections that no order has just now.
#[derive(Default)]
pub(crate) struct Resting(Mutex<All>);

#[derive(Default)]
struct All {
    connections: Vec<Backend>,
    /// How often all of them were forgotten: what was taken before that is not left any more.
    forgotten: u64,
}

/// A connection in use.
pub(crate) struct Taken {
    pub(crate) backend: Backend,
    forgotten: u64,
}

impl Resting {
    /// One that rests, for an order of the kind that leaves it. Whether it is still of use the bus says.
    pub(crate) fn take(&self, order: &Order) -> Option<Taken> {
        let mut all = self.all();
        let backend = if looks(order) { all.connections.pop() } else { None };
        backend.map(|backend| Taken { backend, forgotten: all.forgotten })
    }

    /// A new one, to whoever is the backend now.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] and [`Fault::Timeout`], of the bus.
    pub(crate) async fn connect(&self) -> Result<Taken, Fault> {
        let forgotten = self.all().forgotten;
        let mut backend = Backend::connect_here().await?;
        let turns = async { match backend.turn().await {} };
        let owner = running::owner(&backend).or(turns).await?;
        backend.is_of(owner);
        Ok(Taken { backend, forgotten })
    }

    /// Leaves it for the next order, after one that went well.
    pub(crate) fn leave(&self, taken: Taken, after: &Order) {
        let mut all = self.all();
        // Whatever subscribes to signals or changes anything has its connection to itself to the end.
        let rests = looks(after) && taken.backend.owner().is_some();
        if rests && all.forgotten == taken.forgotten && all.connections.len() < MOST {
            all.connections.push(taken.backend);
        }
    }

    /// Closes all that rest, and has those that are in use closed after their order.
    pub(crate) fn forget(&self) {
        let mut all = self.all();
        all.forgotten = all.forgotten.wrapping_add(1);
        all.connections.clear();
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Whether it is to whoever has the backend's name now. One whose bus is gone is of no more use either.
    pub(crate) async fn is_of_use(&self) -> bool {
        running::owner(&self.backend).await.is_ok_and(|owner| owner.as_deref() == self.backend.owner())
    }
}

/// Whether it may be done twice, and leaves nothing behind on its connection.
fn looks(order: &Order) -> bool {
    matches!(
        order,
        Order::Search { .. }
            | Order::Collections { .. }
            | Order::Describe { .. }
            | Order::State {}
            | Order::Read { .. }
    )
}
