//! Scenes: what comes, when, and what is said to the server.

use std::time::{Duration, Instant};

use super::super::words::Who;
use super::*;

/// A board, its clock, and a server that answers at once by numbers from 1.
pub(super) struct Scene {
    board: Board,
    start: Instant,
    now: Instant,
    numbers: u32,
    /// What stands, with its title.
    stands: BTreeMap<Number, Notice>,
    /// Every notice that was raised, with the milliseconds.
    raised: Vec<(u128, Notice)>,
    answers: bool,
}

impl Scene {
    fn new() -> Self {
        let now = Instant::now();
        let (stands, raised) = (BTreeMap::new(), Vec::new());
        Self { board: Board::default(), start: now, now, numbers: 0, stands, raised, answers: true }
    }

    fn does(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for act in self.board.step(self.now, event) {
                match act {
                    Act::Close(number) => drop(self.stands.remove(&number)),
                    Act::Raise { call, replaces, notice } => {
                        self.raised.push(((self.now - self.start).as_millis(), notice.clone()));
                        let number = self.answers.then(|| {
                            self.numbers += 1;
                            replaces.unwrap_or(Number::new(self.numbers).unwrap())
                        });
                        self.stands.extend(number.map(|number| (number, notice)));
                        events.push(Event::Raised { call, number });
                    }
                }
            }
        }
    }

    /// Lets time pass as the board wants to be told of it.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.board.next(self.now).filter(|next| *next <= end) {
            self.now = next;
            self.does(Event::Clock);
        }
        self.now = end;
        self.does(Event::Clock);
    }

    fn asks(&mut self, n: u8) {
        self.asks_for(n, "read");
    }

    fn asks_for(&mut self, n: u8, kind: &str) {
        self.does(Event::Created { ask: ask(n, kind), ago: Duration::ZERO, heard: false });
    }

    fn titles(&self) -> Vec<&str> {
        self.stands.values().map(|notice| notice.title.as_str()).collect()
    }
}

pub(super) fn id(n: u8) -> AskId {
    AskId::from_random([n; 8])
}

pub(super) fn ask(n: u8, kind: &str) -> Ask {
    Ask { id: id(n), kind: kind.into(), who: Who { pid: n.into(), name: None, parent: None }, says: None }
}

fn failed() -> Event {
    Event::Failed { who: None, sentence: "log in again".into() }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_ask_has_a_notification_until_it_is_settled() {
    let mut scene = Scene::new();
    scene.asks(1);
    assert!(scene.stands.is_empty(), "before anybody could have settled it without a key");
    scene.pass(SECOND);
    assert_eq!(scene.titles(), ["Approve on VT8 (Ctrl+Alt+F8)"]);
    scene.does(Event::Ended(id(1)));
    assert!(scene.stands.is_empty());
}

#[test]
fn what_needs_no_key_is_never_told() {
    let mut scene = Scene::new();
    for (n, kind) in (1..).zip(["search", "collections", "lock"]) {
        scene.asks_for(n, kind);
    }
    scene.pass(SECOND * 5);
    assert!(scene.raised.is_empty());
    assert_eq!(scene.board.next(scene.now), None);
}

#[test]
fn an_ask_that_a_grant_settles_at_once_is_never_told() {
    let mut scene = Scene::new();
    scene.asks(1);
    scene.pass(GRACE / 2);
    scene.does(Event::Ended(id(1)));
    scene.pass(SECOND * 5);
    assert!(scene.raised.is_empty());
}

#[test]
fn five_asks_share_one_notification_which_becomes_that_of_the_last() {
    let mut scene = Scene::new();
    (1..=5).for_each(|n| scene.asks(n));
    scene.pass(SECOND * 3);
    assert_eq!(scene.titles(), ["5 requests wait on VT8 (Ctrl+Alt+F8)"]);
    for n in 1..=3 {
        scene.does(Event::Ended(id(n)));
        scene.pass(SECOND * 2);
    }
    assert_eq!(scene.titles(), ["2 requests wait on VT8 (Ctrl+Alt+F8)"]);
    scene.does(Event::Ended(id(5)));
    scene.pass(SECOND * 2);
    assert_eq!(scene.titles(), ["Approve on VT8 (Ctrl+Alt+F8)"]);
    assert!(scene.stands.values().all(|notice| notice.body.contains("0404040404040404")));
    assert_eq!(usize::try_from(scene.numbers).unwrap(), scene.raised.len());
    assert_eq!(scene.stands.keys().map(|n| n.get()).collect::<Vec<_>>(), [1], "one place on the desktop");
}

#[test]
fn a_third_ask_takes_the_place_of_the_first_two() {
    let mut scene = Scene::new();
    scene.asks(1);
    scene.asks(2);
    scene.pass(SECOND * 3);
    assert_eq!(scene.stands.len(), 2);
    scene.asks(3);
    scene.pass(SECOND * 3);
    assert_eq!(scene.titles(), ["3 requests wait on VT8 (Ctrl+Alt+F8)"]);
}

#[test]
fn no_two_are_raised_within_a_second() {
    let mut scene = Scene::new();
    for n in 1..=40 {
        scene.asks(n);
        scene.pass(SECOND / 7);
    }
    scene.pass(SECOND * 3);
    assert!(scene.raised.len() > 3);
    for pair in scene.raised.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= 1000, "{} {}", pair[0].0, pair[1].0);
    }
}

#[test]
fn an_ask_is_told_once_more_before_it_expires_also_when_it_was_put_away() {
    let mut scene = Scene::new();
    scene.asks(1);
    scene.pass(SECOND);
    scene.stands.clear();
    scene.does(Event::Dismissed(Number::new(1).unwrap()));
    scene.pass(SECOND * 268);
    assert_eq!(scene.raised.len(), 1, "put away, and it stays away");
    scene.pass(SECOND * 2);
    assert_eq!(scene.titles(), ["Approve on VT8 (Ctrl+Alt+F8), soon too late"]);
    assert!(scene.stands.values().all(|notice| notice.urgent));
    scene.pass(SECOND * 20);
    assert_eq!(scene.raised.len(), 2);
}

#[test]
fn a_server_that_is_not_there_is_tried_again_when_one_comes_and_now_and_then() {
    let mut scene = Scene::new();
    scene.answers = false;
    scene.asks(1);
    scene.pass(SECOND * 29);
    assert_eq!(scene.raised.len(), 1);
    scene.pass(SECOND * 2);
    assert_eq!(scene.raised.len(), 2);
    scene.answers = true;
    scene.pass(SECOND * 2);
    assert_eq!(scene.raised.len(), 2);
    scene.does(Event::ServerCame);
    assert_eq!(scene.titles(), ["Approve on VT8 (Ctrl+Alt+F8)"]);
}

#[test]
fn a_new_server_is_told_again_and_is_not_given_the_old_numbers() {
    let mut scene = Scene::new();
    scene.asks(1);
    scene.pass(SECOND * 3);
    scene.stands.clear();
    scene.does(Event::ServerGone);
    scene.does(Event::ServerCame);
    scene.pass(SECOND * 2);
    assert_eq!(scene.stands.keys().map(|n| n.get()).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_gate_that_has_gone_takes_no_notification_along_but_none_of_its_asks_outlives_its_time() {
    let mut scene = Scene::new();
    scene.asks(1);
    scene.does(Event::Created { ask: ask(2, "read"), ago: Duration::ZERO, heard: true });
    scene.pass(SECOND * 3);
    scene.does(Event::GateGone);
    scene.does(Event::GateCame);
    scene.pass(SECOND * 200);
    assert_eq!(scene.stands.len(), 2);
    scene.pass(SECOND * 100);
    assert_eq!(scene.stands.len(), 1);
    scene.does(Event::Ended(id(2)));
    assert!(scene.stands.is_empty());
}

#[test]
fn absence_is_told_once_a_minute_and_until_the_gate_comes() {
    let mut scene = Scene::new();
    for _ in 0..50 {
        scene.does(failed());
        scene.pass(SECOND);
    }
    assert_eq!((scene.raised.len(), scene.titles()), (1, vec!["Nobody can approve requests"]));
    scene.does(Event::GateCame);
    assert!(scene.stands.is_empty());
    scene.does(failed());
    scene.pass(SECOND * 5);
    assert!(scene.stands.is_empty(), "within the minute");
    scene.pass(SECOND * 10);
    scene.does(failed());
    assert_eq!(scene.titles(), ["Nobody can approve requests"]);
    scene.pass(ABSENCE);
    assert!(scene.stands.is_empty());
}

#[test]
fn at_the_end_everything_is_taken_down() {
    let mut scene = Scene::new();
    scene.asks(1);
    scene.does(failed());
    scene.pass(SECOND * 5);
    assert_eq!(scene.stands.len(), 2);
    scene.does(Event::Stop);
    scene.asks(2);
    scene.pass(SECOND * 5);
    assert!(scene.stands.is_empty());
}
