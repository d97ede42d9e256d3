//! The item that Chromium stores to have a keyring unlocked: nobody is asked, nothing is stored, and it is no hole.

use std::collections::HashMap;

use zbus::Message;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::bench::*;
use crate::refusal::Refusal;

const TEXT: &str = "Because of quirks in the gnome libsecret API, Chrome needs to store a dummy entry to guarantee that \
                    this keyring was properly unlocked. More details at http://crbug.com/660005.";

fn store(
    bench: &Bench,
    app: &Application,
    session: &OwnedObjectPath,
    more: &[(&str, &str)],
    secret: &str,
) -> Result<Message, Refusal> {
    let mut attributes =
        HashMap::from([("xdg:schema", "_chrome_dummy_schema_for_unlocking"), ("explanation", TEXT)]);
    attributes.extend(more.iter().copied());
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::from("Chrome Safe Storage Control")),
        ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
    ]);
    let secret = (session, &b""[..], secret.as_bytes(), "text/plain");
    bench.call(app, ALIAS, COLLECTION, "CreateItem", &(properties, secret, true))
}

fn made(reply: &Message) -> (OwnedObjectPath, OwnedObjectPath) {
    reply.body().deserialize().unwrap()
}

#[test]
fn it_is_made_up_for_its_connection_and_nobody_is_asked() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let (path, prompt) = made(&store(&bench, &app, &session, &[], "The meaning of life").unwrap());
    assert_eq!(prompt, root());
    assert_eq!(made(&store(&bench, &app, &session, &[], "The meaning of life").unwrap()).0, path);
    let get = |name| bench.get(&app, path.as_str(), ITEM, name).unwrap();
    assert_eq!(get("Locked"), OwnedValue::from(false));
    assert_eq!(String::try_from(get("Label")).unwrap(), "Chrome Safe Storage Control");
    assert_eq!(bench.unlock(&app, &[path.as_str()]), (vec![path.as_str().to_owned()], root()));
    let reply = bench.get_secret(&app, path.as_str(), &session).unwrap();
    assert_eq!(secret_in(&reply), b"The meaning of life");
    let reply = bench.call(&app, ROOT, SERVICE, "GetSecrets", &(vec![path.clone()], &session)).unwrap();
    let secrets: HashMap<OwnedObjectPath, (OwnedObjectPath, Vec<u8>, Vec<u8>, String)> =
        reply.body().deserialize().unwrap();
    assert_eq!(secrets[&path].2, b"The meaning of life");
    assert!(bench.asked().is_empty(), "{:?}", bench.asked());
}

#[test]
fn it_is_there_for_nobody_else_and_gone_once_deleted() {
    let (bench, app, other) = (Bench::new(), application(":1.1", 10), application(":1.2", 20));
    let (session, others) = (bench.session(&app), bench.session(&other));
    let (path, _) = made(&store(&bench, &app, &session, &[], "The meaning of life").unwrap());
    assert!(bench.get_secret(&other, path.as_str(), &others).is_err());
    assert_eq!(bench.get(&other, path.as_str(), ITEM, "Locked").unwrap(), OwnedValue::from(true));
    let reply = bench.call(&app, path.as_str(), ITEM, "Delete", &()).unwrap();
    assert_eq!(reply.body().deserialize::<OwnedObjectPath>().unwrap(), root());
    assert!(bench.get_secret(&app, path.as_str(), &session).is_err());
}

#[test]
fn its_schema_with_anything_else_in_it_is_stored_like_any_item() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    let (path, prompt) = made(&store(&bench, &app, &session, &[], "hunter2").unwrap());
    assert_eq!(path, root());
    assert_ne!(prompt, root());
    let more = [("service", "demo")];
    assert_ne!(made(&store(&bench, &app, &session, &more, "The meaning of life").unwrap()).1, root());
    bench.prompt(&app, &prompt).unwrap();
    bench.say.try_send(true).unwrap();
    bench.completed();
    assert!(bench.asked()[0].starts_with("store hunter2"), "{:?}", bench.asked());
}

#[test]
fn no_collection_is_made_and_none_is_unlocked_for_it() {
    let (bench, app) = (Bench::new(), application(":1.1", 10));
    let session = bench.session(&app);
    bench.lock_the_store();
    bench.has_collections(&[]);
    assert_eq!(made(&store(&bench, &app, &session, &[], "The meaning of life").unwrap()).1, root());
    assert!(bench.asked().is_empty());
}
