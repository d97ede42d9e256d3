//! No record, no release.

use sd_wire::record::{self, How};

use super::*;

/// What an effect gives away, or sets going.
fn acts(effects: &[Effect]) -> usize {
    let acts = |effect: &&Effect| {
        let run = matches!(effect, Effect::Run { chore: crate::docket::vault::Chore::UnlockKey, .. });
        run || matches!(effect, Effect::Dispatch { .. } | Effect::Queue { .. } | Effect::Approve { .. })
    };
    effects.iter().filter(acts).count()
}

/// The line that something waits for.
fn line(effects: &[Effect]) -> u64 {
    let awaited: Vec<u64> = effects
        .iter()
        .filter_map(
            |e| if let Effect::Record { number, awaited: true, .. } = e { Some(*number) } else { None },
        )
        .collect();
    assert_eq!(awaited.len(), 1, "{effects:?}");
    awaited[0]
}

/// An ask that is let through, by a yes where it needs one; the effects of that, with nothing recorded yet.
fn let_through(scene: &mut Scene, n: u64, want: Want) -> Vec<Effect> {
    let mut effects = scene.step_alone(filed(n, want.clone()));
    effects.extend(scene.step_alone(Event::Described { id: id(n), what: made_up::described(&want) }));
    if scene.docket.selected().is_some() {
        scene.see();
        scene.now += 700;
        scene.step_alone(Event::Tick);
        effects.extend(scene.step_alone(Event::Key(Key::Char('y'))));
    }
    effects
}

fn failed(effects: &[Effect]) -> Vec<Fault> {
    let why = |what: &&What| if let What::Failed { why, .. } = what { Some(*why) } else { None };
    settled(effects).iter().filter_map(why).collect()
}

/// Every kind of ask that is let through, but a lock, which takes and gives nothing.
fn wants() -> Vec<Want> {
    vec![
        read(1),
        access(&[1, 2]),
        store(),
        sign(),
        made_up::import(false),
        Want::Delete { item: item(1) },
        Want::Search { collection: None, attributes: made_up::attributes() },
        Want::Collections {},
        Want::List { collection: None },
        Want::SetSecret { item: item(1), content_type: Default::default() },
        Want::Unlock {},
    ]
}

#[test]
fn whatever_is_let_through_waits_for_its_line_and_for_no_other() {
    for want in wants() {
        let mut scene = Scene::new();
        let effects = let_through(&mut scene, 1, want.clone());
        assert_eq!(acts(&effects), 0, "{want:?} before it is recorded");
        let number = line(&effects);
        assert_eq!(
            acts(&scene.step_alone(Event::Recorded { number: number + 1 })),
            0,
            "{want:?} by another line"
        );
        assert_eq!(acts(&scene.step_alone(Event::Recorded { number })), 1, "{want:?} once it is recorded");
        assert_eq!(acts(&scene.step_alone(Event::Recorded { number })), 0, "{want:?} a second time");
    }
}

#[test]
fn what_is_not_recorded_in_time_or_at_all_fails_and_a_late_word_changes_nothing() {
    for want in wants() {
        let brief = matches!(want, Want::Collections {} | Want::Search { .. });
        for late in [true, false] {
            let mut scene = Scene::new();
            let number = line(&let_through(&mut scene, 1, want.clone()));
            let effects = if late {
                scene.now += if brief { 1_499 } else { 9_999 };
                assert_eq!(
                    settled(&scene.step_alone(Event::Tick)),
                    Vec::<&What>::new(),
                    "{want:?} too early"
                );
                scene.now += 1;
                scene.step_alone(Event::Tick)
            } else {
                scene.step_alone(Event::Unrecorded { number, why: None })
            };
            assert_eq!(failed(&effects), [Fault::Unrecorded], "{want:?}");
            assert!(scene.docket.is_unrecorded() && scene.docket.notice(Moment(scene.now)).is_some());
            assert_eq!(acts(&scene.step_alone(Event::Recorded { number })), 0, "{want:?}");
            assert!(!scene.docket.is_unrecorded(), "but it is known to be mended");
        }
    }
}

#[test]
fn what_is_cancelled_withdrawn_locked_or_denied_meanwhile_is_not_done() {
    for want in [read(1), access(&[1]), Want::Unlock {}] {
        for meanwhile in ["cancel", "withdraw", "lock", "deny-all"] {
            let mut scene = Scene::new();
            let number = line(&let_through(&mut scene, 1, want.clone()));
            match meanwhile {
                "cancel" => drop(scene.step_alone(Event::Cancelled { id: id(1) })),
                "withdraw" => drop(scene.step_alone(Event::Withdrawn { id: id(1) })),
                "lock" => drop(scene.step_alone(Event::Key(Key::Char('L')))),
                _ => ":deny-all".chars().map(Key::Char).chain([Key::Enter]).for_each(|key| {
                    scene.step_alone(Event::Key(key));
                }),
            }
            assert!(!scene.docket.knows(&id(1)), "{want:?} after {meanwhile}");
            assert_eq!(acts(&scene.step_alone(Event::Recorded { number })), 0, "{want:?} after {meanwhile}");
            assert_eq!(scene.docket.grants(Moment(scene.now)).count(), 0, "{want:?} after {meanwhile}");
        }
    }
}

#[test]
fn a_read_by_a_grant_that_is_taken_back_meanwhile_is_not_released() {
    let mut scene = Scene::new();
    scene.file(1, read(1));
    scene.grant();
    let number = line(&scene.step_alone(filed(2, read(1))));
    ":revoke all".chars().for_each(|key| drop(scene.step_alone(Event::Key(Key::Char(key)))));
    scene.step_alone(Event::Key(Key::Enter));
    let effects = scene.step_alone(Event::Recorded { number });
    assert_eq!((acts(&effects), settled(&effects)), (0, vec![&What::Cancelled {}]));
}

#[test]
fn a_prompts_ten_seconds_begin_when_its_requester_is_told() {
    let mut scene = Scene::new();
    let number = line(&let_through(&mut scene, 1, access(&[1])));
    scene.now += 9_000;
    scene.step_alone(Event::Recorded { number });
    scene.now += 9_999;
    line(&scene.step_alone(filed(2, read(1))));
}

#[test]
fn the_record_says_of_each_ask_once_why_it_was_let_through_and_once_how_it_ended() {
    let mut scene = Scene::new();
    scene.file(1, read(1));
    scene.grant();
    scene.step(Event::WorkerDone { id: id(1) });
    scene.step(filed(2, read(1)));
    scene.step(Event::WorkerFailed { id: id(2), why: Fault::Changed });
    scene.file(3, read(3));
    scene.see_and_wait();
    scene.key(Key::Char('n'));
    scene.step(filed(4, read(3)));
    scene.file(5, read(5));
    scene.wait(300_000);
    scene.step(filed(6, Want::Collections {}));
    scene.step(Event::Sent { id: id(6) });
    scene.step(Event::WorkerDone { id: id(6) });
    let told: Vec<_> =
        scene.record.iter().skip(1).map(|line| (line.event, line.how.clone(), line.ended)).collect();
    let (released, ended) = (record::Event::Released, record::Event::Ended);
    let expected = [
        (released, Some(How::KeyAndGrant { seconds: 120 }), None),
        (ended, None, Some(Resolution::Granted)),
        (released, Some(How::Grant { number: 1 }), None),
        (ended, None, Some(Resolution::Failed)),
        (ended, Some(How::Key {}), Some(Resolution::Denied)),
        (ended, Some(How::Remembered {}), Some(Resolution::Denied)),
        (ended, Some(How::Expiry {}), Some(Resolution::Expired)),
        (released, Some(How::Free {}), None),
    ];
    assert_eq!(told, expected);
    let by_grant = scene.record.iter().find(|line| line.how == Some(How::Grant { number: 1 })).unwrap();
    let items = &by_grant.what.as_ref().unwrap().items;
    assert_eq!(
        (items[0].path.clone(), items[0].label.as_str()),
        (item(1), "demo"),
        "as the backend described it"
    );
}
