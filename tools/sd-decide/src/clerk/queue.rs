//! Who is next: the orders that go out without a key wait here for their turn, each maker for its own.
//!
//! A flood of asks waits here, not in the worker's queue, so that an order that a person approved is not turned away
//! for it. The docket bounds how many there are, of one maker and in all.

use std::collections::VecDeque;

use sd_wire::id::AskId;

use crate::routing::Order;

/// The most orders without a key that are out at once at one worker; it carries out twice as many.
const MOST: usize = 8;
/// The most of them for one maker.
const MOST_OF_ONE: usize = 4;

/// An order that waits for its turn.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The ask that it is for.
    pub(crate) id: AskId,
    /// The process that made the ask's sink.
    pub(crate) maker: i32,
    /// The order.
    pub(crate) order: Order,
}

/// What an order takes up while it is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    maker: i32,
    worker: Worker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    Fetch,
    Sign,
}

impl Turn {
    /// What it takes up.
    pub(crate) fn share(&self) -> Share {
        let worker = match self.order {
            Order::Fetch(_) => Worker::Fetch,
            Order::Sign(_) => Worker::Sign,
        };
        Share { maker: self.maker, worker }
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

    /// The next one that may go out beside those that are out: the first of the maker that has the fewest out.
    pub(crate) fn next(&mut self, out: &[Share]) -> Option<Turn> {
        let at_worker = |share: &Share| out.iter().filter(|other| other.worker == share.worker).count();
        let of_maker = |share: &Share| out.iter().filter(|other| *other == share).count();
        let turns = self.0.iter().map(Turn::share).enumerate();
        let may = turns.filter(|(_, share)| at_worker(share) < MOST && of_maker(share) < MOST_OF_ONE);
        let (place, _) = may.min_by_key(|(_, share)| of_maker(share))?;
        self.0.remove(place)
    }
}

#[cfg(test)]
mod tests {
    use sd_wire::bounded::Text;
    use sd_wire::{fetch, sign};

    use super::*;
    use crate::made_up;

    fn search(n: u64, maker: i32) -> Turn {
        let id = made_up::id(n);
        Turn {
            id: id.clone(),
            maker,
            order: Order::Fetch(fetch::Order::Collections { id, metadata: Default::default() }),
        }
    }

    fn key(n: u64, maker: i32) -> Turn {
        let id = made_up::id(n);
        let order = Order::Sign(sign::Order::Describe { id: id.clone(), key: Text::default() });
        Turn { id, maker, order }
    }

    /// Takes as many as may go out; who they are for.
    fn take(queue: &mut Queue, out: &mut Vec<Share>) -> Vec<i32> {
        let mut makers = Vec::new();
        while let Some(turn) = queue.next(out) {
            out.push(turn.share());
            makers.push(turn.maker);
        }
        makers
    }

    #[test]
    fn one_makers_flood_leaves_room_for_another() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        (0..64).for_each(|n| queue.push(search(n, 1)));
        assert_eq!(take(&mut queue, &mut out), [1; MOST_OF_ONE]);
        queue.push(search(99, 2));
        assert_eq!(take(&mut queue, &mut out), [2]);
    }

    #[test]
    fn no_more_are_out_than_may_and_who_has_the_fewest_is_next() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        (0..20).for_each(|n| queue.push(search(n, 1)));
        (20..40).for_each(|n| queue.push(search(n, 2)));
        queue.push(search(40, 3));
        assert_eq!(take(&mut queue, &mut out), [1, 2, 3, 1, 2, 1, 2, 1]);
        queue.push(search(41, 4));
        assert!(take(&mut queue, &mut out).is_empty());
        out.pop();
        assert_eq!(take(&mut queue, &mut out), [4]);
    }

    #[test]
    fn a_worker_that_hangs_holds_up_no_order_for_the_other() {
        let (mut queue, mut out) = (Queue::default(), Vec::new());
        for maker in 0..5 {
            (0..9).for_each(|_| queue.push(key(1, maker)));
        }
        assert_eq!(take(&mut queue, &mut out).len(), MOST);
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
