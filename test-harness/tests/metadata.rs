//! What leaves of items without a key, by the setting `metadata`: the whole chain, with gnome-keyring behind it and
//! clients as they are.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::{Going, Rig, Run};

const STORE: &str = "printf hunter2 | secret-tool store --label=demo service demo user nb";
const OPEN: &str = "metadata = 'open'";
const HIDDEN: &str = "metadata = 'hidden'";
const IS_LOCKED: &str = "error org.freedesktop.Secret.Error.IsLocked: ";

/// The script's run after an item was stored, which takes the first of the keys.
fn stored(setting: &str, keys: &str, script: &str) -> Run {
    Rig::real().with_rules(setting).with(&["--answer", keys]).run(&format!("{STORE} || exit 50; {script}"))
}

fn steps(setting: &str, keys: &str, steps: &[&str]) -> (Vec<String>, Run) {
    let words: Vec<String> = steps.iter().map(|step| format!("'{step}'")).collect();
    let run = stored(setting, keys, &format!("sd-app {}", words.join(" ")));
    let lines: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), steps.len(), "{}", run.all());
    (lines, run)
}

/// The kinds of asks that were on the screen.
fn asked(run: &Run, kind: &str) -> bool {
    run.screens.iter().any(|screen| screen.contains(&format!("   {kind}   ")))
}

#[test]
fn open_labels_attributes_and_lists_leave_without_a_key_and_secrets_do_not() {
    let all = ["items /aliases/default", "everything", "label /collection/login/1", "search service=demo"];
    let more = ["attributes FOUND", "locked FOUND", "read FOUND"];
    let (lines, run) = steps(OPEN, "yn", &[&all[..], &more[..]].concat());
    let items = "[/collection/login/1]";
    assert_eq!(lines[..4], [items, items, "demo", "[] [/collection/login/1]"], "{}", run.all());
    assert!(lines[4].starts_with("service=demo user=nb"), "{}", run.all());
    assert_eq!(lines[5], "true");
    assert!(lines[6].starts_with(IS_LOCKED), "{}", run.all());
    assert!(!asked(&run, "list"), "{}", run.all());
    assert!(run.screens.iter().all(|screen| screen.contains("LABELS OPEN")), "{}", run.all());
}

#[test]
fn open_secret_tool_prints_every_attribute_and_no_secret_without_a_key() {
    let run = stored(OPEN, "yn", "secret-tool search service demo; echo status $?");
    assert!(run.stdout.contains("label = demo") && !run.stdout.contains("hunter2"), "{}", run.all());
    assert!((run.stdout.clone() + &run.stderr).contains("attribute.user = nb"), "{}", run.all());
}

#[test]
fn hidden_the_screen_is_asked_for_the_search_and_then_for_the_read_and_secret_tool_gets_its_secret() {
    let run = stored(HIDDEN, "yyy", "secret-tool lookup service demo");
    assert_eq!((run.status, run.stdout.as_str()), (0, "hunter2"), "{}", run.all());
    assert!(asked(&run, "search") && asked(&run, "access"), "{}", run.all());
}

#[test]
fn hidden_a_no_to_the_search_and_nothing_there_look_the_same_until_a_person_has_answered() {
    let lookup = |service| format!("timeout 3 secret-tool lookup service {service}; echo $?");
    for service in ["demo", "nothing"] {
        let run = stored(HIDDEN, "yn", &format!("secret-tool lookup service {service}; echo $?"));
        assert_eq!((run.stdout.as_str(), run.stderr.trim()), ("1\n", ""), "{}", run.all());
        // Nobody answers.
        let rig = Rig::real().with_rules(HIDDEN).with_keyboard();
        let going = Going::start(rig, &format!("{STORE}; touch stored; {} > said", lookup(service)));
        going.stands("y approve");
        going.types("y");
        going.file("stored");
        going.stands("WILL BE SEARCHED FOR");
        let run = going.let_go();
        assert!(run.screens.iter().any(|screen| screen.contains(&format!("service = {service}"))));
    }
}

#[test]
fn hidden_that_nothing_is_there_is_told_after_a_yes() {
    let run = stored(HIDDEN, "yy", "secret-tool lookup service nothing; echo $?");
    assert_eq!(run.stdout, "1\n", "{}", run.all());
    let (lines, run) = steps(
        HIDDEN,
        "yy",
        &["search service=nothing", "unlock FOUND", "search service=nothing", "read FOUND"],
    );
    assert!(lines[0].starts_with("[] [/collection/login/asked"), "{}", run.all());
    assert_eq!(lines[1..3], ["[]", "[] []"], "{}", run.all());
}

#[test]
fn hidden_a_search_by_secret_tool_gets_its_item_and_clear_deletes_it() {
    let run =
        stored(HIDDEN, "yyyyy", "secret-tool search --unlock service demo; secret-tool clear service demo");
    assert!(run.stdout.contains("secret = hunter2"), "{}", run.all());
    let run = stored(HIDDEN, "yyyyn", "secret-tool clear service demo && sd-ask search service=demo");
    assert!(asked(&run, "delete"), "{}", run.all());
    assert!(run.stdout.contains("\"unlocked\": []") || !run.stdout.contains("login/1"), "{}", run.all());
}

#[test]
fn hidden_a_path_that_is_not_there_is_told_after_a_yes_only() {
    let steps_taken = ["read /collection/login/77", "retry read /collection/login/77"];
    let run = Rig::real()
        .with_rules(HIDDEN)
        .with(&["--answer", "yy"])
        .run(&format!("{STORE}; timeout 6 sd-app '{}' '{}'", steps_taken[0], steps_taken[1]));
    assert!(run.stdout.starts_with(IS_LOCKED), "{}", run.all());
    assert!(run.screens.iter().any(|screen| screen.contains("THERE IS NO SUCH ITEM")), "{}", run.all());
    // Past the agent, at the gate itself.
    let run = stored(HIDDEN, "yn", "sd-ask read /org/freedesktop/secrets/collection/login/77");
    assert!(run.all().contains("denied"), "{}", run.all());
    let run = stored("", "yn", "sd-ask read /org/freedesktop/secrets/collection/login/77");
    assert!(!run.all().contains("denied"), "{}", run.all());
}

#[test]
fn what_chromium_stores_to_have_a_keyring_unlocked_asks_nobody_and_is_not_stored() {
    let dummy = "secret-tool store --label='Chrome Safe Storage Control' \
                 xdg:schema _chrome_dummy_schema_for_unlocking explanation \
                 'Because of quirks in the gnome libsecret API, Chrome needs to store a dummy entry to guarantee that \
                 this keyring was properly unlocked. More details at http://crbug.com/660005.'";
    for setting in ["", OPEN, HIDDEN] {
        let script = format!("printf 'The meaning of life' | {dummy} && echo stored");
        let run = Rig::real().with_rules(setting).with(&["--answer", "none"]).run(&script);
        assert_eq!(run.stdout, "stored\n", "{}", run.all());
        assert!(run.screens.iter().all(|screen| screen.contains("nothing is waiting")), "{}", run.all());
    }
    // Another secret in the same shape is a secret.
    let run = Rig::real().with(&["--answer", "y"]).run(&format!("printf hunter2 | {dummy} && echo stored"));
    assert!(asked(&run, "store"), "{}", run.all());
}
