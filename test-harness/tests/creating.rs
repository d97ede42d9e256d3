//! sd-fetch makes collections: with a password that a person types where the backend takes one, else by the book.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use sd_wire::bounded::Text;
use sd_wire::change::{Before, Change};
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::outcome::{Granted, What};
use sd_wire::passphrase::{Unlocks, Wanted};
use support::companion::{Companion, MASTER, Person};

const PASSWORD: &str = "a password of its own";

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn create(label: &str, alias: &str) -> Change {
    Change::CreateCollection { label: Text::new(label).unwrap(), alias: Text::new(alias).unwrap() }
}

fn make(companion: &Companion, change: &Change, person: &[Person]) -> (What, Vec<Wanted>) {
    let notes = companion.order(&Order::DescribeChange { id: id(), change: change.clone() });
    let [Note::Before(before @ Before::Nothing { .. })] = &notes[..] else { panic!("{notes:?}") };
    let order = Order::Change { id: id(), change: change.clone(), digest: before.digest() };
    companion.order_with_both(&order, person)
}

fn failed(why: Fault) -> What {
    What::Failed { stage: Stage::Fetch, why }
}

/// The paths and labels of all collections but gnome-keyring's own two, and where `default` points.
fn made(companion: &Companion) -> (Vec<(String, String)>, Option<String>) {
    let (_, body, _) =
        companion.order_with_sink(&Order::Collections { id: id(), metadata: Default::default() });
    let all: sd_wire::outcome::Collections = serde_json::from_slice(&body).unwrap();
    let own = ["login", "session", "fake"];
    let others =
        all.collections.into_iter().filter(|it| !own.iter().any(|own| it.path.as_str().ends_with(own)));
    let others = others.map(|it| (it.path.as_str().to_owned(), it.label)).collect();
    (others, all.default.map(|path| path.as_str().to_owned()))
}

fn path_of(what: &What) -> String {
    match what {
        What::Granted(Granted::Changed { collection: Some(path) }) => path.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_collection_has_the_password_that_was_typed_for_it() {
    let companion = Companion::with_keyring();
    let (what, shown) = make(&companion, &create("Work", ""), &[Person::Types(PASSWORD)]);
    let path = path_of(&what);
    assert_eq!(
        made(&companion),
        (vec![(path.clone(), "Work".into())], Some("/org/freedesktop/secrets/collection/login".into()))
    );
    let [wanted] = &shown[..] else { panic!("{shown:?}") };
    assert_eq!(wanted.unlocks, Unlocks::Collection { label: Text::new("Work").unwrap() });
    assert!(wanted.lines.iter().any(|line| line.contains("NEW password")), "{wanted:?}");

    // oo7-daemon opens what is empty by any passphrase, and then wants it twice (first_start.rs).
    companion.store("Demo", &["service", "demo"]);
    companion.store("Demo", &[&format!("--collection={path}"), "service", "demo"]);
    assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
    let types = |order: &[&'static str]| order.iter().map(|text| Person::Types(text)).collect::<Vec<_>>();
    for order in [[MASTER, PASSWORD], [PASSWORD, MASTER]] {
        let (notes, _) = companion.order_with(&Order::Unlock { id: id() }, &types(&order));
        if notes == [Note::Done {}] {
            return;
        }
        companion.order(&Order::Lock { id: id() });
    }
    // One of the two orders is the one in which they are asked for, each right at the first or the second try.
    let all = types(&[MASTER, PASSWORD, MASTER, PASSWORD]);
    assert_eq!(companion.order_with(&Order::Unlock { id: id() }, &all).0, [Note::Done {}]);
}

#[test]
fn a_new_collection_gets_the_alias_and_two_of_the_same_label_are_two() {
    let companion = Companion::with_keyring();
    let first = path_of(&make(&companion, &create("Work", ""), &[Person::Types(PASSWORD)]).0);
    let (what, _) = make(&companion, &create("Work", "default"), &[Person::Types(PASSWORD)]);
    let second = path_of(&what);
    assert_ne!(first, second);
    let (all, default) = made(&companion);
    assert_eq!((all.len(), default), (2, Some(second)));
}

#[test]
fn a_collection_that_cannot_have_its_alias_in_gnome_keyring_is_not_left_behind() {
    let companion = Companion::with_keyring();
    let (what, _) = make(&companion, &create("Work", "work"), &[Person::Types(PASSWORD)]);
    assert_eq!(what, failed(Fault::Refused));
    assert_eq!(made(&companion).0, []);
}

#[test]
fn without_a_password_there_is_no_collection() {
    let companion = Companion::with_keyring();
    for (person, why, prompts) in [
        (vec![Person::PressesEsc], Fault::Dismissed, 1),
        (vec![Person::IsAway], Fault::NoPassphrase, 1),
        (vec![Person::LosesTheScreen], Fault::Lost, 1),
        (vec![Person::Types(""); 4], Fault::NoPassphrase, 3),
    ] {
        let (what, shown) = make(&companion, &create("Work", ""), &person);
        assert_eq!((what, shown.len()), (failed(why), prompts));
        assert!(shown.iter().skip(1).all(|wanted| wanted.wrong.is_some()), "{shown:?}");
    }
    assert_eq!(made(&companion).0, []);
}

#[test]
fn the_alias_is_looked_at_again_before_anybody_types() {
    let companion = Companion::with_keyring();
    let change = create("Work", "default");
    let notes = companion.order(&Order::DescribeChange { id: id(), change: change.clone() });
    let [Note::Before(before)] = &notes[..] else { panic!("{notes:?}") };
    companion.store("Demo", &["service", "demo"]);
    let order = Order::Change { id: id(), change, digest: before.digest() };
    let (what, shown) = companion.order_with_both(&order, &[Person::Types(PASSWORD)]);
    assert_eq!((what, shown), (failed(Fault::Changed), vec![]));
}

#[test]
fn a_backend_that_takes_no_password_makes_it_by_the_book() {
    for creating in ["at-once", "prompt"] {
        let companion = Companion::with_fake(&["--creating", creating]);
        let (what, shown) = make(&companion, &create("Work", "work"), &[]);
        assert_eq!(path_of(&what), "/org/freedesktop/secrets/collection/made", "{creating}");
        assert_eq!((made(&companion).0.len(), shown.len()), (1, 0));
    }
    let dismissed = Companion::with_fake(&["--creating", "dismissed"]);
    assert_eq!(make(&dismissed, &create("Work", ""), &[]).0, failed(Fault::Dismissed));
}

#[test]
fn a_collection_that_was_there_before_is_no_new_one_and_stays() {
    let companion = Companion::with_fake(&["--creating", "same"]);
    assert_eq!(make(&companion, &create("Work", ""), &[]).0, failed(Fault::Refused));
    assert!(!companion.is_locked(), "it is still there");
}

#[test]
fn a_forgetful_backend_is_left_without_a_collection_that_lacks_its_alias() {
    let companion = Companion::with_fake(&["--fault", "forgetful"]);
    assert_eq!(make(&companion, &create("Work", "work"), &[]).0, failed(Fault::Refused));
    assert_eq!(made(&companion).0, []);
}
