//! Many items by one yes.

use sd_wire::import::{Met, Plan};

use super::*;

fn rule(kind: &str, what: &str, effect: &str) -> String {
    format!("version = 1\n[[rule]]\nname = \"one\"\nkind = \"{kind}\"\n{what}\n{effect}\n")
}

#[test]
fn an_import_is_ordered_by_a_yes_with_the_digest_of_what_it_would_meet() {
    for replace in [false, true] {
        let mut scene = Scene::new();
        scene.file(1, made_up::import(replace));
        scene.see_and_wait();
        let (plan, collection) = (made_up::plan(), made_up::collection());
        let order = fetch::Order::Import { id: id(1), collection, replace, digest: plan.digest() };
        let order = Order::Fetch(order);
        assert_eq!(crate::routing::patience(&order), deadline::DECIDE_WAITS_IMPORT);
        assert_eq!(dispatched(&scene.key(Key::Char('y'))), [&order]);
    }
}

#[test]
fn an_import_that_was_not_seen_to_its_end_is_not_made_and_none_is_granted() {
    let mut scene = Scene::new();
    scene.file(1, made_up::import(false));
    let face = scene.docket.selected().and_then(crate::docket::Entry::face);
    scene.step(Event::Drawn(face));
    scene.wait(700);
    assert!(dispatched(&scene.key(Key::Char('y'))).is_empty());
    scene.see_and_wait();
    assert!(dispatched(&scene.key(Key::Char('g'))).is_empty());
}

#[test]
fn a_plan_that_is_about_what_is_not_in_the_manifest_is_not_put_before_a_person() {
    let mut scene = Scene::new();
    scene.step(filed(1, made_up::import(false)));
    let met = vec![Met { n: 3, there: made_up::description(7, "demo") }];
    let what = Described::Plan(Plan { met, ..made_up::plan() });
    let effects = scene.step(Event::Described { id: id(1), what });
    assert_eq!(settled(&effects), [&What::Failed { stage: Stage::Decide, why: Fault::Malformed }]);
}

#[test]
fn what_a_rule_says_of_a_store_or_of_one_item_holds_for_the_import_of_it() {
    let denied = [
        rule("import", "", "deny = true"),
        rule("store", "", "deny = true"),
        rule("store", "label = \"*service 3\"", "deny = true"),
        rule("store", "attributes = { user = \"nb\" }", "deny = true"),
        rule("store", "collection = \"Login\"", "deny = true"),
        // What is there already, and might be replaced.
        rule("import", "label = \"an old password\"", "deny = true"),
    ];
    for rules in &denied {
        let mut scene = Scene::under(rules);
        let mut effects = scene.step(filed(1, made_up::import(true)));
        if settled(&effects).is_empty() {
            let what = Described::Plan(made_up::plan());
            effects = scene.step(Event::Described { id: id(1), what });
        }
        assert_eq!(
            settled(&effects),
            [&What::Failed { stage: Stage::Decide, why: Fault::Forbidden }],
            "{rules}"
        );
    }
    for rules in [rule("read", "", "deny = true"), rule("store", "label = \"another\"", "deny = true")] {
        assert!(Rules::parse(&rules).is_ok());
        let mut scene = Scene::under(&rules);
        scene.file(1, made_up::import(false));
        scene.see_and_wait();
        assert_eq!(dispatched(&scene.key(Key::Char('y'))).len(), 1, "{rules}");
    }
}

#[test]
fn an_import_of_what_takes_a_code_takes_a_code() {
    let mut scene = Scene::under(&rule("store", "label = \"*service 2\"", "confirm = \"code\""));
    scene.file(1, made_up::import(false));
    scene.see_and_wait();
    assert!(dispatched(&scene.key(Key::Char('y'))).is_empty());
}
