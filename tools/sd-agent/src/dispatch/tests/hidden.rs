//! `metadata = hidden`: not even whether anything matches is told without a person.

use std::collections::HashMap;

use sd_wire::metadata::Metadata;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::bench::*;

const BY_KEY: &str = r#"search by key {"service": "demo"} everywhere"#;

fn bench() -> (Bench, Application) {
    let bench = Bench::new();
    bench.tells(Metadata::Hidden);
    (bench, application(":1.1", 10))
}

/// What a search by `service` finds locked, for somebody with a session.
fn found(bench: &Bench, app: &Application, service: &str) -> Vec<String> {
    let attributes = HashMap::from([("service", service)]);
    let reply = bench.call(app, ROOT, SERVICE, "SearchItems", &attributes).unwrap();
    let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
        reply.body().deserialize().unwrap();
    assert!(unlocked.is_empty());
    strings(&locked)
}

/// Performs a prompt, with these answers to what is asked.
fn answered(bench: &Bench, app: &Application, path: &str, words: &[bool]) -> (bool, Vec<String>) {
    let (usable, prompt) = bench.unlock(app, &[path]);
    assert!(usable.is_empty());
    bench.prompt(app, &prompt).unwrap();
    words.iter().for_each(|word| bench.say.try_send(*word).unwrap());
    let (_, dismissed, result) = bench.completed();
    (dismissed, paths_in(result))
}

#[test]
fn a_search_is_answered_by_one_locked_item_whatever_there_is_and_nobody_is_asked() {
    let (bench, app) = bench();
    bench.session(&app);
    for service in ["demo", "nothing"] {
        let paths = found(&bench, &app, service);
        assert_eq!(paths.len(), 1);
        assert!(paths[0].starts_with(&format!("{LOGIN}/asked")), "{paths:?}");
        assert_eq!(found(&bench, &app, service), paths, "the same search has the same answer");
        let get = |name| bench.get(&app, &paths[0], ITEM, name).unwrap();
        assert_eq!(get("Locked"), OwnedValue::from(true));
        let attributes: HashMap<String, String> = get("Attributes").try_into().unwrap();
        assert_eq!(attributes, HashMap::from([("service".to_owned(), service.to_owned())]));
        assert_eq!((get("Created"), get("Modified")), (0u64.into(), 0u64.into()));
    }
    assert!(bench.asked().is_empty(), "{:?}", bench.asked());
}

#[test]
fn its_prompt_asks_for_the_search_and_then_for_the_read_and_the_path_is_that_item_from_then_on() {
    let (bench, app) = bench();
    let session = bench.session(&app);
    let paths = found(&bench, &app, "demo");
    assert_eq!(answered(&bench, &app, &paths[0], &[true, true]), (false, paths.clone()));
    assert_eq!(bench.asked(), [BY_KEY.to_owned(), format!("access [{FIRST}] for 10")]);
    assert_eq!(secret_in(&bench.get_secret(&app, &paths[0], &session).unwrap()), b"hunter2");
    assert_eq!(bench.get(&app, &paths[0], ITEM, "Locked").unwrap(), OwnedValue::from(false));
    // A search of the same tells what the person let be told, without another ask.
    let attributes = HashMap::from([("service", "demo")]);
    let reply = bench.call(&app, ROOT, SERVICE, "SearchItems", &attributes).unwrap();
    let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
        reply.body().deserialize().unwrap();
    assert_eq!((strings(&unlocked), strings(&locked)), (vec![FIRST.to_owned()], vec![SECOND.to_owned()]));
    assert_eq!(bench.asked().iter().filter(|asked| asked.starts_with("search")).count(), 1);
}

#[test]
fn its_change_of_lock_is_told_at_the_path_by_which_it_is_known() {
    let (bench, app) = bench();
    let paths = {
        bench.session(&app);
        found(&bench, &app, "demo")
    };
    let (_, prompt) = bench.unlock(&app, &[&paths[0]]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    bench.say.try_send(true).unwrap();
    let mut told = Vec::new();
    loop {
        let signal = bench.signal();
        if member(&signal) == "Completed" {
            break;
        }
        told.push(signal.header().path().unwrap().to_string());
    }
    assert_eq!(told, [FIRST.to_owned(), paths[0].clone()]);
}

#[test]
fn a_no_is_a_dismissed_prompt_and_the_item_stays_locked() {
    let (bench, app) = bench();
    let session = bench.session(&app);
    let paths = found(&bench, &app, "demo");
    assert_eq!(answered(&bench, &app, &paths[0], &[false]), (true, vec![]));
    assert_eq!(found(&bench, &app, "demo"), paths);
    let refusal = bench.get_secret(&app, &paths[0], &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
}

#[test]
fn that_nothing_was_found_is_told_after_a_yes_and_not_before() {
    let (bench, app) = bench();
    let session = bench.session(&app);
    let paths = found(&bench, &app, "nothing");
    assert_eq!(answered(&bench, &app, &paths[0], &[true]), (false, vec![]));
    assert!(found(&bench, &app, "nothing").is_empty());
    let refusal = bench.get_secret(&app, &paths[0], &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
    // Not to another application.
    let other = application(":1.2", 20);
    bench.session(&other);
    assert_eq!(found(&bench, &other, "nothing").len(), 1);
}

#[test]
fn a_direct_read_of_what_stands_for_a_search_opens_the_asks_and_the_retry_succeeds() {
    let (bench, app) = bench();
    let session = bench.session(&app);
    let paths = found(&bench, &app, "demo");
    let refusal = bench.get_secret(&app, &paths[0], &session).unwrap_err();
    assert!(refusal.text.contains("VT8"), "{}", refusal.text);
    bench.say.try_send(true).unwrap();
    bench.say.try_send(true).unwrap();
    bench.eventually_asked("access");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while bench.get_secret(&app, &paths[0], &session).is_err() {
        assert!(std::time::Instant::now() < until);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_deletion_asks_for_the_search_first_and_a_change_wants_the_item_known() {
    let (bench, app) = bench();
    // Without a session, as `secret-tool clear` comes.
    let attributes = HashMap::from([("service", "demo")]);
    let reply = bench.call(&app, ROOT, SERVICE, "SearchItems", &attributes).unwrap();
    let (unlocked, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = reply.body().deserialize().unwrap();
    let path = unlocked[0].as_str().to_owned();
    let label = zbus::zvariant::Value::from("mine");
    let refusal = bench.call(&app, &path, PROPERTIES, "Set", &(ITEM, "Label", label)).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
    let reply = bench.call(&app, &path, ITEM, "Delete", &()).unwrap();
    bench.prompt(&app, &reply.body().deserialize().unwrap()).unwrap();
    bench.say.try_send(true).unwrap();
    bench.say.try_send(true).unwrap();
    assert!(!bench.completed().1);
    assert_eq!(bench.asked(), [BY_KEY.to_owned(), format!("delete {FIRST}")]);
}

#[test]
fn a_lock_takes_back_what_a_search_was_told() {
    let (bench, app) = bench();
    bench.session(&app);
    let paths = found(&bench, &app, "nothing");
    answered(&bench, &app, &paths[0], &[true]);
    bench.call(&app, ROOT, SERVICE, "Lock", &vec![crate::dispatch::object(LOGIN).unwrap()]).unwrap();
    assert_eq!(found(&bench, &app, "nothing"), paths);
}

#[test]
fn the_search_by_which_chromium_looks_for_a_service_asks_nobody_and_finds_nothing() {
    let (bench, app) = bench();
    let attributes = HashMap::from([("application", "chrome-string_to_get_empty_result")]);
    let reply = bench.call(&app, ROOT, SERVICE, "SearchItems", &attributes).unwrap();
    let found: (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = reply.body().deserialize().unwrap();
    assert_eq!(found, (vec![], vec![]));
    assert!(bench.asked().is_empty());
}
