//! Who is next: the orders that go out without a key wait here for their turn, each maker for its own, and each app of
//! one maker.
//!
//! A flood of asks waits here, not in the worker's queue, so that an order that a person approved is not turned away
//! for it. The docket bounds how many there are, of one maker and in all. Descriptions, which a person will wait for,
//! take up no room of answers, for which a program waits less than two seconds.

use std::collections::VecDeque;

use sd_wire::id::AskId;

use crate::docket::effect::Taker;
use crate::routing::Order;

/// The most answers without a key that are out at once at one worker. It carries out 16 orders at once.
const ANSWERS: usize = 6;
/// The most of them for one maker.
const ANSWERS_OF_ONE: usize = 4;
/// The most descriptions that are out at once at one worker.
const DESCRIPTIONS: usize = 4;
/// The most of them for one maker.
const DESCRIPTIONS_OF_ONE: usize = 2;

/// An order that waits for its turn.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The ask that it is for.
    pub(crate) id: AskId,
    /// Whose turn it takes.
    pub(crate) taker: Taker,
    /// The order.
    pub(crate) order: Order,
}

/// What an order takes up while it is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    taker: Taker,
    worker: Worker,
    describes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    Fetch,
    Sign,
}

impl Turn {
    /// What it takes up.
    pub(crate) fn share(&self) -> Share {
        let (worker, descriptors) = match &self.order {
            Order::Fetch(order) => (Worker::Fetch, order.descriptors()),
            Order::Sign(order) => (Worker::Sign, order.descriptors()),
        };
        Share { taker: self.taker, worker, describes: descriptors == 0 }
    }
}

/// All that wait, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Queue(VecDeque<Turn>);

impl Queue {
    /// Waits behind the others.
    pub(crate) fn push(&mut self, turn: Turn) {
        self.0.push_back(turn);
    }

    /// Nothing of this ask waits any more.
    pub(crate) fn forget(&mut self, id: &AskId) {
        self.0.retain(|turn| turn.id != *id);
    }

    /// Whether it would be this one's turn at once, were it to wait here: nobody does.
    pub(crate) fn is_free_for(&self, turn: &Turn, out: &[Share]) -> bool {
        self.0.is_empty() && has_room(&turn.share(), out)
    }

    /// The next one that may go out beside those that are out: the first of the maker that has the fewest out, and of
    /// its app that has.
    pub(crate) fn next(&mut self, out: &[Share]) -> Option<Turn> {
        let may = self.0.iter().map(Turn::share).enumerate().filter(|(_, share)| has_room(share, out));
        let (place, _) = may.min_by_key(|(_, share)| (of_maker(share, out), of_app(share, out)))?;
        self.0.remove(place)
    }
}

fn has_room(share: &Share, out: &[Share]) -> bool {
    let (most, of_one) =
        if share.describes { (DESCRIPTIONS, DESCRIPTIONS_OF_ONE) } else { (ANSWERS, ANSWERS_OF_ONE) };
    rivals(share, out).count() < most && of_maker(share, out) < of_one
}

fn rivals<'a>(share: &Share, out: &'a [Share]) -> impl Iterator<Item = &'a Share> {
    let (worker, describes) = (share.worker, share.describes);
    out.iter().filter(move |other| other.worker == worker && other.describes == describes)
}

fn of_maker(share: &Share, out: &[Share]) -> usize {
    rivals(share, out).filter(|other| other.taker.maker == share.taker.maker).count()
}

fn of_app(share: &Share, out: &[Share]) -> usize {
    rivals(share, out).filter(|other| other.taker == share.taker).count()
}

#[cfg(test)]
mod tests {
    use sd_wire::bounded::Text;
    use sd_wire::{fetch, sign};

    use super::*;
    use crate::made_up;

    fn taker(maker: i32) -> Taker {
        Taker { maker, app: None }
    }

    fn search(n: u64, maker: i32) -> Turn {
        let id = made_up::id(n);
        Turn {
            id: id.clone(),
            taker: taker(maker),
            order: Order::Fetch(fetch::Order::Collections { id, metadata: Default::default() }),
        }
    }

    fn search_of(app: u32) -> Turn {
        Turn { taker: Taker { maker: 1, app: Some(app) }, ..search(u64::from(app), 1) }
    }

    fn description(n: u64, maker: i32) -> Turn {
        let id = made_up::id(n);
        let order = Order::Fetch(fetch::Order::DescribeList { id: id.clone(), collection: None });
        Turn { id, taker: taker(maker), order }
    }

    fn key(n: u64, maker: i32) -> Turn {
        let id = made_up::id(n);
        let order = Order::Sign(sign::Order::Describe { id: id.clone(), key: Text::default() });
        Turn { id, taker: taker(maker), order }
    }

    /// Takes as many as may go out; who they are for.
    fn take(queue: &mut Queue, out: &mut Vec<Share>) -> Vec<i32> {
        let mut makers = Vec::new();
        while let Some(turn) = queue.next(out) {
            out.push(turn.share());
            makers.push(turn.taker.maker);
        }
        makers
    }

    #[test]
    fn one_makers_flood_leaves_room_for_another() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        (0..64).for_each(|n| queue.push(search(n, 1)));
        assert_eq!(take(&mut queue, &mut out), [1; ANSWERS_OF_ONE]);
        queue.push(search(99, 2));
        assert_eq!(take(&mut queue, &mut out), [2]);
    }

    #[test]
    fn no_more_are_out_than_may_and_who_has_the_fewest_is_next() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        (0..20).for_each(|n| queue.push(search(n, 1)));
        (20..40).for_each(|n| queue.push(search(n, 2)));
        queue.push(search(40, 3));
        assert_eq!(take(&mut queue, &mut out), [1, 2, 3, 1, 2, 1]);
        queue.push(search(41, 4));
        assert!(take(&mut queue, &mut out).is_empty());
        out.pop();
        assert_eq!(take(&mut queue, &mut out), [4]);
    }

    #[test]
    fn one_apps_flood_by_way_of_a_maker_leaves_the_next_turn_to_another_app_of_it() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        (0..64).for_each(|_| queue.push(search_of(1)));
        assert_eq!(take(&mut queue, &mut out).len(), ANSWERS_OF_ONE);
        queue.push(search_of(2));
        out.pop();
        assert_eq!(queue.next(&out).and_then(|turn| turn.taker.app), Some(2));
    }

    #[test]
    fn descriptions_however_many_and_slow_hold_up_no_answer_and_answers_no_description() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        for maker in 1..9 {
            (0..64).for_each(|n| queue.push(description(n, maker)));
        }
        assert_eq!(take(&mut queue, &mut out), [1, 2, 3, 4]);
        (0..64).for_each(|n| queue.push(search(n, 1)));
        assert_eq!(take(&mut queue, &mut out), [1; ANSWERS_OF_ONE]);
        out.remove(0);
        assert_eq!(take(&mut queue, &mut out), [1], "a description");
    }

    #[test]
    fn a_worker_that_hangs_holds_up_no_order_for_the_other() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        for maker in 0..5 {
            (0..9).for_each(|_| queue.push(key(1, maker)));
        }
        assert_eq!(take(&mut queue, &mut out).len(), DESCRIPTIONS);
        queue.push(search(2, 0));
        assert_eq!(take(&mut queue, &mut out), [0]);
    }

    #[test]
    fn one_makers_orders_keep_their_order_and_what_is_forgotten_never_goes_out() {
        let mut queue = Queue::default();
        (0..4).for_each(|n| queue.push(search(n, 1)));
        queue.forget(&made_up::id(1));
        let ids: Vec<AskId> = std::iter::from_fn(|| queue.next(&[]).map(|turn| turn.id)).collect();
        assert_eq!(ids, [0, 2, 3].map(made_up::id));
    }
}
