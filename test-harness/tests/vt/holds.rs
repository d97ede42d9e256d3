//! A switch away is refused around a decision, for a bounded time, and Esc lets go.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sd_wire::line::Words;
use sd_wire::passphrase::Note;

use crate::stage::OnTheVt;
use crate::terminal::{
    ELSEWHERE, NUMBER, eventually, is_held, screen, shown, switch_is_refused, switch_to, type_in,
};

/// A hold ends by itself this long after the decision.
const DECIDING: Duration = Duration::from_secs(1);
const REFUSED: &str = "a switch away was refused; Esc lets go";

#[test]
fn a_switch_is_refused_around_a_decision_and_the_screen_says_so_and_later_it_happens() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    assert!(!is_held());
    vt.holds();
    assert!(switch_is_refused(), "{}", vt.log());
    vt.shows(REFUSED);
    assert_eq!(vt.log().matches("a switch away from the terminal was refused").count(), 1, "{}", vt.log());
    eventually("the end of the hold", || !is_held());
    assert_eq!(shown(), NUMBER, "a refused switch was made up for");
    assert!(!switch_is_refused());
    switch_to(NUMBER);
    // What was refused before is not said to whoever comes back.
    eventually("another header", || !screen().contains(REFUSED));
    drop(vt);
}

#[test]
fn while_a_passphrase_is_typed_a_switch_is_refused_and_after_esc_it_happens() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let (waits, _unlocking) = vt.prompts();
    assert!(!is_held(), "held before anything is typed");
    eventually("the first character", || {
        // Not before the quiet time is over.
        std::thread::sleep(Duration::from_millis(900));
        type_in("a");
        std::thread::sleep(Duration::from_millis(100));
        screen().contains("*_")
    });
    type_in("bc");
    vt.shows("***_");
    assert!(is_held());
    for _ in 0..3 {
        assert!(switch_is_refused(), "{}", vt.log());
    }
    vt.shows(REFUSED);
    // It goes on for as long as something is typed, beyond the moment around a decision.
    std::thread::sleep(DECIDING);
    assert!(switch_is_refused(), "{}", vt.log());
    type_in("\x1b");
    let note = waits.receive_by(Instant::now() + Duration::from_secs(5)).unwrap().unwrap();
    assert_eq!(Note::from_line(&note.bytes).unwrap(), Note::Dismissed {});
    eventually("the end of the hold", || !is_held());
    switch_to(ELSEWHERE);
    drop(vt);
}

#[test]
fn esc_lets_go_at_once() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let mut asked = vt.ask();
    vt.offers_keys();
    let began = Instant::now();
    type_in("n");
    eventually("the hold", is_held);
    type_in("\x1b");
    eventually("the end of the hold", || !is_held());
    assert!(began.elapsed() < DECIDING, "it ended by itself, not by Esc, after {:?}", began.elapsed());
    switch_to(ELSEWHERE);
    asked.wait().unwrap();
    drop(vt);
}

#[test]
fn without_a_decision_nothing_is_held() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let mut asked = vt.ask();
    // Too early to count, so it decides nothing.
    type_in("n");
    vt.offers_keys();
    type_in("x");
    vt.offers_keys();
    assert!(!is_held());
    switch_to(ELSEWHERE);
    // Nor is it where nobody looks.
    type_in("n");
    std::thread::sleep(Duration::from_millis(200));
    assert!(!is_held());
    asked.kill().unwrap();
    asked.wait().unwrap();
    drop(vt);
}

#[test]
fn one_that_is_told_to_stop_lets_go() {
    let mut vt = OnTheVt::start();
    switch_to(NUMBER);
    vt.holds();
    vt.stop();
    assert!(!is_held());
    switch_to(ELSEWHERE);
    drop(vt);
}

#[test]
fn a_signal_that_the_kernel_has_not_sent_asks_nothing_and_kills_nobody() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
        vt.signal(signal);
    }
    let mut asked = vt.ask();
    vt.offers_keys();
    assert_eq!(shown(), NUMBER);
    asked.kill().unwrap();
    asked.wait().unwrap();
    drop(vt);
}
