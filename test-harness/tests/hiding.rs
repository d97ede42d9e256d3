//! sd-fetch leaves out of a search what a rule hides, with a real keyring, open, locked and never opened.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;

use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::fetch::{Hidden, Note, Order};
use sd_wire::id::AskId;
use sd_wire::pattern::Pattern;
use support::companion::Companion;

fn search(hidden: Vec<Hidden>) -> Order {
    Order::Search {
        id: AskId::from_random([7; 8]),
        collection: None,
        attributes: Attributes::new([("service".to_owned(), "demo".to_owned())]).unwrap(),
        hidden: List::new(hidden).unwrap(),
        describe: false,
    }
}

fn pattern(text: &str) -> Pattern {
    Pattern::new(text).unwrap()
}

fn item(path: &str) -> Hidden {
    Hidden { item: Some(pattern(path)), ..Hidden::default() }
}

fn label(label: &str) -> Hidden {
    Hidden { label: Some(pattern(label)), ..Hidden::default() }
}

fn attribute(name: &str, value: &str) -> Hidden {
    let attributes = BTreeMap::from([(Text::new(name).unwrap(), pattern(value))]);
    Hidden { attributes, ..Hidden::default() }
}

/// What is found, open or locked, and that all of it is the one or the other.
fn finds(companion: &Companion, hidden: Vec<Hidden>) -> Vec<String> {
    let found = companion.found(&search(hidden));
    assert!(found.unlocked.is_empty() || found.locked.is_empty(), "{found:?}");
    let all = found.unlocked.iter().chain(&found.locked);
    all.map(|item| item.as_str().to_owned()).collect()
}

/// A keyring and the paths of the two items in it.
fn keyring() -> (Companion, [String; 2]) {
    let companion = Companion::with_keyring();
    companion.store("Bank of Ada", &["service", "demo", "user", "ada"]);
    companion.store("Mail", &["service", "demo", "user", "bob"]);
    let paths =
        ["ada", "bob"].map(|user| companion.items_of(&[("user", user)]).remove(0).as_str().to_owned());
    (companion, paths)
}

/// A pattern that only this path fits, wherever its collection is.
fn anywhere(path: &str) -> Hidden {
    item(&format!("*/login/{}", path.rsplit('/').next().unwrap()))
}

#[test]
fn a_hidden_item_is_not_found_by_its_path_its_label_or_its_attributes() {
    let (companion, paths) = keyring();
    finds_what_is_not_hidden(&companion, &paths);
}

#[test]
fn in_a_locked_gnome_keyring_a_hidden_item_is_not_found_either() {
    let (companion, paths) = keyring();
    let order = Order::Lock { id: AskId::from_random([7; 8]) };
    assert_eq!(companion.order(&order), [Note::Done {}]);
    finds_what_is_not_hidden(&companion, &paths);
}

fn finds_what_is_not_hidden(companion: &Companion, [bank, mail]: &[String; 2]) {
    assert_eq!(finds(companion, vec![]).len(), 2);
    for hidden in [anywhere(bank), label("Bank*"), attribute("user", "a*")] {
        assert_eq!(finds(companion, vec![hidden.clone()]), [mail.as_str()], "{hidden:?}");
    }
    let both = Hidden { label: Some(pattern("Bank*")), ..attribute("user", "bob") };
    assert_eq!(finds(companion, vec![both]).len(), 2, "all parts of a rule must fit");
    assert!(finds(companion, vec![label("Bank*"), anywhere(mail)]).is_empty());
    assert!(finds(companion, vec![Hidden::default()]).is_empty());
}

#[test]
fn an_item_of_which_a_locked_gnome_keyring_tells_nothing_is_hidden_when_it_could_be() {
    let (mut companion, [bank, mail]) = keyring();
    companion.restart_keyring_locked();
    assert_eq!(finds(&companion, vec![]).len(), 2);
    assert_eq!(finds(&companion, vec![anywhere(&mail)]), [bank.as_str()], "its path is known");
    assert_eq!(
        finds(&companion, vec![attribute("service", "bank*")]).len(),
        2,
        "what was searched by is known"
    );
    for hidden in [label("Bank*"), attribute("user", "a*"), attribute("service", "de*")] {
        assert!(finds(&companion, vec![hidden.clone()]).is_empty(), "{hidden:?}");
    }
}

#[test]
fn an_item_that_cannot_be_described_is_hidden_only_where_a_rule_could_mean_it() {
    let companion = Companion::with_fake(&["--item", "one=x,service=demo", "--fault", "mute"]);
    assert_eq!(finds(&companion, vec![]).len(), 1, "nothing is read when nothing is hidden");
    assert!(finds(&companion, vec![label("Bank*")]).is_empty());
    let elsewhere = Hidden { item: Some(pattern("*/elsewhere/*")), ..label("Bank*") };
    assert_eq!(finds(&companion, vec![elsewhere]).len(), 1);
}
