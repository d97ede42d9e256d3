//! Changes: of a secret, a label, attributes, an alias, a collection.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::bench::*;
use crate::dispatch::object;
use crate::refusal::Refusal;

const LOCKED: &str = "org.freedesktop.Secret.Error.IsLocked";

fn set(bench: &Bench, app: &Application, path: &str, name: &str, value: Value<'_>) -> Result<(), Refusal> {
    let interface = if path.ends_with(|c: char| c.is_ascii_digit()) { ITEM } else { COLLECTION };
    bench.call(app, path, PROPERTIES, "Set", &(interface, name, &value)).map(drop)
}

fn set_alias(bench: &Bench, app: &Application, name: &str, path: &str) -> Result<(), Refusal> {
    bench.call(app, ROOT, SERVICE, "SetAlias", &(name, object(path).unwrap())).map(drop)
}

fn set_secret(bench: &Bench, app: &Application, session: &OwnedObjectPath) -> Result<(), Refusal> {
    let secret = (session, &b""[..], &b"hunter3"[..], "text/plain");
    bench.call(app, FIRST, ITEM, "SetSecret", &secret).map(drop)
}

fn create_collection(bench: &Bench, app: &Application, alias: &str) -> (OwnedObjectPath, OwnedObjectPath) {
    let properties = HashMap::from([("org.freedesktop.Secret.Collection.Label", Value::from("Work"))]);
    let reply = bench.call(app, ROOT, SERVICE, "CreateCollection", &(properties, alias)).unwrap();
    reply.body().deserialize().unwrap()
}

#[test]
fn a_secret_is_set_when_the_person_answers_in_time() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    bench.say.try_send(true).unwrap();
    set_secret(&bench, &app, &session).unwrap();
    assert_eq!(bench.asked(), [format!("set {FIRST} hunter3 text/plain")]);
}

#[test]
fn a_secret_that_is_not_approved_in_time_is_let_go_of_and_its_ask_withdrawn() {
    let (mut bench, app) = (Bench::new(), application(":1.1", 10));
    bench.patience = Duration::from_millis(100);
    let session = bench.session(&app);
    let refusal = set_secret(&bench, &app, &session).unwrap_err();
    assert_eq!(refusal.name, LOCKED);
    assert!(refusal.text.contains("VT8"), "{}", refusal.text);
    bench.eventually_asked("withdrawn");
}

#[test]
fn a_secret_that_a_person_refuses_is_not_set_and_the_item_is_not_gone() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    bench.say.try_send(false).unwrap();
    assert_eq!(set_secret(&bench, &app, &session).unwrap_err().name, LOCKED);
}

#[test]
fn a_secret_is_set_only_by_a_session_of_the_callers_own() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    let session = bench.session(&other);
    let refusal = set_secret(&bench, &app, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSession");
    assert!(bench.asked().is_empty());
}

#[test]
fn labels_and_attributes_change_after_a_yes_only() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let attributes = || Value::from(HashMap::from([("service", "other")]));
    for (path, name, value) in [
        (FIRST, "Label", Value::from("new")),
        (FIRST, "Attributes", attributes()),
        (LOGIN, "Label", Value::from("new")),
        (ALIAS, "Label", Value::from("newer")),
    ] {
        bench.say.try_send(true).unwrap();
        set(&bench, &app, path, name, value).unwrap();
    }
    let asked = bench.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked[0].contains("ItemLabel") && asked[1].contains("ItemAttributes"), "{asked:?}");
    assert!(asked[3].contains(LOGIN) && !asked[3].contains(ALIAS), "{asked:?}");
    let refusal = {
        bench.say.try_send(false).unwrap();
        set(&bench, &app, FIRST, "Label", Value::from("evil")).unwrap_err()
    };
    assert_eq!(refusal.name, LOCKED);
    let label = String::try_from(bench.get(&app, FIRST, ITEM, "Label").unwrap()).unwrap();
    assert_eq!(label, "new", "it is told its own words again, and not the refused ones");
}

#[test]
fn a_change_that_takes_the_person_longer_is_made_and_the_next_try_succeeds() {
    let (mut bench, app) = (Bench::new(), application(":1.1", 10));
    bench.patience = Duration::from_millis(50);
    for _ in 0..3 {
        let refusal = set(&bench, &app, FIRST, "Label", Value::from("new")).unwrap_err();
        assert_eq!(refusal.name, LOCKED);
        assert!(refusal.text.contains("VT8"), "{}", refusal.text);
    }
    assert_eq!(bench.asked().len(), 1, "one ask, whatever is repeated");
    bench.say.try_send(true).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while set(&bench, &app, FIRST, "Label", Value::from("new")).is_err() {
        assert!(Instant::now() < until);
    }
    assert_eq!(bench.asked().len(), 1);
    // Once: what comes later is asked for anew.
    set(&bench, &app, FIRST, "Label", Value::from("new")).unwrap_err();
    bench.eventually_asked("change");
    assert_eq!(bench.asked().len(), 2);
}

#[test]
fn a_change_that_another_has_undone_is_not_called_done() {
    let (mut bench, app) = (Bench::new(), application(":1.1", 10));
    bench.patience = Duration::from_millis(50);
    for label in ["first", "second"] {
        set(&bench, &app, FIRST, "Label", Value::from(label)).unwrap_err();
        bench.say.try_send(true).unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        while String::try_from(bench.get(&app, FIRST, ITEM, "Label").unwrap()).unwrap() != label {
            assert!(Instant::now() < until);
        }
    }
    set(&bench, &app, FIRST, "Label", Value::from("first")).unwrap_err();
    assert_eq!(bench.asked().len(), 3);
}

#[test]
fn a_change_goes_when_its_caller_does() {
    let (mut bench, app) = (Bench::new(), application(":1.1", 10));
    bench.patience = Duration::from_millis(20);
    set(&bench, &app, FIRST, "Label", Value::from("new")).unwrap_err();
    bench.desk.leave(&app.0);
    bench.eventually_asked("withdrawn");
}

#[test]
fn one_connection_has_a_few_changes_open_at_once() {
    let (mut bench, app) = (Bench::new(), application(":1.1", 10));
    bench.patience = Duration::from_millis(5);
    for n in 0..8 {
        let refusal = set(&bench, &app, FIRST, "Label", Value::from(format!("{n}"))).unwrap_err();
        assert_eq!(refusal.name, LOCKED);
    }
    let refusal = set(&bench, &app, FIRST, "Label", Value::from("ninth")).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.LimitsExceeded");
}

#[test]
fn an_alias_changes_after_a_yes_and_needs_none_where_it_points_already() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.has_collections(&[LOGIN, WORK]);
    set_alias(&bench, &app, "default", LOGIN).unwrap();
    assert!(bench.asked().is_empty());
    for to in [WORK, "/"] {
        bench.say.try_send(true).unwrap();
        set_alias(&bench, &app, "default", to).unwrap();
    }
    assert_eq!(bench.asked().len(), 2);
    assert!(bench.asked()[0].contains(WORK) && bench.asked()[1].contains("None"), "{:?}", bench.asked());
    let none = "/org/freedesktop/secrets/collection/none";
    for (name, to, error) in [
        ("default", none, "org.freedesktop.Secret.Error.NoSuchObject"),
        ("default", FIRST, "org.freedesktop.Secret.Error.NoSuchObject"),
        ("", LOGIN, "org.freedesktop.DBus.Error.InvalidArgs"),
    ] {
        assert_eq!(set_alias(&bench, &app, name, to).unwrap_err().name, error);
    }
}

#[test]
fn a_collection_is_made_and_deleted_by_prompts() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let (made, prompt) = create_collection(&bench, &app, "");
    assert_eq!(made.as_str(), "/");
    assert!(bench.asked().is_empty(), "nothing is asked before the prompt is called");
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert_eq!((dismissed, OwnedObjectPath::try_from(result).unwrap().as_str()), (false, MADE));
    for (word, expected) in [(false, true), (true, false)] {
        let reply = bench.call(&app, MADE, COLLECTION, "Delete", &()).unwrap();
        bench.prompt(&app, &reply.body().deserialize().unwrap()).unwrap();
        bench.say.try_send(word).unwrap();
        let (_, dismissed, result) = bench.completed();
        assert_eq!((dismissed, OwnedObjectPath::try_from(result).unwrap().as_str()), (expected, "/"));
    }
    let refusal = bench.call(&app, MADE, COLLECTION, "Delete", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
}

#[test]
fn a_collection_for_an_alias_that_points_somewhere_is_that_collection() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    assert_eq!(create_collection(&bench, &app, "default"), (object(LOGIN).unwrap().into(), root()));
    bench.has_collections(&[]);
    let (made, prompt) = create_collection(&bench, &app, "default");
    assert_eq!(made.as_str(), "/");
    assert_ne!(prompt.as_str(), "/");
}

#[test]
fn a_change_of_another_type_is_refused_without_an_ask() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let long = "l".repeat(17 * 1024);
    for (path, name, value, error) in [
        (FIRST, "Label", Value::from(7u32), "InvalidArgs"),
        (FIRST, "Attributes", Value::from("x"), "InvalidArgs"),
        (LOGIN, "Label", Value::from(true), "InvalidArgs"),
        (FIRST, "Label", Value::from(long.as_str()), "LimitsExceeded"),
    ] {
        let refusal = set(&bench, &app, path, name, value).unwrap_err();
        assert_eq!(refusal.name, format!("org.freedesktop.DBus.Error.{error}"));
    }
    assert_eq!(OwnedValue::from(1u64), bench.get(&app, LOGIN, COLLECTION, "Created").unwrap());
    assert!(bench.asked().is_empty());
}
