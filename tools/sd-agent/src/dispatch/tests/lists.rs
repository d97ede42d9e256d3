//! What there is in the keyring, and what of it an application is told: what it has itself said, until a person approves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Str, Value};

use super::bench::*;
use crate::refusal::Refusal;

const DENIED: &str = "org.freedesktop.DBus.Error.AccessDenied";

/// A search by no attributes, of all collections or in one.
fn search_for_everything(bench: &Bench, app: &Application, path: &str) -> Result<Vec<String>, Refusal> {
    let nothing = HashMap::<&str, &str>::new();
    if path == ROOT {
        let reply = bench.call(app, path, SERVICE, "SearchItems", &nothing)?;
        let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            reply.body().deserialize().unwrap();
        return Ok(strings(&unlocked).into_iter().chain(strings(&locked)).collect());
    }
    let reply = bench.call(app, path, COLLECTION, "SearchItems", &nothing)?;
    Ok(strings(&reply.body().deserialize::<Vec<OwnedObjectPath>>().unwrap()))
}

fn items(bench: &Bench, app: &Application, path: &str) -> Result<Vec<String>, Refusal> {
    bench.get(app, path, COLLECTION, "Items").map(paths_in)
}

/// Asks until there is an answer.
fn eventually(mut ask: impl FnMut() -> Result<Vec<String>, Refusal>) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(refusal) => assert!(Instant::now() < until, "{refusal:?}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn text(value: &OwnedValue) -> String {
    String::try_from(value.try_clone().unwrap()).unwrap()
}

#[test]
fn a_search_for_everything_is_refused_until_a_list_is_approved() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    for _ in 0..3 {
        let refusal = search_for_everything(&bench, &app, ROOT).unwrap_err();
        assert_eq!(refusal.name, DENIED);
        assert!(refusal.text.contains("VT8"), "{}", refusal.text);
    }
    bench.eventually_asked("list");
    bench.say.try_send(true).unwrap();
    let all = eventually(|| search_for_everything(&bench, &app, ROOT));
    assert_eq!(all, [FIRST, SECOND, THIRD]);
    assert_eq!(bench.asked(), ["list everything"], "one ask, whatever is repeated");
    for path in [LOGIN, ALIAS] {
        assert_eq!(search_for_everything(&bench, &app, path).unwrap(), [FIRST, SECOND]);
        assert_eq!(items(&bench, &app, path).unwrap(), [FIRST, SECOND]);
    }
    assert_eq!(search_for_everything(&bench, &other, ROOT).unwrap_err().name, DENIED);
}

#[test]
fn the_items_of_a_collection_are_an_error_and_no_empty_list_until_they_are_approved() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    for path in [ALIAS, LOGIN] {
        let refusal = items(&bench, &app, path).unwrap_err();
        assert_eq!(refusal.name, DENIED);
    }
    bench.eventually_asked("list");
    bench.say.try_send(true).unwrap();
    assert_eq!(eventually(|| items(&bench, &app, ALIAS)), [FIRST, SECOND]);
    assert_eq!(bench.asked(), [format!("list {LOGIN}")], "an alias is the same collection");
    assert_eq!(search_for_everything(&bench, &app, ROOT).unwrap_err().name, DENIED, "it is not all");
    assert_eq!(items(&bench, &other, LOGIN).unwrap_err().name, DENIED);
    let none = "/org/freedesktop/secrets/collection/none";
    assert_eq!(items(&bench, &app, none).unwrap_err().name, "org.freedesktop.Secret.Error.NoSuchObject");
}

#[test]
fn a_denied_list_tells_nothing_and_is_not_asked_for_again_in_the_same_breath() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.say.try_send(false).unwrap();
    for _ in 0..50 {
        assert_eq!(items(&bench, &app, LOGIN).unwrap_err().name, DENIED);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(bench.asked(), [format!("list {LOGIN}")]);
}

#[test]
fn all_properties_of_a_collection_come_with_the_items_that_were_told_and_open_no_ask() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let all = || -> HashMap<String, OwnedValue> {
        let reply = bench.call(&app, LOGIN, PROPERTIES, "GetAll", &(COLLECTION)).unwrap();
        reply.body().deserialize().unwrap()
    };
    assert!(paths_in(all()["Items"].try_clone().unwrap()).is_empty());
    assert!(bench.asked().is_empty());
    bench.say.try_send(true).unwrap();
    eventually(|| items(&bench, &app, LOGIN));
    assert_eq!(paths_in(all()["Items"].try_clone().unwrap()), [FIRST, SECOND]);
}

#[test]
fn a_list_tells_labels_and_attributes_for_as_long_as_the_application_is_there() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.say.try_send(true).unwrap();
    eventually(|| items(&bench, &app, LOGIN));
    let again = application(":1.9", 10);
    for from in [&app, &again] {
        assert_eq!(text(&bench.get(from, FIRST, ITEM, "Label").unwrap()), "Demo password");
        assert_eq!(bench.get(from, FIRST, ITEM, "Modified").unwrap(), OwnedValue::from(4u64));
        assert_eq!(bench.get(from, FIRST, ITEM, "Locked").unwrap(), OwnedValue::from(true));
    }
    bench.desk.leave(&app.0);
    assert_eq!(items(&bench, &again, LOGIN).unwrap(), [FIRST, SECOND]);
    bench.desk.leave(&again.0);
    assert_eq!(text(&bench.get(&app, FIRST, ITEM, "Label").unwrap()), "");
    assert_eq!(items(&bench, &app, LOGIN).unwrap_err().name, DENIED);
}

#[test]
fn an_approved_prompt_tells_what_the_person_saw() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    for from in [&app, &other] {
        bench.session(from);
        bench.search(from);
    }
    bench.approve(&app, &[FIRST]);
    assert_eq!(text(&bench.get(&app, FIRST, ITEM, "Label").unwrap()), "Demo password");
    let attributes: HashMap<String, String> =
        bench.get(&app, FIRST, ITEM, "Attributes").unwrap().try_into().unwrap();
    assert_eq!(attributes["xdg:schema"], "org.example");
    assert_eq!(bench.get(&app, SECOND, ITEM, "Label").unwrap(), OwnedValue::from(Str::from("")));
    assert_eq!(bench.get(&other, FIRST, ITEM, "Label").unwrap(), OwnedValue::from(Str::from("")));
    // To search again makes it know no less.
    bench.search(&app);
    assert_eq!(text(&bench.get(&app, FIRST, ITEM, "Label").unwrap()), "Demo password");
}

#[test]
fn a_lock_takes_back_what_was_told() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.say.try_send(true).unwrap();
    eventually(|| items(&bench, &app, LOGIN));
    bench.call(&app, ROOT, SERVICE, "Lock", &vec![crate::dispatch::object(LOGIN).unwrap()]).unwrap();
    assert_eq!(items(&bench, &app, LOGIN).unwrap_err().name, DENIED);
    assert_eq!(bench.get(&app, FIRST, ITEM, "Label").unwrap(), OwnedValue::from(Str::from("")));
}

#[test]
fn a_list_of_a_locked_store_opens_it_first() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.lock_the_store();
    items(&bench, &app, LOGIN).unwrap_err();
    for _ in 0..2 {
        bench.say.try_send(true).unwrap();
    }
    eventually(|| items(&bench, &app, LOGIN));
    assert_eq!(bench.asked(), ["unlock".to_owned(), format!("list {LOGIN}")]);
}

#[test]
fn a_list_follows_what_its_application_makes_and_deletes() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.say.try_send(true).unwrap();
    eventually(|| items(&bench, &app, LOGIN));
    let reply = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap();
    bench.prompt(&app, &reply.body().deserialize().unwrap()).unwrap();
    bench.say.try_send(true).unwrap();
    bench.completed();
    assert_eq!(items(&bench, &app, LOGIN).unwrap(), [SECOND]);
    let session = bench.session(&app);
    let properties = HashMap::from([("org.freedesktop.Secret.Item.Label", Value::from("mine"))]);
    let secret = (&session, &b""[..], &b"hunter2"[..], "text/plain");
    let reply = bench.call(&app, ALIAS, COLLECTION, "CreateItem", &(properties, secret, false)).unwrap();
    let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize().unwrap();
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    bench.completed();
    assert_eq!(items(&bench, &app, LOGIN).unwrap(), [FIRST, SECOND]);
    assert_eq!(text(&bench.get(&app, FIRST, ITEM, "Label").unwrap()), "mine");
}
