//! What backends of different authors do differently, and sd-fetch makes the same: with gnome-keyring, with oo7-daemon
//! (the ring `backends`), and with one that has the quirks of others.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order, Shown};
use sd_wire::id::AskId;
use sd_wire::outcome::{Found, Granted, What};
use sd_wire::path::{CollectionPath, ItemPath};
use support::companion::{Companion, MASTER, Person, notes};
use support::{Going, Rig, eventually};

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const DEMO: &[(&str, &str)] = &[("service", "demo"), ("user", "ada")];

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn failed(why: Fault) -> What {
    What::Failed { stage: Stage::Fetch, why }
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    Attributes::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
}

fn search(pairs: &[(&str, &str)], within: Option<&str>) -> Order {
    Order::Search {
        id: id(),
        collection: within.map(|path| CollectionPath::parse(path).unwrap()),
        attributes: attributes(pairs),
        hidden: List::default(),
        describe: false,
    }
}

/// What a search finds, or why it does not tell.
fn finds(companion: &Companion, order: &Order) -> Result<Vec<ItemPath>, What> {
    let (what, body, _) = companion.order_with_sink(order);
    let What::Granted(Granted::Found { .. }) = what else { return Err(what) };
    let found: Found = serde_json::from_slice(&body).unwrap();
    Ok(found.unlocked.into_iter().chain(found.locked).collect())
}

fn described(companion: &Companion, item: &ItemPath) -> Description {
    let order = Order::Describe { id: id(), items: List::new(vec![item.clone()]).unwrap() };
    match companion.order(&order).remove(0) {
        Note::Described(it) => it,
        other => panic!("{other:?}"),
    }
}

fn read(companion: &Companion, item: &ItemPath) -> (Vec<u8>, String) {
    let digest = described(companion, item).digest();
    match companion.order_with_sink(&Order::Read { id: id(), item: item.clone(), digest }) {
        (What::Granted(Granted::Secret { content_type, .. }), secret, _) => {
            (secret, content_type.as_str().to_owned())
        }
        (what, ..) => panic!("{what:?}"),
    }
}

/// Stores as `secret-tool store` does, a yes given to what is shown: where it went, and whether it replaced something.
fn store(companion: &Companion, content_type: &str, secret: &[u8]) -> (ItemPath, bool) {
    match store_as(companion, content_type, secret, true) {
        (What::Granted(Granted::Stored { item }), replaced) => (item, replaced),
        (what, _) => panic!("{what:?}"),
    }
}

fn store_as(companion: &Companion, content_type: &str, secret: &[u8], replace: bool) -> (What, bool) {
    let collection = CollectionPath::parse("/org/freedesktop/secrets/aliases/default").unwrap();
    let order = Order::DescribeTarget { id: id(), collection, attributes: attributes(DEMO), replace };
    let Note::Target { collection, replaces, .. } = companion.order(&order).remove(0) else { panic!() };
    let replaces = replaces.map(|it| Shown { item: it.item.clone(), digest: it.digest() });
    let replaced = replaces.is_some();
    let order = Order::Store {
        id: id(),
        collection,
        label: Text::clipped("Demo"),
        attributes: attributes(DEMO),
        content_type: Text::clipped(content_type),
        replaces,
    };
    (companion.order_with_upload(&order, || secret.to_vec()).0, replaced)
}

fn demo(companion: &Companion) -> Vec<ItemPath> {
    finds(companion, &search(DEMO, None)).unwrap()
}

#[test]
fn a_second_store_replaces_the_first_and_both_outlive_the_backend() {
    let mut companion = Companion::with_keyring();
    let (first, replaced) = store(&companion, "text/plain", b"first");
    assert!(!replaced);
    assert_eq!(read(&companion, &first), (b"first".to_vec(), "text/plain".to_owned()));
    companion.restart_keyring();
    assert_eq!(read(&companion, &demo(&companion)[0]).0, b"first");
    assert!(store(&companion, "text/plain", b"second").1);
    assert_eq!(demo(&companion).len(), 1);
    companion.restart_keyring();
    let after = demo(&companion);
    assert_eq!(after.len(), 1);
    assert_eq!(read(&companion, &after[0]).0, b"second");
}

#[test]
fn the_next_order_after_a_restart_of_the_backend_works_by_itself() {
    let mut companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo", "user", "ada"]);
    companion.end_keyring();
    assert_eq!(finds(&companion, &search(DEMO, None)), Err(failed(Fault::Unavailable)));
    companion.restart_keyring_from_nothing();
    assert_eq!(read(&companion, &demo(&companion)[0]).0, b"hunter2");
}

#[test]
fn a_locked_store_never_says_that_there_is_nothing_where_there_is_something() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo", "user", "ada"]);
    assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
    for within in [None, Some(LOGIN)] {
        match finds(&companion, &search(DEMO, within)) {
            Ok(found) => assert_eq!(found.len(), 1),
            Err(why) => assert_eq!(why, failed(Fault::Locked)),
        }
    }
    let (noted, _) = companion.order_with(&Order::Unlock { id: id() }, &[Person::Types(MASTER)]);
    assert_eq!(noted, [Note::Done {}]);
    assert_eq!(demo(&companion).len(), 1);
    assert_eq!(finds(&companion, &search(&[("service", "none")], None)), Ok(vec![]));
}

#[test]
fn a_content_type_that_a_backend_may_not_know_keeps_no_secret_out() {
    let companion = Companion::with_keyring();
    for (content_type, secret) in
        [("application/x-something", &b"text"[..]), ("", b"text"), ("image/png", b"\x89PNG\xff")]
    {
        let (item, _) = store(&companion, content_type, secret);
        // What it is called afterwards is the backend's: gnome-keyring calls everything text.
        assert_eq!(read(&companion, &item).0, secret);
    }
}

#[test]
fn locking_leaves_what_only_the_memory_holds_usable_when_there_is_nothing_in_it() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo"]);
    for _ in 0..2 {
        assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
        assert!(companion.is_locked());
        // One passphrase, not one more for a collection of which nobody has any.
        let (noted, shown) = companion.order_with(&Order::Unlock { id: id() }, &[Person::Types(MASTER)]);
        assert_eq!((noted, shown.len()), (vec![Note::Done {}], 1));
        assert!(!companion.is_locked());
    }
}

/// Deletes the item, as shown.
fn delete(companion: &Companion, item: &ItemPath) -> What {
    let digest = described(companion, item).digest();
    companion.order_with_sink(&Order::Delete { id: id(), item: item.clone(), digest }).0
}

/// What is on a companion's bus, as gdbus prints it.
fn names(companion: &Companion) -> String {
    let mut command = companion.command(Path::new("gdbus"));
    command.args(["call", "--address", companion.bus(), "--dest", "org.freedesktop.DBus"]);
    command.args(["--object-path", "/", "--method", "org.freedesktop.DBus.ListNames"]);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// The number of the newest connection to a companion's bus, which is that of whoever asks: a bus counts them.
fn newest(companion: &Companion) -> u32 {
    names(companion).split('\'').filter_map(|name| name.strip_prefix(":1.")?.parse().ok()).max().unwrap()
}

#[test]
fn orders_that_look_and_read_go_by_one_connection_until_the_backend_is_another_or_the_store_is_locked() {
    let mut companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo", "user", "ada"]);
    let item = demo(&companion).remove(0);
    let before = newest(&companion);
    for _ in 0..3 {
        assert_eq!(read(&companion, &item).0, b"hunter2");
    }
    // One that asks, and one that a backend may need; each of the six orders would have had its own.
    assert!(newest(&companion) <= before + 2, "{before} {}", newest(&companion));
    companion.restart_keyring();
    let item = demo(&companion).remove(0);
    assert_eq!(read(&companion, &item).0, b"hunter2");
    companion.order(&Order::Lock { id: id() });
    let before = newest(&companion);
    let _ = finds(&companion, &search(DEMO, None));
    assert!(newest(&companion) > before + 1, "a new one");
}

/// How many are connected to a companion's bus, with whoever asks.
fn connected(companion: &Companion) -> usize {
    names(companion).matches("':1.").count()
}

#[test]
fn a_lock_closes_every_connection_that_rests_and_not_only_the_one_it_takes() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo", "user", "ada"]);
    companion.order(&Order::Lock { id: id() });
    let none = connected(&companion);
    let keyring = Pid::from_raw(companion.backend().try_into().unwrap());
    kill(keyring, Signal::SIGSTOP).unwrap();
    let both = [companion.begin(&Order::State {}), companion.begin(&Order::State {})];
    eventually("two connections at once", || (connected(&companion) == none + 2).then_some(()));
    kill(keyring, Signal::SIGCONT).unwrap();
    for one in &both {
        assert!(matches!(notes(one)[..], [Note::State { .. }]));
    }
    assert_eq!(connected(&companion), none + 2, "both rest");
    companion.order(&Order::Lock { id: id() });
    eventually("none that rests", || (connected(&companion) == none).then_some(()));
    let fetch = std::fs::read_to_string(format!("/proc/{}/stat", companion.fetch()));
    // What has ended and was not waited for yet is a zombie (proc(5)).
    assert!(fetch.is_ok_and(|stat| !stat.contains(") Z ")), "they went only with sd-fetch itself");
}

#[test]
fn what_is_deleted_is_gone_also_after_a_restart_and_nothing_else_is() {
    let mut companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo", "user", "ada"]);
    companion.store("Other", &["service", "other"]);
    let item = demo(&companion).remove(0);
    assert_eq!(delete(&companion, &item), What::Granted(Granted::Deleted {}));
    for _ in 0..2 {
        assert!(demo(&companion).is_empty());
        assert_eq!(finds(&companion, &search(&[("service", "other")], None)).unwrap().len(), 1);
        companion.restart_keyring();
    }
}

#[test]
fn a_requester_that_is_gone_when_the_answer_comes_is_no_fault_of_the_backends() {
    let companion = Companion::with_keyring();
    companion.store("Demo", &["service", "demo", "user", "ada"]);
    let digest = described(&companion, &companion.first()).digest();
    let read = Order::Read { id: id(), item: companion.first(), digest };
    for order in [search(DEMO, None), read] {
        assert_eq!(companion.order_for_nobody(&order), [Note::Failed { why: Fault::NoReader }]);
    }
    assert_eq!(demo(&companion).len(), 1);
}

/// What the tools between an application and the backend have logged.
fn logs(going: &Going) -> String {
    ["sd-agent", "sd-gate", "sd-decide", "sd-fetch", "backend"]
        .map(|tool| format!("{tool}:\n{}", going.log(tool)))
        .join("\n")
}

#[test]
fn after_the_backend_was_killed_and_came_back_the_whole_chain_works_by_itself() {
    let rig = Rig::real().with(&["--answer", "y", "--restart-backend", "--timeout", "100"]);
    let look = "secret-tool lookup service demo";
    let going = Going::start(
        rig,
        &format!(
            "printf hunter2 | secret-tool store --label=demo service demo; {look} > before 2> said; touch stored
             while ! test -e again; do sleep 0.05; done
             until {look} > after.part && test -s after.part; do sleep 0.5; done; mv after.part after"
        ),
    );
    going.file("stored");
    assert_eq!(going.file("before"), "hunter2", "{}\n{}", going.file("said"), logs(&going));
    let (agent, first) = (going.pid("sd-agent"), going.pid("backend"));
    kill(first, Signal::SIGKILL).unwrap();
    eventually("another backend", || (going.pid("backend") != first).then_some(()));
    going.make("again");
    assert_eq!(going.file("after"), "hunter2", "{}", logs(&going));
    assert_eq!(going.pid("sd-agent"), agent, "nothing else was started anew for that");
}

#[test]
fn with_the_quirks_of_gopass_secret_service_secrets_come_and_go_as_shown() {
    let companion = Companion::with_fake(&["--gopass"]);
    // A plain session that is answered by bytes, after an error for the encrypted one that is gopass's own.
    let (item, _) = store(&companion, "text/plain", b"first");
    assert_eq!(read(&companion, &item).0, b"first");
    assert_eq!(store(&companion, "text/plain", b"second"), (item.clone(), true));
    assert_eq!(read(&companion, &item).0, b"second");
    // A second one beside it: gopass would answer with the first, and keep that as it is.
    assert_eq!(store_as(&companion, "text/plain", b"third", false), (failed(Fault::Refused), false));
    assert_eq!(read(&companion, &item).0, b"second");
    assert!(companion.logged("sd-fetch").contains("made no new item"));
    // It never prompts, and locking is a flag of its own.
    assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
    assert_eq!(companion.order(&Order::Unlock { id: id() }), [Note::Done {}]);
    assert_eq!(delete(&companion, &item), What::Granted(Granted::Deleted {}));
}

#[test]
fn a_backend_without_any_collection_is_not_believed_to_have_nothing() {
    let companion = Companion::with_fake(&["--fault", "bare"]);
    assert_eq!(finds(&companion, &search(DEMO, None)), Err(failed(Fault::Unavailable)));
}
