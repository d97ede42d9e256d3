//! The orders that belong to no ask.

use std::time::Duration;

use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::{deadline, fetch, sign};

use crate::docket::vault::Chore;
use crate::routing::Order;

/// The order that a chore is, with an id of its own for the log.
pub(crate) fn order(chore: Chore) -> Result<Order, Fault> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Fault::Unavailable)?;
    let id = AskId::from_random(bytes);
    Ok(match chore {
        Chore::AskKey => Order::Sign(sign::Order::State {}),
        Chore::AskStore => Order::Fetch(fetch::Order::State {}),
        Chore::LockKey => Order::Sign(sign::Order::Lock { id }),
        Chore::LockStore => Order::Fetch(fetch::Order::Lock { id }),
        Chore::UnlockKey => Order::Sign(sign::Order::Unlock { id }),
        Chore::UnlockStore => Order::Fetch(fetch::Order::Unlock { id }),
    })
}

/// How long its note is waited for.
pub(crate) fn patience(chore: Chore) -> Duration {
    match chore {
        Chore::UnlockKey | Chore::UnlockStore => deadline::DECIDE_WAITS_ASKS,
        _ => deadline::DECIDE_WAITS,
    }
}
