//! The docket's rules, one short scene each.

mod changes;
mod codes;
mod commands;
mod grants;
mod imports;
mod lines;
mod metadata;
mod prompts;
mod refusals;
mod typing;
mod vault;

use sd_wire::ask::{Resolution, Want};
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch;
use sd_wire::outcome::What;

use super::effect::Effect;
use super::event::{Event, Moment};
use super::history::{Decided, KEPT};
use super::mode::Mode;
use super::{Docket, MOST, MOST_BRIEF, MOST_OF_ONE};
use crate::caller::{Caller, ClaimedApp};
use crate::keys::Key;
use crate::made_up::{self, access, description, filed, filed_by, id, item, read, sign, store};
use crate::routing::{Described, Order};
use crate::rules::Rules;
use sd_wire::claims::App;

/// A docket with a person before it and a clock.
struct Scene {
    docket: Docket,
    now: u64,
}

impl Scene {
    fn new() -> Self {
        Self::under("")
    }

    fn under(rules: &str) -> Self {
        let rules = Rules::parse(rules).unwrap();
        let mut scene = Self { docket: Docket::new(std::time::Duration::from_secs(300), rules), now: 0 };
        scene.step(Event::Active(true));
        scene.step(Event::Started);
        scene
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        self.docket.step(Moment(self.now), event)
    }

    fn wait(&mut self, milliseconds: u64) -> Vec<Effect> {
        self.now += milliseconds;
        self.step(Event::Tick)
    }

    /// Files an ask and describes it.
    fn file(&mut self, n: u64, want: Want) {
        self.step(filed(n, want.clone()));
        self.step(Event::Described { id: id(n), what: made_up::described(&want) });
    }

    /// A picture of the whole selected ask is on the terminal.
    fn see(&mut self) {
        let face = self.docket.selected().and_then(super::Entry::face);
        self.step(Event::Drawn(face));
        if let Some(face) = face {
            self.step(Event::SeenToEnd(face));
        }
    }

    fn see_and_wait(&mut self) {
        self.see();
        self.wait(700);
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        self.step(Event::Key(key))
    }
}

fn dispatched(effects: &[Effect]) -> Vec<&Order> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Dispatch { order, .. } = e { Some(order) } else { None })
        .collect()
}

fn queued(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Queue { .. })).count()
}

fn told(effects: &[Effect]) -> Vec<Resolution> {
    effects.iter().filter_map(|e| if let Effect::Tell { how, .. } = e { Some(*how) } else { None }).collect()
}

/// How many asks the effects approve: each is told what was shown.
fn approved(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Approve { .. })).count()
}

fn settled(effects: &[Effect]) -> Vec<&What> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Settle { what, .. } = e { Some(what) } else { None })
        .collect()
}

#[test]
fn a_yes_dispatches_the_item_and_the_digest_that_were_shown() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    let effects = scene.key(Key::Char('y'));
    let digest = description(7, "demo").digest();
    let order = Order::Fetch(fetch::Order::Read { id: id(1), item: item(7), digest });
    assert_eq!(dispatched(&effects), [&order]);
    assert_eq!(told(&scene.step(Event::WorkerDone { id: id(1) })), [Resolution::Granted]);
}

#[test]
fn a_no_settles_and_dispatches_nothing() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    let effects = scene.key(Key::Char('n'));
    assert_eq!(settled(&effects), [&What::Denied {}]);
    assert_eq!(told(&effects), [Resolution::Denied]);
    assert!(dispatched(&effects).is_empty());
}

#[test]
fn a_key_pressed_before_the_prompt_is_shown_settles_nothing() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.wait(5000);
    assert!(scene.key(Key::Char('y')).is_empty());
    scene.see();
    assert!(scene.key(Key::Char('y')).is_empty());
    scene.wait(699);
    assert!(scene.key(Key::Char('y')).is_empty(), "each key restarts the quiet time");
    scene.wait(700);
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
}

#[test]
fn a_steady_typist_approves_nothing() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see();
    for _ in 0..100 {
        scene.wait(650);
        assert!(scene.key(Key::Char('y')).is_empty());
    }
}

#[test]
fn whoever_files_and_withdraws_without_end_leaves_a_person_their_keys() {
    let mut scene = Scene::new();
    let mut flushes = 0;
    for n in 0..100 {
        scene.now += 10;
        let mut effects = scene.step(filed(n, Want::Unlock {}));
        effects.extend(scene.step(Event::Withdrawn { id: id(n) }));
        flushes += effects.iter().filter(|effect| **effect == Effect::FlushInput).count();
    }
    assert_eq!(flushes, 2, "in a second");
}

#[test]
fn a_time_in_which_no_key_could_be_read_is_no_quiet_time() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    scene.step(Event::Stalled);
    assert!(scene.key(Key::Char('y')).is_empty());
    scene.wait(700);
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
}

#[test]
fn a_key_while_the_terminal_is_away_counts_for_nothing() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    scene.step(Event::Active(false));
    scene.wait(5000);
    assert!(scene.key(Key::Char('y')).is_empty());
    scene.step(Event::Active(true));
    scene.wait(5000);
    assert!(scene.key(Key::Char('y')).is_empty(), "it has to be drawn anew first");
    scene.see_and_wait();
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
}

#[test]
fn what_was_not_scrolled_to_its_end_can_be_denied_but_not_approved() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    let face = scene.docket.selected().and_then(super::Entry::face);
    scene.step(Event::Drawn(face));
    scene.wait(700);
    assert!(scene.key(Key::Char('y')).is_empty());
    scene.wait(700);
    assert_eq!(settled(&scene.key(Key::Char('n'))), [&What::Denied {}]);
}

#[test]
fn the_next_ask_needs_a_quiet_time_of_its_own() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.file(2, read(8));
    scene.see_and_wait();
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
    assert_eq!(scene.docket.selected().unwrap().id(), &id(2));
    assert!(scene.key(Key::Char('y')).is_empty());
    scene.wait(5000);
    assert!(scene.key(Key::Char('y')).is_empty(), "not drawn yet");
    scene.see_and_wait();
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
}

#[test]
fn an_ask_that_takes_the_place_of_another_with_its_id_has_not_been_seen() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    scene.step(Event::Withdrawn { id: id(1) });
    scene.file(1, read(8));
    scene.wait(5000);
    assert!(scene.key(Key::Char('y')).is_empty());
}

#[test]
fn help_covers_the_ask_and_any_key_closes_it() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    scene.key(Key::Char('?'));
    scene.wait(5000);
    assert!(scene.key(Key::Char('y')).is_empty());
    assert_eq!(*scene.docket.mode(), Mode::Asks);
    scene.wait(5000);
    assert!(scene.key(Key::Char('y')).is_empty(), "the page was only just closed; nothing is drawn");
}

#[test]
fn the_selection_stays_where_it_is_when_others_come_and_go() {
    let mut scene = Scene::new();
    scene.step(filed(1, read(1)));
    for n in 2..=4 {
        scene.file(n, read(n));
    }
    scene.key(Key::Down);
    assert_eq!(scene.docket.selected().unwrap().id(), &id(3));
    scene.step(Event::Described { id: id(1), what: made_up::described(&read(1)) });
    scene.file(5, read(5));
    scene.step(Event::Withdrawn { id: id(2) });
    assert_eq!(scene.docket.selected().unwrap().id(), &id(3));
    scene.step(Event::Withdrawn { id: id(3) });
    assert_eq!(scene.docket.selected().unwrap().id(), &id(4), "the one that moved up into its place");
    let order: Vec<_> = scene.docket.listed().map(|entry| entry.id().clone()).collect();
    assert_eq!(order, [id(1), id(4), id(5)]);
}

#[test]
fn searches_and_collections_go_on_without_a_key_and_nothing_else_does() {
    let search = Want::Search { collection: None, attributes: made_up::attributes() };
    for want in [search, Want::Collections {}] {
        let mut scene = Scene::new();
        assert_eq!(queued(&scene.step(filed(1, want))), 1);
    }
    for want in [read(1), access(&[1, 2]), store(), Want::Delete { item: item(1) }, sign()] {
        let mut scene = Scene::new();
        let effects = scene.step(filed(1, want.clone()));
        assert!(dispatched(&effects).is_empty() && queued(&effects) == 0);
        scene.step(Event::Described { id: id(1), what: made_up::described(&want) });
        assert!(scene.docket.selected().is_some(), "{want:?}");
    }
}

#[test]
fn a_prompts_yes_releases_nothing_and_covers_the_reads_that_follow_for_ten_seconds() {
    let mut scene = Scene::new();
    scene.file(1, access(&[7, 8]));
    scene.see_and_wait();
    let effects = scene.key(Key::Char('y'));
    let shown = vec![description(7, "demo"), description(8, "demo")];
    assert!(effects.contains(&Effect::Approve { id: id(1), seconds: 10, shown }), "{effects:?}");
    assert!(dispatched(&effects).is_empty());
    scene.wait(9_999);
    let digest = description(8, "demo").digest();
    let order = Order::Fetch(fetch::Order::Read { id: id(2), item: item(8), digest });
    assert_eq!(dispatched(&scene.step(filed(2, read(8)))), [&order]);
    assert!(dispatched(&scene.step(filed(3, read(9)))).is_empty(), "another item");
    assert!(dispatched(&scene.step(filed(4, Want::Delete { item: item(8) }))).is_empty(), "not a read");
    scene.wait(1);
    assert!(dispatched(&scene.step(filed(5, read(8)))).is_empty(), "too late");
}

fn with_app(mut caller: Caller, pid: i32, start: u64, there: bool) -> Caller {
    let claim = App { pid: u32::try_from(pid).unwrap(), start, exe: None };
    let seen = Caller::made_up(pid, start).seen.filter(|_| there);
    caller.app = Some(ClaimedApp { claim, seen });
    caller
}

#[test]
fn a_grant_is_for_one_maker_and_one_app() {
    let agent = || Caller::made_up(4711, 99);
    let app = || with_app(agent(), 5000, 123, true);
    let mut scene = Scene::new();
    scene.step(filed_by(1, access(&[7]), app()));
    scene.step(Event::Described { id: id(1), what: made_up::described(&access(&[7])) });
    scene.see_and_wait();
    assert_eq!(approved(&scene.key(Key::Char('y'))), 1);
    let mut gone = app();
    gone.seen = None;
    let strangers = [
        agent(),
        with_app(agent(), 5000, 124, true),
        with_app(agent(), 5001, 123, true),
        with_app(agent(), 5000, 123, false),
        with_app(Caller::made_up(4711, 100), 5000, 123, true),
        with_app(Caller::made_up(4712, 99), 5000, 123, true),
        gone,
    ];
    for (n, stranger) in (10..).zip(strangers) {
        assert!(dispatched(&scene.step(filed_by(n, read(7), stranger))).is_empty(), "stranger {n}");
    }
    assert_eq!(dispatched(&scene.step(filed_by(2, read(7), app()))).len(), 1);
}

#[test]
fn a_caller_that_was_gone_gets_no_grant() {
    let mut gone = Caller::made_up(4711, 99);
    gone.seen = None;
    let mut scene = Scene::new();
    scene.step(filed_by(1, access(&[7]), gone.clone()));
    scene.step(Event::Described { id: id(1), what: made_up::described(&access(&[7])) });
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    assert!(dispatched(&scene.step(filed_by(2, read(7), gone))).is_empty());
}

#[test]
fn an_ask_expires_though_nobody_looks() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    assert!(scene.wait(299_999).is_empty());
    assert_eq!(settled(&scene.wait(1)), [&What::Expired {}]);
    assert!(scene.docket.due(Moment(scene.now)).is_none());
}

#[test]
fn an_ask_over_its_time_is_not_approved_before_the_clock_is_looked_at() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    scene.now += 300_000;
    assert!(dispatched(&scene.key(Key::Char('y'))).is_empty());
}

fn decide_waits() -> u64 {
    u64::try_from(deadline::DECIDE_WAITS.as_millis()).unwrap()
}

#[test]
fn a_backend_that_does_not_describe_fails_the_ask() {
    let mut scene = Scene::new();
    scene.step(filed(1, read(7)));
    let effects = scene.wait(decide_waits());
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Timeout }]);
    scene.step(filed(2, read(7)));
    let effects = scene.step(Event::DescribeFailed { id: id(2), why: Fault::NotFound });
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::NotFound }]);
}

#[test]
fn another_signing_key_than_before_is_said_at_once_and_until_one_signs_again() {
    let print = |digit: &str| (&sd_wire::sign::Fingerprint::parse(&digit.repeat(40)).unwrap()).into();
    let why = Fault::KeyChanged { trusted: print("A"), found: print("B") };
    let mut scene = Scene::new();
    scene.step(filed(1, sign()));
    let effects = scene.step(Event::DescribeFailed { id: id(1), why });
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why }]);
    assert!(scene.docket.notice(Moment(scene.now)).is_some_and(|said| said.contains(&"B".repeat(40))));
    assert_eq!(scene.docket.history().changed_key(), Some(why));
    scene.wait(60_000);
    assert_eq!(scene.docket.history().changed_key(), Some(why));
    scene.step(filed(2, sign()));
    scene.step(Event::DescribeFailed { id: id(2), why: Fault::KeyExpired });
    assert_eq!(scene.docket.history().changed_key(), None);
}

#[test]
fn a_description_of_something_else_is_never_shown() {
    let two = Described::Items(vec![description(7, "a"), description(8, "b")]);
    let misfits = [(read(7), two.clone()), (access(&[7]), two), (sign(), made_up::described(&store()))];
    for (want, what) in misfits {
        let mut scene = Scene::new();
        scene.step(filed(1, want));
        let effects = scene.step(Event::Described { id: id(1), what });
        assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Malformed }]);
        assert!(scene.docket.selected().is_none());
    }
}

#[test]
fn a_worker_that_says_nothing_is_given_up() {
    let mut scene = Scene::new();
    scene.step(filed(1, Want::Collections {}));
    scene.wait(1000);
    scene.step(Event::Sent { id: id(1) });
    assert!(scene.wait(decide_waits() - 1).is_empty());
    let effects = scene.wait(1);
    assert!(settled(&effects).is_empty(), "the sink is the worker's");
    assert_eq!(told(&effects), [Resolution::Failed]);
}

#[test]
fn an_order_that_cannot_be_sent_fails_the_ask_by_its_sink() {
    let mut scene = Scene::new();
    scene.step(filed(1, Want::Collections {}));
    let effects = scene.step(Event::DispatchFailed { id: id(1), why: Fault::Unavailable });
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Unavailable }]);
    assert_eq!(told(&effects), [Resolution::Failed]);
}

#[test]
fn the_limits_hold_for_one_process_and_for_all() {
    let mut scene = Scene::new();
    let most = u64::try_from(MOST_OF_ONE).unwrap();
    for n in 0..most {
        assert!(settled(&scene.step(filed(n, access(&[n])))).is_empty());
    }
    let too_many = [&What::Failed { stage: Stage::Decide, why: Fault::TooMany }];
    assert_eq!(settled(&scene.step(filed(999, access(&[1])))), too_many);
    for n in most..u64::try_from(MOST).unwrap() {
        let caller = Caller::made_up(i32::try_from(n).unwrap(), 1);
        assert!(settled(&scene.step(filed_by(n, access(&[n]), caller))).is_empty());
    }
    let other = Caller::made_up(9999, 1);
    assert_eq!(settled(&scene.step(filed_by(998, access(&[1]), other.clone()))), too_many);
    for n in 0..u64::try_from(MOST_BRIEF).unwrap() {
        let caller = Caller::made_up(i32::try_from(5000 + n).unwrap(), 1);
        let effects = scene.step(filed_by(2000 + n, Want::Collections {}, caller));
        assert!(settled(&effects).is_empty(), "those that wait keep nobody from searching");
    }
    assert_eq!(settled(&scene.step(filed_by(996, Want::Collections {}, other))), too_many);
    let effects = scene.step(filed_by(997, Want::Lock {}, Caller::made_up(9999, 1)));
    assert!(!settled(&effects).contains(&too_many[0]), "a flood keeps nobody from locking");
}

#[test]
fn a_cancel_takes_back_what_waits_and_nothing_that_is_dispatched() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    assert_eq!(settled(&scene.step(Event::Cancelled { id: id(1) })), [&What::Cancelled {}]);
    scene.step(filed(2, Want::Collections {}));
    scene.step(Event::Sent { id: id(2) });
    assert!(!scene.docket.can_cancel(&id(2)));
    assert!(scene.step(Event::Cancelled { id: id(2) }).is_empty());
    assert!(scene.step(Event::Cancelled { id: id(3) }).is_empty());
}

#[test]
fn a_search_that_waits_for_its_turn_can_be_taken_back_and_does_not_wait_for_ever() {
    let mut scene = Scene::new();
    scene.step(filed(1, Want::Collections {}));
    assert_eq!(told(&scene.step(Event::Withdrawn { id: id(1) })), [Resolution::Withdrawn]);
    scene.step(filed(2, Want::Collections {}));
    assert_eq!(settled(&scene.step(Event::Cancelled { id: id(2) })), [&What::Cancelled {}]);
    scene.step(filed(3, Want::Collections {}));
    assert!(scene.docket.listed().next().is_none(), "nobody is asked about it");
    let effects = scene.wait(decide_waits());
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Timeout }]);
    assert!(scene.step(Event::Sent { id: id(3) }).is_empty());
}

#[test]
fn a_second_ask_with_a_pending_id_changes_nothing() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    assert!(scene.step(filed(1, read(8))).is_empty());
    assert_eq!(scene.docket.selected().unwrap().want(), &read(7));
}

#[test]
fn a_flood_of_asks_that_nobody_decides_pushes_no_decision_out_of_the_history() {
    let mut scene = Scene::new();
    scene.file(1, read(1));
    scene.grant();
    scene.step(filed(2, read(1)));
    scene.step(Event::WorkerDone { id: id(2) });
    for n in 3..2000 {
        scene.step(filed(n, read(n)));
        scene.step(Event::Withdrawn { id: id(n) });
    }
    assert_eq!(scene.docket.history().newest().count(), KEPT);
    let decided: Vec<_> = scene.docket.history().newest().map(|decision| &decision.decided).collect();
    let last = [&Decided::Nobody, &Decided::ByGrant(1), &Decided::Granted(2)];
    assert_eq!(decided[KEPT - 3..], last);
    // The first yes is still under way, and is not written down a second time when it ends.
    scene.step(Event::WorkerDone { id: id(1) });
    assert_eq!(scene.docket.history().newest().last().unwrap().ended, Some(Resolution::Granted));
}

#[test]
fn what_is_kept_of_an_ask_is_short_however_long_its_message_or_label_is() {
    let mut scene = Scene::new();
    let mut filing = made_up::filing(1, sign(), Caller::made_up(4711, 99));
    filing.signed = Some(sd_git::signed::Signed::read(&[1; 1024 * 1024]));
    scene.step(Event::Filed(Box::new(filing)));
    scene.step(filed(2, access(&[1, 2])));
    let long = "x".repeat(10_000);
    let items = Described::Items(vec![description(1, &long), description(2, &long)]);
    scene.step(Event::Described { id: id(2), what: items });
    for n in [1, 2] {
        scene.step(Event::Withdrawn { id: id(n) });
    }
    for decision in scene.docket.history().newest() {
        assert!(decision.what.as_str().len() < 300, "{}", decision.what.as_str().len());
    }
    let newest = scene.docket.history().newest().next().unwrap();
    assert!(newest.what.as_str().ends_with(" and 1 more"));
}

#[test]
fn a_prompts_yes_to_the_proxy_alone_covers_no_read() {
    let mut agent = Caller::made_up(300, 5);
    agent.seen.as_mut().unwrap().process.comm = "sd-agent".to_owned();
    let mut scene = Scene::new();
    scene.step(filed_by(1, access(&[7]), agent.clone()));
    scene.step(Event::Described { id: id(1), what: made_up::described(&access(&[7])) });
    scene.see_and_wait();
    assert_eq!(approved(&scene.key(Key::Char('y'))), 1);
    assert!(dispatched(&scene.step(filed_by(2, read(7), agent))).is_empty());
}

#[test]
fn an_ask_ends_once_in_the_history_however_it_ends() {
    let mut scene = Scene::new();
    for (n, key) in [(1, 'y'), (2, 'n'), (3, 'y')] {
        scene.file(n, read(n));
        scene.see_and_wait();
        scene.key(Key::Char(key));
        scene.step(match n {
            1 => Event::WorkerFailed { id: id(n), why: Fault::NotFound },
            _ => Event::WorkerDone { id: id(n) },
        });
    }
    scene.file(4, read(4));
    scene.wait(300_000);
    let ended: Vec<_> = scene.docket.history().newest().map(|decision| decision.ended).collect();
    let expected = [Resolution::Expired, Resolution::Granted, Resolution::Denied, Resolution::Failed];
    assert_eq!(ended, expected.map(Some));
}
