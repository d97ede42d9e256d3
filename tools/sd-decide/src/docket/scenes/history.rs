//! What the history keeps of an ask.

use super::*;

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
