//! Bad input at every door: refused with an error that names the fault, and the daemon serves on.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::packets::{ORDER_SIGN, READ, SEARCH, STATUS};
use support::{Going, Rig};

const SIGN: &str =
    r#"{"v":1,"body":{"ask":{"id":"0123456789abcdef","want":{"sign":{"key":""}},"claims":{}}}}"#;

const STATE: &str = r#"{"v":1,"body":{"state":{}}}"#;
const GO: &str = r#"{"v":1,"body":{"go":{}}}"#;
/// An order of which nothing may be done before its sink is there.
const LIST: &str = r#"{"v":1,"body":{"list":{"id":"0123456789abcdef","collections":[]}}}"#;

fn going() -> Going {
    Going::start(Rig::real(), "")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What is wrong with a packet, how it is sent, and the word that the log must name the fault by.
type Fault<'a> = (&'a str, &'a [&'a str], &'a str);

/// Each of these is refused by its name in the tool's log, and what is right is still answered.
fn refuses(going: &Going, tool: &str, socket: &str, faults: &[Fault<'_>], still: impl Fn(&Going)) {
    for (packet, how, named) in faults {
        let before = going.log(tool).len();
        let mut arguments = vec![*packet];
        arguments.extend(*how);
        let answer = going.knock(socket, &arguments);
        assert!(!answer.contains("granted"), "{packet} {how:?}: {answer}");
        support::eventually(
            &format!("{named:?} in the log of {tool} for {packet} {how:?}: {answer}"),
            || going.log(tool).get(before..).unwrap_or_default().contains(named).then_some(()),
        );
        still(going);
    }
}

#[test]
fn the_decider_refuses_what_is_not_an_ask_and_serves_on() {
    let going = going();
    let garbage = hexadecimal(&[0xff; 40]);
    let version = READ.replace("\"v\":1", "\"v\":2");
    let field = READ.replace("\"claims\"", "\"price\":1,\"claims\"");
    let kind = READ.replace("\"read\"", "\"grant\"");
    let path = READ.replace("/collection/", "/../");
    refuses(
        &going,
        "sd-decide",
        "decide",
        &[
            (&garbage, &["--hex"], "newline"),
            (STATUS, &["--pad", "65500"], "trailing"),
            (STATUS, &["--pad", "70000"], "packet refused"),
            ("not json", &[], "expected"),
            (&version, &["--fd", "sink"], "version 2"),
            (&field, &["--fd", "sink"], "price"),
            (&kind, &["--fd", "sink"], "grant"),
            (&path, &["--fd", "sink"], "path"),
            (READ, &[], "0 came"),
            (READ, &["--fd", "sink", "--fd", "sink"], "2 came"),
            (READ, &["--fd", "sink", "--fd", "sink", "--fd", "sink"], "3 came"),
            (READ, &["--fd", "file"], "socket"),
            (READ, &["--fd", "pipe"], "socket"),
            (READ, &["--fd", "stream"], "SEQPACKET"),
            (READ, &["--fd", "datagram"], "SEQPACKET"),
            (READ, &["--fd", "connected"], "pair"),
            (READ, &["--fd", "payload"], "socket"),
            (SIGN, &["--fd", "sink"], "1 came"),
            (SIGN, &["--fd", "sink", "--fd", "file"], "seal"),
            (SIGN, &["--fd", "sink", "--fd", "unsealed"], "seal"),
            (SIGN, &["--fd", "payload", "--fd", "sink"], "socket"),
            (STATUS, &["--fd", "sink"], "1 descriptors"),
        ],
        |going| {
            let answer = going.knock("decide", &[STATUS]);
            assert!(answer.contains(r#""pending":0"#) && answer.contains(r#""locked":false"#), "{answer}");
        },
    );
}

#[test]
fn a_requester_whose_ask_is_refused_by_the_decider_is_told_through_its_sink() {
    let going = going();
    let answer = going.knock("decide", &[SIGN, "--fd", "sink", "--fd", "unsealed"]);
    assert!(answer.contains(r#"sink {"v":1,"body":{"id":"0123456789abcdef","what":{"failed":"#), "{answer}");
    assert!(answer.contains("malformed"), "{answer}");
}

#[test]
fn the_fetcher_refuses_what_is_not_an_order_and_serves_on() {
    let going = going();
    let version = SEARCH.replace("\"v\":1", "\"v\":7");
    let field = SEARCH.replace("\"id\"", "\"price\":1,\"id\"");
    refuses(
        &going,
        "sd-fetch",
        "fetch",
        &[
            (&hexadecimal(&[0; 10]), &["--hex"], "newline"),
            (&version, &["--fd", "sink"], "version 7"),
            (&field, &["--fd", "sink"], "price"),
            (READ, &["--fd", "sink"], "ask"),
            (ORDER_SIGN, &["--fd", "sink", "--fd", "payload"], "sign"),
            (LIST, &[], "0 descriptors"),
            (SEARCH, &["--fd", "sink", "--fd", "sink"], "2 descriptors"),
            (SEARCH, &["--fd", "stream"], "SEQPACKET"),
            (SEARCH, &["--fd", "connected"], "pair"),
            (SEARCH, &["--fd", "file"], "socket"),
            (STATE, &["--fd", "sink"], "1 descriptors"),
            (GO, &["--fd", "sink"], "go"),
            (GO, &["--ahead", SEARCH], "takes the sink along"),
            (GO, &["--ahead", SEARCH, "--fd", "sink", "--fd", "sink"], "nothing else"),
            (GO, &["--ahead", SEARCH, "--fd", "stream"], "SEQPACKET"),
            (GO, &["--ahead", SEARCH, "--fd", "connected"], "pair"),
            (SEARCH, &["--ahead", SEARCH, "--fd", "sink"], "search"),
            ("go", &["--ahead", SEARCH, "--fd", "sink"], "expected"),
        ],
        |going| {
            let answer = going.knock("fetch", &[STATE]);
            assert!(answer.contains(r#""locked":false"#), "{answer}");
        },
    );
}

#[test]
fn an_order_ahead_of_its_sink_is_answered_into_it_and_if_none_comes_not_at_all() {
    let going = going();
    let answer = going.knock("fetch", &[GO, "--ahead", SEARCH, "--fd", "sink"]);
    assert!(
        answer.contains(r#"sink {"v":1,"body":{"id":"0123456789abcdef","what":{"granted":{"found""#),
        "{answer}"
    );
    let answer = going.knock("fetch", &[SEARCH]);
    assert!(!answer.contains("found") && answer.contains("no packet came in time"), "{answer}");
    assert!(going.knock("fetch", &[STATE]).contains(r#""locked":false"#), "it serves on");
}

#[test]
fn the_signer_refuses_what_is_not_an_order_and_serves_on() {
    let going = going();
    let lower = ORDER_SIGN.replace("ABCDEF", "abcdef");
    refuses(
        &going,
        "sd-sign",
        "sign",
        &[
            (&hexadecimal(b"{}"), &["--hex"], "newline"),
            (&lower, &["--fd", "sink", "--fd", "payload"], "fingerprint"),
            (SEARCH, &["--fd", "sink"], "search"),
            (ORDER_SIGN, &["--fd", "sink"], "1 descriptors"),
            (ORDER_SIGN, &["--fd", "sink", "--fd", "unsealed"], "seal"),
            (ORDER_SIGN, &["--fd", "sink", "--fd", "file"], "seal"),
            (ORDER_SIGN, &["--fd", "pipe", "--fd", "payload"], "socket"),
        ],
        |going| {
            let describe =
                r#"{"v":1,"body":{"describe":{"id":"0123456789abcdef","key":"nobody@example.net"}}}"#;
            let answer = going.knock("sign", &[describe]);
            assert!(answer.contains("no_key"), "{answer}");
        },
    );
}

#[test]
fn an_upload_that_stops_half_way_stores_nothing() {
    let going = going();
    let store = r#"{"v":1,"body":{"store":{"id":"0123456789abcdef","collection":"/org/freedesktop/secrets/collection/login","label":"half","attributes":{"half":"yes"},"content_type":"text/plain","replaces":null}}}"#;
    // sd-knock takes the invitation and lets it drop unanswered.
    let answer = going.knock("fetch", &[store, "--fd", "sink", "--listen", "4000"]);
    assert!(answer.contains("invited") && answer.contains("no_upload"), "{answer}");
    let search = r#"{"v":1,"body":{"search":{"id":"0123456789abcdef","collection":null,"attributes":{"half":"yes"}}}}"#;
    let found = going.knock("fetch", &[search, "--fd", "sink"]);
    assert!(found.contains(r#"{"unlocked":[],"locked":[]}"#), "{found}");
}
