//! The backend's own lock: how it shows, how it is closed, and how it is opened before what needs it open.

use std::collections::HashMap;

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::bench::*;
use crate::dispatch::object;

fn lock(bench: &Bench, app: &Application, paths: &[&str]) -> (Vec<String>, OwnedObjectPath) {
    let paths: Vec<_> = paths.iter().map(|path| object(path).unwrap()).collect();
    let reply = bench.call(app, ROOT, SERVICE, "Lock", &paths).unwrap();
    let (locked, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize().unwrap();
    (strings(&locked), prompt)
}

fn is_locked(bench: &Bench, app: &Application, path: &str) -> bool {
    let reply = bench.call(app, path, PROPERTIES, "Get", &(COLLECTION, "Locked")).unwrap();
    bool::try_from(reply.body().deserialize::<OwnedValue>().unwrap()).unwrap()
}

#[test]
fn a_collection_is_locked_when_the_backend_says_so() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    for path in [LOGIN, ALIAS] {
        assert!(!is_locked(&bench, &app, path));
    }
    bench.lock_the_store();
    for path in [LOGIN, ALIAS] {
        assert!(is_locked(&bench, &app, path));
    }
}

#[test]
fn to_lock_a_collection_locks_the_store_at_once_and_takes_every_approval_back() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.approve(&other, &[FIRST]);
    assert_eq!(lock(&bench, &app, &[ALIAS, LOGIN, ALIAS]), (vec![ALIAS.into(), LOGIN.into()], root()));
    assert!(bench.asked().contains(&"lock".to_owned()));
    assert!(is_locked(&bench, &app, LOGIN));
    assert!(!bench.desk.approved(&other.1.app, &item(FIRST)));
}

#[test]
fn to_lock_an_item_takes_the_callers_approval_back_and_nothing_else() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.approve(&app, &[FIRST]);
    bench.approve(&other, &[FIRST]);
    assert_eq!(lock(&bench, &app, &[FIRST]), (vec![FIRST.into()], root()));
    assert!(!bench.desk.approved(&app.1.app, &item(FIRST)));
    assert!(bench.desk.approved(&other.1.app, &item(FIRST)));
    assert!(!bench.asked().contains(&"lock".to_owned()));
    assert!(!is_locked(&bench, &app, LOGIN));
}

#[test]
fn to_unlock_a_locked_collection_takes_a_prompt_and_an_open_one_takes_none() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    assert_eq!(bench.unlock(&app, &[ALIAS]), (vec![ALIAS.to_owned()], root()));
    bench.lock_the_store();
    let (usable, prompt) = bench.unlock(&app, &[ALIAS, LOGIN]);
    assert!(usable.is_empty());
    assert!(bench.asked().is_empty(), "nothing is asked before the prompt is called");
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert_eq!((dismissed, paths_in(result)), (false, vec![ALIAS.to_owned(), LOGIN.to_owned()]));
    assert_eq!(bench.asked(), ["unlock"]);
    assert_eq!(bench.unlock(&app, &[LOGIN]), (vec![LOGIN.to_owned()], root()));
}

#[test]
fn an_unlock_that_nobody_approves_is_dismissed_and_leaves_the_store_locked() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.lock_the_store();
    let (_, prompt) = bench.unlock(&app, &[LOGIN, FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(false).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert!(dismissed);
    assert!(paths_in(result).is_empty());
    assert!(is_locked(&bench, &app, LOGIN));
    assert_eq!(bench.asked(), ["unlock"], "the items were not asked for");
}

#[test]
fn a_prompt_for_items_of_a_locked_collection_opens_the_store_first() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.lock_the_store();
    let (usable, prompt) = bench.unlock(&app, &[FIRST]);
    assert!(usable.is_empty());
    bench.prompt(&app, &prompt).unwrap();
    for _ in 0..2 {
        bench.say.try_send(true).unwrap();
    }
    let (_, dismissed, result) = bench.completed();
    assert_eq!((dismissed, paths_in(result)), (false, vec![FIRST.to_owned()]));
    assert_eq!(bench.asked(), ["unlock".to_owned(), format!("access [{FIRST}] for 10")]);
}

#[test]
fn storing_and_deleting_open_the_store_first_too() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let properties = HashMap::from([("org.freedesktop.Secret.Item.Label", Value::from("demo"))]);
    let secret = (&session, &b""[..], &b"hunter2"[..], "text/plain");
    let create = bench.call(&app, ALIAS, COLLECTION, "CreateItem", &(properties, secret, false)).unwrap();
    let (_, create): (OwnedObjectPath, OwnedObjectPath) = create.body().deserialize().unwrap();
    let delete = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap().body().deserialize().unwrap();
    for (prompt, what) in [(create, "store"), (delete, "delete")] {
        bench.lock_the_store();
        bench.prompt(&app, &prompt).unwrap();
        for _ in 0..2 {
            bench.say.try_send(true).unwrap();
        }
        assert!(!bench.completed().1);
        let asked = bench.asked();
        let [.., first, second] = &asked[..] else { panic!("{asked:?}") };
        assert!(first == "unlock" && second.starts_with(what), "{asked:?}");
    }
}

#[test]
fn a_direct_read_of_a_locked_store_is_refused_and_its_ask_opens_the_store_first() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.lock_the_store();
    let session = bench.session(&app);
    let refusal = bench.get_secret(&app, FIRST, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
    bench.eventually_asked("unlock");
    bench.say.try_send(true).unwrap();
    bench.eventually_asked("access");
}

#[test]
fn what_cannot_be_locked_is_refused_and_what_is_not_there_is_in_no_list() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let refusal = bench.call(&app, ROOT, SERVICE, "Lock", &vec![session]).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
    let none = "/org/freedesktop/secrets/collection/none";
    assert_eq!(bench.unlock(&app, &[none]), (vec![], root()));
}
