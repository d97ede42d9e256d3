//! Locking and unlocking.

use super::*;
use crate::docket::vault::Chore;

/// The chores that the effects begin, by number.
fn runs(effects: &[Effect]) -> Vec<(u64, Chore)> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Run { number, chore } = e { Some((*number, *chore)) } else { None })
        .collect()
}

fn chores(effects: &[Effect]) -> Vec<Chore> {
    runs(effects).into_iter().map(|(_, chore)| chore).collect()
}

/// Ends each of these chores like this; what follows.
fn end(scene: &mut Scene, runs: &[(u64, Chore)], how: Result<Option<bool>, Fault>) -> Vec<Effect> {
    runs.iter()
        .flat_map(|(number, chore)| scene.step(Event::ChoreEnded { number: *number, chore: *chore, how }))
        .collect()
}

/// A session that begins, with what its first questions were.
fn beginning() -> (Scene, Vec<(u64, Chore)>) {
    let docket = Docket::new(std::time::Duration::from_secs(300), Rules::default());
    let mut scene = Scene { docket, now: 0, record: Vec::new() };
    scene.step(Event::Active(true));
    let asked = runs(&scene.step(Event::Started));
    (scene, asked)
}

#[test]
fn a_session_that_begins_locked_is_unlocked_first_the_key_and_then_the_store() {
    let (mut scene, asked) = beginning();
    assert_eq!(asked.iter().map(|(_, chore)| *chore).collect::<Vec<_>>(), [Chore::AskKey, Chore::AskStore]);
    let key = runs(&end(&mut scene, &asked, Ok(Some(true))));
    assert_eq!(key.iter().map(|(_, chore)| *chore).collect::<Vec<_>>(), [Chore::UnlockKey]);
    let store = runs(&end(&mut scene, &key, Ok(None)));
    assert_eq!(store.iter().map(|(_, chore)| *chore).collect::<Vec<_>>(), [Chore::UnlockStore]);
    let again = end(&mut scene, &store, Ok(None));
    assert_eq!(chores(&again), [Chore::AskKey, Chore::AskStore], "and what became of it is found out");
    assert!(scene.notice().contains("unlocked"));
}

#[test]
fn a_session_that_begins_unlocked_or_without_an_answer_asks_for_nothing() {
    for how in [Ok(Some(false)), Ok(None), Err(Fault::Unavailable)] {
        let (mut scene, asked) = beginning();
        assert!(end(&mut scene, &asked, how).is_empty());
    }
}

#[test]
fn a_session_that_is_locked_before_it_is_known_to_be_cold_is_not_unlocked() {
    let (mut scene, asked) = beginning();
    let locking = runs(&scene.key(Key::Char('L')));
    end(&mut scene, &locking, Ok(None));
    assert!(!chores(&end(&mut scene, &asked, Ok(Some(true)))).contains(&Chore::UnlockKey));
}

#[test]
fn a_lock_cancels_what_waits_drops_grants_and_answers_when_both_are_locked() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.grant();
    scene.file(2, read(8));
    let effects = scene.step(filed(3, Want::Lock {}));
    assert_eq!(settled(&effects), [&What::Cancelled {}]);
    assert_eq!(scene.docket.grants(Moment(scene.now)).count(), 0);
    let out = runs(&effects);
    assert_eq!(out.len(), 2);
    assert!(settled(&end(&mut scene, &out[..1], Ok(None))).is_empty(), "not before both are");
    assert_eq!(settled(&end(&mut scene, &out[1..], Ok(None))), [&What::Locked {}]);
}

#[test]
fn a_lock_that_fails_says_so_and_a_second_one_joins_the_first() {
    let mut scene = Scene::new();
    let out = runs(&scene.step(filed(1, Want::Lock {})));
    assert!(runs(&scene.step(filed(2, Want::Lock {}))).is_empty());
    let effects = end(&mut scene, &out, Err(Fault::Unavailable));
    let failed = What::Failed { stage: Stage::Decide, why: Fault::Unavailable };
    assert_eq!(settled(&effects), [&failed, &failed]);
}

#[test]
fn capital_l_locks_at_once() {
    let mut scene = Scene::new();
    assert_eq!(chores(&scene.key(Key::Char('L'))), [Chore::LockKey, Chore::LockStore]);
}

#[test]
fn an_unlock_is_asked_about_and_answers_when_both_are_unlocked() {
    let mut scene = Scene::new();
    scene.step(filed(1, Want::Unlock {}));
    scene.see_and_wait();
    let key = runs(&scene.key(Key::Char('y')));
    assert_eq!(key.len(), 1);
    let store = runs(&end(&mut scene, &key, Ok(None)));
    assert_eq!(settled(&end(&mut scene, &store, Ok(None))), [&What::Unlocked {}]);
}

#[test]
fn an_ask_with_the_id_of_one_that_hung_up_is_not_told_that_it_was_unlocked() {
    let mut scene = Scene::new();
    scene.step(filed(1, Want::Unlock {}));
    scene.see_and_wait();
    let key = runs(&scene.key(Key::Char('y')));
    scene.step(Event::Withdrawn { id: id(1) });
    scene.step(filed(1, Want::Unlock {}));
    let store = runs(&end(&mut scene, &key, Ok(None)));
    assert!(settled(&end(&mut scene, &store, Ok(None))).is_empty());
    assert_eq!(scene.docket.listed().count(), 1, "it waits for a key of its own");
}

#[test]
fn an_unlock_whose_passphrase_is_wrong_or_missing_tells_the_requester_which() {
    for why in [Fault::WrongPassphrase, Fault::Dismissed, Fault::NoPassphrase] {
        let mut scene = Scene::new();
        scene.step(filed(1, Want::Unlock {}));
        scene.see_and_wait();
        let key = runs(&scene.key(Key::Char('y')));
        let effects = end(&mut scene, &key, Err(why));
        assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why }]);
        assert!(!chores(&effects).contains(&Chore::UnlockStore), "the store is not tried then");
    }
}

#[test]
fn a_lock_while_it_is_being_unlocked_wins() {
    let mut scene = Scene::new();
    scene.step(filed(1, Want::Unlock {}));
    scene.see_and_wait();
    let unlocking = runs(&scene.key(Key::Char('y')));
    let effects = scene.key(Key::Char('L'));
    assert_eq!(settled(&effects), [&What::Cancelled {}]);
    let locking = runs(&effects);
    assert!(chores(&end(&mut scene, &unlocking, Ok(None))).is_empty(), "what comes late changes nothing");
    end(&mut scene, &locking, Ok(None));
    assert!(scene.notice().contains("locked"), "{}", scene.notice());
}

#[test]
fn a_worker_that_never_answers_ends_the_unlocking_by_and_by() {
    let mut scene = Scene::new();
    scene.step(filed(1, Want::Unlock {}));
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    let long = u64::try_from(2 * deadline::DECIDE_WAITS_ASKS.as_millis()).unwrap();
    assert_eq!(settled(&scene.wait(long)), [&What::Failed { stage: Stage::Decide, why: Fault::Timeout }]);
}
