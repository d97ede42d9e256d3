//! Lists, changes, and other secrets for items that are there.

use sd_wire::bounded::Text;
use sd_wire::change::{Before, Change};

use super::*;

fn changes() -> Vec<Change> {
    let (item, collection, label) = (item(7), made_up::collection(), || Text::new("other").unwrap());
    vec![
        Change::ItemLabel { item: item.clone(), label: label() },
        Change::ItemAttributes { item, attributes: made_up::attributes() },
        Change::CollectionLabel { collection: collection.clone(), label: label() },
        Change::Alias { name: Text::new("default").unwrap(), collection: Some(collection.clone()) },
        Change::CreateCollection { label: label(), alias: Text::default() },
        Change::DeleteCollection { collection },
    ]
}

#[test]
fn each_change_is_ordered_by_a_yes_with_the_digest_of_what_was_shown() {
    for change in changes() {
        let mut scene = Scene::new();
        scene.file(1, Want::Change { change: change.clone() });
        scene.see_and_wait();
        let effects = scene.key(Key::Char('y'));
        let digest = made_up::before(&change).digest();
        let order = Order::Fetch(fetch::Order::Change { id: id(1), change, digest });
        assert_eq!(dispatched(&effects), [&order]);
    }
}

#[test]
fn a_new_collection_is_given_the_time_in_which_its_password_is_typed() {
    for change in changes() {
        let new = matches!(change, Change::CreateCollection { .. });
        let digest = made_up::before(&change).digest();
        let order = Order::Fetch(fetch::Order::Change { id: id(1), change, digest });
        let patience = if new { deadline::DECIDE_WAITS_ASKS } else { deadline::DECIDE_WAITS };
        assert_eq!(crate::routing::patience(&order), patience);
    }
}

#[test]
fn a_change_that_is_described_as_something_else_is_not_put_before_a_person() {
    for change in changes() {
        let mut scene = Scene::new();
        scene.step(filed(1, Want::Change { change: change.clone() }));
        let wrong = match made_up::before(&change) {
            Before::Nothing { .. } => Before::Collection(made_up::shown_collection()),
            _ => Before::Nothing { alias: None },
        };
        let effects = scene.step(Event::Described { id: id(1), what: Described::Before(wrong) });
        assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Malformed }]);
    }
}

#[test]
fn a_list_tells_of_the_collections_that_were_shown_and_takes_along_what_is_hidden() {
    let mut scene = Scene::under("version = 1\n[[rule]]\nname = \"hide\"\nlabel = \"Bank*\"\nhide = true\n");
    scene.file(1, Want::List { collection: None });
    scene.see_and_wait();
    let effects = scene.key(Key::Char('y'));
    let [Order::Fetch(fetch::Order::List { collections, hidden, .. })] = dispatched(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((&collections[..], hidden.len()), (&[made_up::collection()][..], 1));
}

#[test]
fn another_secret_for_an_item_is_bound_to_what_was_shown_of_it() {
    let mut scene = Scene::new();
    let content_type = Text::new("text/plain").unwrap();
    scene.file(1, Want::SetSecret { item: item(7), content_type: content_type.clone() });
    scene.see_and_wait();
    let effects = scene.key(Key::Char('y'));
    let digest = description(7, "demo").digest();
    let order = fetch::Order::SetSecret { id: id(1), item: item(7), digest, content_type };
    assert_eq!(dispatched(&effects), [&Order::Fetch(order)]);
}

#[test]
fn what_changes_something_cannot_be_granted_for_minutes() {
    for change in changes() {
        let mut scene = Scene::new();
        scene.file(1, Want::Change { change });
        scene.see_and_wait();
        scene.key(Key::Char('g'));
        assert_eq!(*scene.docket.mode(), Mode::Asks);
        assert!(scene.notice().contains("only reads"), "{}", scene.notice());
    }
}

#[test]
fn a_rule_on_a_collection_or_a_label_holds_for_changes_of_it() {
    let rules =
        "version = 1\n[[rule]]\nname = \"keep\"\ncollection = \"Login\"\nkind = \"change\"\ndeny = true\n";
    let mut scene = Scene::under(rules);
    let change = Change::DeleteCollection { collection: made_up::collection() };
    scene.step(filed(1, Want::Change { change: change.clone() }));
    let what = Described::Before(made_up::before(&change));
    let effects = scene.step(Event::Described { id: id(1), what });
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Forbidden }]);
}
