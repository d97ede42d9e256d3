//! Passphrases.

use sd_wire::passphrase::Note;

use super::*;
use crate::docket::prompts::PromptId;

const FIRST: PromptId = PromptId(1);

fn wants(scene: &mut Scene, prompt: PromptId) -> Vec<Effect> {
    scene.step(Event::PassphraseWanted { prompt, wanted: Box::new(made_up::wanted()) })
}

fn answers(effects: &[Effect]) -> Vec<&Note> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Answer { note, .. } = e { Some(note) } else { None })
        .collect()
}

/// A signature that was approved, and gpg-agent wants its passphrase.
fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.file(1, sign());
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    assert!(answers(&wants(&mut scene, FIRST)).is_empty());
    scene
}

fn see_prompt(scene: &mut Scene) {
    let face = scene.docket.prompt().unwrap().face();
    scene.step(Event::Drawn(Some(face)));
    scene.wait(700);
}

fn takes(scene: &Scene) -> bool {
    scene.docket.takes_passphrase(Moment(scene.now)).is_some()
}

#[test]
fn a_passphrase_is_asked_for_only_while_something_is_under_way_that_may_need_it() {
    let mut scene = Scene::new();
    assert_eq!(answers(&wants(&mut scene, FIRST)), [&Note::Refused {}]);
    scene.file(1, sign());
    assert_eq!(answers(&wants(&mut scene, FIRST)), [&Note::Refused {}], "not approved yet");
    scene.step(filed(2, Want::Collections {}));
    scene.step(Event::Sent { id: id(2) });
    assert_eq!(answers(&wants(&mut scene, FIRST)), [&Note::Refused {}], "what needs no key needs none");
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    assert!(answers(&wants(&mut scene, FIRST)).is_empty());
    assert!(scene.docket.prompt().unwrap().reason.contains("0000000000000001"));
}

#[test]
fn the_first_character_counts_after_the_quiet_time_and_the_rest_at_once() {
    let mut scene = scene();
    assert!(!takes(&scene), "nobody has seen it");
    let face = scene.docket.prompt().unwrap().face();
    scene.step(Event::Drawn(Some(face)));
    scene.wait(699);
    assert!(!takes(&scene));
    scene.wait(1);
    assert!(takes(&scene));
    scene.step(Event::Typed { characters: 1 });
    assert!(takes(&scene));
    assert!(scene.docket.wants_the_vt(Moment(scene.now)));
    let effects = scene.key(Key::Enter);
    assert!(effects.contains(&Effect::Enter { prompt: FIRST }));
    assert!(scene.docket.prompt().is_none());
}

#[test]
fn esc_dismisses_it_at_any_time_and_lets_go_of_the_screen() {
    let mut scene = scene();
    see_prompt(&mut scene);
    scene.step(Event::Typed { characters: 5 });
    scene.wait(1500);
    assert!(scene.docket.wants_the_vt(Moment(scene.now)));
    assert_eq!(answers(&scene.key(Key::Escape)), [&Note::Dismissed {}]);
    assert!(!scene.docket.wants_the_vt(Moment(scene.now)));
}

#[test]
fn a_prompt_that_nobody_answers_expires() {
    let mut scene = scene();
    assert!(answers(&scene.wait(119_999)).is_empty());
    assert_eq!(answers(&scene.wait(1)), [&Note::Expired {}]);
}

#[test]
fn leaving_the_screen_forgets_what_was_typed() {
    let mut scene = scene();
    see_prompt(&mut scene);
    scene.step(Event::Typed { characters: 5 });
    assert!(scene.step(Event::Active(false)).contains(&Effect::WipeField));
    assert_eq!(scene.docket.prompt().unwrap().characters, 0);
    assert!(!takes(&scene));
}

#[test]
fn an_empty_passphrase_for_a_key_is_not_sent() {
    let mut scene = scene();
    see_prompt(&mut scene);
    assert!(scene.key(Key::Enter).is_empty());
    assert!(scene.docket.prompt().is_some());
}

#[test]
fn a_lock_takes_every_prompt_away_before_gpg_agent_forgets() {
    let mut scene = scene();
    let effects = scene.step(filed(9, Want::Lock {}));
    let refused = effects.iter().position(|e| matches!(e, Effect::Answer { note: Note::Refused {}, .. }));
    let locked = effects.iter().position(|e| matches!(e, Effect::Run { .. }));
    assert!(refused.unwrap() < locked.unwrap(), "a passphrase that is typed later would be kept");
}

#[test]
fn a_second_prompt_waits_behind_the_first_and_is_seen_anew() {
    let mut scene = scene();
    wants(&mut scene, PromptId(2));
    see_prompt(&mut scene);
    scene.step(Event::Typed { characters: 3 });
    scene.key(Key::Enter);
    assert_eq!(scene.docket.prompt().unwrap().id, PromptId(2));
    assert!(!takes(&scene), "it was not on the terminal yet");
}

#[test]
fn a_prompt_whose_order_has_ended_goes_away() {
    let mut scene = scene();
    let effects = scene.step(Event::WorkerFailed { id: id(1), why: Fault::Timeout });
    assert_eq!(answers(&effects).len(), 1);
    assert!(scene.docket.prompt().is_none());
}

#[test]
fn what_is_typed_for_one_prompt_is_not_wiped_because_another_one_goes() {
    let mut scene = scene();
    wants(&mut scene, PromptId(2));
    see_prompt(&mut scene);
    scene.step(Event::Typed { characters: 5 });
    assert!(!scene.step(Event::PassphraseForgone { prompt: PromptId(2) }).contains(&Effect::WipeField));
    for n in 3..8 {
        let effects = wants(&mut scene, PromptId(n));
        assert!(!effects.contains(&Effect::WipeField), "also when it is refused");
    }
    assert_eq!(scene.docket.prompt().unwrap().characters, 5);
    assert!(scene.step(Event::PassphraseForgone { prompt: FIRST }).contains(&Effect::WipeField));
    assert!(scene.key(Key::Escape).contains(&Effect::WipeField));
}

#[test]
fn what_was_begun_before_a_prompt_came_is_not_finished_by_its_enter() {
    let mut scene = Scene::new();
    scene.file(1, sign());
    scene.file(2, read(7));
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    scene.see_and_wait();
    scene.key(Key::Char('g'));
    wants(&mut scene, FIRST);
    see_prompt(&mut scene);
    scene.step(Event::Typed { characters: 5 });
    scene.key(Key::Enter);
    scene.see();
    assert!(dispatched(&scene.key(Key::Enter)).is_empty(), "Enter twice");
    assert_eq!(scene.docket.grants(Moment(scene.now)).count(), 0);
}

#[test]
fn what_was_under_way_gets_no_prompt_after_a_lock_or_after_everything_is_denied() {
    for command in ["lock", "deny-all"] {
        let mut scene = scene();
        scene.key(Key::Escape);
        scene.command(command);
        assert_eq!(answers(&wants(&mut scene, PromptId(2))), [&Note::Refused {}], "{command}");
        assert_eq!(told(&scene.step(Event::WorkerDone { id: id(1) })), [Resolution::Granted]);
    }
}

#[test]
fn denying_everything_calls_off_what_is_being_unlocked() {
    let mut scene = Scene::new();
    scene.command("unlock");
    scene.command("deny-all");
    assert_eq!(answers(&wants(&mut scene, FIRST)), [&Note::Refused {}]);
    scene.command("unlock");
    assert!(answers(&wants(&mut scene, PromptId(2))).is_empty(), "only a person begins it anew");
}

#[test]
fn whoever_asks_again_after_each_esc_is_let_down_after_three() {
    for by_hand in [true, false] {
        let mut scene = Scene::new();
        if by_hand {
            scene.command("unlock");
        } else {
            scene.file(1, sign());
            scene.see_and_wait();
            scene.key(Key::Char('y'));
        }
        for n in 1..=3 {
            assert!(answers(&wants(&mut scene, PromptId(n))).is_empty());
            assert_eq!(answers(&scene.key(Key::Escape)), [&Note::Dismissed {}]);
        }
        assert_eq!(answers(&wants(&mut scene, PromptId(4))), [&Note::Refused {}]);
        scene.command("unlock");
        assert!(answers(&wants(&mut scene, PromptId(5))).is_empty(), "something new may ask");
        scene.key(Key::Escape);
        assert!(answers(&wants(&mut scene, PromptId(6))).is_empty(), "and three times again");
    }
}

#[test]
fn asks_that_come_and_go_behind_a_prompt_take_neither_its_quiet_time_nor_what_is_typed() {
    let mut scene = scene();
    let face = scene.docket.prompt().unwrap().face();
    scene.step(Event::Drawn(Some(face)));
    for n in 2..20 {
        scene.now += 50;
        let mut effects = scene.step(filed(n, Want::Unlock {}));
        effects.extend(scene.step(Event::Withdrawn { id: id(n) }));
        assert!(!effects.contains(&Effect::FlushInput));
    }
    assert!(takes(&scene));
    scene.step(Event::Typed { characters: 5 });
    scene.file(20, read(7));
    scene.key(Key::Enter);
    scene.see();
    scene.wait(699);
    assert!(
        settled(&scene.key(Key::Char('n'))).is_empty(),
        "what came behind it has a quiet time of its own"
    );
}
