//! What the commands do.

use super::*;
use crate::docket::vault::Chore;

fn chores(effects: &[Effect]) -> Vec<Chore> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Run { chore, .. } = e { Some(*chore) } else { None })
        .collect()
}

#[test]
fn everything_is_denied_and_stays_denied_until_it_is_lifted() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.grant();
    scene.file(2, access(&[8]));
    scene.step(filed(3, sign()));
    scene.step(filed(4, Want::Collections {}));
    let effects = scene.command("deny-all");
    assert_eq!(settled(&effects), [&What::Denied {}; 3], "what waits, is described, and is queued");
    assert_eq!(told(&effects), [Resolution::Denied; 3]);
    assert!(scene.docket.grants(Moment(scene.now)).next().is_none() && scene.docket.refusals().everything());
    assert_eq!(scene.notice(), "everything is denied until :lift");
    let search = Want::Search { collection: None, attributes: made_up::attributes() };
    let stranger = || Caller::made_up(77, 7);
    let wants = [search, Want::Collections {}, read(7), access(&[1]), store(), sign(), Want::Unlock {}];
    for (n, want) in (10..).zip(wants) {
        let effects = scene.step(filed_by(n, want, stranger()));
        assert_eq!((settled(&effects), queued(&effects)), (vec![&What::Denied {}], 0));
        assert!(dispatched(&effects).is_empty());
    }
    assert_eq!(chores(&scene.step(filed(20, Want::Lock {}))), [Chore::LockKey, Chore::LockStore]);
    scene.wait(3_600_000);
    assert_eq!(settled(&scene.step(filed(30, read(9)))), [&What::Denied {}], "no time lifts it");
    scene.command("lift");
    assert_eq!(scene.notice(), "asks are let in again");
    scene.file(31, read(9));
    assert_eq!(scene.docket.selected().unwrap().id(), &id(31));
}

#[test]
fn denying_everything_cancels_no_lock_and_takes_nothing_back_from_a_worker() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
    scene.step(filed(2, Want::Lock {}));
    assert!(settled(&scene.command("deny-all")).is_empty());
    for (number, chore) in (1..).zip([Chore::AskKey, Chore::AskStore, Chore::LockKey, Chore::LockStore]) {
        let effects = scene.step(Event::ChoreEnded { number, chore, how: Ok(None) });
        assert_eq!(settled(&effects).len(), usize::from(chore == Chore::LockStore));
    }
    assert_eq!(told(&scene.step(Event::WorkerDone { id: id(1) })), [Resolution::Granted]);
}

#[test]
fn a_grant_that_is_revoked_is_over_at_once() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.grant();
    assert_eq!(dispatched(&scene.step(filed(2, read(7)))).len(), 1);
    scene.command("revoke 1");
    assert!(scene.notice().starts_with("grant 1 is ended: "), "{}", scene.notice());
    assert!(dispatched(&scene.step(filed(3, read(7)))).is_empty());
    scene.command("revoke 1");
    assert!(scene.told().starts_with("Neither a grant nor a mute"));
}

#[test]
fn a_mute_that_is_revoked_lets_the_process_ask_again() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    scene.key(Key::Char('m'));
    scene.key(Key::Enter);
    assert_eq!(settled(&scene.step(filed(2, read(8)))), [&What::Denied {}]);
    scene.command("revoke 1");
    assert_eq!(scene.notice(), "mute 1 is ended");
    assert!(settled(&scene.step(filed(3, read(8)))).is_empty());
}

#[test]
fn all_grants_and_mutes_are_revoked_together() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.grant();
    scene.step(filed_by(2, read(8), Caller::made_up(77, 7)));
    scene.step(Event::Described { id: id(2), what: made_up::described(&read(8)) });
    scene.see_and_wait();
    scene.key(Key::Char('m'));
    scene.key(Key::Enter);
    scene.command("revoke all");
    assert_eq!(scene.notice(), "ended: 1 grant, 1 mute");
    assert!(scene.docket.grants(Moment(scene.now)).next().is_none());
    assert!(scene.docket.refusals().mutes().is_empty());
    scene.command("revoke all");
    assert_eq!(scene.notice(), "ended: 0 grants, 0 mutes");
}

#[test]
fn locking_by_command_needs_no_quiet_time() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.file(2, sign());
    let effects = scene.command("lock");
    assert_eq!(settled(&effects), [&What::Cancelled {}; 2]);
    assert_eq!(chores(&effects), [Chore::LockKey, Chore::LockStore]);
    assert!(scene.command("lock").is_empty(), "it is being locked already");
}

#[test]
fn unlocking_by_command_unlocks_the_key_first() {
    let mut scene = Scene::new();
    assert_eq!(chores(&scene.command("unlock")), [Chore::UnlockKey]);
    assert!(scene.command("unlock").is_empty(), "it is being unlocked already");
}
