//! sd-fetch lists a real keyring, and backends that do not do what they should; the test is sd-decide.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::time::Instant;

use sd_wire::bounded::{List, Text};
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Hidden, Note, Order};
use sd_wire::id::AskId;
use sd_wire::outcome::What;
use sd_wire::path::{CollectionPath, ItemPath};
use sd_wire::pattern::Pattern;
use support::companion::Companion;
use support::is_store;

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const SESSION: &str = "/org/freedesktop/secrets/collection/session";
const FAKE: &str = "/org/freedesktop/secrets/collection/fake";

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn describe(collection: Option<&str>) -> Order {
    let collection = collection.map(|path| CollectionPath::parse(path).unwrap());
    Order::DescribeList { id: id(), collection }
}

fn list(collections: &[&str], hidden: Vec<Hidden>) -> Order {
    let collections = collections.iter().map(|path| CollectionPath::parse(path).unwrap()).collect();
    Order::List { id: id(), collections: List::new(collections).unwrap(), hidden: List::new(hidden).unwrap() }
}

fn failed(why: Fault) -> (What, Vec<u8>, Vec<Note>) {
    (What::Failed { stage: Stage::Fetch, why }, Vec::new(), vec![Note::Failed { why }])
}

/// What the screen would show: each collection's path, label and number of items.
fn shown(companion: &Companion, collection: Option<&str>) -> Vec<(String, String, u32)> {
    let notes = companion.order(&describe(collection));
    let [Note::Listing { collections }] = &notes[..] else { panic!("{notes:?}") };
    let of = |it: &sd_wire::description::CollectionShown| {
        (it.collection.as_str().to_owned(), it.label.as_str().to_owned(), it.items)
    };
    let mut all: Vec<_> = collections.iter().map(of).collect();
    all.sort();
    all
}

fn labels(companion: &Companion, order: &Order) -> Vec<String> {
    let mut labels: Vec<_> =
        companion.listed(order).items.iter().map(|item| item.label.as_str().to_owned()).collect();
    labels.sort();
    labels
}

#[test]
fn a_list_tells_all_of_two_hundred_items_as_each_is_described() {
    let companion = Companion::with_keyring();
    companion.stock(LOGIN, 200, &[("service", "demo")]);
    let all = shown(&companion, None);
    assert_eq!(all[0], (LOGIN.into(), "Login".into(), 200));
    let mut collections = vec![LOGIN];
    if !is_store() {
        assert_eq!((all.len(), all[1].0.as_str(), all[1].2), (2, SESSION, 0));
        collections.push(SESSION);
    }
    let mut listed = companion.listed(&list(&collections, vec![])).items;
    assert_eq!(listed.len(), 200);
    listed.sort_by(|a, b| a.item.cmp(&b.item));
    for some in listed.chunks(64) {
        let items = some.iter().map(|item| item.item.clone()).collect();
        let notes = companion.order(&Order::Describe { id: id(), items: List::new(items).unwrap() });
        let described = some.iter().cloned().map(Note::Described).collect::<Vec<_>>();
        assert_eq!(notes, described);
    }
}

#[test]
fn a_thousand_items_are_listed_well_within_the_time_of_an_order() {
    let companion = Companion::with_keyring();
    // In memory: gnome-keyring writes the whole file for each item of a collection that it keeps. sd-store has no such
    // collection, and runs gpg for each.
    let (collection, many) = if is_store() { (LOGIN, 100) } else { (SESSION, 1000) };
    companion.stock(collection, many, &[("service", "demo")]);
    let began = Instant::now();
    assert_eq!(companion.listed(&list(&[collection], vec![])).items.len(), many);
    let took = began.elapsed();
    assert!(took < deadline::WORKER / 2, "{took:?}");
}

#[test]
fn what_a_rule_hides_is_not_listed() {
    let companion = Companion::with_keyring();
    companion.store("Bank of Ada", &["service", "demo", "user", "ada"]);
    companion.store("Mail", &["service", "demo", "user", "bob"]);
    let bank = companion.items_of(&[("user", "ada")]).remove(0);
    let pattern = |text: &str| Some(Pattern::new(text).unwrap());
    let user = Text::new("user").unwrap();
    let attributes = BTreeMap::from([(user, Pattern::new("a*").unwrap())]);
    for hidden in [
        Hidden { label: pattern("Bank*"), ..Hidden::default() },
        Hidden { item: pattern(bank.as_str()), ..Hidden::default() },
        Hidden { attributes, ..Hidden::default() },
    ] {
        assert_eq!(labels(&companion, &list(&[LOGIN], vec![hidden.clone()])), ["Mail"], "{hidden:?}");
    }
    let elsewhere = Hidden { item: pattern("*/session/*"), ..Hidden::default() };
    assert_eq!(labels(&companion, &list(&[LOGIN], vec![elsewhere])), ["Bank of Ada", "Mail"]);
    assert!(labels(&companion, &list(&[LOGIN], vec![Hidden::default()])).is_empty());
    // Nobody has said yes to reading them yet.
    assert_eq!(shown(&companion, Some(LOGIN)), [(LOGIN.into(), "Login".into(), 2)]);
}

#[test]
fn an_alias_is_described_as_the_collection_that_it_points_to() {
    let companion = Companion::with_keyring();
    let default = "/org/freedesktop/secrets/aliases/default";
    assert_eq!(shown(&companion, Some(default)), [(LOGIN.into(), "Login".into(), 0)]);
    for nowhere in ["/org/freedesktop/secrets/aliases/nowhere", "/org/freedesktop/secrets/collection/nowhere"]
    {
        let missing = vec![Note::Failed { why: Fault::NotFound }];
        assert_eq!(companion.order(&describe(Some(nowhere))), missing, "{nowhere}");
    }
}

#[test]
fn a_locked_collection_is_not_listed_and_one_that_is_gone_neither() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo"]);
    assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
    let open = if is_store() { vec![] } else { vec![SESSION] };
    let with = |other| list(&[open.as_slice(), &[other]].concat(), vec![]);
    assert_eq!(companion.order_with_sink(&with(LOGIN)), failed(Fault::Locked));
    let gone = "/org/freedesktop/secrets/collection/gone";
    assert_eq!(companion.order_with_sink(&with(gone)), failed(Fault::NotFound));
}

#[test]
fn a_list_that_no_outcome_can_carry_fails_instead_of_being_cut() {
    let companion = Companion::with_keyring();
    let collection = if is_store() { LOGIN } else { SESSION };
    companion.stock(collection, 600, &[("filler", &"x".repeat(15_000))]);
    assert_eq!(companion.order_with_sink(&list(&[collection], vec![])), failed(Fault::TooLarge));
}

#[test]
fn an_item_that_is_gone_or_cannot_be_described_does_not_keep_the_rest_back() {
    let companion = Companion::with_fake(&["--item", "one=x,service=demo", "--fault", "ghosts"]);
    assert_eq!(labels(&companion, &list(&[FAKE], vec![])), ["one"]);
    let companion = Companion::with_fake(&["--item", "one=x,service=demo", "--fault", "mute"]);
    assert!(labels(&companion, &list(&[FAKE], vec![])).is_empty());
    let log = companion.logged("sd-fetch");
    assert!(log.contains("/org/freedesktop/secrets/collection/fake/i1 is not listed"), "{log}");
}

#[test]
fn an_item_too_large_to_be_shown_is_left_out() {
    if is_store() {
        // It keeps no such item.
        return;
    }
    let companion = Companion::with_keyring();
    companion.stock(SESSION, 1, &[("filler", &"x".repeat(20_000))]);
    companion.stock(SESSION, 1, &[]);
    assert_eq!(labels(&companion, &list(&[SESSION], vec![])), ["Item 1"]);
    let log = companion.logged("sd-fetch");
    assert!(log.contains("is not listed"), "{log}");
    assert!(ItemPath::parse(&format!("{SESSION}/1")).is_ok() && log.contains(SESSION), "{log}");
}
