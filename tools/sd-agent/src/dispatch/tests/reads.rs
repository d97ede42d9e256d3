//! Searches and reads: what an application gets, and what it gets to know.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::bench::*;
use crate::dispatch::object;

#[test]
fn found_items_are_locked_until_they_are_approved_for_this_application() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.session(&app);
    bench.session(&other);
    assert_eq!(bench.search(&app), (vec![], vec![FIRST.to_owned(), SECOND.to_owned()]));
    bench.approve(&app, &[FIRST]);
    assert_eq!(bench.search(&app), (vec![FIRST.to_owned()], vec![SECOND.to_owned()]));
    assert_eq!(bench.search(&other), (vec![], vec![FIRST.to_owned(), SECOND.to_owned()]));
}

#[test]
fn a_searcher_without_a_session_is_told_unlocked_and_still_needs_a_person() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    assert_eq!(bench.search(&app), (vec![FIRST.to_owned(), SECOND.to_owned()], vec![]));
    let session = bench.session(&app);
    assert!(bench.get_secret(&app, FIRST, &session).is_err());
    assert_eq!(bench.unlock(&app, &[FIRST]).0, Vec::<String>::new());
}

#[test]
fn an_empty_unlock_is_a_prompt_for_what_a_searcher_without_a_session_has_looked_at() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.search(&app);
    assert_eq!(bench.unlock(&app, &[]), (vec![], root()), "it has looked at nothing");
    bench.call(&app, SECOND, PROPERTIES, "GetAll", &ITEM).unwrap();
    let (usable, prompt) = bench.unlock(&app, &[]);
    assert!(usable.is_empty());
    bench.say.try_send(true).unwrap();
    bench.prompt(&app, &prompt).unwrap();
    let (_, dismissed, result) = bench.completed();
    assert_eq!((dismissed, paths_in(result)), (false, vec![SECOND.to_owned()]));
}

#[test]
fn what_comes_with_a_search_is_told_with_what_was_searched_by() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let searched = HashMap::from([("server", "example.org")]);
    bench.call(&app, ROOT, SERVICE, "SearchItems", &(searched,)).unwrap();
    let told = |path| HashMap::<String, String>::try_from(bench.get(&app, path, ITEM, "Attributes").unwrap());
    let (mut first, second) = (told(FIRST).unwrap(), told(SECOND).unwrap());
    assert_eq!(first.remove("user").as_deref(), Some("ada"));
    assert_eq!((first.len(), first), (1, second));
    let label = |path| String::try_from(bench.get(&app, path, ITEM, "Label").unwrap()).unwrap();
    assert_eq!((label(FIRST).as_str(), label(SECOND).as_str()), ("example.org", ""));
}

#[test]
fn a_search_that_a_locked_store_does_not_answer_finds_one_locked_item_and_its_prompt_opens_the_store() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.lock_the_store();
    bench.searches_open_only();
    let session = bench.session(&app);
    let attributes = HashMap::from([("service", "demo")]);
    let search = || {
        let reply = bench.call(&app, ROOT, SERVICE, "SearchItems", &attributes).unwrap();
        let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            reply.body().deserialize().unwrap();
        assert!(unlocked.is_empty());
        strings(&locked)
    };
    let stands = search();
    assert_eq!(stands.len(), 1);
    assert_eq!(search(), stands);
    assert!(!bench.asked().iter().any(|asked| asked == "unlock"), "nobody has wanted it opened yet");
    let (_, prompt) = bench.unlock(&app, &[&stands[0]]);
    bench.prompt(&app, &prompt).unwrap();
    // To the unlock, the search (which asks nobody where nothing is hidden), and the read.
    (0..3).for_each(|_| bench.say.try_send(true).unwrap());
    let (_, dismissed, result) = bench.completed();
    assert_eq!((dismissed, paths_in(result)), (false, stands.clone()));
    assert_eq!(bench.asked().iter().filter(|asked| *asked == "unlock").count(), 1);
    assert_eq!(secret_in(&bench.get_secret(&app, &stands[0], &session).unwrap()), b"hunter2");
}

#[test]
fn an_approval_holds_for_another_connection_of_the_same_process() {
    let (bench, app, again) = (Bench::new(), application(":1.1", 10), application(":1.9", 10));
    bench.approve(&app, &[FIRST]);
    let session = bench.session(&again);
    assert_eq!(secret_in(&bench.get_secret(&again, FIRST, &session).unwrap()), b"hunter2");
}

#[test]
fn a_direct_read_without_approval_is_locked_and_opens_one_ask() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    for _ in 0..3 {
        let refusal = bench.get_secret(&app, FIRST, &session).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
        assert!(refusal.text.contains("VT8"), "{}", refusal.text);
    }
    bench.eventually_asked("access");
    bench.say.try_send(true).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while !bench.desk.approved(&app.1.app, &item(FIRST)) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(bench.asked().len(), 1);
    assert_eq!(secret_in(&bench.get_secret(&app, FIRST, &session).unwrap()), b"hunter2");
}

#[test]
fn a_direct_read_that_was_refused_opens_no_other_ask_in_the_same_breath() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    bench.get_secret(&app, FIRST, &session).unwrap_err();
    bench.eventually_asked("access");
    bench.say.try_send(false).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2500) {
        bench.get_secret(&app, FIRST, &session).unwrap_err();
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(bench.asked().len(), 1, "somebody was asked again at once");
    // Not for ever: a person may have pressed the wrong key.
    while bench.asked().len() == 1 {
        assert!(began.elapsed() < Duration::from_secs(10), "nobody is asked any more");
        bench.get_secret(&app, FIRST, &session).unwrap_err();
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn get_secrets_leaves_out_what_is_not_approved() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.approve(&app, &[FIRST]);
    let session = bench.session(&app);
    let paths = [object(FIRST).unwrap(), object(SECOND).unwrap(), object(LOGIN).unwrap()];
    let reply = bench.call(&app, ROOT, SERVICE, "GetSecrets", &(&paths[..], &session)).unwrap();
    assert_eq!(reply.header().signature().to_string(), "a{o(oayays)}");
    let secrets: HashMap<OwnedObjectPath, (OwnedObjectPath, Vec<u8>, Vec<u8>, String)> =
        reply.body().deserialize().unwrap();
    assert_eq!(secrets.len(), 1);
    let (_, (_, _, value, content_type)) = secrets.into_iter().next().unwrap();
    assert_eq!((value.as_slice(), content_type.as_str()), (&b"hunter2"[..], "text/plain"));
}

#[test]
fn get_secrets_of_nothing_but_what_is_not_approved_is_locked_and_opens_one_ask() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let paths = [object(FIRST).unwrap(), object(SECOND).unwrap()];
    let refusal = bench.call(&app, ROOT, SERVICE, "GetSecrets", &(&paths[..], &session)).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
    bench.eventually_asked("access");
    assert_eq!(bench.asked(), [format!("access [{FIRST}, {SECOND}] for 10")]);
    let nothing = bench.call(&app, ROOT, SERVICE, "GetSecrets", &(&paths[..0], &session)).unwrap();
    assert_eq!(nothing.header().signature().to_string(), "a{o(oayays)}");
}

#[test]
fn an_item_that_was_changed_after_its_approval_is_locked_again_but_to_whom_it_was_changed_by() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    for from in [&app, &other] {
        bench.approve(from, &[FIRST]);
    }
    bench.say.try_send(true).unwrap();
    let label = zbus::zvariant::Value::from("new");
    bench.call(&app, FIRST, PROPERTIES, "Set", &(ITEM, "Label", &label)).unwrap();
    assert!(!bench.desk.approved(&other.1.app, &item(FIRST)), "the grant is bound to what was shown");
    assert!(bench.desk.approved(&app.1.app, &item(FIRST)), "it was shown what it becomes, too");
    // A store may replace an item of which this connection has never heard, but another of the same process has.
    let maker = application(":1.3", 10);
    bench.approve(&other, &[FIRST]);
    let session = bench.session(&maker);
    let secret = (&session, &b""[..], &b"hunter2"[..], "text/plain");
    let nothing = HashMap::<&str, zbus::zvariant::Value<'_>>::new();
    let create = bench.call(&maker, ALIAS, COLLECTION, "CreateItem", &(nothing, secret, true)).unwrap();
    let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = create.body().deserialize().unwrap();
    bench.prompt(&maker, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    bench.completed();
    assert!(!bench.desk.approved(&other.1.app, &item(FIRST)));
    assert!(bench.desk.approved(&app.1.app, &item(FIRST)), "it has itself written it");

    bench.approve(&app, &[SECOND]);
    bench.changes_under_us();
    let session = bench.session(&app);
    let refusal = bench.get_secret(&app, SECOND, &session).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.IsLocked");
    assert!(!bench.desk.approved(&app.1.app, &item(SECOND)));
}

#[test]
fn an_item_tells_an_application_its_own_words_only() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    bench.session(&app);
    bench.search(&app);
    let properties = |from, path: &str| -> HashMap<String, OwnedValue> {
        let reply = bench.call(from, path, PROPERTIES, "GetAll", &(ITEM)).unwrap();
        reply.body().deserialize().unwrap()
    };
    let attributes = |properties: &HashMap<String, OwnedValue>| -> HashMap<String, String> {
        properties["Attributes"].try_clone().unwrap().try_into().unwrap()
    };
    let seen = properties(&app, FIRST);
    assert_eq!(attributes(&seen), HashMap::from([("service".to_owned(), "demo".to_owned())]));
    assert_eq!(seen["Label"], OwnedValue::from(zbus::zvariant::Str::from("")));
    assert_eq!(seen["Locked"], OwnedValue::from(true));
    let unseen = properties(&other, FIRST);
    let absent = properties(&other, "/org/freedesktop/secrets/collection/login/none");
    assert!(attributes(&unseen).is_empty());
    assert_eq!(unseen, absent, "an item that there is looks like one that there is not");
}

#[test]
fn what_a_search_in_a_collection_finds_is_locked_only_to_who_could_read_or_has_asked_for_it() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let search = || {
        let attributes = HashMap::from([("service", "demo")]);
        bench.call(&app, LOGIN, COLLECTION, "SearchItems", &attributes).unwrap();
    };
    let locked = || bench.get(&app, FIRST, ITEM, "Locked").unwrap() == OwnedValue::from(true);
    assert!(locked());
    // SecretStorage deletes nothing that is called locked, and python-keyring deletes what it has just found.
    search();
    assert!(!locked());
    // A denied Unlock must not look as if it had been granted.
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(false).unwrap();
    assert!(bench.completed().1);
    assert!(locked());
    bench.session(&app);
    search();
    assert!(locked());
}

#[test]
fn an_approved_item_keeps_what_was_told_of_it_from_one_connection_of_a_process_to_the_next() {
    let (bench, app, again) = (Bench::new(), application(":1.1", 10), application(":1.2", 10));
    bench.session(&app);
    bench.approve(&app, &[FIRST]);
    let label = |from: &Application| bench.get(from, FIRST, ITEM, "Label").unwrap();
    let told = label(&app);
    bench.desk.leave(&app.0);
    assert_eq!(label(&again), told);
}
