//! What may happen to the docket.

use sd_wire::ask::Ask;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;

use crate::caller::Caller;
use crate::commit::Signed;
use crate::docket::entry::Face;
use crate::routing::Described;

/// A point in time: milliseconds since some fixed point. The docket has no clock of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// The moment this much later.
    pub(crate) fn after(self, wait: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The milliseconds from `earlier` to this moment; none when it is not earlier.
    pub(crate) fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// An ask as it came in, with everything that was found out about it at that moment.
#[derive(Clone, Debug)]
pub(crate) struct Filing {
    /// The gate's words.
    pub(crate) ask: Ask,
    /// Who made the sink, and what the kernel and `/proc` say of it.
    pub(crate) caller: Caller,
    /// What would be signed, for a signature.
    pub(crate) signed: Option<Signed>,
}

/// A key that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// `y`
    Yes,
    /// `n`
    No,
    /// The ask above.
    Up,
    /// The ask below.
    Down,
    /// The page before.
    PageUp,
    /// The page after.
    PageDown,
    /// `?`
    Help,
    /// Any other: it means nothing, but it is typing, so it restarts the quiet time.
    Other,
}

/// What may happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The gate brought an ask.
    Filed(Box<Filing>),
    /// A worker described what is asked for.
    Described {
        /// Which ask.
        id: AskId,
        /// As what.
        what: Described,
    },
    /// It did not.
    DescribeFailed {
        /// Which ask.
        id: AskId,
        /// Why.
        why: Fault,
    },
    /// A key was pressed.
    Key(Key),
    /// A picture is on the terminal, all of it. It shows this ask as the selected one, or none.
    Drawn(Option<Face>),
    /// The last line of the ask's detail has been on the terminal.
    SeenToEnd(Face),
    /// The screen (re)appeared.
    Shown,
    /// The terminal is in front of the person, or no longer.
    Active(bool),
    /// A switch to another virtual terminal was refused.
    SwitchRefused,
    /// The requester hung up.
    Withdrawn {
        /// Which ask.
        id: AskId,
    },
    /// The desktop user takes it back.
    Cancelled {
        /// Which ask.
        id: AskId,
    },
    /// It was its turn: the order without a key is out, and the sink with it.
    Sent {
        /// Which ask.
        id: AskId,
    },
    /// An order did not reach the worker: the sink is still here.
    DispatchFailed {
        /// Which ask.
        id: AskId,
        /// Why.
        why: Fault,
    },
    /// The worker carried the order out.
    WorkerDone {
        /// Which ask.
        id: AskId,
    },
    /// The worker did not, and told the requester so; or it is gone, and the sink with it.
    WorkerFailed {
        /// Which ask.
        id: AskId,
    },
    /// Time has passed.
    Tick,
}
