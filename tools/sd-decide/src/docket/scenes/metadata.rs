//! The setting `metadata`: which asks about items go on without a key.

use sd_wire::change::Change;
use sd_wire::metadata::Metadata;

use super::*;

fn under(metadata: Metadata) -> Scene {
    Scene::under(&format!("version = 1\nmetadata = '{}'\n", metadata.as_str()))
}

fn search() -> Want {
    Want::Search { collection: None, attributes: made_up::attributes() }
}

fn list() -> Want {
    Want::List { collection: None }
}

/// Whether it goes on without anybody being asked.
fn goes_on(metadata: Metadata, want: Want) -> bool {
    let mut scene = under(metadata);
    let mut effects = scene.step(filed(1, want.clone()));
    if queued(&effects) == 0 {
        effects = scene.step(Event::Described { id: id(1), what: made_up::described(&want) });
    }
    assert!(dispatched(&effects).is_empty(), "{effects:?}");
    let asked = scene.docket.selected().is_some();
    assert_ne!(asked, queued(&effects) == 1, "{want:?}");
    assert_eq!(scene.docket.listed().count(), usize::from(asked), "{want:?}");
    !asked
}

#[test]
fn what_needs_no_key_is_this_table_and_no_more() {
    let change = |change| Want::Change { change };
    let label = sd_wire::bounded::Text::new("x").unwrap();
    let always = [
        read(1),
        access(&[1, 2]),
        store(),
        Want::Delete { item: item(1) },
        Want::SetSecret { item: item(1), content_type: Default::default() },
        change(Change::ItemLabel { item: item(7), label: label.clone() }),
        change(Change::CreateCollection { label, alias: Default::default() }),
        sign(),
        Want::Unlock {},
    ];
    for metadata in Metadata::ALL {
        for want in always.clone() {
            assert!(!goes_on(metadata, want.clone()), "{metadata:?} {want:?}");
        }
        assert!(goes_on(metadata, Want::Collections {}));
        assert_eq!(goes_on(metadata, search()), metadata != Metadata::Hidden);
        assert_eq!(goes_on(metadata, list()), metadata == Metadata::Open);
    }
}

#[test]
fn an_open_search_is_described_and_the_others_are_not_and_the_requester_hears_of_the_setting() {
    for metadata in Metadata::ALL {
        let mut scene = under(metadata);
        for effect in scene.step(filed(1, search())) {
            if let Effect::Queue { order: Order::Fetch(fetch::Order::Search { describe, .. }), .. } = effect {
                assert_eq!(describe, metadata == Metadata::Open);
            }
        }
        let order = Order::Fetch(fetch::Order::Collections { id: id(2), metadata });
        let effects = scene.step(filed(2, Want::Collections {}));
        assert!(effects.iter().any(|e| matches!(e, Effect::Queue { order: it, .. } if *it == order)));
    }
}

#[test]
fn a_hidden_search_goes_out_after_a_yes_and_finds_no_more_than_the_rules_let_it() {
    let rules = "version = 1\nmetadata = 'hidden'\n[[rule]]\nname = 'bank'\nlabel = 'Bank*'\nhide = true\n";
    let mut scene = Scene::under(rules);
    scene.step(filed(1, search()));
    scene.see_and_wait();
    let effects = scene.key(Key::Char('y'));
    let orders = dispatched(&effects);
    let [Order::Fetch(fetch::Order::Search { hidden, describe: false, .. })] = orders.as_slice() else {
        panic!("{orders:?}")
    };
    assert_eq!(hidden.len(), 1);
    scene.step(Event::WorkerDone { id: id(1) });
    assert!(scene.docket.history().newest().any(|decision| decision.kind == "search"));
    scene.step(filed(2, search()));
    scene.see_and_wait();
    assert_eq!(settled(&scene.key(Key::Char('n'))), [&What::Denied {}]);
}

#[test]
fn that_a_hidden_item_is_not_there_is_told_after_a_yes_only_and_a_no_looks_like_any_no() {
    for want in [read(1), access(&[1, 2]), Want::Delete { item: item(1) }] {
        for (key, told) in
            [('y', What::Failed { stage: Stage::Decide, why: Fault::NotFound }), ('n', What::Denied {})]
        {
            let mut scene = under(Metadata::Hidden);
            scene.step(filed(1, want.clone()));
            let effects = scene.step(Event::DescribeFailed { id: id(1), why: Fault::NotFound });
            assert!(settled(&effects).is_empty());
            scene.see_and_wait();
            assert_eq!(settled(&scene.key(Key::Char(key))), [&told]);
        }
    }
    let mut scene = under(Metadata::Matched);
    scene.step(filed(1, read(1)));
    assert_eq!(settled(&scene.step(Event::DescribeFailed { id: id(1), why: Fault::NotFound })).len(), 1);
}

#[test]
fn that_nobody_could_look_is_told_at_once_also_where_items_are_hidden() {
    for why in [Fault::Timeout, Fault::Unavailable, Fault::Lost] {
        let mut scene = under(Metadata::Hidden);
        scene.step(filed(1, read(1)));
        assert_eq!(settled(&scene.step(Event::DescribeFailed { id: id(1), why })).len(), 1);
    }
}

#[test]
fn a_rule_that_wants_a_code_for_a_list_is_kept_to_where_labels_are_open() {
    let rules = "version = 1\nmetadata = 'open'\n[[rule]]\nname = 'lists'\nkind = 'list'\nconfirm = 'code'\n";
    let mut scene = Scene::under(rules);
    scene.file(1, list());
    assert!(scene.docket.selected().is_some_and(|entry| entry.needs_code().is_some()));
}

#[test]
fn an_open_list_is_neither_on_the_screen_nor_in_the_history() {
    let mut scene = under(Metadata::Open);
    scene.step(filed(1, list()));
    assert_eq!(scene.docket.listed().count(), 0, "while it is described");
    let effects = scene.step(Event::Described { id: id(1), what: made_up::described(&list()) });
    assert_eq!(queued(&effects), 1);
    scene.step(Event::Sent { id: id(1) });
    scene.step(Event::WorkerDone { id: id(1) });
    assert_eq!(scene.docket.history().newest().count(), 0);
    assert!(!scene.docket.knows(&id(1)));
}
