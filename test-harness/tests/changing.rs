//! sd-fetch changes a real keyring, and backends that do not do what they should; the test is sd-decide.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;

use sd_wire::bounded::{Attributes, Text};
use sd_wire::change::{Before, Change};
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::outcome::{Granted, What};
use sd_wire::path::{CollectionPath, ItemPath};
use support::companion::Companion;
use support::is_store;

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const SESSION: &str = "/org/freedesktop/secrets/collection/session";
const FAKE: &str = "/org/freedesktop/secrets/collection/fake";

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn collection(path: &str) -> CollectionPath {
    CollectionPath::parse(path).unwrap()
}

fn item_label(item: ItemPath, label: &str) -> Change {
    Change::ItemLabel { item, label: Text::new(label).unwrap() }
}

fn item_attributes(item: ItemPath, pairs: &[(&str, &str)]) -> Change {
    Change::ItemAttributes { item, attributes: attributes(pairs) }
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    Attributes::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
}

fn alias(name: &str, to: Option<&str>) -> Change {
    Change::Alias { name: Text::new(name).unwrap(), collection: to.map(collection) }
}

fn failed(why: Fault) -> What {
    What::Failed { stage: Stage::Fetch, why }
}

const CHANGED: What = What::Granted(Granted::Changed { collection: None });

/// What the screen would show of a change.
fn before(companion: &Companion, change: &Change) -> Before {
    let mut notes = companion.order(&Order::DescribeChange { id: id(), change: change.clone() });
    match (notes.pop(), notes.is_empty()) {
        (Some(Note::Before(before)), true) if change.is_of(&before) => before,
        other => panic!("{other:?}"),
    }
}

/// The order that follows a yes.
fn order(companion: &Companion, change: &Change) -> Order {
    let digest = before(companion, change).digest();
    Order::Change { id: id(), change: change.clone(), digest }
}

/// What comes of a change that is described and then approved.
fn make(companion: &Companion, change: &Change) -> What {
    let (what, body, notes) = companion.order_with_sink(&order(companion, change));
    match &what {
        What::Granted(_) => match change {
            Change::ItemLabel { item, .. } | Change::ItemAttributes { item, .. } => {
                assert_eq!(notes, [Note::Made(described(companion, item)), Note::Done {}]);
            }
            _ => assert_eq!(notes, [Note::Done {}]),
        },
        What::Failed { why, .. } => assert_eq!(notes, [Note::Failed { why: *why }]),
        other => panic!("{other:?}"),
    }
    assert!(body.is_empty());
    what
}

fn described(companion: &Companion, item: &ItemPath) -> Description {
    match before(companion, &item_label(item.clone(), "")) {
        Before::Item(item) => item,
        other => panic!("{other:?}"),
    }
}

fn points_to(companion: &Companion, name: &str) -> Option<String> {
    match before(companion, &alias(name, None)) {
        Before::Alias { now, then: None } => now.map(|it| it.collection.as_str().to_owned()),
        other => panic!("{other:?}"),
    }
}

/// Sets the label of an item behind sd-fetch's back.
fn relabel(companion: &Companion, item: &ItemPath, label: &str) {
    let mut command = companion.command(Path::new("dbus-send"));
    command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", item.as_str()]);
    command.args(["org.freedesktop.DBus.Properties.Set", "string:org.freedesktop.Secret.Item"]);
    command.args(["string:Label", &format!("variant:string:{label}")]);
    assert!(command.output().unwrap().status.success());
}

fn with_item() -> Companion {
    let companion = Companion::with_keyring();
    // With a schema: gnome-keyring gives an item without one the generic one, but only when it next reads its file.
    companion.store("Demo", &["service", "demo", "user", "ada", "xdg:schema", "net.example.Demo"]);
    companion
}

#[test]
fn the_label_of_an_item_changes_and_nothing_else_of_it() {
    let companion = with_item();
    let was = described(&companion, &companion.first());
    assert_eq!(was.label.as_str(), "Demo");
    let label = "Grüße ✓ \u{202e} \n \"quoted\"";
    assert_eq!(make(&companion, &item_label(companion.first(), label)), CHANGED);
    let is = described(&companion, &companion.first());
    assert_eq!((is.label.as_str(), &is.attributes), (label, &was.attributes));
}

#[test]
fn the_attributes_of_an_item_become_exactly_those_given_but_for_what_backends_add() {
    let companion = with_item();
    for given in [&[("service", "other"), ("empty", "")][..], &[]] {
        assert_eq!(make(&companion, &item_attributes(companion.first(), given)), CHANGED);
        let all = described(&companion, &companion.first()).attributes;
        let mut all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // A schema, the old one or the generic one: gnome-keyring is of two minds about it. A content type: oo7-daemon's.
        all.retain(|(name, _)| !name.starts_with("xdg:"));
        assert_eq!(attributes(&all), attributes(given));
    }
    for schema in ["net.example.Mine", "org.freedesktop.Secret.Generic"] {
        let other = [("a", "b"), ("xdg:schema", schema)];
        assert_eq!(make(&companion, &item_attributes(companion.first(), &other)), CHANGED);
        let all = described(&companion, &companion.first()).attributes;
        let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let all: Vec<_> = all.into_iter().filter(|(name, _)| *name != "xdg:content-type").collect();
        assert_eq!(attributes(&all), attributes(&other));
    }
}

#[test]
fn the_label_of_a_collection_changes_by_its_path_or_by_an_alias() {
    let companion = with_item();
    for (path, label) in [(LOGIN, "Home"), ("/org/freedesktop/secrets/aliases/default", "Work")] {
        let change =
            Change::CollectionLabel { collection: collection(path), label: Text::new(label).unwrap() };
        let Before::Collection(it) = before(&companion, &change) else { panic!() };
        assert_eq!((it.collection.as_str(), it.items), (LOGIN, 1));
        assert_eq!(make(&companion, &change), CHANGED);
        let Before::Collection(it) = before(&companion, &change) else { panic!() };
        assert_eq!(it.label.as_str(), label);
    }
}

#[test]
fn an_alias_is_pointed_elsewhere_and_what_gnome_keyring_does_not_keep_is_no_success() {
    let companion = with_item();
    assert_eq!(points_to(&companion, "default").as_deref(), Some(LOGIN));
    let Before::Alias { now, then } = before(&companion, &alias("default", Some(SESSION))) else { panic!() };
    assert_eq!((now.unwrap().items, then.unwrap().collection.as_str()), (1, SESSION));
    assert_eq!(make(&companion, &alias("default", Some(SESSION))), CHANGED);
    assert_eq!(points_to(&companion, "default").as_deref(), Some(SESSION));
    // It falls back to `login`, without a word.
    assert_eq!(make(&companion, &alias("default", None)), failed(Fault::Refused));
    assert_eq!(points_to(&companion, "default").as_deref(), Some(LOGIN));
    assert!(companion.logged("sd-fetch").contains("is not as it was to become"));
    // It has no other aliases.
    assert_eq!(make(&companion, &alias("work", Some(LOGIN))), failed(Fault::Refused));
    assert_eq!(points_to(&companion, "work"), None);
    let nowhere = alias("default", Some("/org/freedesktop/secrets/collection/nowhere"));
    let notes = companion.order(&Order::DescribeChange { id: id(), change: nowhere });
    assert_eq!(notes, [Note::Failed { why: Fault::NotFound }]);
}

#[test]
fn a_collection_is_deleted_with_all_that_is_in_it() {
    let companion = with_item();
    let change = Change::DeleteCollection { collection: collection(LOGIN) };
    assert_eq!(make(&companion, &change), CHANGED);
    let notes = companion.order(&Order::DescribeChange { id: id(), change });
    assert_eq!(notes, [Note::Failed { why: Fault::NotFound }]);
}

#[test]
fn a_change_of_what_is_no_longer_what_was_shown_changes_nothing() {
    let companion = with_item();
    let change = item_attributes(companion.first(), &[("service", "other")]);
    let order = order(&companion, &change);
    relabel(&companion, &companion.first(), "Something else");
    assert_eq!(companion.order_with_sink(&order).0, failed(Fault::Changed));
    let is = described(&companion, &companion.first());
    assert_eq!(is.attributes.get("service").unwrap(), "demo");

    let delete = self::order(&companion, &Change::DeleteCollection { collection: collection(LOGIN) });
    companion.store("Another", &["service", "another"]);
    assert_eq!(companion.order_with_sink(&delete).0, failed(Fault::Changed));
    assert_eq!(described(&companion, &companion.first()), is);

    if is_store() {
        // It has no second collection.
        return;
    }
    let repoint = self::order(&companion, &alias("default", Some(SESSION)));
    companion.store("A third", &["service", "third"]);
    assert_eq!(companion.order_with_sink(&repoint).0, failed(Fault::Changed));
    assert_eq!(points_to(&companion, "default").as_deref(), Some(LOGIN));
}

#[test]
fn nothing_of_a_locked_keyring_changes() {
    let companion = with_item();
    let label = Text::new("New").unwrap();
    let changes = [
        item_label(companion.first(), "New"),
        item_attributes(companion.first(), &[("a", "b")]),
        Change::CollectionLabel { collection: collection(LOGIN), label },
    ];
    let orders = changes.map(|change| order(&companion, &change));
    assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
    for order in orders {
        assert_eq!(companion.order_with_sink(&order).0, failed(Fault::Locked), "{order:?}");
    }
}

/// The order to set a secret of the item as it is now.
fn set(companion: &Companion) -> Order {
    let digest = described(companion, &companion.first()).digest();
    Order::SetSecret {
        id: id(),
        item: companion.first(),
        digest,
        content_type: Text::new("text/plain").unwrap(),
    }
}

fn secret(companion: &Companion) -> Vec<u8> {
    let digest = described(companion, &companion.first()).digest();
    companion.order_with_sink(&Order::Read { id: id(), item: companion.first(), digest }).1
}

#[test]
fn an_item_gets_another_secret_whatever_bytes_it_has_and_keeps_the_rest() {
    let companion = with_item();
    for new in [&b"new"[..], b"\0\xff\n binary", b""] {
        let was = described(&companion, &companion.first());
        let (what, _, notes) = companion.order_with_upload(&set(&companion), || new.to_vec());
        let is = described(&companion, &companion.first());
        let made = vec![Note::Made(is.clone()), Note::Done {}];
        let granted = What::Granted(Granted::Stored { item: companion.first() });
        assert_eq!((what, notes), (granted, made), "{}", companion.logged("backend"));
        assert_eq!(secret(&companion), new);
        assert_eq!((is.label, is.attributes), (was.label, was.attributes));
    }
}

#[test]
fn an_item_that_changed_before_or_after_the_secret_was_invited_keeps_its_own() {
    let companion = with_item();
    let order = set(&companion);
    relabel(&companion, &companion.first(), "Something else");
    assert_eq!(companion.order_with_sink(&order).0, failed(Fault::Changed), "nothing is even invited");
    let late = || {
        relabel(&companion, &companion.first(), "Something else again");
        b"new".to_vec()
    };
    assert_eq!(companion.order_with_upload(&set(&companion), late).0, failed(Fault::Changed));
    assert_eq!(secret(&companion), b"hunter2");
    let order = set(&companion);
    assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
    assert_eq!(companion.order_with_sink(&order).0, failed(Fault::Locked));
}

#[test]
fn a_backend_that_does_not_keep_what_it_is_told_is_not_believed() {
    let companion = Companion::with_fake(&["--item", "one=x,service=demo", "--fault", "forgetful"]);
    let item = ItemPath::parse(&format!("{FAKE}/i1")).unwrap();
    for change in [
        item_label(item.clone(), "New"),
        item_attributes(item, &[("a", "b")]),
        Change::CollectionLabel { collection: collection(FAKE), label: Text::new("New").unwrap() },
        alias("work", Some(FAKE)),
        alias("default", None),
        Change::DeleteCollection { collection: collection(FAKE) },
    ] {
        assert_eq!(make(&companion, &change), failed(Fault::Refused), "{change:?}");
    }
}

#[test]
fn a_backend_with_aliases_of_any_name_sets_and_unsets_them() {
    let companion = Companion::with_fake(&[]);
    assert_eq!(make(&companion, &alias("work", Some(FAKE))), CHANGED);
    assert_eq!(points_to(&companion, "work").as_deref(), Some(FAKE));
    assert_eq!(make(&companion, &alias("work", None)), CHANGED);
    assert_eq!(points_to(&companion, "work"), None);
}
