//! One secret through the whole chain: real tools, real secret-tool, real gnome-keyring.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::Rig;

const STORE: &str = "printf hunter2 | secret-tool store --label=demo service demo";
const LOOKUP: &str = "secret-tool lookup service demo";

#[test]
fn a_secret_that_a_person_approves_is_stored_and_read_back() {
    let run = Rig::real().with(&["--answer", "y"]).run(&format!("{STORE} && {LOOKUP}"));
    assert_eq!((run.status, run.stdout.as_str()), (0, "hunter2"), "{}", run.all());
}

#[test]
fn a_no_at_the_lookup_releases_nothing_and_leaves_the_item() {
    let rig = Rig::real().with(&["--answer", "yny"]);
    let run = rig.run(&format!("{STORE} || exit 50; {LOOKUP} && exit 51; echo denied; {LOOKUP}"));
    assert_eq!((run.status, run.stdout.as_str()), (0, "denied\nhunter2"), "{}", run.all());
}

#[test]
fn an_ask_that_nobody_answers_ends_by_expiry_and_not_by_hanging() {
    let run = Rig::real()
        .with(&["--answer", "none", "--expire", "2", "--timeout", "30"])
        .run(&format!("{STORE}; {LOOKUP}"));
    // secret-tool itself calls a dismissed store a success; what counts is that nothing is there.
    assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{}", run.all());
    assert!(run.screens.iter().any(|picture| picture.contains("WILL BE STORED")), "{}", run.all());
}

#[test]
fn the_screen_names_the_process_that_asks_its_parents_and_what_it_asks_for() {
    let run = Rig::real().with(&["--answer", "y"]).run(&format!("echo $$; {STORE}; {LOOKUP}"));
    let shell = run.stdout.lines().next().unwrap();
    let shown = |what: &str| run.screens.iter().any(|picture| picture.contains(what));
    for what in ["secret-tool", &format!("sh ({shell})"), "service = demo", "sd-agent"] {
        assert!(shown(what), "{what} is on no screen; {}", run.all());
    }
    assert!(!shown("hunter2"), "{}", run.all());
}
