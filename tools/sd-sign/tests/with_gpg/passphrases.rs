//! A key with a passphrase.

use sd_wire::fault::Fault;
use sd_wire::outcome::{Granted, What};
use sd_wire::passphrase::{Note as Answer, Unlocks};
use sd_wire::sign::{Note, Order};

use crate::stage::{Person, RIGHT, SLOWLY, Stage, WRONG, id};

fn unlock() -> Order {
    Order::Unlock { id: id() }
}

fn lock() -> Order {
    Order::Lock { id: id() }
}

#[test]
fn an_unlocked_key_signs_without_asking_until_it_is_locked_again() {
    let stage = Stage::with_key(RIGHT, "");
    let agent = stage.agent();
    assert!(stage.locked());
    assert_eq!(stage.order(&unlock(), &[Person::Types(RIGHT)]).0, Note::Done {}, "{}", stage.logs());
    assert!(!stage.locked());
    let (what, signature, note, _) = stage.sign(&[]);
    assert!(matches!(what, What::Granted(Granted::Signature { .. })) && note == Note::Done {});
    assert!(stage.verifies(&signature));
    assert_eq!(stage.order(&lock(), &[]).0, Note::Done {});
    assert!(stage.locked());
    let (why, prompts) = stage.sign_fails(&[Person::Says(|| Answer::Dismissed {})]);
    assert_eq!((why, prompts.len()), (Fault::Dismissed, 1));
    assert!(agent.is_some() && stage.agent() == agent, "another agent was started");
}

#[test]
fn a_signature_asks_for_the_passphrase_of_a_locked_key_and_says_which() {
    let stage = Stage::with_key(RIGHT, "");
    let (what, signature, _, prompts) = stage.sign(&[Person::Types(RIGHT)]);
    assert!(matches!(what, What::Granted(_)), "{what:?}\n{}", stage.logs());
    assert!(stage.verifies(&signature));
    let wanted = &prompts[0].wanted;
    assert!(wanted.lines.iter().any(|line| line.contains("Ada Example <ada@example.org>")), "{wanted:?}");
    assert!(matches!(&wanted.unlocks, Unlocks::Key { grip } if grip.len() == 40), "{wanted:?}");
    assert_eq!((wanted.wrong.as_ref(), wanted.tries), (None, None));
}

#[test]
fn a_wrong_passphrase_is_asked_for_again_and_the_right_one_still_signs() {
    let stage = Stage::with_key(RIGHT, "");
    let (what, signature, _, prompts) = stage.sign(&[Person::Types(WRONG), Person::Types(RIGHT)]);
    assert!(matches!(what, What::Granted(_)), "{what:?}\n{}", stage.logs());
    assert!(stage.verifies(&signature));
    assert_eq!(prompts[1].wanted.wrong.as_deref(), Some("Bad Passphrase"));
    assert_eq!(prompts[1].wanted.tries, Some((2, 3)));
}

#[test]
fn a_lock_does_not_wait_for_a_prompt() {
    let stage = Stage::with_key(RIGHT, "");
    let (locked, signed) = stage.lock_while_signing(&[Person::HangsUpLater]);
    assert!(locked < SLOWLY, "it took {locked:?}");
    assert!(matches!(signed, What::Failed { why: Fault::Unavailable, .. }), "{signed:?}\n{}", stage.logs());
    assert!(stage.locked());
}

#[test]
fn two_signatures_at_once_ask_for_the_passphrase_once() {
    let stage = Stage::with_key(RIGHT, "");
    for what in stage.sign_two(&[Person::TypesSlowly(RIGHT)]) {
        assert!(matches!(what, What::Granted(_)), "{what:?}\n{}", stage.logs());
    }
}

#[test]
fn three_wrong_ones_are_a_wrong_passphrase() {
    let stage = Stage::with_key(RIGHT, "");
    let thrice = [Person::Types(WRONG); 3];
    let (why, prompts) = stage.sign_fails(&thrice);
    assert_eq!(why, Fault::WrongPassphrase);
    assert_eq!(prompts[2].wanted.tries, Some((3, 3)));
    let note = stage.order(&unlock(), &thrice).0;
    assert_eq!(note, Note::Failed { why: Fault::WrongPassphrase });
    assert!(stage.locked());
}

#[test]
fn an_entry_that_is_empty_or_too_long_for_gpg_agent_is_a_wrong_one_and_not_asked_for_again() {
    // 256 bytes; gpg-agent takes 255.
    const LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let stage = Stage::with_key(RIGHT, "");
    assert_eq!(stage.sign_fails(&[Person::Types("")]).0, Fault::WrongPassphrase);
    assert_eq!(stage.sign_fails(&[Person::Types(LONG)]).0, Fault::WrongPassphrase);
}

#[test]
fn each_other_way_to_get_no_passphrase_is_told_as_what_it_is() {
    let stage = Stage::with_key(RIGHT, "");
    let fails = |answer: fn() -> Answer| stage.sign_fails(&[Person::Says(answer)]).0;
    assert_eq!(fails(|| Answer::Dismissed {}), Fault::Dismissed);
    assert_eq!(fails(|| Answer::Expired {}), Fault::NoPassphrase);
    assert_eq!(fails(|| Answer::Refused {}), Fault::Refused);
    assert_eq!(stage.sign_fails(&[]).0, Fault::Unavailable, "without sd-decide");
    let note = stage.order(&unlock(), &[Person::Says(|| Answer::Dismissed {})]).0;
    assert_eq!(note, Note::Failed { why: Fault::Dismissed });
}

#[test]
fn silence_ends_when_gpg_agent_said_that_it_should() {
    let stage = Stage::with_key(RIGHT, "pinentry-timeout 1");
    assert_eq!(stage.sign_fails(&[Person::Sleeps]).0, Fault::NoPassphrase);
}

#[test]
fn without_a_key_nothing_is_locked_and_nothing_asks() {
    let stage = Stage::without_key("");
    assert!(!stage.locked());
    assert_eq!(stage.order(&unlock(), &[]).0, Note::Done {});
    assert_eq!(stage.order(&lock(), &[]).0, Note::Done {});
}

#[test]
fn a_key_without_a_passphrase_is_not_locked_and_asks_nobody() {
    let stage = Stage::with_key("", "");
    assert!(!stage.locked());
    assert_eq!(stage.order(&unlock(), &[]).0, Note::Done {});
    assert_eq!(stage.order(&lock(), &[]).0, Note::Done {});
    assert!(matches!(stage.sign(&[]).0, What::Granted(_)));
}

#[test]
fn the_key_that_is_looked_at_is_the_subkey_that_signs() {
    let stage = Stage::with_key(RIGHT, "");
    stage.add_signing_subkey(RIGHT);
    assert!(stage.locked());
    assert_eq!(stage.order(&unlock(), &[Person::Types(RIGHT)]).0, Note::Done {}, "{}", stage.logs());
    // The primary key is still unknown to gpg-agent, and does not matter.
    assert!(!stage.locked());
    assert!(matches!(stage.sign(&[]).0, What::Granted(_)));
}

#[test]
fn where_no_agent_runs_and_none_may_be_started_that_is_said() {
    let stage = Stage::with_key(RIGHT, "");
    stage.forbid_starting_agents();
    stage.end_agent();
    for order in [Order::State {}, unlock()] {
        assert_eq!(stage.order(&order, &[]).0, Note::Failed { why: Fault::NoAgent }, "{}", stage.logs());
    }
    assert_eq!(stage.agent(), None);
}

#[test]
fn locking_starts_no_agent_where_none_runs() {
    let stage = Stage::with_key(RIGHT, "");
    stage.end_agent();
    assert_eq!(stage.order(&lock(), &[]).0, Note::Done {});
    assert_eq!(stage.agent(), None);
}

#[test]
fn the_passphrase_stands_in_no_argument_environment_or_log() {
    let stage = Stage::with_key(RIGHT, "");
    // At the second prompt sd-pinentry has had the first passphrase already.
    let (what, _, _, prompts) = stage.sign(&[Person::Types(WRONG), Person::Types(RIGHT)]);
    assert!(matches!(what, What::Granted(_)), "{what:?}");
    let agent = stage.agent().unwrap();
    let mut seen = vec![stage.logs().into_bytes()];
    seen.extend(prompts.into_iter().map(|prompt| prompt.pinentry));
    for file in ["cmdline", "environ"] {
        seen.push(std::fs::read(format!("/proc/{agent}/{file}")).unwrap_or_default());
    }
    for (place, bytes) in seen.iter().enumerate() {
        for canary in [RIGHT, WRONG, "nary 100", "nary quite"] {
            let found = bytes.windows(canary.len()).any(|part| part == canary.as_bytes());
            assert!(!found, "{canary} in place {place}: {}", String::from_utf8_lossy(bytes));
        }
    }
    assert!(!seen[0].is_empty() && !seen[1].is_empty(), "nothing was looked at");
}
