//! `metadata = open`: labels, attributes and lists without a person, secrets as ever.

use std::collections::HashMap;

use sd_wire::metadata::Metadata;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Str};

use super::bench::*;

fn bench() -> (Bench, Application) {
    let bench = Bench::new();
    bench.tells(Metadata::Open);
    (bench, application(":1.1", 10))
}

#[test]
fn what_there_is_is_told_at_once_and_no_person_is_asked() {
    let (bench, app) = bench();
    assert_eq!(paths_in(bench.get(&app, ALIAS, COLLECTION, "Items").unwrap()), [FIRST, SECOND]);
    let reply = bench.call(&app, LOGIN, PROPERTIES, "GetAll", &(COLLECTION)).unwrap();
    let mut all: HashMap<String, OwnedValue> = reply.body().deserialize().unwrap();
    assert_eq!(paths_in(all.remove("Items").unwrap()), [FIRST, SECOND]);
    let nothing = HashMap::<&str, &str>::new();
    let reply = bench.call(&app, ROOT, SERVICE, "SearchItems", &nothing).unwrap();
    let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
        reply.body().deserialize().unwrap();
    assert_eq!(unlocked.len() + locked.len(), 3);
    assert_eq!(bench.asked(), [format!("list {LOGIN}"), "list everything".to_owned()]);
}

#[test]
fn labels_and_attributes_of_what_was_found_are_told_and_no_secret() {
    let (bench, app) = bench();
    let session = bench.session(&app);
    bench.search(&app);
    assert_eq!(bench.get(&app, FIRST, ITEM, "Label").unwrap(), OwnedValue::from(Str::from("Demo password")));
    let attributes: HashMap<String, String> =
        bench.get(&app, FIRST, ITEM, "Attributes").unwrap().try_into().unwrap();
    assert_eq!(attributes["xdg:schema"], "org.example");
    assert_eq!(bench.get(&app, FIRST, ITEM, "Locked").unwrap(), OwnedValue::from(true));
    assert_eq!(bench.asked(), [r#"search {"service": "demo"}"#], "the search has told it");
    let refusal = bench.get_secret(&app, FIRST, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
}

#[test]
fn an_item_that_was_not_searched_for_is_told_too() {
    let (bench, app) = bench();
    assert_eq!(bench.get(&app, FIRST, ITEM, "Label").unwrap(), OwnedValue::from(Str::from("Demo password")));
}

#[test]
fn nobody_is_asked_for_a_passphrase_by_a_look_at_a_locked_collection() {
    let (bench, app) = bench();
    bench.lock_the_store();
    let reply = bench.call(&app, LOGIN, PROPERTIES, "GetAll", &(COLLECTION)).unwrap();
    let mut all: HashMap<String, OwnedValue> = reply.body().deserialize().unwrap();
    assert!(paths_in(all.remove("Items").unwrap()).is_empty());
    bench.get(&app, FIRST, ITEM, "Label").unwrap();
    assert!(bench.asked().is_empty(), "{:?}", bench.asked());
}

#[test]
fn a_setting_that_was_taken_back_is_kept_to_once_it_is_known() {
    let (bench, app) = bench();
    bench.tells(Metadata::Matched);
    let refusal = bench.get(&app, LOGIN, COLLECTION, "Items").unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.AccessDenied");
}
