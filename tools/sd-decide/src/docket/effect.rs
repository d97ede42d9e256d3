//! What the docket wants done.

use sd_wire::ask::Resolution;
use sd_wire::description::Description;
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::passphrase::Note;
use sd_wire::record::Record;

use crate::caller::Pinned;
use crate::docket::prompts::PromptId;
use crate::docket::vault::Chore;
use crate::routing::Order;

/// Whose turn an order takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taker {
    /// The process that made the ask's sink.
    pub(crate) maker: i32,
    /// The process for which it says that it asks. A claim: it divides the maker's own share, and no other.
    pub(crate) app: Option<u32>,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Order a description.
    Describe {
        /// Of which ask.
        id: AskId,
        /// Whose turn this takes.
        taker: Taker,
        /// The order; it takes no sink along.
        order: Order,
    },
    /// Send the order and the sink to the worker, without a key, when it is its maker's turn.
    Queue {
        /// Of which ask.
        id: AskId,
        /// Whose turn this takes.
        taker: Taker,
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
    /// Send the worker this order without the sink, which follows with the [`Effect::Queue`] or [`Effect::Dispatch`] of the
    /// same order, if that ever comes: so it is carried out, but for the answer, while the record is written.
    Ahead {
        /// Of which ask.
        id: AskId,
        /// Whose turn this takes; `None` when it need not wait for one.
        taker: Option<Taker>,
        /// The order.
        order: Order,
    },
    /// Write this into the record. What waits for it does not happen before [`super::event::Event::Recorded`].
    Record {
        /// The line's number: none comes a second time.
        number: u64,
        /// Whether something waits for it.
        awaited: bool,
        /// The line.
        line: Box<Record>,
    },
    /// Write the last line into the sink.
    Settle {
        /// Of which ask.
        id: AskId,
        /// What the line says.
        what: What,
    },
    /// Write into the sink that it was approved, and behind that what the person saw.
    Approve {
        /// Which ask.
        id: AskId,
        /// For how many seconds.
        seconds: u32,
        /// The items, as they stood on the screen.
        shown: Vec<Description>,
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
    /// Send a worker an order that belongs to no ask.
    Run {
        /// The chore's number.
        number: u64,
        /// What it is.
        chore: Chore,
    },
    /// Send the passphrase that was typed, and wipe the field.
    Enter {
        /// To whom.
        prompt: PromptId,
    },
    /// Send this instead of a passphrase. What is typed may be for another prompt.
    Answer {
        /// To whom.
        prompt: PromptId,
        /// What.
        note: Note,
    },
    /// Wipe what was typed of a passphrase.
    WipeField,
    /// Say when this process ends.
    Watch(Pinned),
    /// Another ask is selected, or a prompt has come: what was typed before is not for it.
    FlushInput,
    /// Move the detail or the page by pages: down when positive.
    Scroll(i8),
    /// Paint the screen from nothing.
    Repaint,
}
