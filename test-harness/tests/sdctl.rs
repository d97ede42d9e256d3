//! sdctl at a real gate: what waits, what was settled, what comes; taking back and locking; and a gate that is gone.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use serde_json::Value;
use support::{Beside, Going, Rig, eventually};

const ITEM: &str = "o:/org/freedesktop/secrets/collection/fake/i1";

/// Where a read waits for a key that nobody presses.
fn unanswered() -> Going {
    Going::start(Rig::real().with_fake_backend(&["--item", "one=the-canary,service=demo"]), "")
}

/// A read that waits, and its id.
fn reads(going: &Going) -> (Beside, String) {
    let call =
        going.desktop_beside("sd-call", &["RequestSecret", "h:sink", ITEM, "a{sv}:", "--listen", "60000"]);
    let id = call.says("reply ").trim_start_matches("reply ").to_owned();
    (call, id)
}

/// sdctl to its end: exit status, standard output, standard error.
fn sdctl(going: &Going, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = going.as_desktop("sdctl", arguments).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (status.code().unwrap(), text(&stdout), text(&stderr))
}

/// What sdctl prints as JSON when all is well.
fn json(going: &Going, arguments: &[&str]) -> Value {
    let (status, stdout, stderr) = sdctl(going, &[arguments, &["--json"]].concat());
    assert_eq!((status, stderr.as_str()), (0, ""), "{arguments:?}: {stdout}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn what_waits_is_listed_and_shown_by_the_beginning_of_its_id() {
    let going = unanswered();
    assert_eq!(sdctl(&going, &["list"]), (0, "nothing waits\n".into(), String::new()));
    let (call, id) = reads(&going);

    let (status, table, _) = sdctl(&going, &["list"]);
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((status, lines.len()), (0, 2), "{table}");
    assert_eq!(lines[0], ["ID", "KIND", "WAITS", "PID", "LOOKS", "LIKE"]);
    assert_eq!(lines[1][..2], [id.as_str(), "read"]);
    assert_eq!(lines[1][4..], [call.pid().to_string().as_str(), "sd-call"]);
    assert!(!table.contains('\u{1b}'), "colour in a pipe: {table:?}");

    let listed = json(&going, &["list"]);
    let shown = json(&going, &["show", &id[..6]]);
    assert_eq!(listed, Value::Array(vec![shown.clone()]));
    assert_eq!((&shown["id"], &shown["state"]), (&id.as_str().into(), &"waiting".into()));
    assert_eq!((&shown["kind"], &shown["pid"]), (&"read".into(), &call.pid().into()));
    let (_, words, _) = sdctl(&going, &["show", &id.to_uppercase()]);
    assert!(words.contains("Ctrl+Alt+F8") && words.contains(&id), "{words}");
    assert!(!words.contains("one") && !words.contains("demo"), "details are for the screen: {words}");
}

#[test]
fn a_cancelled_request_is_told_leaves_the_list_and_is_remembered() {
    let going = unanswered();
    let (call, id) = reads(&going);
    let (status, words, _) = sdctl(&going, &["cancel", &id[..8]]);
    assert!(status == 0 && words.contains(&id), "{words}");
    call.says(r#""cancelled":{}"#);
    eventually("the request to be settled", || {
        (json(&going, &["list"]) == Value::Array(vec![])).then_some(())
    });

    let history = json(&going, &["history"]);
    let newest = &history[0];
    assert_eq!((&newest["id"], &newest["outcome"]), (&id.as_str().into(), &"cancelled".into()), "{history}");
    assert!(newest["settled"].as_u64().unwrap() > 1_700_000_000, "{history}");
    let (_, table, _) = sdctl(&going, &["history"]);
    assert!(table.contains("cancelled") && table.contains("ago"), "{table}");
    let (_, words, _) = sdctl(&going, &["show", &id]);
    assert!(words.contains("cancelled"), "{words}");

    let (status, _, why) = sdctl(&going, &["cancel", &id]);
    assert!(status == 1 && why.contains("cancelled"), "{why}");
}

#[test]
fn an_id_that_nothing_has_ends_with_one_and_one_that_is_none_with_usage() {
    let going = unanswered();
    for command in ["show", "cancel"] {
        let (status, stdout, why) = sdctl(&going, &[command, "0123456789abcdef"]);
        assert_eq!((status, stdout.as_str()), (1, ""), "{why}");
        assert!(why.contains("0123456789abcdef") && why.contains("sdctl list"), "{why}");
        let (status, _, why) = sdctl(&going, &[command, "../.."]);
        assert!(status == 64 && why.contains("hexadecimal"), "{why}");
    }
    assert_eq!(sdctl(&going, &["approve", "01"]).0, 64);
}

#[test]
fn the_beginning_of_several_ids_names_them_and_takes_none_back() {
    let going = unanswered();
    // Seventeen ids begin with sixteen digits.
    let rest = ["RequestSecret", "h:sink", ITEM, "a{sv}:", "--times", "17", "--listen", "60000"];
    let _flood = going.desktop_beside("sd-call", &rest);
    eventually("all to wait", || (json(&going, &["list"]).as_array().unwrap().len() == 17).then_some(()));
    let listed = json(&going, &["list"]);
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    let twice = ids.iter().find_map(|id| {
        let same: Vec<_> = ids.iter().filter(|other| other[..1] == id[..1]).collect();
        (same.len() > 1).then_some((&id[..1], same))
    });
    let (beginning, same) = twice.unwrap();
    let (status, _, why) = sdctl(&going, &["cancel", beginning]);
    assert!(status == 1 && same.iter().all(|id| why.contains(**id)), "{why}");
    assert_eq!(json(&going, &["list"]), listed);
}

#[test]
fn a_watch_sees_what_comes_and_how_it_ends() {
    let going = unanswered();
    let (script, person) =
        (going.desktop_beside("sdctl", &["watch", "--json"]), going.desktop_beside("sdctl", &["watch"]));
    script.says(r#""event":"here""#);
    person.says("0 waiting");
    let (call, id) = reads(&going);
    let created: Value = serde_json::from_str(&script.says(r#""event":"created""#)).unwrap();
    assert_eq!((&created["id"], &created["kind"]), (&id.as_str().into(), &"read".into()));
    assert_eq!((&created["pid"], &created["looks_like"]), (&call.pid().into(), &"sd-call".into()));
    assert!(person.says("created").contains(&format!("{id}  read         pid {}", call.pid())));

    drop(call);
    let resolved: Value = serde_json::from_str(&script.says(r#""event":"resolved""#)).unwrap();
    assert_eq!((&resolved["id"], &resolved["outcome"]), (&id.as_str().into(), &"withdrawn".into()));
    assert_eq!(resolved["kind"], "read");
    assert!(person.says("withdrawn").contains(&id));
    assert_eq!(script.said().lines().count(), 3, "one line an event: {}", script.said());
}

#[test]
fn a_watch_goes_on_across_a_gate_that_is_started_again() {
    let going = unanswered();
    let (_earlier, id) = reads(&going);
    let watch = going.desktop_beside("sdctl", &["watch", "--json"]);
    let here: Value = serde_json::from_str(&watch.says(r#""event":"here""#)).unwrap();
    assert_eq!(here["waiting"][0]["id"], id.as_str(), "what waits already is told: {here}");
    kill(going.pid("sd-gate"), Signal::SIGKILL).unwrap();
    watch.says(r#""event":"gone""#);
    eventually("the gate to be back", || {
        (watch.said().matches(r#""event":"here""#).count() == 2).then_some(())
    });
    let (_later, id) = reads(&going);
    assert!(watch.says(r#""event":"created""#).contains(&id));
}

#[test]
fn a_signal_that_is_not_the_gates_is_no_event() {
    let going = unanswered();
    let watch = going.desktop_beside("sdctl", &["watch", "--json"]);
    watch.says(r#""event":"here""#);
    let bus = format!("--bus=unix:path={}", going.dir.join("bus/socket").display());
    let words = ["string:00000000deadbeef", "string:read", "uint32:1"];
    let signal = ["/net/mowaka/SecretsDispatcher1", "net.mowaka.SecretsDispatcher1.RequestCreated"];
    // Whoever the watch is on this bus, it is one of these.
    for n in 0..32 {
        let to = format!("--dest=:1.{n}");
        let arguments = [&[bus.as_str(), "--type=signal", &to], &signal[..], &words].concat();
        assert_eq!(going.desktop("/usr/bin/dbus-send", &arguments), "");
    }
    let (_call, id) = reads(&going);
    assert!(watch.says(r#""event":"created""#).contains(&id), "{}", watch.said());
    assert!(!watch.said().contains("deadbeef"), "{}", watch.said());
}

#[test]
fn lock_locks_the_store_and_status_says_so() {
    let status =
        "while ! test -e locked; do sleep 0.05; done; sdctl status > words; sdctl status --json > json";
    let going =
        Going::start(Rig::real(), &format!("sdctl status > open; touch was-open; {status}; touch said"));
    going.file("was-open");
    let open = going.file("open");
    for words in ["gate", "Ctrl+Alt+F8", "open", "nothing", "sd-agent's (pid"] {
        assert!(open.contains(words), "{words}: {open}");
    }
    assert_eq!(sdctl(&going, &["lock"]), (0, "locked\n".into(), String::new()));
    going.make("locked");
    going.file("said");
    let words = going.file("words");
    assert!(words.contains("locked, or not known to be open"), "{words}");
    let status: Value = serde_json::from_str(&going.file("json")).unwrap();
    assert_eq!((&status["locked"], &status["waiting"]), (&true.into(), &0.into()), "{status}");
    assert_eq!((&status["gate"]["there"], &status["screen"]["there"]), (&true.into(), &true.into()));
    assert_eq!(status["secrets"]["ours"], true, "{status}");
}

#[test]
fn an_approval_screen_that_is_gone_is_told_apart_from_a_locked_store() {
    let going = unanswered();
    // Stopped and not killed, or the rig would start it again.
    kill(going.pid("sd-decide"), Signal::SIGSTOP).unwrap();
    let (status, words, why) = sdctl(&going, &["status"]);
    kill(going.pid("sd-decide"), Signal::SIGCONT).unwrap();
    assert_eq!(status, 69, "{words}{why}");
    assert!(words.lines().any(|line| line.starts_with("gate") && line.contains("is there")), "{words}");
    assert!(words.contains("screen") && words.contains("does not answer"), "{words}");
    assert!(why.contains("systemctl restart sd-decide@"), "{why}");
}

#[test]
fn without_a_gate_every_command_ends_within_a_second_and_says_what_to_do() {
    let going = unanswered();
    // Stopped and not killed, or the rig would start it again. It owns its name, and answers nothing.
    kill(going.pid("sd-gate"), Signal::SIGSTOP).unwrap();
    without_a_gate(&going, "bus/socket", "the approval side is not running: log in again");
    kill(going.pid("sd-gate"), Signal::SIGCONT).unwrap();
    // A bus on which nobody owns the name: the desktop's own.
    without_a_gate(&going, "desktop/bus", "the approval side is not running: log in again");
    // No bus at all.
    without_a_gate(&going, "nowhere", "the system bus cannot be reached");
}

fn without_a_gate(going: &Going, bus: &str, says: &str) {
    let bus = format!("unix:path={}", going.dir.join(bus).display());
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["list"],
        &["show", "01"],
        &["history"],
        &["cancel", "01"],
        &["lock"],
        &["watch"],
    ] {
        let began = Instant::now();
        let output =
            going.as_desktop("sdctl", arguments).env("DBUS_SYSTEM_BUS_ADDRESS", &bus).output().unwrap();
        // A second, and what a busy machine takes for the rest.
        assert!(began.elapsed() < Duration::from_millis(1500), "{arguments:?} took {:?}", began.elapsed());
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{arguments:?}: {why}");
        assert!(why.contains(says), "{arguments:?}: {why}");
    }
}

#[test]
fn who_has_the_gates_name_without_being_the_gate_is_told_nothing_and_not_believed() {
    let going = unanswered();
    let (_call, id) = reads(&going);
    // By this file another uid is the gate's: whoever has the name on the bus is a stranger.
    let parties = std::fs::read_to_string(going.dir.join("config/parties.json")).unwrap();
    let gate = parties.split_once("\"gate\":").unwrap().1;
    let gate: u32 = gate.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    let place = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir_in("/tmp")
        .unwrap();
    let other = parties.replace(&format!("\"gate\":{gate}"), &format!("\"gate\":{}", gate + 1000));
    std::fs::write(place.path().join("parties.json"), other).unwrap();
    for arguments in [&["list"][..], &["status"], &["cancel", &id], &["lock"]] {
        let output = going
            .as_desktop("sdctl", arguments)
            .env("SECRETS_DISPATCHER_CONFIG", place.path())
            .output()
            .unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{arguments:?}: {why}");
        assert!(why.contains("the approval side is not running"), "{arguments:?}: {why}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains(&id), "{arguments:?}");
    }
    // Neither was anything taken back by it, nor the store locked.
    let (_, table, _) = sdctl(&going, &["list"]);
    assert!(table.contains(&id), "{table}");
}

#[test]
fn a_user_who_is_not_set_up_is_told_to_be() {
    let going = unanswered();
    let nowhere = going.dir.join("nowhere");
    let output =
        going.as_desktop("sdctl", &["list"]).env("SECRETS_DISPATCHER_CONFIG", nowhere).output().unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(78) && why.contains("run sd-provision"), "{why}");
}

#[test]
fn colour_is_for_a_terminal_and_not_with_no_color() {
    let script = "
        while ! test -e waits; do sleep 0.05; done
        script -qec 'TERM=xterm sdctl list' /dev/null < /dev/null > coloured
        script -qec 'TERM=xterm NO_COLOR=1 sdctl list' /dev/null < /dev/null > plain
        touch seen";
    let going =
        Going::start(Rig::real().with_fake_backend(&["--item", "one=the-canary,service=demo"]), script);
    let (_call, id) = reads(&going);
    going.make("waits");
    going.file("seen");
    let (coloured, plain) = (going.file("coloured"), going.file("plain"));
    assert!(coloured.contains("\u{1b}[33mread"), "{coloured:?}");
    assert!(!plain.contains('\u{1b}') && plain.contains(&id), "{plain:?}");
    assert!(plain.contains("Ctrl+Alt+F8"), "a person is told where to answer: {plain:?}");
}

#[test]
fn completions_and_help_need_no_gate_and_help_says_that_it_cannot_approve() {
    let going = unanswered();
    let (status, script, _) = sdctl(&going, &["completions", "bash"]);
    assert!(status == 0 && script.contains("sdctl"), "{script}");
    let (status, help, _) = sdctl(&going, &["--help"]);
    assert!(status == 0 && help.contains("cannot approve"), "{help}");
}
