//! A passphrase from the keyboard to the companion's side.

use sd_sys::secret::Secret;
use sd_wire::passphrase::{self, Unlocks, Wanted};

use super::*;

const PASSPHRASE: &str = "correct horse ä";

/// Asks at passphrase.sock as sd-pinentry does.
fn wants(stage: &Stage) -> Link {
    let wanted = Wanted {
        unlocks: Unlocks::Key { grip: Text::default() },
        lines: List::new(vec![Text::new("the secret key of Ada").unwrap()]).unwrap(),
        wrong: None,
        tries: Some((1, 3)),
    };
    let link = Link::connect(&stage.passphrase_door()).unwrap();
    say(&link, &passphrase::Packet::Passphrase(Box::new(wanted)));
    link
}

fn answer(link: &Link) -> passphrase::Note {
    passphrase::Note::from_line(&hear(link).unwrap().bytes).unwrap()
}

/// A session that begins with a locked key: its passphrase is asked for at once.
fn cold() -> (Stage, Link, Link) {
    let stage = Stage::start(everybody_is_me(), 300);
    stage.answers_whether_locked(true, false);
    let (worker, order, _) = stage.ordered_at::<sign::Order>(&stage.sign);
    assert!(matches!(order, sign::Order::Unlock { .. }), "{order:?}");
    let prompt = wants(&stage);
    stage.shows("the secret key of Ada");
    (stage, worker, prompt)
}

#[test]
fn what_is_typed_arrives_whole_and_stands_nowhere_else() {
    let (stage, worker, prompt) = cold();
    // Before the quiet time is over what is typed is not taken.
    stage.types(b"too early");
    stage.offers_the_field();
    stage.types(PASSPHRASE.as_bytes());
    stage.shows(&"*".repeat(PASSPHRASE.chars().count()));
    assert!(!stage.picture().contains("horse"));
    stage.types(b"\r");
    let passphrase::Note::Entered { len } = answer(&prompt) else { panic!("no passphrase") };
    let until = Instant::now() + Duration::from_secs(5);
    let uid = sd_sys::identity::own_uid();
    let secret = Secret::receive(&prompt, usize::try_from(len).unwrap(), uid, until).unwrap();
    assert_eq!(secret.expose(), PASSPHRASE.as_bytes());
    say(&worker, &sign::Note::Done {});
    let (worker, order, _) = stage.ordered::<fetch::Order>();
    assert!(matches!(order, fetch::Order::Unlock { .. }));
    say(&worker, &fetch::Note::Done {});
    stage.answers_whether_locked(false, false);
    stage.shows("unlocked");
    assert!(!stage.log().contains("horse"));
}

#[test]
fn esc_says_so_and_leaves_nothing_behind() {
    let (stage, _worker, prompt) = cold();
    stage.offers_the_field();
    stage.types(b"half a passphrase");
    stage.shows(&"*".repeat(17));
    stage.types(b"\x1b");
    assert_eq!(answer(&prompt), passphrase::Note::Dismissed {});
}

#[test]
fn a_prompt_that_hangs_up_leaves_the_screen() {
    let (stage, _worker, prompt) = cold();
    drop(prompt);
    stage.shows_no("the secret key of Ada");
}

#[test]
fn what_is_typed_for_one_prompt_arrives_whole_though_another_one_goes_or_is_refused() {
    let (stage, _worker, prompt) = cold();
    let second = wants(&stage);
    stage.offers_the_field();
    stage.types(b"correct ");
    stage.shows("********");
    drop(second);
    let others: Vec<Link> = (0..4).map(|_| wants(&stage)).collect();
    assert_eq!(answer(others.last().unwrap()), passphrase::Note::Refused {}, "there are four already");
    stage.types(b"horse");
    stage.shows(&"*".repeat(13));
    stage.types(b"\r");
    assert_eq!(answer(&prompt), passphrase::Note::Entered { len: 13 });
    let until = Instant::now() + Duration::from_secs(5);
    let secret = Secret::receive(&prompt, 13, sd_sys::identity::own_uid(), until).unwrap();
    assert_eq!(secret.expose(), b"correct horse");
}

#[test]
fn a_passphrase_that_nothing_needs_is_not_asked_for() {
    let stage = Stage::new(300);
    assert_eq!(answer(&wants(&stage)), passphrase::Note::Refused {});
}

#[test]
fn garbage_at_the_door_is_refused_and_others_are_served() {
    let (stage, _worker, prompt) = cold();
    drop(prompt);
    stage.shows_no("the secret key of Ada");
    let link = Link::connect(&stage.passphrase_door()).unwrap();
    link.send(b"{\"v\":1,\"body\":{\"passphrase\":{\"unlocks\":\"everything\"}}}\n", &[]).unwrap();
    assert!(hear(&link).is_none(), "it is closed");
    stage.logs("a wish for a passphrase was refused");
    let _prompt = wants(&stage);
    stage.shows("the secret key of Ada");
}
