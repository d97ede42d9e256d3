//! The first start of a backend, and one that only an unlock starts; the test is sd-decide.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::Path;

use sd_wire::bounded::{Attributes, List};
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::metadata::Metadata;
use sd_wire::outcome::{Collections, Found, What};
use sd_wire::passphrase::Wanted;
use support::companion::{Companion, Person};
use support::eventually;

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn lock() -> Order {
    Order::Lock { id: id() }
}

fn unlock() -> Order {
    Order::Unlock { id: id() }
}

fn search() -> Order {
    Order::Search {
        id: id(),
        collection: None,
        attributes: Attributes::new([("service".to_owned(), "demo".to_owned())]).unwrap(),
        hidden: List::default(),
        describe: false,
    }
}

/// A keyring that nobody has ever used.
fn unused() -> Companion {
    let mut companion = Companion::with_keyring();
    // One that keeps its files until it has something to write has none.
    let _ = fs::remove_dir_all(companion.at("data"));
    companion.restart_keyring_locked();
    companion
}

fn says(wanted: &Wanted, what: &str) -> bool {
    wanted.lines.iter().any(|line| line.as_str().contains(what))
}

#[test]
fn the_first_passphrase_of_all_is_typed_twice_and_opens_the_store_from_then_on() {
    let companion = unused();
    let person = [Person::Types("one"), Person::Types("two"), Person::Types("three"), Person::Types("three")];
    let (noted, shown) = companion.order_with(&unlock(), &person);
    assert_eq!((noted, shown.len()), (vec![Note::Done {}], 4), "{}", companion.logged("sd-fetch"));
    assert!(says(&shown[1], "once more"), "{shown:?}");
    assert!(shown[2].wrong.as_ref().is_some_and(|why| why.as_str().contains("not the same")), "{shown:?}");
    assert!(!companion.is_locked());
    companion.store("Demo", &["service", "demo"]);
    for word in ["one", "three"] {
        assert_eq!(companion.order(&lock()), [Note::Done {}]);
        let (noted, shown) = companion.order_with(&unlock(), &[Person::Types(word), Person::PressesEsc]);
        match word {
            "three" => assert_eq!((noted, shown.len()), (vec![Note::Done {}], 1)),
            _ => assert_eq!((noted, shown.len()), (vec![Note::Failed { why: Fault::Dismissed }], 2)),
        }
    }
}

#[test]
fn a_person_who_wants_no_store_yet_is_let_alone_and_nothing_is_made() {
    let companion = unused();
    let (noted, shown) = companion.order_with(&unlock(), &[Person::PressesEsc]);
    assert_eq!((noted, shown.len()), (vec![Note::Failed { why: Fault::Dismissed }], 1));
    assert!(companion.is_locked());
}

#[test]
fn a_backend_that_does_not_run_is_locked_and_an_unlock_and_nothing_else_starts_it() {
    let mut companion = Companion::with_fake(&[]);
    companion.end_keyring();
    // From now on the bus can start it.
    let services = companion.at("services");
    fs::create_dir(&services).unwrap();
    let program = env!("CARGO_BIN_EXE_sd-fake-backend");
    let service =
        format!("[D-BUS Service]\nName=org.freedesktop.secrets\nExec={program} --item Demo=x,service=demo\n");
    fs::write(services.join("org.freedesktop.secrets.service"), service).unwrap();
    let config = companion.at("bus.conf");
    let folder = format!("<servicedir>{}</servicedir></busconfig>", services.display());
    let text = fs::read_to_string(&config).unwrap().replace("</busconfig>", &folder);
    fs::write(&config, text).unwrap();
    let reload = [
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.DBus",
        "/",
        "org.freedesktop.DBus.ReloadConfig",
    ];
    assert!(companion.command(Path::new("dbus-send")).args(reload).status().unwrap().success());
    eventually("a backend that could be started", || {
        matches!(companion.order(&Order::State {})[..], [Note::State { locked: true }]).then_some(())
    });

    let (what, ..) = companion.order_with_sink(&search());
    assert_eq!(what, What::Failed { stage: Stage::Fetch, why: Fault::Locked });
    let (_, body, _) =
        companion.order_with_sink(&Order::Collections { id: id(), metadata: Metadata::Matched });
    let all: Collections = serde_json::from_slice(&body).unwrap();
    assert!(
        all.collections.iter().all(|one| one.locked && Some(&one.path) == all.default.as_ref()),
        "{all:?}"
    );
    assert_eq!(companion.order(&lock()), [Note::Done {}]);
    assert_eq!(companion.order(&Order::State {}), [Note::State { locked: true }], "nothing of it started it");

    assert_eq!(companion.order(&unlock()), [Note::Done {}], "{}", companion.logged("sd-fetch"));
    assert_eq!(companion.order(&Order::State {}), [Note::State { locked: false }]);
    let (_, body, _) = companion.order_with_sink(&search());
    let found: Found = serde_json::from_slice(&body).unwrap();
    assert_eq!(found.unlocked.len(), 1);
}
