use std::collections::BTreeMap;

use sd_wire::outcome::MAX_SECRET;

use super::*;

/// An item of this name with a secret of this length.
pub(in crate::import) fn item(name: &str, len: u32) -> Item {
    let attributes = BTreeMap::from([("name".to_owned(), name.to_owned())]);
    Item::new(name, "Login", format!("label of {name}"), attributes, Some(1)).measured(len)
}

fn counts(mut items: Vec<Item>) -> Vec<usize> {
    cut(&mut items).iter().map(|batch| batch.count).collect()
}

#[test]
fn a_keyring_becomes_as_few_asks_as_may_be() {
    let many = |n: usize| (0..n).map(|n| item(&n.to_string(), 8)).collect::<Vec<_>>();
    assert_eq!(counts(many(214)), [214]);
    assert_eq!(counts(many(256)), [256]);
    assert_eq!(counts(many(600)), [256, 256, 88]);
    assert_eq!(counts(Vec::new()), [0; 0]);
    let heavy = (0..9).map(|n| item(&n.to_string(), MAX_SECRET)).collect();
    assert_eq!(counts(heavy), [4, 4, 1]);
}

#[test]
fn long_lists_are_cut_by_their_bytes_too() {
    let mut items: Vec<Item> = (0..64).map(|n| item(&n.to_string(), 8)).collect();
    for item in &mut items {
        item.label = "x".repeat(16 * 1024);
    }
    let batches = counts(items);
    assert!(batches.len() == 3 && batches.iter().sum::<usize>() == 64, "{batches:?}");
}

#[test]
fn what_is_the_same_thing_stands_together_and_in_one_ask() {
    let mut items: Vec<Item> = (0..255).map(|n| item(&n.to_string(), 8)).collect();
    let mut twins = [item("twin", 8), item("twin", 9)];
    twins[1].path = "other".to_owned();
    items.insert(3, twins[0].clone());
    items.push(twins[1].clone());
    let batches = cut(&mut items);
    let places: Vec<usize> =
        items.iter().enumerate().filter(|(_, it)| it.attributes["name"] == "twin").map(|(n, _)| n).collect();
    assert_eq!(places, [3, 4]);
    assert_eq!(batches, [Batch { first: 0, count: 256 }, Batch { first: 256, count: 1 }]);
    let mut items: Vec<Item> = (0..255).map(|n| item(&n.to_string(), 8)).collect();
    items.extend(twins);
    assert_eq!(cut(&mut items), [Batch { first: 0, count: 255 }, Batch { first: 255, count: 2 }]);
}
