//! For a program that wants to know of its own requests what the gate's signals tell others.

use std::sync::Arc;

use sd_wire::claims::Claims;
use sd_wire::id::AskId;

/// Hears of every request of a [`crate::Gate`] that may have to wait. Called where the request runs: it must not wait.
pub trait Ear: Send + Sync {
    /// The gate has taken a request of this kind (as in [`sd_wire::ask::Want::kind`]).
    fn asked(&self, id: &AskId, kind: &'static str, claims: &Claims);
    /// The request has ended here, whatever came of it: also when its future was dropped.
    fn ended(&self, id: &AskId);
}

/// One request that an ear has heard of. Its end is told by dropping this.
pub(crate) struct Heard {
    ear: Arc<dyn Ear>,
    id: AskId,
}

impl Heard {
    /// Tells the ear.
    pub(crate) fn asked(ear: &Arc<dyn Ear>, id: &AskId, kind: &'static str, claims: &Claims) -> Self {
        ear.asked(id, kind, claims);
        Self { ear: Arc::clone(ear), id: id.clone() }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.ear.ended(&self.id);
    }
}
