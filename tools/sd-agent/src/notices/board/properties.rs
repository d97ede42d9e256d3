//! Whatever comes in whatever order, and however slow the server is: what was raised is closed in the end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::tests::{ask, id};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    Asks(u8, bool),
    Ends(u8),
    GateGone,
    GateCame,
    Fails,
    /// The server answers the call in flight: with a number, or with an error.
    Answers(bool),
    /// The person puts one of the notifications away.
    Dismisses(usize),
    ServerRestarts,
    Passes(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u8..8, any::<bool>()).prop_map(|(n, heard)| Step::Asks(n, heard)),
        3 => (0u8..8).prop_map(Step::Ends),
        1 => Just(Step::GateGone),
        1 => Just(Step::GateCame),
        1 => Just(Step::Fails),
        4 => any::<bool>().prop_map(Step::Answers),
        2 => (0usize..4).prop_map(Step::Dismisses),
        1 => Just(Step::ServerRestarts),
        4 => (0u64..3000).prop_map(Step::Passes),
        1 => (0u64..400_000).prop_map(Step::Passes),
    ];
    proptest::collection::vec(step, 0..80)
}

/// A server that does as it is told, and answers when the test says so.
#[derive(Default)]
struct Server {
    stands: BTreeSet<Number>,
    numbers: u32,
    call: Option<(u64, Option<Number>)>,
    last: Option<Instant>,
}

impl Server {
    fn told(&mut self, now: Instant, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Close(number) => drop(self.stands.remove(&number)),
                Act::Raise { call, replaces, .. } => {
                    assert!(self.call.is_none(), "two calls at once");
                    assert!(self.last.is_none_or(|last| now >= last + PACE), "too soon");
                    assert!(replaces.is_none_or(|number| number.get() <= self.numbers));
                    self.call = Some((call, replaces));
                    self.last = Some(now);
                }
            }
        }
        // Two asks, or all together, and that nobody can be asked.
        assert!(self.stands.len() <= 3, "{:?}", self.stands);
    }

    fn answers(&mut self, well: bool) -> Option<Event> {
        let (call, replaces) = self.call.take()?;
        let number = well.then(|| {
            self.numbers += 1;
            replaces.filter(|old| self.stands.contains(old)).unwrap_or(Number::new(self.numbers).unwrap())
        });
        self.stands.extend(number);
        Some(Event::Raised { call, number })
    }
}

proptest! {
    #[test]
    fn every_notification_that_was_raised_is_closed_in_the_end(steps in steps()) {
        let mut now = Instant::now();
        let (mut board, mut server) = (Board::default(), Server::default());
        for step in steps {
            let event = match step {
                Step::Asks(n, heard) => {
                    Some(Event::Created { ask: ask(n, "read"), ago: Duration::ZERO, heard })
                }
                Step::Ends(n) => Some(Event::Ended(id(n))),
                Step::GateGone => Some(Event::GateGone),
                Step::GateCame => Some(Event::GateCame),
                Step::Fails => Some(Event::Failed { who: None, sentence: String::new() }),
                Step::Answers(well) => server.answers(well),
                Step::Dismisses(n) => {
                    let one = server.stands.iter().nth(n).copied();
                    one.map(|one| {
                        server.stands.remove(&one);
                        Event::Dismissed(one)
                    })
                }
                Step::ServerRestarts => {
                    server.stands.clear();
                    server.call = None;
                    let acts = board.step(now, Event::ServerGone);
                    server.told(now, acts);
                    Some(Event::ServerCame)
                }
                Step::Passes(milliseconds) => {
                    now += Duration::from_millis(milliseconds);
                    Some(Event::Clock)
                }
            };
            if let Some(event) = event {
                let acts = board.step(now, event);
                server.told(now, acts);
            }
        }
        for n in 0..8 {
            let acts = board.step(now, Event::Ended(id(n)));
            server.told(now, acts);
        }
        let acts = board.step(now, Event::GateCame);
        server.told(now, acts);
        while let Some(answer) = server.answers(true) {
            let acts = board.step(now, answer);
            server.told(now, acts);
        }
        prop_assert!(server.stands.is_empty(), "{:?} are left", server.stands);
        prop_assert_eq!(board.next(now), None);
        prop_assert!(!board.in_flight());
    }

    #[test]
    fn with_a_server_that_answers_what_waits_is_told_within_two_seconds(asks in 1u8..8) {
        let mut now = Instant::now();
        let (mut board, mut server) = (Board::default(), Server::default());
        for n in 0..asks {
            let acts = board.step(now, Event::Created { ask: ask(n, "sign"), ago: Duration::ZERO, heard: false });
            server.told(now, acts);
        }
        let end = now + Duration::from_secs(2);
        while let Some(next) = board.next(now).filter(|next| *next <= end) {
            now = next;
            let acts = board.step(now, Event::Clock);
            server.told(now, acts);
            while let Some(answer) = server.answers(true) {
                let acts = board.step(now, answer);
                server.told(now, acts);
            }
        }
        prop_assert_eq!(server.stands.len(), if asks >= 3 { 1 } else { asks.into() });
    }
}
