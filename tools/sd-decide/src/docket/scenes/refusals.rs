//! Noes that last.

use super::*;
use crate::docket::history::Decided;

fn decided(scene: &Scene) -> Decided {
    scene.docket.history().newest().next().unwrap().decided.clone()
}

fn deny(scene: &mut Scene, key: char) {
    scene.see_and_wait();
    scene.key(Key::Char(key));
}

#[test]
fn the_same_again_within_seconds_of_a_no_is_denied_unasked_and_counted() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    deny(&mut scene, 'n');
    scene.wait(4_000);
    assert_eq!(settled(&scene.step(filed(2, read(7)))), [&What::Denied {}]);
    assert_eq!((decided(&scene), scene.docket.refusals().silently().0), (Decided::Remembered, 1));
    scene.step(filed(3, read(8)));
    assert_eq!(scene.docket.listed().count(), 1, "another item is asked about");
    scene.wait(1_000);
    scene.step(filed(4, read(7)));
    assert_eq!(scene.docket.listed().count(), 2, "five seconds later so is the same");
}

#[test]
fn a_loop_in_a_shell_is_remembered_though_each_round_is_another_process() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    deny(&mut scene, 'n');
    let next = Caller::made_up(4712, 100);
    let mut shell = Caller::made_up(4711, 99);
    let stranger = {
        shell.seen.as_mut().unwrap().parents[0].pid = 77;
        shell.pid = 4713;
        shell.seen.as_mut().unwrap().process.pid = 4713;
        shell
    };
    // The made-up parents have the start time of their child: give the next one those of the first.
    let mut next = next;
    next.seen.as_mut().unwrap().parents = Caller::made_up(4711, 99).seen.unwrap().parents;
    assert_eq!(settled(&scene.step(filed_by(2, read(7), next))), [&What::Denied {}]);
    assert!(settled(&scene.step(filed_by(3, read(7), stranger))).is_empty(), "from another shell");
}

#[test]
fn a_mute_denies_this_and_all_that_the_process_and_what_it_starts_ask_for_some_minutes() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    deny(&mut scene, 'm');
    assert_eq!(settled(&scene.key(Key::Enter)), [&What::Denied {}]);
    assert_eq!(decided(&scene), Decided::NoAndMuted(5));
    assert_eq!(settled(&scene.step(filed(2, sign()))), [&What::Denied {}]);
    let mut child = Caller::made_up(9000, 200);
    let parent = &mut child.seen.as_mut().unwrap().parents[1];
    (parent.pid, parent.start) = (4711, 99);
    assert_eq!(settled(&scene.step(filed_by(3, read(9), child))), [&What::Denied {}], "its child");
    assert_eq!(decided(&scene), Decided::Muted);
    assert_eq!(scene.docket.refusals().mutes()[0].denied, 2);
    scene.file(4, Want::Lock {});
    scene.wait(5 * 60_000);
    scene.step(filed(5, sign()));
    assert_eq!(scene.docket.listed().count(), 1, "the minutes are over");
}

#[test]
fn a_mute_denies_what_the_process_has_asked_before_and_nothing_of_others() {
    let mut scene = Scene::new();
    for n in 1..=3 {
        scene.file(n, read(n));
    }
    scene.step(filed(4, read(4)));
    scene.step(filed_by(5, read(5), Caller::made_up(9000, 7)));
    deny(&mut scene, 'm');
    assert_eq!(settled(&scene.key(Key::Enter)), [&What::Denied {}; 4]);
    let left: Vec<_> = scene.docket.listed().map(|entry| entry.id().clone()).collect();
    assert_eq!(left, [id(5)]);
    let effects = scene.step(Event::Described { id: id(4), what: made_up::described(&read(4)) });
    assert!(effects.is_empty(), "it was denied before it was described");
}

#[test]
fn who_was_denied_or_muted_does_not_get_away_by_claiming_another_app() {
    let claims = |pid| with_app(Caller::made_up(4711, 99), pid, 123, true);
    for key in ['n', 'm'] {
        let mut scene = Scene::new();
        scene.step(filed_by(1, read(7), claims(5000)));
        scene.step(Event::Described { id: id(1), what: made_up::described(&read(7)) });
        deny(&mut scene, key);
        scene.key(Key::Enter);
        for (n, caller) in [(2, claims(6000)), (3, Caller::made_up(4711, 99))] {
            let effects = scene.step(filed_by(n, read(7), from_elsewhere(caller, 8000)));
            assert_eq!(settled(&effects), [&What::Denied {}], "{key} {n}");
        }
    }
}

/// The same, but the app that it claims comes from elsewhere.
fn from_elsewhere(mut caller: Caller, parent: i32) -> Caller {
    if let Some(seen) = caller.app.as_mut().and_then(|app| app.seen.as_mut()) {
        seen.parents[0].pid = parent;
    }
    caller
}

#[test]
fn what_the_proxy_asks_for_another_app_is_not_muted() {
    let agent = |app| {
        let mut agent = with_app(Caller::made_up(300, 5), app, 123, true);
        agent.seen.as_mut().unwrap().process.comm = "sd-agent".to_owned();
        from_elsewhere(agent, app + 1)
    };
    let mut scene = Scene::new();
    scene.step(filed_by(1, read(7), agent(5000)));
    scene.step(Event::Described { id: id(1), what: made_up::described(&read(7)) });
    deny(&mut scene, 'm');
    scene.key(Key::Enter);
    assert!(settled(&scene.step(filed_by(2, read(7), agent(6000)))).is_empty());
    assert_eq!(settled(&scene.step(filed_by(3, read(8), agent(5000)))), [&What::Denied {}]);
}

#[test]
fn to_mute_what_is_only_claimed_does_not_silence_what_that_has_started() {
    let mut scene = Scene::new();
    let liar = with_app(Caller::made_up(4711, 99), 1, 7, true);
    scene.step(filed_by(1, read(7), liar));
    scene.step(Event::Described { id: id(1), what: made_up::described(&read(7)) });
    deny(&mut scene, 'm');
    scene.key(Key::Enter);
    let mut other = Caller::made_up(6000, 50);
    let parent = &mut other.seen.as_mut().unwrap().parents[1];
    (parent.pid, parent.start) = (1, 7);
    assert!(settled(&scene.step(filed_by(2, read(8), other))).is_empty());
}

#[test]
fn a_no_to_one_app_leaves_the_grants_of_the_proxys_others() {
    let agent = |app| {
        let mut agent = with_app(Caller::made_up(300, 5), app, 123, true);
        agent.seen.as_mut().unwrap().process.comm = "sd-agent".to_owned();
        agent
    };
    let mut scene = Scene::new();
    for (n, app) in [(1, 5000), (2, 6000)] {
        scene.step(filed_by(n, read(7), agent(app)));
        scene.step(Event::Described { id: id(n), what: made_up::described(&read(7)) });
        scene.grant();
    }
    scene.step(filed_by(3, read(8), agent(5000)));
    scene.step(Event::Described { id: id(3), what: made_up::described(&read(8)) });
    deny(&mut scene, 'n');
    assert!(dispatched(&scene.step(filed_by(4, read(7), agent(5000)))).is_empty());
    assert_eq!(dispatched(&scene.step(filed_by(5, read(7), agent(6000)))).len(), 1);
}

#[test]
fn a_rule_forbids_and_the_requester_is_told_that_it_was_a_rule() {
    let mut scene =
        Scene::under("version = 1\n[[rule]]\nname = \"no bank\"\nlabel = \"demo\"\ndeny = true\n");
    scene.step(filed(1, read(7)));
    let effects = scene.step(Event::Described { id: id(1), what: made_up::described(&read(7)) });
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Forbidden }]);
    assert_eq!(decided(&scene), Decided::Rule("no bank".into()));
}

#[test]
fn a_rate_counts_each_ask_once_and_forbids_what_is_too_much() {
    let rules = "version = 1\n[[rule]]\nname = \"slow\"\nkind = \"read\"\nrate = \"2/min\"\n";
    let mut scene = Scene::under(rules);
    scene.file(1, read(7));
    scene.file(2, read(8));
    assert_eq!(scene.docket.listed().count(), 2);
    let effects = scene.step(filed(3, read(9)));
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Forbidden }]);
}

#[test]
fn a_rule_shortens_the_time_that_an_ask_waits() {
    let mut scene = Scene::under("version = 1\n[[rule]]\nname = \"soon\"\nlabel = \"demo\"\nexpire = 10\n");
    scene.file(1, read(7));
    assert!(settled(&scene.wait(9_999)).is_empty());
    assert_eq!(settled(&scene.wait(1)), [&What::Expired {}]);
}

#[test]
fn a_search_takes_along_what_a_rule_hides() {
    let mut scene = Scene::under("version = 1\n[[rule]]\nname = \"hide\"\nlabel = \"Bank*\"\nhide = true\n");
    let want = Want::Search { collection: None, attributes: made_up::attributes() };
    let effects = scene.step(filed(1, want));
    let hidden = effects.iter().find_map(|effect| match effect {
        Effect::Queue { order: Order::Fetch(fetch::Order::Search { hidden, .. }), .. } => {
            Some(hidden.to_vec())
        }
        _ => None,
    });
    assert_eq!(hidden.unwrap()[0].label.as_ref().unwrap().as_str(), "Bank*");
}

/// A prompt's yes to item 7, by `y` or by its code, and then the read of it.
fn read_after_access(rule: &str, code: bool) -> (Scene, Vec<Effect>) {
    let mut scene = Scene::under(&format!("version = 1\n[[rule]]\nname = \"r\"\nlabel = \"demo\"\n{rule}\n"));
    scene.file(1, access(&[7]));
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    if code {
        "acde".chars().for_each(|character| drop(scene.key(Key::Char(character))));
    }
    assert_eq!(scene.docket.grants(Moment(scene.now)).count(), 1, "{rule}");
    let mut effects = scene.step(filed(2, read(7)));
    assert!(dispatched(&effects).is_empty(), "the label is not known yet");
    effects.extend(scene.step(Event::Described { id: id(2), what: made_up::described(&read(7)) }));
    (scene, effects)
}

#[test]
fn a_rule_about_reads_holds_for_those_that_a_prompts_yes_covers() {
    let (_, effects) = read_after_access("kind = \"read\"\ndeny = true", false);
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Forbidden }]);
    let (scene, effects) = read_after_access("kind = \"read\"\nconfirm = \"code\"", false);
    assert!(dispatched(&effects).is_empty());
    assert_eq!(scene.docket.listed().count(), 1, "its code is asked for");
    let (mut scene, effects) = read_after_access("kind = \"read\"\nrate = \"1/min\"", false);
    assert_eq!(dispatched(&effects).len(), 1);
    scene.step(filed(3, read(7)));
    let effects = scene.step(Event::Described { id: id(3), what: made_up::described(&read(7)) });
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Forbidden }]);
}

#[test]
fn a_rule_about_something_else_does_not_hold_up_a_read_that_is_granted() {
    for rule in ["kind = \"delete\"\nlabel = \"demo\"\ndeny = true", "label = \"demo\"\nhide = true"] {
        let mut scene = Scene::under(&format!("version = 1\n[[rule]]\nname = \"r\"\n{rule}\n"));
        scene.file(1, access(&[7]));
        scene.see_and_wait();
        scene.key(Key::Char('y'));
        assert_eq!(dispatched(&scene.step(filed(2, read(7)))).len(), 1, "{rule}");
    }
}

#[test]
fn a_code_typed_for_a_prompt_is_not_asked_for_again_by_its_reads_unless_the_item_has_changed() {
    let (mut scene, effects) = read_after_access("confirm = \"code\"", true);
    assert_eq!(dispatched(&effects).len(), 1);
    scene.step(filed(3, read(7)));
    let mut other = description(7, "demo");
    other.modified += 1;
    let effects = scene.step(Event::Described { id: id(3), what: Described::Items(vec![other]) });
    assert!(dispatched(&effects).is_empty());
}
