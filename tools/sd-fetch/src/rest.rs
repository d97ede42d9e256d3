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
pub(crate) struct Resting(Mutex<Vec<(Backend, String)>>);

impl Resting {
    /// A connection, and who has the backend's name, if anybody has.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] and [`Fault::Timeout`], of the bus.
    pub(crate) async fn take(&self) -> Result<(Backend, Option<String>), Fault> {
        loop {
            let Some((backend, was)) = self.all().pop() else { break };
            // One whose bus is gone, or whose backend is another, is of no more use.
            if let Ok(Some(is)) = asked(&backend).await
                && is == was
            {
                return Ok((backend, Some(is)));
            }
        }
        let backend = Backend::connect_here().await?;
        let owner = asked(&backend).await?;
        Ok((backend, owner))
    }

    /// Leaves it for the next order, after one that went well.
    pub(crate) fn leave(&self, backend: Backend, owner: Option<String>, after: &Order) {
        let mut all = self.all();
        match (after, owner) {
            (Order::Lock { .. }, _) => all.clear(),
            // Whatever subscribes to signals or changes anything has its connection to itself to the end.
            (
                Order::Search { .. }
                | Order::Collections { .. }
                | Order::Describe { .. }
                | Order::State {}
                | Order::Read { .. },
                Some(owner),
            ) if all.len() < MOST => all.push((backend, owner)),
            _ => {}
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Backend, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn asked(backend: &Backend) -> Result<Option<String>, Fault> {
    let turns = async { match backend.turn().await {} };
    running::owner(backend).or(turns).await
}
