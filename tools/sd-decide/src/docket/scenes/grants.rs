//! What `g` gives: the same to the same process for some minutes.

use super::*;
use crate::docket::history::Decided;
use sd_sys::process::Ancestor;
use sd_wire::bounded::Text;

/// sd-gpg, started by a git that was started by another.
fn sd_gpg(pid: i32, git: i32) -> Caller {
    let mut caller = Caller::made_up(pid, 99);
    let seen = caller.seen.as_mut().unwrap();
    for (parent, number) in seen.parents.iter_mut().zip([git + 1, git]) {
        (parent.comm, parent.pid) = ("git".to_owned(), number);
    }
    caller
}

fn file_by(scene: &mut Scene, n: u64, want: Want, caller: Caller) -> Vec<Effect> {
    let mut effects = scene.step(filed_by(n, want.clone(), caller));
    effects.extend(scene.step(Event::Described { id: id(n), what: made_up::described(&want) }));
    effects
}

fn grants(scene: &Scene) -> usize {
    scene.docket.grants(Moment(scene.now)).count()
}

#[test]
fn a_grant_is_a_yes_now_and_for_two_minutes_unless_others_are_typed() {
    for (typed, minutes) in [("", 2), ("1", 1), ("15", 15)] {
        let mut scene = Scene::new();
        scene.file(1, read(7));
        scene.see_and_wait();
        scene.key(Key::Char('g'));
        typed.chars().for_each(|digit| drop(scene.key(Key::Char(digit))));
        let effects = scene.key(Key::Enter);
        assert_eq!(dispatched(&effects).len(), 1);
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Watch(_))), "its process is watched");
        assert_eq!(scene.docket.history().newest().next().unwrap().decided, Decided::Granted(minutes));
        scene.wait(minutes * 60_000 - 1);
        assert_eq!(dispatched(&scene.step(filed(2, read(7)))).len(), 1);
        assert_eq!(scene.docket.history().newest().next().unwrap().decided, Decided::ByGrant(1));
        assert!(dispatched(&scene.step(filed(3, read(8)))).is_empty(), "another item");
        scene.wait(1);
        assert!(dispatched(&scene.step(filed(4, read(7)))).is_empty(), "it is over");
    }
}

#[test]
fn more_than_fifteen_minutes_are_not_given() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.see_and_wait();
    for key in ['g', '1', '6'] {
        scene.key(Key::Char(key));
    }
    assert!(scene.key(Key::Enter).is_empty());
    scene.key(Key::Escape);
    assert_eq!((grants(&scene), scene.docket.listed().count()), (0, 1));
}

#[test]
fn a_grant_goes_with_its_process() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.grant();
    let maker = Caller::made_up(4711, 99).maker().unwrap();
    scene.step(Event::ProcessEnded(maker));
    assert_eq!(grants(&scene), 0);
    assert!(dispatched(&scene.step(filed(2, read(7)))).is_empty());
}

#[test]
fn a_no_to_the_same_process_ends_its_grant() {
    let mut scene = Scene::new();
    scene.file(1, read(7));
    scene.grant();
    scene.file(2, read(8));
    scene.see_and_wait();
    scene.key(Key::Char('n'));
    assert_eq!(grants(&scene), 0);
}

#[test]
fn the_proxy_alone_holds_no_grant_and_is_not_muted() {
    let mut scene = Scene::new();
    let mut agent = Caller::made_up(300, 5);
    agent.seen.as_mut().unwrap().process.comm = "sd-agent".to_owned();
    file_by(&mut scene, 1, read(7), agent);
    for key in ['g', 'm'] {
        scene.see_and_wait();
        assert!(scene.key(Key::Char(key)).is_empty());
        assert!(scene.notice().contains("which app"), "{}", scene.notice());
        assert_eq!(*scene.docket.mode(), Mode::Asks);
    }
}

#[test]
fn a_grant_to_git_signs_for_what_that_git_starts_and_with_that_key_only() {
    let mut scene = Scene::new();
    file_by(&mut scene, 1, sign(), sd_gpg(500, 400));
    scene.grant();
    let who = scene.docket.grants(Moment(scene.now)).next().unwrap().who.clone();
    assert!(who.as_str().contains("git (400)"), "{who:?}");
    assert_eq!(dispatched(&file_by(&mut scene, 2, sign(), sd_gpg(510, 400))).len(), 1, "the next sd-gpg");
    assert!(dispatched(&file_by(&mut scene, 3, sign(), sd_gpg(520, 600))).is_empty(), "another git");
    let by_another_name = |name: &str| match sign() {
        Want::Sign { objects, .. } => Want::Sign { key: Text::new(name).unwrap(), objects },
        other => other,
    };
    let by_its_print = by_another_name(made_up::key().fingerprint.as_str());
    assert_eq!(dispatched(&file_by(&mut scene, 5, by_its_print, sd_gpg(525, 400))).len(), 1, "the same key");
    scene.step(filed_by(4, by_another_name("another"), sd_gpg(530, 400)));
    let mut key = made_up::key();
    key.fingerprint = sd_wire::sign::Fingerprint::parse(&"F".repeat(40)).unwrap();
    assert!(dispatched(&scene.step(Event::Described { id: id(4), what: Described::Key(key) })).is_empty());
}

#[test]
fn a_grant_to_git_covers_nobody_that_only_claims_an_app_below_that_git() {
    let mut scene = Scene::new();
    file_by(&mut scene, 1, sign(), sd_gpg(500, 400));
    scene.grant();
    let mut liar = with_app(Caller::made_up(700, 99), 500, 99, true);
    liar.app.as_mut().unwrap().seen = sd_gpg(500, 400).seen;
    assert!(dispatched(&file_by(&mut scene, 2, sign(), liar)).is_empty());
}

#[test]
fn the_git_of_a_rebase_is_the_one_whose_shell_runs_the_others() {
    for (line, git) in [
        (&["git", "bash", "foot"][..], Some(1)),
        (&["git", "git", "bash", "foot"], Some(2)),
        (&["git", "sh", "git", "bash", "foot"], Some(3)),
        (&["git", "sh", "make", "sh", "git", "bash"], Some(1)),
        (&["sh", "git"], None),
        (&["make", "git"], None),
    ] {
        let mut caller = Caller::made_up(500, 99);
        let seen = caller.seen.as_mut().unwrap();
        let made_up = seen.parents[0].clone();
        let parent =
            |(pid, comm): (i32, &&str)| Ancestor { pid, comm: (*comm).to_owned(), ..made_up.clone() };
        seen.parents = (1..).zip(line).map(parent).collect();
        assert_eq!(caller.git().map(|git| git.pid), git, "{line:?}");
    }
}

#[test]
fn a_signature_without_git_is_not_granted() {
    let mut scene = Scene::new();
    scene.file(1, sign());
    scene.see_and_wait();
    scene.key(Key::Char('g'));
    assert!(scene.notice().contains("no git"), "{}", scene.notice());
}

#[test]
fn a_word_that_begins_with_g_and_ends_with_enter_grants_nothing() {
    for word in ["git push", "mutt", "g4x4"] {
        let mut scene = Scene::new();
        scene.file(1, read(7));
        scene.see_and_wait();
        word.chars().for_each(|character| drop(scene.key(Key::Char(character))));
        let effects = scene.key(Key::Enter);
        assert!(dispatched(&effects).is_empty() && settled(&effects).is_empty(), "{word}");
        assert_eq!((grants(&scene), scene.docket.refusals().mutes().len()), (0, 0));
    }
}

/// The worker has carried the order out, and this is what the item is now.
fn made(scene: &mut Scene, n: u64, label: &str) {
    let item = Box::new(made_up::description(7, label));
    scene.step(Event::Made { id: id(n), item });
    scene.step(Event::WorkerDone { id: id(n) });
}

#[test]
fn who_has_written_a_secret_may_read_it_for_ten_seconds() {
    let set = || Want::SetSecret { item: made_up::item(7), content_type: sd_wire::bounded::Text::default() };
    for want in [made_up::store(), set()] {
        let mut scene = Scene::new();
        scene.file(1, want);
        scene.see_and_wait();
        scene.key(Key::Char('y'));
        assert!(dispatched(&scene.step(filed(2, read(7)))).is_empty(), "not before it is written");
        scene.step(Event::Withdrawn { id: id(2) });
        made(&mut scene, 1, "new");
        let mut other = Caller::made_up(9999, 5);
        other.seen.as_mut().unwrap().parents.clear();
        assert!(dispatched(&scene.step(filed_by(3, read(7), other))).is_empty(), "another process");
        assert!(dispatched(&scene.step(filed(4, read(8)))).is_empty(), "another item");
        scene.wait(9_999);
        assert_eq!(dispatched(&scene.step(filed(5, read(7)))).len(), 1);
        scene.wait(1);
        assert!(dispatched(&scene.step(filed(6, read(7)))).is_empty(), "it is over");
    }
}

#[test]
fn a_grant_follows_the_change_that_its_holder_was_approved_to_make_and_a_change_alone_makes_none() {
    let change = || Want::Change {
        change: sd_wire::change::Change::ItemLabel {
            item: made_up::item(7),
            label: sd_wire::bounded::Text::new("new").unwrap(),
        },
    };
    for granted in [true, false] {
        let mut scene = Scene::new();
        if granted {
            scene.file(1, read(7));
            scene.grant();
        }
        scene.file(2, change());
        scene.see_and_wait();
        scene.key(Key::Char('y'));
        made(&mut scene, 2, "new");
        let effects = scene.step(filed(3, read(7)));
        let digest = made_up::description(7, "new").digest();
        let read = dispatched(&effects);
        assert_eq!(read.len(), usize::from(granted));
        assert!(read.iter().all(|order| format!("{order:?}").contains(&format!("{digest:?}"))));
    }
}

#[test]
fn what_is_written_while_the_store_is_being_locked_is_granted_to_nobody() {
    let mut scene = Scene::new();
    scene.file(1, made_up::store());
    scene.see_and_wait();
    scene.key(Key::Char('y'));
    scene.key(Key::Char('L'));
    made(&mut scene, 1, "new");
    assert_eq!(grants(&scene), 0);
}
