//! What the screen shows is what is released: the backend's word, not the requester's, and not after it changed.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use support::{Rig, Run};

const ITEM: &str = "/org/freedesktop/secrets/collection/fake/i1";

/// Runs a script against a backend with one item, labelled `truth`, that misbehaves as told.
fn against(fault: &[&str], options: &[&str], script: &str) -> Run {
    let arguments = [&["--item", "truth=the-canary,service=demo"], fault].concat();
    Rig::real().with_fake_backend(&arguments).with(options).run(script)
}

fn not_released(run: &Run) {
    assert_ne!(run.status, 0, "{}", run.all());
    assert_ne!(run.status, 124, "{}", run.all());
    assert!(!run.stdout.contains("the-canary"), "{}", run.all());
}

#[test]
fn an_approved_item_that_stays_as_it_is_comes_out() {
    let run = against(&[], &["--answer", "y"], &format!("sd-ask read {ITEM}"));
    assert_eq!((run.status, run.stdout.as_str()), (0, "the-canary"), "{}", run.all());
}

#[test]
fn an_item_whose_label_changes_between_the_screen_and_the_yes_is_not_released() {
    let run = against(&["--fault", "restless"], &["--answer", "y"], &format!("sd-ask read {ITEM}"));
    not_released(&run);
    assert!(run.stderr.contains("changed after it was shown"), "{}", run.all());
}

#[test]
fn an_item_whose_attributes_change_between_the_screen_and_the_yes_is_not_released() {
    let run = against(&["--fault", "shifting"], &["--answer", "y"], &format!("sd-ask read {ITEM}"));
    not_released(&run);
    assert!(run.stderr.contains("changed after it was shown"), "{}", run.all());
}

#[test]
fn an_item_that_changes_while_its_secret_is_read_is_not_released() {
    let run = against(&["--fault", "relabel"], &["--answer", "y"], &format!("sd-ask read {ITEM}"));
    not_released(&run);
    assert!(run.stderr.contains("changed after it was shown"), "{}", run.all());
}

#[test]
fn an_item_that_changes_is_not_deleted() {
    let run = against(
        &["--fault", "restless"],
        &["--answer", "y"],
        &format!("sd-ask delete {ITEM} && exit 9; sd-ask search service=demo"),
    );
    assert_eq!(run.status, 0, "{}", run.all());
    assert_eq!(run.stdout.trim(), ITEM, "{}", run.all());
}

#[test]
fn a_requester_that_calls_an_item_by_another_label_is_not_believed_on_the_screen() {
    let run =
        against(&[], &["--answer", "n"], &format!("sd-ask --says 'label harmless newsletter' read {ITEM}"));
    not_released(&run);
    let screen =
        run.screens.iter().find(|s| s.contains("y approve")).unwrap_or_else(|| panic!("{}", run.all()));
    let (_, backend) = screen.split_once("BACKEND SAYS").unwrap();
    let (backend, below) = backend.split_once("KERNEL ATTESTS").unwrap();
    let (_, claimed) = below.split_once("CLAIMED, NOT CHECKED").unwrap();
    assert!(backend.contains("truth") && !backend.contains("harmless"), "{screen}");
    assert!(claimed.contains("harmless newsletter"), "{screen}");
}

#[test]
fn a_process_that_is_claimed_but_not_there_is_said_not_to_be_there() {
    let run = against(&[], &["--answer", "n"], &format!("sd-ask --app 1:12345 read {ITEM}"));
    not_released(&run);
    assert!(run.screens.iter().any(|s| s.contains("no such process")), "{}", run.all());
}

#[test]
fn a_backend_that_hangs_crashes_or_answers_garbage_releases_nothing_and_is_named() {
    for (fault, said) in [
        ("hang", "did not answer in time"),
        ("crash", "sd-fetch"),
        ("garbage", "not well formed"),
        ("huge", "too large"),
        ("locked", "locked"),
    ] {
        let run = against(&["--fault", fault], &["--answer", "y"], &format!("sd-ask read {ITEM}"));
        not_released(&run);
        assert!(run.stderr.contains(said), "{fault}: {}", run.all());
    }
}

#[test]
fn a_search_that_hangs_at_the_backend_ends_before_the_least_patient_client_gives_up() {
    let run = against(&["--hang", "SearchItems"], &["--answer", "y"], "sd-ask search service=demo");
    not_released(&run);
}

#[test]
fn a_yes_to_a_prompt_serves_the_reads_that_follow_and_no_other_item() {
    let run = against(
        &["--item", "other=not-this-one,service=other"],
        &["--answer", "yn"],
        &format!(
            "sd-ask access {ITEM}; echo; sd-ask read /org/freedesktop/secrets/collection/fake/i2; echo $?"
        ),
    );
    assert_eq!(run.stdout, "the-canary\n1\n", "{}", run.all());
}

#[test]
fn what_is_stored_and_replaced_is_shown_first_and_ends_as_shown() {
    let run = against(
        &[],
        &["--answer", "y"],
        "printf second | sd-ask store renamed service=demo --collection /org/freedesktop/secrets/collection/fake --replace
         sd-ask search service=demo; sd-ask read /org/freedesktop/secrets/collection/fake/i1",
    );
    assert_eq!(run.status, 0, "{}", run.all());
    // One item still, with the new secret.
    assert_eq!(run.stdout, format!("{ITEM}\n{ITEM}\nsecond"), "{}", run.all());
    let store = run.screens.iter().find(|s| s.contains("WILL BE STORED")).unwrap();
    assert!(store.contains("replaces") && store.contains("truth"), "{store}");
}

#[test]
fn a_cancelled_request_leaves_the_screen_and_its_requester_is_told() {
    let run = against(
        &[],
        &["--answer", "none"],
        &format!(
            "sd-ask read {ITEM} 2> $HOME/err & reader=$!
             for try in $(seq 200); do id=$(grep -oh 'ask [0-9a-f]\\{{16\\}}' {{}} 2> /dev/null | tail -1 | cut -c5-)
             test -n \"$id\" && break; sleep 0.05; done
             sd-ask cancel $id; echo cancelled $?; wait $reader; echo reader $?; cat $HOME/err"
        )
        .replace("{}", "$SCREENS"),
    );
    assert!(run.stdout.contains("cancelled 0\nreader 1\n"), "{}", run.all());
    assert!(run.stdout.contains("cancelled from the desktop"), "{}", run.all());
}
