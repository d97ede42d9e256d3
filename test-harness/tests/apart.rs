//! What only root can try, because it takes a uid a tool: who is kept out of the sockets, the sinks and the bus. Only
//! the root ring runs this file.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;
use std::process::Command;

use support::packets::{ORDER_SIGN, READ, SEARCH, STATUS};
use support::{Going, KNOCK, Rig, on_a_terminal};
use test_harness::people::People;

const NAME: &str = "net.mowaka.SecretsDispatcher1";
/// The bus's own refusal; the gate's have other names.
const DENIED: &str = "org.freedesktop.DBus.Error.AccessDenied";

const PASSPHRASE: &str =
    r#"{"v":1,"body":{"passphrase":{"unlocks":{"key":{"grip":""}},"lines":[],"wrong":null,"tries":null}}}"#;

/// A uid that has no part in the chain.
const NOBODY: u32 = 65534;

fn apart() -> People {
    let people = People::here();
    assert!(
        people.apart,
        "this test needs root, for whom the rig gives each tool a uid of its own; run it by `just test-root`"
    );
    people
}

#[test]
fn the_desktop_user_reaches_no_socket_of_the_chain() {
    apart();
    for socket in ["decide", "fetch", "sign", "passphrase"] {
        let run = Rig::among_fakes().run(&format!("{KNOCK}/{socket}.sock"));
        assert!(
            run.stderr.contains("PermissionDenied") || run.stderr.contains("ermission denied"),
            "{}",
            run.all()
        );
        assert_ne!(run.status, 0);
    }
}

#[test]
fn nobody_but_the_gate_files_and_nobody_but_the_decider_orders() {
    let people = apart();
    let going = Going::start(Rig::real(), "");
    for (socket, tool, words, strangers) in [
        ("decide", "sd-decide", STATUS, [people.desktop, people.companion, people.decide, 0]),
        (
            "fetch",
            "sd-fetch",
            r#"{"v":1,"body":{"state":{}}}"#,
            [people.desktop, people.gate, people.companion, 0],
        ),
        ("sign", "sd-sign", ORDER_SIGN, [people.desktop, people.gate, people.companion, 0]),
        ("passphrase", "sd-decide", PASSPHRASE, [people.desktop, people.gate, people.decide, 0]),
    ] {
        for stranger in strangers {
            let answer = going.knock_as(stranger, people.desktop, socket, &[words, "--listen", "400"]);
            let kept_out = answer.contains("Permission denied")
                || !answer.contains("reply {") && going.log(tool).contains(&format!("uid {stranger}"));
            assert!(kept_out, "uid {stranger} at {socket}: {answer}\n{}", going.log(tool));
        }
    }
}

#[test]
fn a_sink_that_another_uid_made_is_refused_everywhere() {
    let people = apart();
    let going = Going::start(Rig::real(), "");
    for (socket, tool, words) in [("decide", "sd-decide", READ), ("fetch", "sd-fetch", SEARCH)] {
        let knocker = if socket == "decide" { people.gate } else { people.decide };
        for maker in [people.gate, people.companion, 0] {
            let before = going.log(tool).len();
            let answer = going.knock_as(knocker, maker, socket, &[words, "--fd", "sink", "--listen", "400"]);
            assert!(!answer.contains("granted"), "{answer}");
            support::eventually(&format!("uid {maker} in the log of {tool}"), || {
                going.log(tool)[before..].contains(&format!("uid {maker}")).then_some(())
            });
        }
    }
}

const SECRET: &str = r#"{"granted":{"secret":{"len":6,"content_type":"text/plain"}}}"#;
const SIGNATURE: &str = r#"{"granted":{"signature":{"len":6,"status":"SIG_CREATED D 22 8 00 1 0123456789ABCDEF0123456789ABCDEF01234567"}}}"#;
const FOUND: &str = r#"{"granted":{"found":{"len":68}}}"#;
/// 68 bytes.
const PATHS: &str = r#"{"unlocked":["/org/freedesktop/secrets/collection/a/1"],"locked":[]}"#;

/// What requesters print and how they end when a tool's place is taken by one who writes this into each sink.
fn told_by(tool: &str, what: &str, body: &str, script: &str) -> support::Run {
    let place = tool.trim_start_matches("sd-");
    let run = Rig::with_forger(tool, &[place, what, "--body", body]).run(script);
    assert!(!run.stderr.contains("sd-rig:"), "{}", run.all());
    run
}

/// That each of these is refused as forged, and that nothing of it is printed.
fn is_forged(tool: &str, uid: u32, cases: &[(&str, &str)]) {
    for (what, script) in cases {
        let run = told_by(tool, what, "forged", script);
        assert_ne!(run.status, 0, "{what}: {}", run.all());
        assert_eq!(run.stdout, "", "{what}: {}", run.all());
        assert!(run.stderr.contains(&format!("uid {uid} answered in the place of")), "{what}: {}", run.all());
    }
}

const READS: &str = "sd-ask read /org/freedesktop/secrets/collection/login/1";
const ACCESSES: &str = "sd-ask access /org/freedesktop/secrets/collection/login/1";
const STORES: &str = "echo secret | sd-ask store label a=b";
const SIGNS: &str = "echo payload | sd-ask sign";
const SEARCHES: &str = "sd-ask search a=b";
const FAILED_DECIDE: &str = r#"{"failed":{"stage":"decide","why":"lost"}}"#;
const FAILED_FETCH: &str = r#"{"failed":{"stage":"fetch","why":"lost"}}"#;

#[test]
fn what_only_the_companion_or_the_decider_may_say_is_not_believed_from_the_gate() {
    let people = apart();
    is_forged(
        "sd-gate",
        people.gate,
        &[
            (SECRET, READS),
            (SIGNATURE, SIGNS),
            (r#"{"granted":{"deleted":{}}}"#, "sd-ask delete /org/freedesktop/secrets/collection/login/1"),
            (r#"{"invited":{}}"#, STORES),
            (r#"{"approved":{"seconds":10,"len":0}}"#, ACCESSES),
            (r#"{"locked":{}}"#, "sd-ask lock"),
            (r#"{"unlocked":{}}"#, "sd-ask unlock"),
            (r#"{"denied":{}}"#, READS),
            (r#"{"expired":{}}"#, READS),
            (r#"{"cancelled":{}}"#, READS),
            (FAILED_DECIDE, READS),
            (FAILED_FETCH, READS),
        ],
    );
}

#[test]
fn what_only_the_companion_or_the_gate_may_say_is_not_believed_from_the_decider() {
    let people = apart();
    is_forged(
        "sd-decide",
        people.decide,
        &[
            (SECRET, READS),
            (SIGNATURE, SIGNS),
            (FOUND, SEARCHES),
            (r#"{"invited":{}}"#, STORES),
            (r#"{"rejected":{"why":"too_many"}}"#, READS),
            (FAILED_FETCH, READS),
        ],
    );
}

#[test]
fn what_only_the_decider_or_the_gate_may_say_is_not_believed_from_the_companion() {
    let people = apart();
    is_forged(
        "sd-fetch",
        people.companion,
        &[
            (r#"{"approved":{"seconds":10,"len":0}}"#, SEARCHES),
            (r#"{"locked":{}}"#, SEARCHES),
            (r#"{"unlocked":{}}"#, SEARCHES),
            (r#"{"denied":{}}"#, SEARCHES),
            (r#"{"expired":{}}"#, SEARCHES),
            (r#"{"cancelled":{}}"#, SEARCHES),
            (r#"{"rejected":{"why":"too_many"}}"#, SEARCHES),
            (FAILED_DECIDE, SEARCHES),
        ],
    );
}

#[test]
fn what_each_may_say_is_believed_from_it() {
    apart();
    for (tool, what, body, script, said) in [
        ("sd-gate", r#"{"rejected":{"why":"too_many"}}"#, "", READS, "rejected by sd-gate"),
        ("sd-decide", r#"{"denied":{}}"#, "", READS, "denied on the approval screen"),
        ("sd-decide", FAILED_DECIDE, "", READS, "failed at sd-decide"),
        ("sd-decide", r#"{"locked":{}}"#, "", "sd-ask lock && echo it locked", "it locked"),
        ("sd-decide", r#"{"unlocked":{}}"#, "", "sd-ask unlock && echo it unlocked", "it unlocked"),
        ("sd-fetch", FAILED_FETCH, "", SEARCHES, "failed at sd-fetch"),
        ("sd-fetch", FOUND, PATHS, SEARCHES, "/org/freedesktop/secrets/collection/a/1"),
    ] {
        let run = told_by(tool, what, body, script);
        assert!((run.stdout.clone() + &run.stderr).contains(said), "{tool} {what}: {}", run.all());
    }
}

#[test]
fn no_forged_signature_gets_into_a_commit_and_no_forged_secret_to_an_application() {
    let people = apart();
    for (tool, uid) in [("sd-gate", people.gate), ("sd-decide", people.decide)] {
        let commit = r#"git init -q "$HOME/repo"; cd "$HOME/repo"
            git config user.name Ada; git config user.email ada@example.org; git config gpg.program sd-gpg
            TERMINAL && exit 9; git log --oneline --all > log; test ! -s log"#;
        let commit = commit.replace("TERMINAL", &on_a_terminal("git commit -q --allow-empty -S -m forged"));
        let run = told_by(tool, SIGNATURE, "forged", &commit);
        assert_eq!(run.status, 0, "{tool}: {}", run.all());
        assert!(run.stdout.contains(&format!("uid {uid} answered in the place of")), "{tool}: {}", run.all());
        let run = told_by(tool, FOUND, PATHS, "secret-tool lookup a b && exit 9; secret-tool search a b");
        assert_ne!(run.status, 9, "{tool}: {}", run.all());
        assert_eq!(run.stdout, "", "{tool}: {}", run.all());
    }
}

/// What the system bus of a run answers a uid: dbus-send's output, and its errors.
fn on_the_bus(run: &Path, uid: u32, to: &str, path: &str, words: &[&str]) -> String {
    let output = Command::new("setpriv")
        .args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()])
        .args(["dbus-send", "--print-reply", "--reply-timeout=10000"])
        .arg(format!("--bus=unix:path={}", run.join("bus/socket").display()))
        .args([format!("--dest={to}"), path.to_owned()])
        .args(words)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn owns(run: &Path, uid: u32, name: &str) -> String {
    let words = ["org.freedesktop.DBus.RequestName", &format!("string:{name}"), "uint32:0"];
    on_the_bus(run, uid, "org.freedesktop.DBus", "/org/freedesktop/DBus", &words)
}

/// A property, which the gate gives to whoever reaches it, and a method.
fn calls(run: &Path, uid: u32, to: &str) -> [String; 2] {
    let property = ["org.freedesktop.DBus.Properties.Get", &format!("string:{NAME}"), "string:Version"]
        .map(str::to_owned);
    let method = [format!("{NAME}.Cancel"), "string:0123456789abcdef".to_owned()];
    [&property[..], &method[..]].map(|words| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        on_the_bus(run, uid, to, "/net/mowaka/SecretsDispatcher1", &words)
    })
}

#[test]
fn the_bus_lets_the_desktop_user_call_the_gate_and_nobody_else() {
    let people = apart();
    let going = Going::start(Rig::real(), "");
    let bus = ["org.freedesktop.DBus.GetNameOwner", &format!("string:{NAME}")];
    let answer =
        on_the_bus(&going.dir, people.desktop, "org.freedesktop.DBus", "/org/freedesktop/DBus", &bus);
    let unique = answer.split('"').find(|word| word.starts_with(':')).expect(&answer).to_owned();
    for to in [NAME.to_owned(), format!("{NAME}.u{}", people.desktop), unique] {
        let [property, method] = calls(&going.dir, people.desktop, &to);
        assert!(property.contains("uint32 1"), "{to}: {property}");
        assert!(method.contains("Error.NoSuchRequest"), "{to}: {method}");
        for stranger in [people.companion, people.decide, people.gate, NOBODY, 0] {
            for answer in calls(&going.dir, stranger, &to) {
                assert!(answer.contains(DENIED), "uid {stranger} to {to}: {answer}");
            }
        }
    }
}

#[test]
fn the_bus_lets_nobody_but_the_gate_own_a_name_of_the_gates_and_the_gate_only_its_own() {
    let people = apart();
    let going = Going::start(Rig::real(), "");
    let (own, another) = (format!("{NAME}.u{}", people.desktop), format!("{NAME}.u{}", people.desktop + 1));
    let evil = format!("{NAME}.evil");
    for stranger in [people.desktop, people.companion, people.decide, NOBODY, 0] {
        for name in [NAME, &own, &another, &evil] {
            let answer = owns(&going.dir, stranger, name);
            assert!(answer.contains(DENIED), "uid {stranger} as {name}: {answer}");
        }
    }
    for name in [another, evil] {
        let answer = owns(&going.dir, people.gate, &name);
        assert!(answer.contains(DENIED), "the gate as {name}: {answer}");
    }
    // Not refused but queued: the running gate has it.
    let answer = owns(&going.dir, people.gate, &own);
    assert!(answer.contains("uint32 2"), "{answer}");
}

#[test]
fn the_bus_lets_nobody_listen_to_what_the_gate_tells_others() {
    let people = apart();
    let going = Going::start(Rig::real(), "");
    for stranger in [people.desktop, people.companion, NOBODY] {
        let words = ["org.freedesktop.DBus.AddMatch", "string:eavesdrop='true'"];
        let answer =
            on_the_bus(&going.dir, stranger, "org.freedesktop.DBus", "/org/freedesktop/DBus", &words);
        assert!(answer.contains(DENIED), "uid {stranger}: {answer}");
    }
}

#[test]
fn root_becomes_the_companion_to_make_a_key_and_the_desktop_user_to_hand_it_over() {
    apart();
    let place = tempfile::tempdir_in("/tmp").unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_sd-rig")).with_file_name("sd-provision");
    // Two users that only this script has, and a state of the machine's own that is gone afterwards.
    let script = r#"set -eu
        chmod 711 "$PLACE"; cd "$PLACE"
        mkdir -m 700 nb companion; chown 65530:65530 nb; chown 65531:65531 companion
        { cat /etc/passwd; echo "sdnb:x:65530:65530::$PLACE/nb:/bin/sh"
          echo "secrets-sdnb:x:65531:65531::$PLACE/companion:/bin/sh"; } > passwd
        mount --bind passwd /etc/passwd; mount -t tmpfs tmpfs /var/lib
        as() { setpriv --reuid "$1" --regid "$1" --clear-groups env HOME="$2" "${@:3}"; }
        trap 'as 65530 "$PLACE/nb" gpgconf --kill all; as 65531 "$PLACE/companion" gpgconf --kill all' EXIT
        provision key --user sdnb generate --no-passphrase --name Ada
        key=$(provision key --user sdnb signing)
        provision key --user sdnb publish-to-desktop --trust
        grep -q "$key" /var/lib/secrets-dispatcher/sdnb/sign/trusted_key
        as 65530 "$PLACE/nb" gpg --batch --with-colons --list-keys | grep -q "^pub:u:.*"
        as 65530 "$PLACE/nb" gpg --batch --with-colons --list-secret-keys | grep . && exit 9
        as 65531 "$PLACE/companion" gpg --batch --with-colons --list-secret-keys "$key" | grep -q ^sec
        find "$PLACE/nb" "$PLACE/companion" /var/lib/secrets-dispatcher/sdnb/sign -user root | grep . && exit 9
        [ -z "$(as 65530 / cat /var/lib/secrets-dispatcher/sdnb/sign/trusted_key 2> /dev/null)" ]
        echo handed over"#;
    let script = script.replace("provision key", "\"$PROVISION\" key");
    let done = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "bash", "-c", &script])
        .env("PLACE", place.path())
        .env("PROVISION", program)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.ends_with("handed over\n"), "{done:?}");
}
