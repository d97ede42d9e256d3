//! The docket's rules, one short scene each.

mod changes;
mod codes;
mod commands;
mod floods;
mod grants;
mod history;
mod imports;
mod lines;
mod metadata;
mod prompts;
mod recording;
mod refusals;
mod scene;
mod typing;
mod vault;
mod workers;

use scene::*;
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
fn a_second_ask_with_a_pending_id_changes_nothing() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    assert!(scene.step(filed(1, read(8))).is_empty());
    assert_eq!(scene.docket.selected().unwrap().want(), &read(7));
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
