//! Asks whose approval takes the code that stands on the screen.

use sd_git::signed::Signed;

use super::*;
use crate::docket::history::Decided;

const CODE: &str = "version = 1\n[[rule]]\nname = \"bank\"\nlabel = \"demo\"\nconfirm = \"code\"\n";

fn scene() -> Scene {
    let mut scene = Scene::under(CODE);
    scene.file(1, read(7));
    scene.see_and_wait();
    scene
}

fn types(scene: &mut Scene, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|character| scene.key(Key::Char(character))).collect()
}

fn decided(scene: &Scene) -> Decided {
    scene.docket.history().newest().next().unwrap().decided.clone()
}

#[test]
fn a_y_alone_does_not_approve_what_takes_a_code() {
    let mut scene = scene();
    assert_eq!(scene.docket.selected().unwrap().needs_code(), Some("bank"));
    assert!(scene.key(Key::Char('y')).is_empty());
    assert!(types(&mut scene, "yyyy").is_empty());
    assert!(dispatched(&scene.wait(5000)).is_empty());
}

#[test]
fn bytes_that_are_nothing_of_gits_take_a_code_without_any_rule() {
    for (bytes, code) in [(&b"anything"[..], Some("unknown data")), (made_up::COMMIT, None)] {
        let mut scene = Scene::new();
        let mut filing = made_up::filing(1, made_up::sign(), Caller::made_up(4711, 99));
        filing.signed = Some(Signed::read(bytes));
        scene.step(Event::Filed(Box::new(filing)));
        scene.step(Event::Described { id: id(1), what: made_up::described(&made_up::sign()) });
        assert_eq!(scene.docket.selected().unwrap().needs_code(), code);
    }
}

#[test]
fn the_code_that_stands_there_approves_in_either_case() {
    for code in ["ACDE", "acde"] {
        let mut scene = scene();
        scene.key(Key::Char('y'));
        assert_eq!(dispatched(&types(&mut scene, code)).len(), 1);
        assert_eq!(decided(&scene), Decided::Code);
    }
}

#[test]
fn three_wrong_codes_deny_it() {
    let mut scene = scene();
    scene.key(Key::Char('y'));
    assert!(types(&mut scene, "ACDCACDD").is_empty());
    assert_eq!(settled(&types(&mut scene, "AAAA")), [&What::Denied {}]);
    assert_eq!(decided(&scene), Decided::WrongCode);
}

#[test]
fn a_wrong_code_is_not_taken_back_by_esc_nor_by_leaving_the_screen() {
    let mut scene = scene();
    for (n, leave) in (0..3).zip([Event::Key(Key::Escape), Event::Active(true), Event::Key(Key::Escape)]) {
        scene.key(Key::Char('y'));
        let effects = types(&mut scene, "AAAA");
        assert_eq!(settled(&effects).len(), usize::from(n == 2), "wrong code {n}");
        scene.step(leave);
        scene.see_and_wait();
    }
    assert_eq!(decided(&scene), Decided::WrongCode);
}

#[test]
fn whoever_types_codes_blindly_has_three_in_a_minute_over_all_asks() {
    let mut scene = scene();
    scene.key(Key::Char('y'));
    types(&mut scene, "AAAAAAAA");
    scene.key(Key::Escape);
    scene.step(Event::Withdrawn { id: id(1) });
    scene.file(2, read(8));
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    types(&mut scene, "AAAA");
    assert_eq!(*scene.docket.mode(), Mode::Asks, "the third in a row");
    scene.wait(59_000);
    scene.key(Key::Char('y'));
    assert!(scene.notice().contains("1 s"), "{}", scene.notice());
    assert!(dispatched(&types(&mut scene, "ACDE")).is_empty());
    scene.wait(1_000);
    scene.key(Key::Char('y'));
    assert_eq!(dispatched(&types(&mut scene, "ACDE")).len(), 1);
}

#[test]
fn a_code_can_be_mended_and_left() {
    let mut scene = scene();
    scene.key(Key::Char('y'));
    types(&mut scene, "ACX");
    scene.key(Key::Backspace);
    assert!(scene.docket.wants_the_vt(Moment(scene.now)), "a code that is begun holds the screen");
    scene.key(Key::Escape);
    assert!(!scene.docket.wants_the_vt(Moment(scene.now)), "Esc lets go");
    assert!(types(&mut scene, "DE").is_empty());
    scene.wait(700);
    scene.key(Key::Char('y'));
    assert_eq!(dispatched(&types(&mut scene, "ACDE")).len(), 1, "begun anew");
}

#[test]
fn leaving_the_screen_forgets_a_code_that_was_begun() {
    let mut scene = scene();
    scene.key(Key::Char('y'));
    types(&mut scene, "ACD");
    scene.step(Event::Active(false));
    scene.step(Event::Active(true));
    assert!(types(&mut scene, "E").is_empty());
    assert_eq!(*scene.docket.mode(), Mode::Asks);
}

#[test]
fn an_ask_that_goes_away_takes_its_code_with_it() {
    let mut scene = scene();
    scene.file(2, read(8));
    scene.key(Key::Char('y'));
    types(&mut scene, "ACD");
    scene.step(Event::Withdrawn { id: id(1) });
    assert!(dispatched(&types(&mut scene, "E")).is_empty());
}

#[test]
fn no_grant_covers_what_takes_a_code() {
    let mut scene = scene();
    scene.key(Key::Char('g'));
    assert!(scene.notice().contains("code"), "{}", scene.notice());
    assert_eq!(*scene.docket.mode(), Mode::Asks);
    // Also not one that a prompt's yes made: the read asks again.
    let mut scene =
        Scene::under("version = 1\n[[rule]]\nname = \"r\"\nkind = \"read\"\nconfirm = \"code\"\n");
    scene.file(1, access(&[7]));
    scene.see_and_wait();
    assert_eq!(approved(&scene.key(Key::Char('y'))), 1);
    assert!(dispatched(&scene.step(filed(2, read(7)))).is_empty());
}
