//! Prompts: when they ask, how they end, whose they are.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use zbus::zvariant::{OwnedObjectPath, Value};

use super::bench::*;

#[test]
fn an_approved_prompt_names_each_path_as_it_was_given() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let by_alias = format!("{ALIAS}/1");
    let (usable, prompt) = bench.unlock(&app, &[LOGIN, &by_alias, FIRST, &by_alias, SECOND]);
    assert_eq!(usable, [LOGIN]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    let (to, dismissed, result) = bench.completed();
    assert_eq!((to.as_str(), dismissed), (":1.1", false));
    assert_eq!(paths_in(result), [by_alias.as_str(), FIRST, SECOND]);
    assert_eq!(bench.asked(), [format!("access [{FIRST}, {SECOND}] for 10")]);
    assert_eq!(bench.unlock(&app, &[&by_alias, SECOND]), (vec![by_alias, SECOND.to_owned()], root()));
}

#[test]
fn a_denied_prompt_is_dismissed_with_an_empty_list() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.session(&app);
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(false).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert!(dismissed);
    assert!(paths_in(result).is_empty());
    assert_eq!(bench.search(&app).0, Vec::<String>::new());
    assert!(bench.prompt(&app, &prompt).is_err(), "each prompt serves once");
}

#[test]
fn completed_comes_no_sooner_than_a_client_can_listen() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.say.try_send(true).unwrap();
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    let returned = Instant::now();
    bench.completed();
    assert!(returned.elapsed() >= Duration::from_millis(100));
}

#[test]
fn nothing_is_asked_before_the_prompt_is_called() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.unlock(&app, &[FIRST]);
    bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap();
    assert!(bench.asked().is_empty());
}

#[test]
fn dismiss_completes_the_prompt_and_withdraws_the_ask() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.eventually_asked("access");
    bench.call(&app, &prompt, PROMPT, "Dismiss", &()).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert!(dismissed);
    assert!(paths_in(result).is_empty());
    bench.eventually_asked("withdrawn");
    assert!(bench.sent.is_empty(), "Completed was emitted twice");
}

#[test]
fn nobody_is_left_waiting_for_a_prompt_when_the_agent_stops() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    let (_, running) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &running).unwrap();
    bench.eventually_asked("access");
    bench.unlock(&other, &[FIRST]);
    bench.desk.dismiss_all();
    let mut ended = [bench.completed(), bench.completed()].map(|(to, dismissed, _)| (to, dismissed));
    ended.sort();
    assert_eq!(ended, [(":1.1".to_owned(), true), (":1.2".to_owned(), true)]);
    bench.eventually_asked("withdrawn");
}

#[test]
fn all_of_a_caller_goes_when_its_name_does() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.eventually_asked("access");
    bench.desk.leave(&app.0);
    bench.eventually_asked("withdrawn");
    assert!(bench.sent.is_empty(), "a signal went to nobody");
    let refusal = bench.get_secret(&app, FIRST, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSession");
}

#[test]
fn a_prompt_and_a_session_are_their_owners_alone() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.search(&other);
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    assert!(bench.prompt(&other, &prompt).is_err());
    assert!(bench.call(&other, &prompt, PROMPT, "Dismiss", &()).is_err());
    let session = bench.session(&app);
    let interface = "org.freedesktop.Secret.Session";
    let refusal = bench.call(&other, &session, interface, "Close", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSession");
    let refusal = bench.get_secret(&other, FIRST, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSession");
}

#[test]
fn create_item_opens_the_secret_when_the_prompt_is_called() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let attributes = HashMap::from([("service", "demo")]);
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::from("demo")),
        ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
    ]);
    let secret = (&session, &b""[..], &b"hunter2"[..], "text/plain");
    let reply = bench.call(&app, ALIAS, COLLECTION, "CreateItem", &(properties, secret, true)).unwrap();
    let (made, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize().unwrap();
    assert_eq!(made.as_str(), "/");
    assert!(bench.asked().is_empty());
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert!(!dismissed);
    assert_eq!(OwnedObjectPath::try_from(result).unwrap().as_str(), FIRST);
    let asked = format!("store hunter2 {ALIAS} demo {{\"service\": \"demo\"}} text/plain true");
    assert_eq!(bench.asked(), [asked]);
}

#[test]
fn delete_goes_by_a_prompt() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    for (word, expected) in [(false, true), (true, false)] {
        let reply = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap();
        let prompt: OwnedObjectPath = reply.body().deserialize().unwrap();
        bench.prompt(&app, &prompt).unwrap();
        bench.say.try_send(word).unwrap();
        let (_, dismissed, result) = bench.completed();
        assert_eq!(dismissed, expected);
        assert_eq!(OwnedObjectPath::try_from(result).unwrap().as_str(), "/");
    }
}

#[test]
fn what_an_application_knows_to_be_gone_is_not_called_locked() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.session(&other);
    let reply = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap();
    bench.prompt(&app, &reply.body().deserialize().unwrap()).unwrap();
    bench.say.try_send(true).unwrap();
    bench.completed();
    let refusal = bench.get(&app, FIRST, ITEM, "Locked").unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
    let refusal = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
    assert!(bench.unlock(&app, &[FIRST]).0.is_empty(), "it is in neither list");
    bench.get(&other, FIRST, ITEM, "Locked").expect("whoever knew nothing of it learns nothing");
    bench.search(&app);
    bench.get(&app, FIRST, ITEM, "Locked").expect("a backend may give a path out again");
}

#[test]
fn sessions_prompts_and_calls_are_bounded_for_each_connection() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    for _ in 0..32 {
        bench.session(&app);
    }
    let refusal = bench.call(&app, ROOT, SERVICE, "OpenSession", &("plain", Value::from(""))).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.LimitsExceeded");
    for _ in 0..64 {
        bench.unlock(&app, &[FIRST]);
    }
    let refusal = bench.call(&app, FIRST, ITEM, "Delete", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.LimitsExceeded");
    bench.session(&other);
    assert!((0..64).all(|_| bench.desk.arrive(&app.0)));
    assert!(!bench.desk.arrive(&app.0));
    assert!(bench.desk.arrive(&other.0));
}
