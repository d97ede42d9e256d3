//! What the docket wants done.

use sd_wire::ask::Resolution;
use sd_wire::id::AskId;
use sd_wire::outcome::What;

use crate::routing::Order;

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Order a description.
    Describe {
        /// Of which ask.
        id: AskId,
        /// Whose turn this takes: the process that made the sink.
        maker: i32,
        /// The order; it takes no sink along.
        order: Order,
    },
    /// Send the order and the sink to the worker, without a key, when it is its maker's turn.
    Queue {
        /// Of which ask.
        id: AskId,
        /// Whose turn this takes: the process that made the sink.
        maker: i32,
        /// The order.
        order: Order,
    },
    /// Send the order and the sink to the worker, now.
    Dispatch {
        /// Of which ask.
        id: AskId,
        /// The order.
        order: Order,
    },
    /// Write the last line into the sink.
    Settle {
        /// Of which ask.
        id: AskId,
        /// What the line says.
        what: What,
    },
    /// Tell the gate how it ended.
    Tell {
        /// Which ask.
        id: AskId,
        /// How.
        how: Resolution,
    },
    /// Let go of everything that is held for the ask.
    Forget {
        /// Which ask.
        id: AskId,
    },
    /// Another ask is selected: what was typed before is not for it.
    FlushInput,
    /// Move the detail by pages: down when positive.
    Scroll(i8),
}
