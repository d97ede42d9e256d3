//! Which objects, methods and properties there are, and how many of each.

use std::collections::HashMap;

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::bench::*;
use crate::dispatch::object;

#[test]
fn a_collection_tells_what_the_backend_says_of_it_but_no_items() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    for path in [LOGIN, ALIAS] {
        let reply = bench.call(&app, path, PROPERTIES, "GetAll", &(COLLECTION)).unwrap();
        let properties: HashMap<String, OwnedValue> = reply.body().deserialize().unwrap();
        assert_eq!(properties["Locked"], OwnedValue::from(false));
        assert!(paths_in(properties["Items"].try_clone().unwrap()).is_empty());
        assert_eq!(properties["Created"], OwnedValue::from(1u64));
    }
    let refusal = bench
        .call(&app, "/org/freedesktop/secrets/collection/none", PROPERTIES, "Get", &(COLLECTION, "Label"))
        .unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
}

#[test]
fn the_service_names_its_collections_and_its_default() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let reply = bench.call(&app, ROOT, PROPERTIES, "Get", &(SERVICE, "Collections")).unwrap();
    assert_eq!(reply.header().signature().to_string(), "v");
    assert_eq!(paths_in(reply.body().deserialize().unwrap()), [LOGIN]);
    let alias = |name: &str| -> OwnedObjectPath {
        bench.call(&app, ROOT, SERVICE, "ReadAlias", &(name)).unwrap().body().deserialize().unwrap()
    };
    assert_eq!(alias("default").as_str(), LOGIN);
    for (name, path) in [("login", LOGIN), ("session", "/"), ("work", "/"), ("", "/"), ("../x", "/")] {
        assert_eq!(alias(name).as_str(), path, "{name}");
    }
    bench.has_collections(&[WORK, SESSION_COLLECTION]);
    assert_eq!(alias("login").as_str(), WORK, "as the path /collection/login");
    assert_eq!(alias("session").as_str(), SESSION_COLLECTION);
    assert!(bench.asked().is_empty(), "no key is needed");
    let label = |path: &str| bench.get(&app, path, COLLECTION, "Created").map_err(|refusal| refusal.name);
    assert!(
        label(&format!("{ROOT}/aliases/session")).is_ok() && label(&format!("{ROOT}/aliases/login")).is_ok()
    );
    assert_eq!(
        label(&format!("{ROOT}/aliases/work")).unwrap_err(),
        "org.freedesktop.Secret.Error.NoSuchObject"
    );
}

#[test]
fn an_alias_that_a_person_approved_is_known_to_all_and_a_whole_collection_until_it_is_taken_away() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.has_collections(&[LOGIN, WORK]);
    let alias = |app: &Application| -> OwnedObjectPath {
        bench.call(app, ROOT, SERVICE, "ReadAlias", &("mine")).unwrap().body().deserialize().unwrap()
    };
    let point = |to: &str| {
        bench.say.try_send(true).unwrap();
        bench.call(&app, ROOT, SERVICE, "SetAlias", &("mine", object(to).unwrap())).unwrap();
    };
    point(WORK);
    assert_eq!(alias(&app).as_str(), WORK);
    assert_eq!(alias(&application(":1.2", 20)).as_str(), WORK);
    let below = format!("{ROOT}/aliases/mine/3");
    let (_, prompt) = bench.unlock(&app, &[&below]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    assert_eq!(paths_in(bench.completed().2), [below.as_str()]);
    assert_eq!(bench.asked().last().unwrap(), &format!("access [{THIRD}] for 10"), "by its own path");
    bench.has_collections(&[LOGIN]);
    assert_eq!(alias(&app).as_str(), "/", "what is not there is not pointed to");
    bench.has_collections(&[LOGIN, WORK]);
    point("/");
    assert_eq!(alias(&app).as_str(), "/");
}

#[test]
fn every_method_of_the_interfaces_is_answered_and_no_other() {
    use crate::introspect::{COLLECTION as C, ITEM as I, PROMPT as P, SERVICE as S, SESSION};
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let (session, (_, prompt)) = (bench.session(&app), bench.unlock(&app, &[FIRST]));
    for (path, xml) in [(ROOT, S), (LOGIN, C), (FIRST, I), (session.as_str(), SESSION), (prompt.as_str(), P)]
    {
        let named = |line: &str| line.split('"').nth(1).unwrap().to_owned();
        let interface = named(xml.lines().next().unwrap());
        for line in xml.lines().filter(|line| line.contains("<method ")) {
            // Arguments that no method takes: a method that is there says so, or that it is not built yet.
            let refusal =
                bench.call(&app, path, &interface, &named(line), &(7u8, 7u8, 7u8, 7u8)).unwrap_err();
            let known = ["org.freedesktop.DBus.Error.InvalidArgs", "org.freedesktop.DBus.Error.NotSupported"];
            assert!(known.contains(&refusal.name), "{line}: {refusal:?}");
        }
        let refusal = bench.call(&app, path, &interface, "Frobnicate", &()).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.UnknownMethod");
        let refusal = bench.call(&app, path, "org.example.Other", "Open", &()).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.UnknownInterface");
        let reply = bench.call(&app, path, "org.freedesktop.DBus.Introspectable", "Introspect", &()).unwrap();
        assert!(reply.body().deserialize::<&str>().unwrap().contains(&interface));
    }
    bench.call(&app, "/anywhere", "org.freedesktop.DBus.Peer", "Ping", &()).unwrap();
    let refusal = bench.call(&app, "/anywhere", SERVICE, "Unlock", &()).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.UnknownObject");
}

#[test]
fn what_is_read_only_cannot_be_set() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let value = Value::from("x");
    for (path, interface, name) in
        [(FIRST, ITEM, "Locked"), (LOGIN, COLLECTION, "Items"), (ROOT, SERVICE, "Collections")]
    {
        let refusal = bench.call(&app, path, PROPERTIES, "Set", &(interface, name, &value)).unwrap_err();
        assert_eq!(refusal.name, "org.freedesktop.DBus.Error.PropertyReadOnly");
    }
    let refusal = bench.call(&app, FIRST, PROPERTIES, "Set", &(ITEM, "Colour", &value)).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.DBus.Error.UnknownProperty");
}

#[test]
fn the_path_login_is_an_alias_of_the_default_collection_where_there_is_no_such_collection() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.has_collections(&[WORK]);
    let created = |path: &str| bench.get(&app, path, COLLECTION, "Created");
    assert_eq!(created(LOGIN).unwrap(), OwnedValue::from(1u64));
    assert_eq!(bench.unlock(&app, &[LOGIN]), (vec![LOGIN.to_owned()], root()), "as it was given");
    let by_login = format!("{LOGIN}/3");
    let (_, prompt) = bench.unlock(&app, &[&by_login]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    assert_eq!(paths_in(bench.completed().2), [by_login.as_str()]);
    assert_eq!(bench.asked(), [format!("access [{THIRD}] for 10")], "its own path is what is asked for");
    let session = bench.session(&app);
    assert_eq!(secret_in(&bench.get_secret(&app, &by_login, &session).unwrap()), b"hunter2");

    bench.has_collections(&[WORK, LOGIN]);
    let (_, prompt) = bench.unlock(&app, &[FIRST]);
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    bench.completed();
    assert_eq!(bench.asked().last().unwrap(), &format!("access [{FIRST}] for 10"), "there is one now");
}

#[test]
fn an_alias_is_a_whole_collection_with_items_below_it() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    bench.approve(&app, &[FIRST]);
    let below = format!("{ALIAS}/1");
    assert_eq!(bench.get(&app, &below, ITEM, "Locked").unwrap(), OwnedValue::from(false));
    let session = bench.session(&app);
    assert_eq!(secret_in(&bench.get_secret(&app, &below, &session).unwrap()), b"hunter2");
    let label = Value::from("other");
    bench.say.try_send(true).unwrap();
    bench.call(&app, &below, PROPERTIES, "Set", &(ITEM, "Label", &label)).unwrap();
    assert!(bench.asked().last().unwrap().contains(FIRST), "by its own path: {:?}", bench.asked());
    bench.has_collections(&[]);
    let refusal = bench.get(&app, ALIAS, COLLECTION, "Label").unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
    // libsecret then makes one.
    let nothing = HashMap::<&str, Value<'_>>::new();
    let secret = (&session, &b""[..], &b"hunter2"[..], "text/plain");
    let refusal = bench.call(&app, ALIAS, COLLECTION, "CreateItem", &(nothing, secret, true)).unwrap_err();
    assert_eq!(refusal.name, "org.freedesktop.Secret.Error.NoSuchObject");
}
