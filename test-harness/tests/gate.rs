//! The gate's door on the system bus, knocked at by the desktop user: bad requests are refused by a name and a
//! sentence, good ones are served on, and what is told reaches whom it is for.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::{Beside, Going, Rig};

const OURS: &str = "net.mowaka.SecretsDispatcher1.Error.";
const THEIRS: &str = "org.freedesktop.";
/// No claims.
const NONE: &str = "a{sv}:";
const ITEM: &str = "o:/org/freedesktop/secrets/collection/login/1";
const COLLECTION: &str = "o:/org/freedesktop/secrets/collection/login";

fn going() -> Going {
    Going::start(Rig::real(), "")
}

/// Where an item of the fake backend lets requests wait for a key that nobody presses.
fn unanswered() -> Going {
    Going::start(Rig::real().with_fake_backend(&["--item", "one=the-canary,service=demo"]), "")
}

/// An item of [`unanswered`].
const WAITS: [&str; 4] = ["RequestSecret", "h:sink", "o:/org/freedesktop/secrets/collection/fake/i1", NONE];

fn still_serves(going: &Going) {
    let answer = going.desktop("sd-ask", &["collections"]);
    assert!(answer.contains("locked=false"), "{answer}");
}

/// A call, the error's name, and what its sentence must name the fault by.
type Fault<'a> = (&'a [&'a str], &'a str, &'a str);

/// Each of these is refused by this name and such a sentence, and what is right is still answered.
fn refuses(going: &Going, prefix: &str, faults: &[Fault<'_>]) {
    for (call, name, fault) in faults {
        let shown: Vec<_> = call.iter().map(|word| word.get(..60).unwrap_or(word)).collect();
        let answer = going.desktop("sd-call", call);
        let error = answer.lines().find_map(|line| line.strip_prefix(&format!("error {prefix}{name}: ")));
        let sentence = error.unwrap_or_else(|| panic!("{shown:?} ended otherwise than by {name}: {answer}"));
        assert!(sentence.contains(fault), "{shown:?}: {fault:?} is not in {sentence:?}");
        still_serves(going);
    }
}

fn property(going: &Going, name: &str) -> String {
    let name = format!("s:{name}");
    let words = ["org.freedesktop.DBus.Properties.Get", "s:net.mowaka.SecretsDispatcher1", &name];
    going.desktop("sd-call", &words).lines().next().unwrap_or_default().to_owned()
}

/// A call that runs on and listens, once it has been answered.
fn listening(going: &Going, call: &[&str]) -> Beside {
    let beside = going.desktop_beside("sd-call", &[call, &["--listen", "60000"]].concat());
    beside.says("called");
    beside
}

/// The id that a listening call was answered with.
fn id(call: &Beside) -> String {
    call.says("reply ").trim_start_matches("reply ").to_owned()
}

#[test]
fn a_sink_that_is_not_a_socketpair_of_the_senders_own_is_refused() {
    refuses(
        &going(),
        OURS,
        &[
            (&["RequestSecret", "h:pipe", ITEM, NONE], "BadSink", "not a socket"),
            (&["RequestSecret", "h:file", ITEM, NONE], "BadSink", "not a socket"),
            (&["RequestSecret", "h:payload", ITEM, NONE], "BadSink", "not a socket"),
            (&["RequestSecret", "h:stream", ITEM, NONE], "BadSink", "SEQPACKET"),
            (&["RequestSecret", "h:datagram", ITEM, NONE], "BadSink", "SEQPACKET"),
            (&["RequestSecret", "h:connected", ITEM, NONE], "BadSink", "socketpair"),
            (&["RequestSecret", "h:foreign", ITEM, NONE], "BadSink", "make the socketpair yourself"),
            (&["RequestCollections", "h:foreign", NONE], "BadSink", "make the socketpair yourself"),
            (&["RequestSignature", "h:payload", "h:payload", "s:", NONE], "BadSink", "not a socket"),
            (&["Lock", "h:pipe", NONE], "BadSink", "not a socket"),
        ],
    );
}

#[test]
fn a_payload_that_can_still_change_is_refused() {
    refuses(
        &going(),
        OURS,
        &[
            (&["RequestSignature", "h:sink", "h:unsealed", "s:", NONE], "BadPayload", "seal"),
            (&["RequestSignature", "h:sink", "h:file", "s:", NONE], "BadPayload", "payload"),
            (&["RequestImport", "h:sink", "h:unsealed", COLLECTION, "b:false", NONE], "BadPayload", "seal"),
            (&["RequestImport", "h:sink", "h:sink", COLLECTION, "b:false", NONE], "BadPayload", "manifest"),
            (&["RequestSignature", "h:sink", "h:pipe", "s:", NONE], "BadPayload", "payload"),
            (&["RequestSignature", "h:sink", "h:sink", "s:", NONE], "BadPayload", "payload"),
        ],
    );
}

#[test]
fn a_claim_that_is_unknown_of_another_type_or_too_long_is_refused() {
    let long = format!("a{{sv}}:branch=s:{}", "b".repeat(257));
    let garbage = format!("a{{sv}}:{}=s:x", "k".repeat(500));
    let claim = |claims| ["RequestSecret", "h:sink", ITEM, claims];
    refuses(
        &going(),
        OURS,
        &[
            (&claim("a{sv}:colour=s:red"), "BadArgument", "claim colour is unknown"),
            (&claim(&garbage), "BadArgument", "is unknown"),
            (&claim("a{sv}:says=u:7"), "BadArgument", "claim says is not text"),
            (&claim("a{sv}:app-pid=t:7,app-start=t:7"), "BadArgument", "claim app-pid is not a number"),
            (&claim("a{sv}:files=s:all"), "BadArgument", "claim files is not of type a(ss)"),
            (&claim("a{sv}:app-pid=u:7"), "BadArgument", "belong together"),
            (&claim(&long), "BadArgument", "claim branch is too long"),
        ],
    );
}

#[test]
fn an_argument_out_of_its_bounds_or_outside_the_tree_is_refused() {
    let label = format!("s:{}", "l".repeat(16 * 1024 + 1));
    let value = format!("a{{ss}}:a={}", "v".repeat(16 * 1024));
    let many: String = (0..129).map(|n| format!("n{n}=v,")).collect();
    let many = format!("a{{ss}}:{many}");
    let key = format!("s:{}", "k".repeat(513));
    let media = format!("s:{}", "m".repeat(257));
    let items = vec!["/org/freedesktop/secrets/collection/login/1"; 513].join(",");
    let items = format!("ao:{items}");
    let store = |label, attributes, media| {
        ["RequestStore", "h:sink", COLLECTION, label, attributes, media, "b:false", NONE]
    };
    refuses(
        &going(),
        OURS,
        &[
            (&["RequestSecret", "h:sink", "o:/org/freedesktop/DBus", NONE], "BadArgument", "item: "),
            (&["RequestSecret", "h:sink", COLLECTION, NONE], "BadArgument", "item: "),
            (&["RequestDelete", "h:sink", "o:/", NONE], "BadArgument", "item: "),
            (&["RequestAccess", "h:sink", "ao:", NONE], "BadArgument", "items: none given"),
            (&["RequestAccess", "h:sink", &items, NONE], "BadArgument", "items: list of length 513"),
            (&["RequestSearch", "h:sink", ITEM, "a{ss}:a=b", NONE], "BadArgument", "collection: "),
            (&["RequestSearch", "h:sink", "o:/", "a{ss}:", NONE], "BadArgument", "attributes: none given"),
            (&["RequestSearch", "h:sink", "o:/", &value, NONE], "BadArgument", "bytes of attributes"),
            (&["RequestSearch", "h:sink", "o:/", &many, NONE], "BadArgument", "attributes of length 129"),
            (&store("s:x", &many, "s:text/plain"), "BadArgument", "attributes of length 129"),
            (&store(&label, "a{ss}:a=b", "s:text/plain"), "BadArgument", "label: "),
            (&store("s:x", "a{ss}:a=b", &media), "BadArgument", "content_type: "),
            (&["RequestSignature", "h:sink", "h:payload", &key, NONE], "BadArgument", "key: "),
            (&["RequestList", "h:sink", ITEM, NONE], "BadArgument", "collection: "),
            (&["RequestSetSecret", "h:sink", COLLECTION, "s:", NONE], "BadArgument", "item: "),
            (&["RequestSetSecret", "h:sink", ITEM, &media, NONE], "BadArgument", "content_type: "),
            (&["RequestSetLabel", "h:sink", "o:/", "s:x", NONE], "BadArgument", "object: "),
            (&["RequestSetLabel", "h:sink", ITEM, &label, NONE], "BadArgument", "label: "),
            (&["RequestSetAttributes", "h:sink", COLLECTION, "a{ss}:a=b", NONE], "BadArgument", "item: "),
            (
                &["RequestSetAttributes", "h:sink", ITEM, &many, NONE],
                "BadArgument",
                "attributes of length 129",
            ),
            (&["RequestSetAlias", "h:sink", "s:", "o:/", NONE], "BadArgument", "name: "),
            (&["RequestSetAlias", "h:sink", "s:x", ITEM, NONE], "BadArgument", "collection: "),
            (&["RequestSetAlias", "h:sink", &key, "o:/", NONE], "BadArgument", "name: "),
            (&["RequestCreateCollection", "h:sink", &label, "s:", NONE], "BadArgument", "label: "),
            (&["RequestCreateCollection", "h:sink", "s:x", &key, NONE], "BadArgument", "alias: "),
            (&["RequestDeleteCollection", "h:sink", ITEM, NONE], "BadArgument", "collection: "),
            (&["Cancel", "s:not an id"], "BadArgument", "id: "),
            (&["Cancel", "s:0123456789ABCDEF"], "BadArgument", "id: "),
            (&["Cancel", "s:0123456789abcdef"], "NoSuchRequest", "0123456789abcdef"),
        ],
    );
}

#[test]
fn a_call_of_another_signature_or_of_no_method_is_refused() {
    // By the D-Bus library before the gate sees the call, and so by names of its own.
    refuses(
        &going(),
        THEIRS,
        &[
            (&["RequestSecret", "s:a sink", ITEM, NONE], "zbus.Error", "expected `(hoa{sv})`"),
            (&["RequestSecret", "h:sink", "s:a path", NONE], "zbus.Error", "expected `(hoa{sv})`"),
            (&["RequestSecret", "h:sink", ITEM], "zbus.Error", "expected `(hoa{sv})`"),
            (&["RequestSecret"], "zbus.Error", "expected `(hoa{sv})`"),
            (
                &["RequestSearch", "h:sink", "o:/", "a{sv}:a=u:7", NONE],
                "zbus.Error",
                "expected `(hoa{ss}a{sv})`",
            ),
            (&["Approve", "s:0123456789abcdef"], "DBus.Error.UnknownMethod", "Approve"),
        ],
    );
}

#[test]
fn a_request_too_long_for_the_wire_is_refused_and_its_sink_told_why() {
    let going = going();
    // Each of these bytes takes six in JSON.
    let label = format!("s:{}", "\u{1}".repeat(16 * 1024));
    let store = ["RequestStore", "h:sink", COLLECTION, &label, "a{ss}:a=b", "s:text/plain", "b:false", NONE];
    let call = listening(&going, &store);
    call.says(&format!("error {OURS}BadArgument: "));
    let told = call.says("sink {");
    assert!(told.contains(r#""rejected":{"why":"too_large"}"#), "{told}");
    call.says("sink: end");
    still_serves(&going);
}

#[test]
fn the_sixty_fifth_waiting_request_of_a_connection_is_turned_away_and_others_are_served() {
    let going = unanswered();
    let flood = listening(&going, &[&WAITS[..], &["--times", "65"]].concat());
    assert_eq!(flood.said().matches("reply ").count(), 64, "{}", flood.said());
    flood.says(&format!("error {OURS}TooMany: 64 requests are waiting already"));
    let told = flood.says("sink {");
    assert!(told.contains(r#""rejected":{"why":"too_many"}"#), "{told}");
    still_serves(&going);
    let other = listening(&going, &WAITS);
    assert_eq!(other.said().matches("reply ").count(), 1, "{}", other.said());
    let cancelled = going.desktop("sd-call", &["Cancel", &format!("s:{}", id(&other))]);
    assert!(!cancelled.contains("error"), "{cancelled}");
    other.says(r#""cancelled":{}"#);
}

#[test]
fn signals_reach_the_requester_and_who_subscribed_and_nobody_else() {
    let going = unanswered();
    let subscriber = listening(&going, &["Subscribe"]);
    let known = ["Cancel", "s:only to be known to the gate"];
    let rule = "type='signal',interface='net.mowaka.SecretsDispatcher1'";
    let stranger = listening(&going, &[&known[..], &["--match", rule]].concat());
    let requester = listening(&going, &WAITS);
    let id = id(&requester);
    let pid = requester.pid();
    for hears in [&requester, &subscriber] {
        assert_eq!(
            hears.says("signal RequestCreated"),
            format!("signal RequestCreated {id} read uint32 {pid}")
        );
    }
    let cancelled = going.desktop("sd-call", &["Cancel", &format!("s:{id}")]);
    assert!(!cancelled.contains("error"), "{cancelled}");
    for hears in [&requester, &subscriber] {
        assert_eq!(hears.says("signal RequestResolved"), format!("signal RequestResolved {id} cancelled"));
    }
    assert!(!stranger.said().contains("signal"), "{}", stranger.said());
}

#[test]
fn the_properties_tell_the_version_what_waits_and_whether_the_store_is_locked() {
    let going = unanswered();
    assert_eq!(property(&going, "Version"), "reply <uint32 1>");
    assert_eq!(property(&going, "Pending"), "reply <uint32 0>");
    let waiting = listening(&going, &WAITS);
    going.shows(" read ");
    assert_eq!(property(&going, "Pending"), "reply <uint32 1>");
    drop(waiting);
    support::eventually("nothing to wait", || {
        (property(&going, "Pending") == "reply <uint32 0>").then_some(())
    });
}

#[test]
fn a_store_is_locked_by_the_property_unless_it_is_known_to_be_open() {
    let going = going();
    assert_eq!(property(&going, "Locked"), "reply <false>");
    nix::sys::signal::kill(going.pid("backend"), nix::sys::signal::Signal::SIGKILL).unwrap();
    support::eventually("the backend to be missed", || {
        (property(&going, "Locked") == "reply <true>").then_some(())
    });
}
