//! Who hears of what this agent has done.

use std::collections::HashMap;
use std::time::Duration;

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::bench::*;
use crate::dispatch::object;

fn lines(of: &[&str]) -> Vec<String> {
    of.iter().map(|line| (*line).to_owned()).collect()
}

/// Every signal up to the end of the prompt, without that.
fn until_completed(bench: &Bench) -> Vec<String> {
    let mut signals = Vec::new();
    loop {
        let signal = bench.signal();
        if member(&signal) == "Completed" {
            return signals;
        }
        let header = signal.header();
        let to = header.destination().map_or("all".to_owned(), ToString::to_string);
        signals.push(format!("{to} {} {}", header.path().unwrap(), member(&signal)));
    }
}

fn by_prompt(bench: &Bench, app: &Application, prompt: &OwnedObjectPath) -> Vec<String> {
    bench.prompt(app, prompt).unwrap();
    bench.say.try_send(true).unwrap();
    until_completed(bench)
}

#[test]
fn an_approved_item_is_announced_unlocked_and_then_locked_again_to_its_application_alone() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.search(&application(":1.2", 20));
    bench.approvals_live(Duration::from_millis(900));
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    for locked in [false, true] {
        let signal = bench.signal();
        assert_eq!(member(&signal), "PropertiesChanged");
        assert_eq!(signal.header().destination().unwrap().as_str(), ":1.1");
        assert_eq!(signal.header().signature().to_string_no_parens(), "sa{sv}as");
        let body = signal.body();
        let (interface, changed, _): (String, HashMap<String, OwnedValue>, Vec<String>) =
            body.deserialize().unwrap();
        assert_eq!((interface.as_str(), &changed["Locked"]), (ITEM, &OwnedValue::from(locked)));
        if !locked {
            // And with it what it is: a program may have looked at it before.
            assert_eq!(String::try_from(changed["Label"].try_clone().unwrap()).unwrap(), "Demo password");
            let attributes = HashMap::<String, String>::try_from(changed["Attributes"].try_clone().unwrap());
            assert_eq!(attributes.unwrap()["xdg:schema"], "org.example");
            bench.completed();
        }
    }
}

#[test]
fn an_item_that_is_made_is_announced_to_its_maker_and_one_that_is_deleted_to_all_who_knew_of_it() {
    let (bench, app, searcher) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    let stranger = application(":1.3", 30);
    bench.session(&stranger);
    let session = bench.session(&app);
    let create = || -> OwnedObjectPath {
        let properties = HashMap::from([("org.freedesktop.Secret.Item.Label", Value::from("demo"))]);
        let secret = (&session, &b""[..], &b"hunter2"[..], "text/plain");
        let reply = bench.call(&app, ALIAS, COLLECTION, "CreateItem", &(properties, secret, true)).unwrap();
        reply.body().deserialize::<(OwnedObjectPath, OwnedObjectPath)>().unwrap().1
    };
    let readable = format!(":1.1 {FIRST} PropertiesChanged");
    let made = by_prompt(&bench, &app, &create());
    assert_eq!(made, lines(&[&format!(":1.1 {LOGIN} ItemCreated"), &readable]));
    bench.search(&searcher);
    let mut replaced = by_prompt(&bench, &app, &create());
    replaced.sort();
    let mut expected: Vec<String> = [":1.1", ":1.2"].map(|to| format!("{to} {LOGIN} ItemChanged")).into();
    expected.insert(1, readable);
    expected.sort();
    assert_eq!(replaced, expected);
    let reply = bench.call(&searcher, FIRST, ITEM, "Delete", &()).unwrap();
    let mut deleted = by_prompt(&bench, &searcher, &reply.body().deserialize().unwrap());
    deleted.sort();
    assert_eq!(deleted, [":1.1", ":1.2"].map(|to| format!("{to} {LOGIN} ItemDeleted")));
}

#[test]
fn a_changed_item_is_announced_with_its_new_property_to_whoever_changed_it() {
    let (bench, app, searcher) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.search(&searcher);
    bench.say.try_send(true).unwrap();
    bench.call(&app, FIRST, PROPERTIES, "Set", &(ITEM, "Label", Value::from("new"))).unwrap();
    let mut signals = bench.signals();
    signals.sort();
    let expected = [
        format!(":1.1 {FIRST} PropertiesChanged"),
        format!(":1.1 {LOGIN} ItemChanged"),
        format!(":1.2 {LOGIN} ItemChanged"),
    ];
    let mut expected: Vec<String> = expected.into();
    expected.sort();
    assert_eq!(signals, expected);
}

#[test]
fn a_list_is_announced_as_the_items_of_its_collections_to_whoever_asked_for_it() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.session(&application(":1.2", 20));
    bench.say.try_send(true).unwrap();
    assert_eq!(paths_in(bench.get(&app, LOGIN, COLLECTION, "Items").unwrap()), [FIRST, SECOND]);
    let signal = bench.signal();
    assert_eq!(signal.header().destination().unwrap().as_str(), ":1.1");
    assert_eq!(signal.header().path().unwrap().as_str(), LOGIN);
    let body = signal.body();
    let (_, changed, _): (String, HashMap<String, OwnedValue>, Vec<String>) = body.deserialize().unwrap();
    assert_eq!(paths_in(changed["Items"].try_clone().unwrap()), [FIRST, SECOND]);
}

#[test]
fn collections_are_announced_to_everybody() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let properties = HashMap::from([("org.freedesktop.Secret.Collection.Label", Value::from("Work"))]);
    let reply = bench.call(&app, ROOT, SERVICE, "CreateCollection", &(properties, "")).unwrap();
    let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize().unwrap();
    let changed = format!("all {ROOT} PropertiesChanged");
    let made = by_prompt(&bench, &app, &prompt);
    assert_eq!(made, [format!("all {ROOT} CollectionCreated"), changed.clone()]);
    let reply = bench.call(&app, MADE, COLLECTION, "Delete", &()).unwrap();
    let gone = by_prompt(&bench, &app, &reply.body().deserialize().unwrap());
    assert_eq!(gone, [format!("all {ROOT} CollectionDeleted"), changed]);
    bench.say.try_send(true).unwrap();
    bench.call(&app, LOGIN, PROPERTIES, "Set", &(COLLECTION, "Label", Value::from("new"))).unwrap();
    let label = [format!("all {LOGIN} PropertiesChanged"), format!("all {ROOT} CollectionChanged")];
    assert_eq!(bench.signals(), label);
}

#[test]
fn a_lock_is_announced_to_everybody_and_each_application_hears_of_its_own_items() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.session(&other);
    bench.approve(&app, &[FIRST]);
    bench.call(&other, ROOT, SERVICE, "Lock", &vec![object(LOGIN).unwrap()]).unwrap();
    let told = |signal: zbus::Message| {
        let to = signal.header().destination().map_or("all".to_owned(), ToString::to_string);
        format!("{to} {} {}", signal.header().path().unwrap(), member(&signal))
    };
    let signals: Vec<String> = (0..3).map(|_| told(bench.signal())).collect();
    let expected = [
        format!(":1.1 {FIRST} PropertiesChanged"),
        format!("all {LOGIN} PropertiesChanged"),
        format!("all {ROOT} CollectionChanged"),
    ];
    assert_eq!(signals, expected);
}
