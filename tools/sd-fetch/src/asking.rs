//! Asking a person for the passphrase of a collection, by way of sd-decide. For as long as the order itself is waited
//! for, and no longer.

use std::time::Instant;

use sd_passphrase::{NoPassphrase, PATIENCE};
use sd_sys::link::Link;
use sd_sys::secret::Secret;
use sd_wire::fault::Fault;
use sd_wire::passphrase::Wanted;

use crate::serve::Place;

/// What it takes to ask while an order is carried out.
pub(crate) struct Asking<'a> {
    pub(crate) place: &'a Place,
    /// The end of the order.
    pub(crate) until: Instant,
    /// The connection that brought it.
    pub(crate) order: &'a Link,
}

impl Asking<'_> {
    /// Whether sd-decide still waits for this order.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.order.hung_up()
    }

    /// What a person typed. Blocks the order's own thread, on which nothing else is to be done meanwhile.
    pub(crate) fn passphrase(&self, wanted: Wanted) -> Result<Secret, Fault> {
        let Some(socket) = &self.place.passphrase else {
            sd_journal::error("a passphrase is needed, and no --passphrase says where to ask for it");
            return Err(Fault::Unavailable);
        };
        let until = self.until.min(Instant::now() + PATIENCE);
        let decide = self.place.parties.decide;
        sd_passphrase::ask(socket, decide, wanted, until, || self.is_wanted()).map_err(|why| {
            match why {
                NoPassphrase::Dismissed | NoPassphrase::Expired => sd_journal::info(&why),
                _ => sd_journal::warning(&why),
            }
            why.fault()
        })
    }
}
