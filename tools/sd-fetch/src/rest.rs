//! Connections to the backend that rest between two orders. To connect takes half of what a search takes, and to agree on
//! a session's key more than the rest of a read.
//!
//! An order has a connection for itself. It leaves it here if it went well and only looked or read; the next one takes
//! it if the very backend that it was made with still has its name. What rests holds no secret: the key of a session, to
//! a backend that is asked anew each time. All of it goes with the process, a minute after the last order, and with each
//! lock.

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
    connections: Vec<(Backend, String)>,
    /// How often all of them were forgotten: what was taken before that is not left any more.
    forgotten: u64,
}

/// A connection in use.
pub(crate) struct Taken {
    pub(crate) backend: Backend,
    /// Who has the backend's name, if anybody has.
    pub(crate) owner: Option<String>,
    forgotten: u64,
}

impl Resting {
    /// One that rests, or a new one.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] and [`Fault::Timeout`], of the bus.
    pub(crate) async fn take(&self) -> Result<Taken, Fault> {
        let forgotten = self.all().forgotten;
        loop {
            let Some((backend, was)) = self.all().connections.pop() else { break };
            // One whose bus is gone, or whose backend is another, is of no more use.
            if let Ok(Some(is)) = asked(&backend).await
                && is == was
            {
                return Ok(Taken { backend, owner: Some(is), forgotten });
            }
        }
        let backend = Backend::connect_here().await?;
        let owner = asked(&backend).await?;
        Ok(Taken { backend, owner, forgotten })
    }

    /// Leaves it for the next order, after one that went well.
    pub(crate) fn leave(&self, taken: Taken, after: &Order) {
        // Whatever subscribes to signals or changes anything has its connection to itself to the end.
        let looks = matches!(
            after,
            Order::Search { .. }
                | Order::Collections { .. }
                | Order::Describe { .. }
                | Order::State {}
                | Order::Read { .. }
        );
        let mut all = self.all();
        if let Some(owner) = taken.owner.filter(|_| looks)
            && all.forgotten == taken.forgotten
            && all.connections.len() < MOST
        {
            all.connections.push((taken.backend, owner));
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

async fn asked(backend: &Backend) -> Result<Option<String>, Fault> {
    let turns = async { match backend.turn().await {} };
    running::owner(backend).or(turns).await
}
