//! sd-fetch locks and unlocks a real keyring, and backends that do not do what they should; the test is sd-decide.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use sd_sys::listener::Listener;
use sd_wire::bounded::{List, Text};
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::passphrase::{Unlocks, Wanted};
use support::companion::{Companion, MASTER, Person};
use support::memory::memory_holds;
use support::{eventually, is_store};

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn lock() -> Order {
    Order::Lock { id: id() }
}

fn unlock() -> Order {
    Order::Unlock { id: id() }
}

fn failed(why: Fault) -> Vec<Note> {
    vec![Note::Failed { why }]
}

/// What a prompt for the collection `Login` shows.
fn login(turn: u8, wrong: Option<&str>) -> Wanted {
    Wanted {
        unlocks: Unlocks::Collection { label: Text::new("Login").unwrap() },
        lines: List::default(),
        wrong: wrong.map(Text::clipped),
        tries: Some((turn, 3)),
    }
}

/// What was asked for, one prompt after the other: the passphrase of the collection, or of the key it is encrypted to,
/// for which gpg-agent asks in words of its own.
fn asked(shown: &[Wanted], expected: &[Wanted]) {
    if !is_store() {
        return assert_eq!(shown, expected);
    }
    assert_eq!(shown.len(), expected.len());
    for (one, expected) in shown.iter().zip(expected) {
        assert!(matches!(one.unlocks, Unlocks::Key { .. }), "{one:?}");
        assert_eq!(one.wrong.is_some(), expected.wrong.is_some(), "{one:?}");
    }
}

#[test]
fn a_locked_keyring_gives_nothing_until_the_right_passphrase_is_typed() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo"]);
    let first = companion.first();
    let describe = Order::Describe { id: id(), items: List::new(vec![first.clone()]).unwrap() };
    let Note::Described(it) = companion.order(&describe).remove(0) else { panic!("not described") };
    let read = || {
        let order = Order::Read { id: id(), item: first.clone(), digest: it.digest() };
        // Locked, it tells little, or nothing at all.
        let locked = match companion.order(&describe).remove(0) {
            Note::Described(it) => it.locked,
            Note::Failed { why: Fault::Locked } => true,
            other => panic!("{other:?}"),
        };
        (locked, companion.order_with_sink(&order))
    };
    let (locked, (what, secret, _)) = read();
    assert!(!locked && matches!(what, What::Granted(_)) && secret == b"hunter2");

    assert_eq!(companion.order(&lock()), [Note::Done {}]);
    assert!(companion.is_locked());
    let (locked, (what, secret, noted)) = read();
    let refused = What::Failed { stage: Stage::Fetch, why: Fault::Locked };
    assert_eq!((locked, what, secret, noted), (true, refused, Vec::new(), failed(Fault::Locked)));

    let (noted, shown) = companion.order_with(&unlock(), &[Person::Types(MASTER)]);
    assert_eq!(noted, [Note::Done {}]);
    asked(&shown, &[login(1, None)]);
    let (locked, (_, secret, _)) = read();
    assert!(!locked && secret == b"hunter2");
}

#[test]
fn a_wrong_passphrase_is_asked_for_again_and_says_so() {
    let companion = Companion::with_keyring();
    // An empty keyring of oo7-daemon opens by any passphrase.
    companion.store("Demo", &["service", "demo"]);
    companion.order(&lock());
    // gpg-agent 2.2 ends at an empty one.
    let second = if is_store() { "also wrong" } else { "" };
    let person = [Person::Types("wrong"), Person::Types(second), Person::Types(MASTER)];
    let (noted, shown) = companion.order_with(&unlock(), &person);
    assert_eq!(noted, [Note::Done {}]);
    // Which of the two the backend tells.
    let wrong = shown[1].wrong.as_ref().map(|text| text.as_str());
    assert!(
        is_store() || matches!(wrong, Some("wrong passphrase" | "the backend did not take that passphrase"))
    );
    asked(&shown, &[login(1, None), login(2, wrong), login(3, wrong)]);
    assert!(!companion.is_locked());
}

#[test]
fn three_wrong_passphrases_end_it_and_the_keyring_stays_locked() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo"]);
    companion.order(&lock());
    let (noted, shown) = companion.order_with(&unlock(), &[Person::Types("wrong"); 4]);
    assert!(noted == failed(Fault::WrongPassphrase) || noted == failed(Fault::Refused), "{noted:?}");
    assert_eq!(shown.len(), 3);
    assert!(companion.is_locked());
    assert!(!companion.logged("sd-fetch").contains("\"wrong\""));
}

#[test]
fn each_way_not_to_type_a_passphrase_ends_as_itself() {
    let companion = Companion::with_keyring();
    companion.order(&lock());
    for (person, why) in [
        (Person::PressesEsc, Fault::Dismissed),
        (Person::IsAway, Fault::NoPassphrase),
        // To gpg-agent, a pinentry that is not there.
        (Person::LosesTheScreen, if is_store() { Fault::Unavailable } else { Fault::Lost }),
    ] {
        let (noted, shown) = companion.order_with(&unlock(), &[person]);
        assert_eq!((noted, shown.len()), (failed(why), 1));
    }
    let _ = std::fs::remove_file(companion.at("passphrase.sock"));
    assert_eq!(companion.order(&unlock()), failed(Fault::Unavailable), "nobody at passphrase.sock");
    assert!(companion.is_locked());
}

#[test]
fn a_keyring_that_was_never_opened_since_its_start_is_unlocked_too() {
    let mut companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo"]);
    companion.restart_keyring_locked();
    let (noted, _) = companion.order_with(&unlock(), &[Person::Types(MASTER)]);
    assert_eq!(noted, [Note::Done {}]);
    assert!(!companion.is_locked());
}

#[test]
fn what_is_open_is_unlocked_and_what_is_locked_is_locked_without_a_question() {
    let companion = Companion::with_keyring();
    let (noted, shown) = companion.order_with(&unlock(), &[]);
    assert_eq!((noted, shown), (vec![Note::Done {}], vec![]));
    for _ in 0..2 {
        assert_eq!(companion.order(&lock()), [Note::Done {}]);
    }
}

#[test]
fn a_prompt_leaves_the_screen_when_sd_decide_gives_the_order_up() {
    let companion = Companion::with_keyring();
    companion.order(&lock());
    let door = Listener::bind(&companion.at("passphrase.sock"), 0o600).unwrap();
    let order = companion.begin(&unlock());
    assert!(door.wait(Duration::from_secs(10)).unwrap());
    let screen = door.accept().unwrap().unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    assert!(screen.receive_by(until).unwrap().is_some());
    drop(order);
    assert!(screen.receive_by(until).unwrap().is_none(), "the prompt stands although nobody waits");
}

#[test]
fn a_passphrase_crosses_the_companions_bus_encrypted() {
    let companion = Companion::with_keyring();
    // oo7-daemon opens what is empty by any passphrase, and then wants it twice (first_start.rs).
    companion.store("Demo", &["service", "demo"]);
    companion.order(&lock());
    let seen = companion.at("seen");
    let mut monitor = companion.command(Path::new("dbus-monitor"));
    monitor
        .args(["--address", companion.bus(), "--binary"])
        .stdout(Stdio::from(std::fs::File::create(&seen).unwrap()));
    let mut monitor = monitor.spawn().unwrap();
    let holds = |what: &str| {
        let bytes = std::fs::read(&seen).unwrap();
        bytes.windows(what.len()).any(|window| window == what.as_bytes())
    };
    // Its own first messages say that it listens.
    eventually("dbus-monitor to listen", || {
        companion.order(&Order::State {});
        holds("GetAll").then_some(())
    });
    let (noted, _) = companion.order_with(&unlock(), &[Person::Types(MASTER)]);
    assert_eq!(noted, [Note::Done {}]);
    // sd-store gets none at all: gpg-agent does.
    let how = if is_store() { "Completed" } else { "UnlockWithMasterPassword" };
    eventually("the passphrase to have crossed", || holds(how).then_some(()));
    companion.order(&Order::State {});
    monitor.kill().unwrap();
    monitor.wait().unwrap();
    assert!(!holds(MASTER));
}

#[test]
fn a_passphrase_does_not_stay_in_the_memory_of_sd_fetch() {
    let companion = Companion::with_keyring();
    // oo7-daemon opens what is empty by any passphrase, and then wants it twice (first_start.rs).
    companion.store("Demo", &["service", "demo"]);
    companion.order(&lock());
    let person = [Person::Types("a wrong passphrase"), Person::Types(MASTER)];
    assert_eq!(companion.order_with(&unlock(), &person).0, [Note::Done {}]);
    for passphrase in ["a wrong passphrase", MASTER] {
        let held = memory_holds(companion.fetch().cast_signed(), passphrase.as_bytes());
        // Nobody of the same uid can look, which is the protection then.
        assert_eq!(held, geteuid().is_root().then_some(false), "{passphrase}");
    }
}

#[test]
fn a_collection_that_gnome_keyring_cannot_lock_is_no_matter_until_it_holds_something() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["--collection=session", "service", "demo"]);
    assert_eq!(companion.order(&lock()), failed(Fault::Refused));
    let log = companion.logged("sd-fetch");
    assert!(log.contains("/org/freedesktop/secrets/collection/session stays open"), "{log}");
    assert!(companion.is_locked(), "the others are locked nevertheless");
}

#[test]
fn a_backend_that_does_not_lock_is_not_believed() {
    for locking in ["lies", "unknown"] {
        let companion = Companion::with_fake(&["--item", "one=x,service=demo", "--locking", locking]);
        assert_eq!(companion.order(&lock()), failed(Fault::Refused), "{locking}");
        let log = companion.logged("sd-fetch");
        assert!(log.contains("/org/freedesktop/secrets/collection/fake stays open"), "{log}");
    }
    let well = Companion::with_fake(&["--item", "one=x", "--locking", "works"]);
    assert_eq!(well.order(&lock()), [Note::Done {}]);
    assert!(well.is_locked());
}

#[test]
fn a_backend_with_prompts_of_its_own_is_given_the_time_for_them() {
    for (unlocking, noted) in [
        ("at-once", vec![Note::Done {}]),
        ("prompt", vec![Note::Done {}]),
        ("dismissed", failed(Fault::Dismissed)),
        ("lies", failed(Fault::Refused)),
        ("crashes", failed(Fault::Lost)),
    ] {
        let companion = Companion::with_fake(&["--locked", "--unlocking", unlocking]);
        assert_eq!(companion.order(&unlock()), noted, "{unlocking}");
    }
}

#[test]
fn a_prompt_of_the_backend_is_dismissed_when_sd_decide_gives_the_order_up() {
    let companion = Companion::with_fake(&["--locked", "--unlocking", "hangs"]);
    let order = companion.begin(&unlock());
    std::thread::sleep(Duration::from_millis(300));
    drop(order);
    eventually("the prompt to be dismissed", || {
        companion.logged("backend").contains("a prompt was dismissed").then_some(())
    });
}

#[test]
fn a_backend_without_an_encrypted_session_gets_no_passphrase() {
    let companion = Companion::with_fake(&["--locked", "--unlocking", "plain"]);
    let (noted, shown) = companion.order_with(&unlock(), &[Person::Types(MASTER)]);
    assert_eq!((noted, shown), (failed(Fault::Refused), vec![]), "nobody should be asked for one");
    assert!(companion.is_locked());
}
