//! The Secret Service as applications see it, beyond reading and storing: what is listed, what is changed, who hears of
//! it. The whole chain, with gnome-keyring behind it.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use nix::sys::signal::{Signal, kill};
use support::{Going, Rig, Run};

const ITEM: &str = "/collection/login/1";
const IS_LOCKED: &str = "error org.freedesktop.Secret.Error.IsLocked: ";
const ACCESS_DENIED: &str = "error org.freedesktop.DBus.Error.AccessDenied: ";

/// Stores `hunter2` as an item labelled `demo`, which takes the first key.
const STORE: &str = "printf hunter2 | secret-tool store --label=demo service demo";
/// One call of an application that then ends; the label becomes `other`.
const RELABEL: &str = "gdbus call --session -d org.freedesktop.secrets \
    -o /org/freedesktop/secrets/collection/login/1 -m org.freedesktop.DBus.Properties.Set \
    org.freedesktop.Secret.Item Label \"<'other'>\"";
/// What the backend itself says of the label. Takes a key.
const LABEL: &str = "sd-ask list /org/freedesktop/secrets/collection/login";

/// The script's run after the item was stored, at which `y` is typed. Backends name items as they like; here it is `1`.
fn stored(keys: &str, script: &str) -> Run {
    let find = "item=$(sd-app 'search service=demo' | grep -o '/collection/[^], ]*' | head -n 1); n=${item##*/}; echo $n";
    let script = script.replace("/login/1", "/login/$n").replace("/default/1", "/default/$n");
    let mut run = Rig::real().with(&["--answer", keys]).run(&format!("{STORE} || exit 50; {find}; {script}"));
    if let Some((n, rest)) = run.stdout.split_once('\n') {
        run.stdout = rest.replace(n, "1");
    }
    run
}

/// What an application printed that took these steps, line by line, at an item that is there.
fn steps(keys: &str, steps: &[&str]) -> Vec<String> {
    let words: Vec<String> = steps.iter().map(|step| format!("\"{step}\"")).collect();
    let run = stored(keys, &format!("sd-app {}", words.join(" ")));
    let lines: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), steps.len(), "{}", run.all());
    lines
}

fn are(lines: &[String], expected: &[&str]) {
    for (line, expected) in lines.iter().zip(expected) {
        // gnome-keyring gives an item without a schema the generic one, once it has read its file again.
        let line = line.trim_end_matches(" xdg:schema=org.freedesktop.Secret.Generic");
        let line = line.trim_end_matches(" xdg:content-type=text/plain");
        let refusal = [IS_LOCKED, ACCESS_DENIED].contains(expected);
        assert!(
            line == *expected || (refusal && line.starts_with(expected)),
            "{line:?} for {expected:?}: {lines:?}"
        );
    }
    assert_eq!(lines.len(), expected.len());
}

#[test]
fn what_there_is_in_the_keyring_is_told_after_a_yes_for_which_the_call_waits_a_moment() {
    let lines = steps(
        "yyy",
        &[
            "everything",
            "items /aliases/default",
            "label /collection/login/1",
            "retry items /aliases/default",
            "retry everything",
            "label /collection/login/1",
            "attributes /aliases/default/1",
            "locked /collection/login/1",
        ],
    );
    let items = format!("[{ITEM}]");
    let expected = [&items, &items, "demo", &items, &items, "demo", "service=demo", "true"];
    are(&lines, &expected);
}

#[test]
fn an_approved_list_is_announced_to_whoever_asked_for_it() {
    let lines =
        steps("yy", &["items /collection/login", "heard PropertiesChanged", "items /collection/login"]);
    let items = "[/collection/login/1]";
    are(&lines, &[items, "PropertiesChanged /collection/login", items]);
}

#[test]
fn a_denied_list_tells_nothing_and_leaves_everything_where_it_was() {
    let run =
        stored("yny", "sd-app everything 'wait 2000' everything; sleep 6; secret-tool lookup service demo");
    let lines: Vec<&str> = run.stdout.lines().collect();
    let [first, _, again, .., last] = lines[..] else { panic!("too few lines: {}", run.all()) };
    assert!(first.starts_with(ACCESS_DENIED) && again.starts_with(ACCESS_DENIED), "{}", run.all());
    assert_eq!(last, "hunter2", "{}", run.all());
}

#[test]
fn an_approved_prompt_tells_the_application_what_the_person_saw() {
    let lines = steps(
        "yy",
        &[
            "unlock /aliases/default/1",
            "locked /collection/login/1",
            "label /collection/login/1",
            "attributes /collection/login/1",
            "read /collection/login/1",
        ],
    );
    let attributes = "service=demo";
    are(&lines, &["[/aliases/default/1]", "false", "demo", attributes, "hunter2"]);
}

#[test]
fn a_secret_a_label_and_attributes_are_changed_after_a_yes() {
    let lines = steps(
        "yyyyyy",
        &[
            "unlock /collection/login/1",
            "set-secret /collection/login/1 hunter3",
            "heard ItemChanged",
            "read /collection/login/1",
            "retry read /collection/login/1",
            "set-label /aliases/default/1 other",
            "label /collection/login/1",
            "set-attributes /collection/login/1 service=new",
            "attributes /collection/login/1",
        ],
    );
    // Who has written a secret may read it for a moment.
    let expected = [
        "[/collection/login/1]",
        "done",
        "ItemChanged /collection/login",
        "hunter3",
        "hunter3",
        "done",
        "other",
        "done",
        "service=new",
    ];
    are(&lines, &expected);
}

#[test]
fn a_change_that_is_denied_changes_nothing_and_is_not_taken_for_a_missing_item() {
    for step in ["set-secret /collection/login/1 hunter3", "set-label /collection/login/1 other"] {
        let run = stored("ynyy", &format!("sd-app \"{step}\"; {LABEL}; secret-tool lookup service demo"));
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert!(lines[0].starts_with(IS_LOCKED) && lines[0].contains("approval screen"), "{}", run.all());
        assert_eq!(lines[1], "/org/freedesktop/secrets/collection/login/1 \"demo\"", "{}", run.all());
        assert_eq!(lines[2], "hunter2", "{}", run.all());
    }
}

#[test]
fn an_application_that_makes_one_call_and_ends_can_change_something() {
    let run = stored("yyy", &format!("{RELABEL} && {LABEL}"));
    assert!(run.stdout.ends_with("/1 \"other\"\n"), "{}", run.all());
    assert!(run.screens.iter().any(|picture| picture.contains("other")), "{}", run.all());
}

#[test]
fn a_change_that_nobody_answers_ends_as_locked_with_a_sentence_that_helps() {
    let rig = Rig::real().with(&["--answer", "none", "--expire", "2"]);
    let run = rig.run("sd-app 'set-label /collection/login other' 'label /collection/login'");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with(IS_LOCKED) && lines[0].contains("approval screen"), "{}", run.all());
    assert_ne!(lines[1], "other", "{}", run.all());
}

#[test]
fn a_change_leaves_the_screen_when_its_application_is_killed() {
    let rig = Rig::real().with(&["--answer", "none"]);
    let going = Going::start(rig, "sd-app 'set-alias default /' & echo $! > pid");
    going.shows(" change ");
    let pid = going.pid_in("pid");
    kill(pid, Signal::SIGKILL).unwrap();
    going.logged("sd-decide", "OUTCOME=withdrawn");
}

#[test]
fn aliases_and_labels_of_collections_of_gnome_keyring_change_after_a_yes() {
    let lines = steps(
        "yyyy",
        &[
            "set-alias default /collection/login",
            "set-alias default /collection/session",
            "read-alias default",
            "set-alias default /collection/login",
            "read-alias default",
            "set-label /aliases/default mine",
            "heard CollectionChanged",
            "label /collection/login",
            "read-alias unknown",
        ],
    );
    let expected = [
        "done", // It points there already: no key.
        "done",
        "/collection/session",
        "done",
        "/collection/login",
        "done",
        "CollectionChanged ",
        "mine",
        "/",
    ];
    are(&lines, &expected);
}

#[test]
fn a_made_and_a_deleted_item_are_announced_to_the_application_that_made_and_deleted_it() {
    let run = Rig::real().with(&["--answer", "y"]).run(
        "sd-app 'create demo service=demo hunter2' 'heard ItemCreated' 'delete FOUND' 'heard ItemDeleted'",
    );
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("/collection/login/"), "{}", run.all());
    let expected = ["ItemCreated /collection/login", "done", "ItemDeleted /collection/login"];
    assert_eq!(lines[1..], expected, "{}", run.all());
}

#[test]
fn what_an_application_has_made_it_may_read_and_delete_without_a_second_key() {
    // As SecretStorage and its users do: no Unlock, and nothing that is called locked.
    let script = "sd-app 'create mine service=mine hunter4' 'locked FOUND' 'read FOUND' \
                  \"locked /collection/login/1\" \"read /collection/login/1\"";
    let run = stored("yynnn", script);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[1..3], ["false", "hunter4"], "{}", run.all());
    assert_eq!(lines[3], "true", "{}", run.all());
    assert!(lines[4].starts_with(IS_LOCKED), "{}", run.all());
}

#[test]
fn secret_tool_stores_by_the_aliases_session_and_login() {
    let run = Rig::real().with(&["--answer", "yyyy"]).run(
        "for name in session login; do
             printf $name | secret-tool store --collection=$name --label=x a $name && secret-tool lookup a $name && echo
             gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets \
                 -m org.freedesktop.Secret.Service.ReadAlias $name
         done",
    );
    let path = |name| format!("(objectpath '/org/freedesktop/secrets/collection/{name}',)");
    let expected = ["session".to_owned(), path("session"), "login".to_owned(), path("login")];
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), expected, "{}", run.all());
}
