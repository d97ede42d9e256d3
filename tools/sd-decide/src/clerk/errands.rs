//! The orders that are out, and those that wait for their turn.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use sd_sys::link::Link;
use sd_wire::ask::Note;
use sd_wire::fault::Fault;
use sd_wire::fetch;
use sd_wire::id::AskId;

use crate::clerk::held;
use crate::cli::Cli;
use crate::docket::event::{Event, Moment};
use crate::routing::Order;
use crate::worker::{Errand, Report, Workers};

/// The most descriptions that are ordered at once. A flood of asks waits here, not in the worker's queue, so that an
/// order that a person approved is not turned away for it.
const MOST_DESCRIPTIONS: usize = 8;
/// The most questions for the lock state that are out at once, likewise: they cost a requester nothing.
const MOST_QUESTIONS: usize = 4;
/// How long the gate waits for the store's lock state.
const STATE_WAITS: Duration = Duration::from_millis(1500);

/// All of them.
pub(crate) struct Errands {
    workers: Workers,
    out: Vec<Out>,
    queue: VecDeque<(AskId, Order)>,
}

struct Out {
    errand: Errand,
    purpose: Purpose,
}

enum Purpose {
    Describe { id: AskId },
    Release { id: AskId },
    State { gate: Link, pending: u32, until: Moment },
}

impl Errands {
    /// None yet, to the workers that the command line names.
    pub(crate) fn new(cli: &Cli, companion: u32) -> Self {
        let workers = Workers { fetch: cli.fetch.clone(), sign: cli.sign.clone(), companion };
        Self { workers, out: Vec::new(), queue: VecDeque::new() }
    }

    /// The connections on which notes may come.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.out.iter().map(|out| out.errand.as_fd())
    }

    /// How many of them are the gate's questions.
    pub(crate) fn questions(&self) -> usize {
        self.out.iter().filter(|out| matches!(out.purpose, Purpose::State { .. })).count()
    }

    /// When the first of the gate's questions has waited too long. The docket sees to the others.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.out.iter().filter_map(|out| out.purpose.until()).min()
    }

    /// Orders a description, now or when it is its turn; the event, when that failed.
    pub(crate) fn describe(&mut self, id: AskId, order: Order) -> Option<Event> {
        self.queue.push_back((id, order));
        self.next()
    }

    /// Sends an order off with the sink.
    pub(crate) fn dispatch(
        &mut self,
        id: &AskId,
        order: &Order,
        fds: Vec<BorrowedFd<'_>>,
    ) -> Result<(), Fault> {
        if fds.len() != descriptors(order) {
            return Err(Fault::Malformed);
        }
        let errand = self.workers.order(order, &fds)?;
        self.out.push(Out { errand, purpose: Purpose::Release { id: id.clone() } });
        Ok(())
    }

    /// Asks whether the store is locked, for the gate.
    pub(crate) fn state(&mut self, gate: Link, pending: u32, now: Moment) {
        if self.questions() >= MOST_QUESTIONS {
            return held::note(&gate, &Note::Status { pending, locked: None });
        }
        match self.workers.order(&Order::Fetch(fetch::Order::State {}), &[]) {
            Ok(errand) => {
                let purpose = Purpose::State { gate, pending, until: now.after(STATE_WAITS) };
                self.out.push(Out { errand, purpose });
            }
            Err(_) => held::note(&gate, &Note::Status { pending, locked: None }),
        }
    }

    /// Closes what is out or queued for an ask, and sends what waited for it; the event, when that failed.
    pub(crate) fn forget(&mut self, id: &AskId) -> Option<Event> {
        self.queue.retain(|(queued, _)| queued != id);
        self.out.retain(|out| out.purpose.ask() != Some(id));
        self.next()
    }

    /// What has come back on the connections at these places, as events; and the questions that have waited too
    /// long are answered.
    pub(crate) fn hear(&mut self, places: &[usize], now: Moment) -> Vec<Event> {
        let mut events = Vec::new();
        for (n, mut out) in std::mem::take(&mut self.out).into_iter().enumerate() {
            let report = if places.contains(&n) { out.errand.report() } else { None };
            let late = out.purpose.until().is_some_and(|until| until <= now);
            match (report, late) {
                (Some(report), _) => events.extend(out.purpose.end(report)),
                (None, true) => events.extend(out.purpose.end(Report::Lost)),
                (None, false) => self.out.push(out),
            }
        }
        events.extend(self.next());
        events
    }

    /// Sends queued orders while there is room. One that fails makes room for the next when its event is heard.
    fn next(&mut self) -> Option<Event> {
        let busy = |out: &&Out| matches!(out.purpose, Purpose::Describe { .. });
        while self.out.iter().filter(busy).count() < MOST_DESCRIPTIONS {
            let (id, order) = self.queue.pop_front()?;
            match self.workers.order(&order, &[]) {
                Ok(errand) => self.out.push(Out { errand, purpose: Purpose::Describe { id } }),
                Err(why) => return Some(Event::DescribeFailed { id, why }),
            }
        }
        None
    }
}

impl Purpose {
    fn ask(&self) -> Option<&AskId> {
        match self {
            Self::Describe { id } | Self::Release { id } => Some(id),
            Self::State { .. } => None,
        }
    }

    fn until(&self) -> Option<Moment> {
        match self {
            Self::State { until, .. } => Some(*until),
            _ => None,
        }
    }

    fn end(self, report: Report) -> Option<Event> {
        match (self, report) {
            (Self::Describe { id }, Report::Described(what)) => Some(Event::Described { id, what }),
            (Self::Describe { id }, Report::Failed(why)) => Some(Event::DescribeFailed { id, why }),
            // A worker that answers something else is as good as gone.
            (Self::Describe { id }, _) => Some(Event::DescribeFailed { id, why: Fault::Lost }),
            (Self::Release { id }, Report::Done) => Some(Event::WorkerDone { id }),
            (Self::Release { id }, _) => Some(Event::WorkerFailed { id }),
            (Self::State { gate, pending, .. }, report) => {
                let locked = if let Report::State { locked } = report { Some(locked) } else { None };
                held::note(&gate, &Note::Status { pending, locked });
                None
            }
        }
    }
}

fn descriptors(order: &Order) -> usize {
    match order {
        Order::Fetch(order) => order.descriptors(),
        Order::Sign(order) => order.descriptors(),
    }
}
