//! More asks of one family than anybody reads.

use sd_sys::process::Family;

use super::*;
use crate::docket::floods::{FLOOD, MINUTES};

/// A process of the hostile application: another one each time.
fn hostile(n: u64) -> Caller {
    let mut caller = Caller::made_up(10_000 + i32::try_from(n).unwrap(), n);
    caller.family = Some(Family::Unit("/app-hostile.scope".to_owned()));
    if let Some(seen) = &mut caller.seen {
        seen.parents.clear();
    }
    caller
}

fn files(scene: &mut Scene, n: u64, caller: Caller) -> Vec<Effect> {
    let mut effects = scene.step(filed_by(n, read(n), caller));
    effects.extend(scene.step(Event::Described { id: id(n), what: made_up::described(&read(n)) }));
    effects
}

/// So many asks of the hostile application, and one of somebody else.
fn flooded(asks: u64) -> Scene {
    let mut scene = Scene::new();
    (1..=asks).for_each(|n| drop(files(&mut scene, n, hostile(n))));
    files(&mut scene, 1000, Caller::made_up(77, 7));
    scene
}

fn lines(scene: &Scene) -> Vec<String> {
    scene.docket.seen().map(|entry| entry.id().to_string()).collect()
}

#[test]
fn many_asks_of_many_processes_of_one_family_are_one_line_with_their_number() {
    let scene = flooded(60);
    assert_eq!(lines(&scene), [id(1).to_string(), id(1000).to_string()]);
    let counts: Vec<_> = scene.docket.seen().map(|entry| scene.docket.folds().count(entry)).collect();
    assert_eq!(counts, [60, 1]);
    assert_eq!(scene.docket.listed().count(), 61, "nothing is left out of what is counted");
}

#[test]
fn a_few_asks_have_their_own_lines() {
    let scene = flooded(u64::try_from(FLOOD).unwrap() - 1);
    assert_eq!(lines(&scene).len(), FLOOD);
}

#[test]
fn a_key_in_a_flood_is_about_the_one_ask_that_is_shown() {
    let mut scene = flooded(60);
    scene.see_and_wait();
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
    assert_eq!(
        lines(&scene),
        [id(2).to_string(), id(1000).to_string()],
        "the next one stands for the others"
    );
    scene.key(Key::Down);
    assert_eq!(scene.docket.selected().unwrap().id(), &id(1000), "and the arrows pass over them");
}

#[test]
fn one_key_denies_the_flood_and_ten_thousand_more_and_nobody_else() {
    let mut scene = flooded(60);
    scene.see_and_wait();
    assert_eq!(settled(&scene.key(Key::Char('M'))), [&What::Denied {}; 60]);
    assert_eq!(lines(&scene), [id(1000).to_string()]);
    for n in 2000..12_000 {
        let effects = scene.step(filed_by(n, read(n), hostile(n)));
        assert_eq!(settled(&effects), [&What::Denied {}]);
        assert!(effects.iter().all(|effect| !matches!(effect, Effect::Describe { .. } | Effect::FlushInput)));
    }
    assert_eq!(scene.docket.refusals().newest().unwrap().denied, 10_060);
    assert!(scene.docket.history().newest().count() <= KEPT);
    assert!(
        settled(&files(&mut scene, 1001, Caller::made_up(78, 7))).is_empty(),
        "another one is asked about"
    );
    scene.see_and_wait();
    assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1);
}

#[test]
fn one_key_lets_it_ask_again_and_so_does_time() {
    for by_key in [true, false] {
        let mut scene = flooded(60);
        scene.see_and_wait();
        scene.key(Key::Char('M'));
        if by_key {
            scene.key(Key::Char('U'));
        } else {
            scene.wait(MINUTES * 60_000);
        }
        assert!(scene.docket.refusals().newest().is_none());
        assert!(settled(&scene.step(filed_by(2000, read(2000), hostile(2000)))).is_empty());
    }
}

#[test]
fn asks_that_come_and_go_faster_than_anybody_reads_are_muted_all_the_same() {
    let mut scene = Scene::new();
    for n in 1..=100 {
        files(&mut scene, n, hostile(n));
        scene.see();
        scene.wait(20);
        scene.step(Event::Withdrawn { id: id(n) });
        scene.step(Event::Drawn(None));
        scene.wait(20);
    }
    scene.key(Key::Char('M'));
    assert_eq!(settled(&scene.step(filed_by(2000, read(2000), hostile(2000)))), [&What::Denied {}]);
}

#[test]
fn who_was_not_before_the_eyes_for_the_quiet_time_is_not_muted() {
    let mut scene = flooded(60);
    assert!(scene.key(Key::Char('M')).is_empty(), "nothing was drawn");
    scene.see();
    scene.wait(600);
    assert!(scene.key(Key::Char('M')).is_empty(), "too soon");
    scene.key(Key::Down);
    scene.see();
    scene.wait(600);
    assert!(scene.key(Key::Char('M')).is_empty(), "another one");
    scene.step(Event::Active(false));
    scene.wait(600);
    assert!(scene.key(Key::Char('M')).is_empty(), "nobody is there");
}

#[test]
fn a_flood_by_way_of_the_proxy_without_an_app_cannot_be_muted_for_all() {
    let mut scene = Scene::new();
    for n in 1..=10 {
        let mut caller = hostile(n);
        caller.seen.as_mut().unwrap().process.comm = "sd-agent".to_owned();
        files(&mut scene, n, caller);
    }
    scene.see_and_wait();
    assert!(scene.key(Key::Char('M')).is_empty());
    assert!(scene.docket.notice(Moment(scene.now)).unwrap().contains("all apps"));
}
