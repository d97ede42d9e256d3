//! Keys that do not count, and codes.

use super::*;

#[test]
fn a_y_that_is_held_down_while_asks_arrive_approves_nothing_however_long() {
    let stage = Stage::new(300);
    let mut held = Vec::new();
    let until = Instant::now() + Duration::from_secs(8);
    let mut n = 0_u64;
    while Instant::now() < until {
        // A keyboard repeats 10 to 30 times a second; every half a second somebody asks.
        n += 1;
        if n.is_multiple_of(10) {
            held.push(described(&stage, n));
        }
        stage.types(b"y");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(held.len() > 5, "{}", held.len());
    assert!(
        !stage.fetch.wait(Duration::from_millis(300)).unwrap(),
        "something was ordered: {}",
        stage.picture()
    );
    // Left alone it counts again, once and for the one that is shown.
    stage.offers_keys();
    stage.types(b"y");
    let (_worker, order, _) = stage.ordered::<fetch::Order>();
    assert!(matches!(order, fetch::Order::Read { .. }));
    assert!(!stage.fetch.wait(Duration::from_millis(300)).unwrap());
}

#[test]
fn a_y_typed_while_the_process_stood_still_is_no_y_after_a_quiet_time() {
    let stage = Stage::new(300);
    let (_sink, _gate) = described(&stage, 1);
    stage.shows("the label");
    let pid = Pid::from_raw(i32::try_from(stage.decide.id()).unwrap());
    kill(pid, Signal::SIGSTOP).unwrap();
    stage.types(b"y");
    std::thread::sleep(Duration::from_millis(2500));
    kill(pid, Signal::SIGCONT).unwrap();
    assert!(!stage.fetch.wait(Duration::from_millis(500)).unwrap(), "{}", stage.picture());
    stage.offers_keys();
    stage.types(b"y");
    stage.ordered::<fetch::Order>();
}

#[test]
fn what_a_rule_wants_a_code_for_is_approved_by_the_code_on_the_screen_alone() {
    let rules = "version = 1\n[[rule]]\nname = \"label\"\nlabel = \"the label\"\nconfirm = \"code\"\n";
    let stage = Stage::with_file("rules", rules);
    let (_sink, _gate) = described(&stage, 1);
    stage.offers_keys();
    assert!(!stage.picture().contains("type  "), "not before it is asked for");
    stage.types(b"y");
    stage.shows("to approve: ____");
    stage.types(b"yyyy");
    stage.shows("1 wrong");
    assert!(!stage.fetch.wait(Duration::from_millis(300)).unwrap(), "{}", stage.picture());
    let picture = stage.picture();
    let (_, after) = picture.split_once("type  ").unwrap();
    let code: String = after.chars().take(4).collect();
    stage.types(code.to_lowercase().as_bytes());
    let (_worker, order, _) = stage.ordered::<fetch::Order>();
    assert!(matches!(order, fetch::Order::Read { .. }), "{order:?}");
    assert!(!stage.log().contains(&code), "a code is in no log");
}

#[test]
fn every_ask_has_a_code_of_its_own() {
    let rules = "version = 1\n[[rule]]\nname = \"label\"\nlabel = \"the label\"\nconfirm = \"code\"\n";
    let stage = Stage::with_file("rules", rules);
    let mut codes = std::collections::BTreeSet::new();
    for n in 1..=4 {
        let (sink, _gate) = described(&stage, n);
        stage.offers_keys();
        stage.types(b"y");
        stage.shows("to approve: ____");
        let picture = stage.picture();
        codes.insert(picture.split_once("type  ").unwrap().1.chars().take(4).collect::<String>());
        stage.types(b"\x1b");
        drop(sink);
        stage.shows("othing is waiting");
    }
    assert!(codes.len() >= 3, "{codes:?}");
}

#[test]
fn the_phrase_stands_in_the_header_and_in_no_log() {
    let stage = Stage::with_file("phrase", "three herons at dusk\n");
    stage.shows("three herons at dusk");
    let (_sink, _gate) = described(&stage, 1);
    stage.shows("the label");
    assert!(stage.picture().contains("three herons at dusk"), "{}", stage.picture());
    assert!(!stage.log().contains("herons"));
}

#[test]
fn a_phrase_that_would_spoil_the_header_or_rules_that_are_wrong_are_no_start() {
    for (name, text, why) in [
        ("phrase", "\x1b[31mred\n", "phrase"),
        ("rules", "version = 1\n[[rule]]\nname = \"x\"\nallow = true\n", "rules:4:1"),
    ] {
        let mut stage = Stage::start_with_file(name, text);
        assert_eq!(stage.exit_code(), Some(78), "{}", stage.log());
        assert!(stage.log().contains(why), "{}", stage.log());
    }
}
