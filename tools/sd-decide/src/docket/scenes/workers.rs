//! Workers that do not answer, or answer something else.

use super::*;

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
