//! The orders that are out, and those that wait for their turn.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use sd_sys::link::Link;
use sd_wire::ask::Note;
use sd_wire::fault::Fault;
use sd_wire::fetch;
use sd_wire::id::AskId;

use crate::clerk::chores;
use crate::clerk::held::{self, Cabinet};
use crate::clerk::prover::{Prover, Proving};
use crate::clerk::queue::{Queue, Share, Turn};
use crate::cli::Cli;
use crate::docket::effect::Taker;
use crate::docket::event::{Event, Moment};
use crate::docket::vault::Chore;
use crate::routing::Order;
use crate::worker::{Errand, Report, Workers};

/// The most questions for the lock state that are out at once: they cost a requester nothing.
const MOST_QUESTIONS: usize = 4;
/// How long the gate waits for the store's lock state.
const STATE_WAITS: Duration = Duration::from_millis(1500);

/// All of them.
pub(crate) struct Errands {
    workers: Workers,
    prover: Prover,
    out: Vec<Out>,
    proofs: Vec<Proof>,
    queue: Queue,
}

struct Out {
    errand: Errand,
    purpose: Purpose,
    /// What it takes up, when it went out without a key.
    share: Option<Share>,
}

/// A proof on its way, and the order that comes after it.
struct Proof {
    proving: Proving,
    turn: Turn,
}

enum Purpose {
    Describe {
        id: AskId,
    },
    /// It went ahead of its sink.
    Ahead {
        id: AskId,
        order: Order,
    },
    Release {
        id: AskId,
    },
    State {
        gate: Link,
        pending: u32,
        until: Moment,
    },
    Chore {
        number: u64,
        chore: Chore,
        until: Moment,
    },
}

impl Errands {
    /// None yet, to the workers that the command line names.
    pub(crate) fn new(cli: &Cli, companion: u32) -> Self {
        let workers = Workers { fetch: cli.fetch.clone(), sign: cli.sign.clone(), companion };
        Self {
            workers,
            prover: Prover::start(),
            out: Vec::new(),
            proofs: Vec::new(),
            queue: Queue::default(),
        }
    }

    /// The connections on which notes may come.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let proofs = self.proofs.iter().map(|proof| proof.proving.as_fd());
        self.out.iter().map(|out| out.errand.as_fd()).chain(proofs)
    }

    /// How many of them are the gate's questions.
    pub(crate) fn questions(&self) -> usize {
        self.out.iter().filter(|out| matches!(out.purpose, Purpose::State { .. })).count()
    }

    /// When the first of the gate's questions has waited too long. The docket sees to the others.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.out.iter().filter_map(|out| out.purpose.until()).min()
    }

    /// Sends an order ahead of its sink, unless it would have to wait for its turn. Where that fails it is sent with its
    /// sink later, and what is wrong is heard then.
    pub(crate) fn ahead(&mut self, id: AskId, taker: Option<Taker>, order: Order) {
        let turn = taker.map(|taker| Turn { id: id.clone(), taker, order: order.clone() });
        if turn.as_ref().is_some_and(|turn| !self.queue.is_free_for(turn, &self.shares())) {
            return;
        }
        if let Ok(errand) = self.workers.order(&order, &[]) {
            let share = turn.as_ref().map(Turn::share);
            self.out.push(Out { errand, purpose: Purpose::Ahead { id, order }, share });
        }
    }

    /// Sends the sink after an order that went ahead of it; whether there was one.
    fn follow(&mut self, id: &AskId, order: &Order, cabinet: &mut Cabinet) -> bool {
        let is_it = |out: &Out| matches!(&out.purpose, Purpose::Ahead { id: its, order: same } if its == id && same == order);
        let Some(place) = self.out.iter().position(is_it) else { return false };
        let mut out = self.out.remove(place);
        let sent = matches!(cabinet.forward(id)[..], [sink] if out.errand.go(sink).is_ok());
        if sent {
            cabinet.moved_on(id);
            out.purpose = Purpose::Release { id: id.clone() };
            self.out.push(out);
        }
        sent
    }

    /// Sends an order without a key, now or when it is its turn; what came of it, and of those before it.
    pub(crate) fn queue(&mut self, turn: Turn, cabinet: &mut Cabinet) -> Vec<Event> {
        if self.follow(&turn.id, &turn.order, cabinet) {
            return vec![Event::Sent { id: turn.id }];
        }
        self.queue.push(turn);
        self.next(cabinet)
    }

    /// Sends an order off with the sink. Those that wait for their turn do not hold it up.
    pub(crate) fn dispatch(&mut self, id: &AskId, order: &Order, cabinet: &mut Cabinet) -> Result<(), Fault> {
        if self.follow(id, order, cabinet) {
            return Ok(());
        }
        self.release(id, order, None, cabinet)
    }

    fn release(
        &mut self,
        id: &AskId,
        order: &Order,
        share: Option<Share>,
        cabinet: &mut Cabinet,
    ) -> Result<(), Fault> {
        let fds = cabinet.forward(id);
        if fds.len() != descriptors(order) {
            return Err(Fault::Malformed);
        }
        let errand = self.workers.order(order, &fds)?;
        self.out.push(Out { errand, purpose: Purpose::Release { id: id.clone() }, share });
        cabinet.moved_on(id);
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
                self.out.push(Out { errand, purpose, share: None });
            }
            Err(_) => held::note(&gate, &Note::Status { pending, locked: None }),
        }
    }

    /// Sends an order that belongs to no ask; what came of that, if it is known already.
    pub(crate) fn run(&mut self, number: u64, chore: Chore, now: Moment) -> Option<Event> {
        let sent = chores::order(chore).and_then(|order| self.workers.order(&order, &[]));
        match sent {
            Ok(errand) => {
                let purpose = Purpose::Chore { number, chore, until: now.after(chores::patience(chore)) };
                self.out.push(Out { errand, purpose, share: None });
                None
            }
            Err(why) => Some(Event::ChoreEnded { number, chore, how: Err(why) }),
        }
    }

    /// Closes what is out or queued for an ask, and sends what waited for it; what came of that.
    pub(crate) fn forget(&mut self, id: &AskId, cabinet: &mut Cabinet) -> Vec<Event> {
        self.queue.forget(id);
        self.out.retain(|out| out.purpose.ask() != Some(id));
        self.proofs.retain(|proof| proof.turn.id != *id);
        self.next(cabinet)
    }

    /// What has come back on the connections at these places, as events; and the questions that have waited too
    /// long are answered.
    pub(crate) fn hear(&mut self, places: &[usize], now: Moment, cabinet: &mut Cabinet) -> Vec<Event> {
        let mut events = Vec::new();
        let (out, proofs) = (std::mem::take(&mut self.out), std::mem::take(&mut self.proofs));
        let workers = out.len();
        for (n, mut out) in out.into_iter().enumerate() {
            let mut report = if places.contains(&n) { out.errand.report() } else { None };
            // Once: a worker that says it again misspeaks.
            if let (Some(Report::Made(_)), Purpose::Release { id }) = (&report, &out.purpose)
                && let (id, Some(Report::Made(item))) = (id.clone(), report.take())
            {
                events.push(Event::Made { id, item: Box::new(item) });
                report = out.errand.report();
            }
            let late = out.purpose.until().is_some_and(|until| until <= now);
            match (report, late) {
                (Some(report), _) => events.extend(out.purpose.end(report)),
                (None, true) => events.extend(out.purpose.end(Report::Lost)),
                (None, false) => self.out.push(out),
            }
        }
        for (n, proof) in (workers..).zip(proofs) {
            if places.contains(&n) {
                let Proof { proving, turn } = proof;
                events.push(Event::Proved { id: turn.id.clone(), changes: proving.result() });
                events.extend(self.order(turn, cabinet));
            } else {
                self.proofs.push(proof);
            }
        }
        events.extend(self.next(cabinet));
        events
    }

    /// What is taken up by what is out.
    fn shares(&self) -> Vec<Share> {
        let proofs = self.proofs.iter().map(|proof| proof.turn.share());
        self.out.iter().filter_map(|out| out.share).chain(proofs).collect()
    }

    /// Sends queued orders while there is room; what came of it.
    fn next(&mut self, cabinet: &mut Cabinet) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let Some(turn) = self.queue.next(&self.shares()) else { return events };
            events.extend(self.send(turn, cabinet));
        }
    }

    /// Sends an order, or first has proved what came with its ask.
    fn send(&mut self, turn: Turn, cabinet: &mut Cabinet) -> Option<Event> {
        let Some((commit, objects)) = cabinet.provable(&turn.id) else { return self.order(turn, cabinet) };
        match commit.read().and_then(|commit| self.prover.prove(commit, objects)) {
            Ok(proving) => self.proofs.push(Proof { proving, turn }),
            // Without a proof there is none on the screen, and it says so there.
            Err(_) => return self.order(turn, cabinet),
        }
        None
    }

    fn order(&mut self, turn: Turn, cabinet: &mut Cabinet) -> Option<Event> {
        let share = Some(turn.share());
        let Turn { id, order, .. } = turn;
        if takes_sink(&order) {
            return Some(match self.release(&id, &order, share, cabinet) {
                Ok(()) => Event::Sent { id },
                Err(why) => Event::DispatchFailed { id, why },
            });
        }
        // What an import is about is read by the worker too; the sink stays here.
        let beside: Vec<_> = cabinet.payload(&id).filter(|_| descriptors(&order) > 0).into_iter().collect();
        match self.workers.order(&order, &beside) {
            Ok(errand) => self.out.push(Out { errand, purpose: Purpose::Describe { id }, share }),
            Err(why) => return Some(Event::DescribeFailed { id, why }),
        }
        None
    }
}

impl Purpose {
    fn ask(&self) -> Option<&AskId> {
        match self {
            Self::Describe { id } | Self::Ahead { id, .. } | Self::Release { id } => Some(id),
            Self::State { .. } | Self::Chore { .. } => None,
        }
    }

    fn until(&self) -> Option<Moment> {
        match self {
            Self::State { until, .. } | Self::Chore { until, .. } => Some(*until),
            _ => None,
        }
    }

    fn end(self, report: Report) -> Option<Event> {
        match (self, report) {
            (Self::Describe { id }, Report::Described(what)) => Some(Event::Described { id, what }),
            (Self::Describe { id }, Report::Failed(why)) => Some(Event::DescribeFailed { id, why }),
            // A worker that answers something else is as good as gone.
            (Self::Describe { id }, _) => Some(Event::DescribeFailed { id, why: Fault::Lost }),
            // It was to wait. Whatever is wrong, the order is sent anew with its sink.
            (Self::Ahead { .. }, _) => None,
            (Self::Release { id }, Report::Done) => Some(Event::WorkerDone { id }),
            (Self::Release { id }, Report::Failed(why)) => Some(Event::WorkerFailed { id, why }),
            (Self::Release { id }, _) => Some(Event::WorkerFailed { id, why: Fault::Lost }),
            (Self::Chore { number, chore, .. }, report) => {
                let how = match report {
                    Report::Done => Ok(None),
                    Report::State { locked } => Ok(Some(locked)),
                    Report::Failed(why) => Err(why),
                    Report::Described(_) | Report::Made(_) | Report::Lost => Err(Fault::Lost),
                };
                Some(Event::ChoreEnded { number, chore, how })
            }
            (Self::State { gate, pending, .. }, report) => {
                let locked = if let Report::State { locked } = report { Some(locked) } else { None };
                held::note(&gate, &Note::Status { pending, locked });
                None
            }
        }
    }
}

fn takes_sink(order: &Order) -> bool {
    match order {
        Order::Fetch(order) => order.takes_sink(),
        Order::Sign(order) => order.descriptors() > 0,
    }
}

fn descriptors(order: &Order) -> usize {
    match order {
        Order::Fetch(order) => order.descriptors(),
        Order::Sign(order) => order.descriptors(),
    }
}
