//! One ask on the docket.

use sd_wire::ask::Want;
use sd_wire::id::AskId;

use crate::docket::event::{Filing, Moment};
use crate::routing::Described;

/// An ask and how far it has come.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(super) filing: Filing,
    pub(super) expires: Moment,
    pub(super) state: State,
    pub(super) seen_to_end: bool,
}

/// How far an ask has come.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// It needs no key, and waits for its turn at the worker.
    Queued {
        /// When that takes too long.
        until: Moment,
    },
    /// A worker was asked what it is about; until then it is given up.
    Describing {
        /// When that takes too long.
        until: Moment,
    },
    /// It waits for a key.
    Waiting {
        /// What the worker said.
        shown: Described,
        /// Ask and description in one number.
        face: Face,
    },
    /// It is the worker's.
    Dispatched {
        /// When the worker takes too long.
        until: Moment,
    },
}

/// An ask with its description, as it stands on the screen. Neither changes once a description is there, so a number
/// stands for both; unlike an id, it never comes a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Face(pub(super) u64);

impl Entry {
    /// Its id.
    pub(crate) fn id(&self) -> &AskId {
        &self.filing.ask.id
    }

    /// What is wanted.
    pub(crate) fn want(&self) -> &Want {
        &self.filing.ask.want
    }

    /// The ask as it came in.
    pub(crate) fn filing(&self) -> &Filing {
        &self.filing
    }

    /// What the worker said about it; `None` while it is being described, and once it is dispatched.
    pub(crate) fn shown(&self) -> Option<&Described> {
        match &self.state {
            State::Waiting { shown, .. } => Some(shown),
            _ => None,
        }
    }

    /// Its face; `None` unless it waits for a key.
    pub(crate) fn face(&self) -> Option<Face> {
        match self.state {
            State::Waiting { face, .. } => Some(face),
            _ => None,
        }
    }

    /// Whether it waits for a key.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// Whether a person is, or will be, asked: it is on the screen's list.
    pub(crate) fn is_listed(&self) -> bool {
        matches!(self.state, State::Describing { .. } | State::Waiting { .. })
    }

    /// Whether its sink is still here.
    pub(crate) fn is_here(&self) -> bool {
        !matches!(self.state, State::Dispatched { .. })
    }

    /// The milliseconds until it expires.
    pub(crate) fn left(&self, now: Moment) -> u64 {
        self.expires.since(now)
    }

    /// Whether the whole of it has been on the terminal.
    pub(crate) fn seen_to_end(&self) -> bool {
        self.seen_to_end
    }

    /// When the docket has to look at it again.
    pub(super) fn due(&self) -> Moment {
        match self.state {
            State::Describing { until } => until.min(self.expires),
            State::Waiting { .. } => self.expires,
            State::Queued { until } | State::Dispatched { until } => until,
        }
    }
}
