//! One secret through the whole chain: real tools, real secret-tool, real gnome-keyring.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::Rig;

const STORE: &str = "printf hunter2 | secret-tool store --label=demo service demo";
const LOOKUP: &str = "secret-tool lookup service demo";
/// A denial is remembered for five seconds: the same from the same shell is denied unasked meanwhile.
const FORGOTTEN: &str = "sleep 6";

#[test]
fn a_secret_that_a_person_approves_is_stored_and_read_back() {
    let run = Rig::real().with(&["--answer", "y"]).run(&format!("{STORE} && {LOOKUP}"));
    assert_eq!((run.status, run.stdout.as_str()), (0, "hunter2"), "{}", run.all());
}

#[test]
fn a_no_at_the_lookup_releases_nothing_and_leaves_the_item() {
    let rig = Rig::real().with(&["--answer", "yny"]);
    let run =
        rig.run(&format!("{STORE} || exit 50; {LOOKUP} && exit 51; echo denied; {FORGOTTEN}; {LOOKUP}"));
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

#[test]
fn search_prints_the_secret_only_after_a_yes_and_clear_deletes_only_after_one() {
    let script = "printf hunter2 | secret-tool store --label=demo service demo; echo stored $?
        secret-tool search --unlock service demo 2> /dev/null | grep -c '^secret = hunter2'
        secret-tool search --unlock service demo 2> /dev/null | grep -c '^secret = hunter2'; sleep 6
        secret-tool clear service demo; echo denied $?; sleep 6
        secret-tool search service demo 2> /dev/null | grep -c '^\\['
        secret-tool clear service demo; echo cleared $?
        secret-tool search service demo 2> /dev/null | grep -c '^\\['; true";
    // A search that does not unlock opens an ask for the secret that it prints; it is gone with the search.
    let run = Rig::real().with(&["--answer", "yynny"]).run(script);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.first(), Some(&"stored 0"), "{}", run.all());
    assert_eq!(lines.get(1..3), Some(&["1", "0"][..]), "{}", run.all());
    assert_eq!(lines.get(4..5), Some(&["1"][..]), "the item is still there: {}", run.all());
    assert_eq!(lines.get(5..), Some(&["cleared 0", "0"][..]), "{}", run.all());
}

#[test]
fn a_store_that_is_denied_stores_nothing() {
    let script = "printf hunter2 | secret-tool store --label=demo service demo
        secret-tool lookup service demo; echo lookup $?";
    let run = Rig::real().with(&["--answer", "n"]).run(script);
    assert_eq!(run.stdout, "lookup 1\n", "{}", run.all());
}

#[test]
fn a_stored_secret_replaces_the_one_with_the_same_attributes_and_the_screen_says_so() {
    let script = "for word in first second; do
            printf $word | secret-tool store --label=demo service demo; done
        secret-tool lookup service demo; echo; sd-ask search service=demo | wc -l";
    let run = Rig::real().with(&["--answer", "y"]).run(script);
    assert_eq!(run.stdout, "second\n1\n", "{}", run.all());
    assert!(
        run.screens.iter().any(|s| s.contains("THIS ITEM, whose secret is lost by a yes")),
        "{}",
        run.all()
    );
}

#[test]
fn secrets_of_any_bytes_come_back_as_they_were() {
    let script = "printf 'a\\nb\\000c\\377' | sd-ask store bytes kind=bytes > path
        sd-ask read $(cat path) | od -An -tx1
        printf '' | sd-ask store empty kind=empty > path; sd-ask read $(cat path) | wc -c
        head -c 60000 /dev/zero | sd-ask store long kind=long > path; sd-ask read $(cat path) | wc -c";
    let run = Rig::real().with(&["--answer", "y"]).run(&format!("cd $HOME; {script}"));
    assert_eq!(run.stdout, " 61 0a 62 00 63 ff\n0\n60000\n", "{}", run.all());
}
