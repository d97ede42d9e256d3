//! A crash, a kill or a stop leaves a machine whose VTs switch, and a terminal that the next instance can take.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nix::sys::signal::Signal;
use sd_sys::vt::{self, Display, Keyboard, Switching};

use crate::stage::{OnTheVt, rescue};
use crate::terminal::{
    ELSEWHERE, NUMBER, TTY, as_the_desktop, eventually, is_held, open, shown, switch_is_refused, switch_to,
};

#[test]
fn a_killed_decider_leaves_vts_that_switch_and_a_terminal_that_its_next_instance_can_take() {
    for _ in 0..2 {
        let mut vt = OnTheVt::start();
        switch_to(NUMBER);
        vt.kill();
        switch_to(ELSEWHERE);
        switch_to(NUMBER);
        drop(vt);
    }
}

#[test]
fn one_that_is_killed_while_it_holds_leaves_vts_that_switch() {
    let mut vt = OnTheVt::start();
    switch_to(NUMBER);
    vt.holds();
    vt.kill();
    // The kernel notices at the next switch that nobody is left to ask.
    assert!(is_held());
    switch_to(ELSEWHERE);
    assert!(!is_held());
    switch_to(NUMBER);
    drop(vt);
}

#[test]
fn the_next_instance_lets_go_of_what_a_killed_one_held() {
    let mut vt = OnTheVt::start();
    switch_to(NUMBER);
    vt.holds();
    vt.kill();
    assert!(is_held());
    vt.start_again();
    eventually("the hold to go", || !is_held());
    assert!(!switch_is_refused());
    drop(vt);
}

#[test]
fn one_that_is_stopped_leaves_vts_that_switch() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    vt.signal(Signal::SIGSTOP);
    switch_to(ELSEWHERE);
    switch_to(NUMBER);
    vt.signal(Signal::SIGCONT);
    drop(vt);
}

#[test]
fn one_that_is_stopped_while_it_holds_is_killed_by_the_watchdog_and_the_vts_switch() {
    let mut vt = OnTheVt::start();
    switch_to(NUMBER);
    vt.holds();
    vt.signal(Signal::SIGSTOP);
    // Nobody answers the kernel: this is what the watchdog is for.
    assert!(switch_is_refused());
    vt.kill();
    switch_to(ELSEWHERE);
    drop(vt);
}

#[test]
fn one_that_is_stopped_while_it_holds_and_goes_on_answers_the_switch_that_waits() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    vt.holds();
    vt.signal(Signal::SIGSTOP);
    assert!(switch_is_refused());
    // By then the decision is long made.
    std::thread::sleep(Duration::from_secs(1));
    vt.signal(Signal::SIGCONT);
    eventually("the switch", || shown() == ELSEWHERE);
    eventually("the end of the hold", || !is_held());
    drop(vt);
}

#[test]
fn the_rescue_puts_everything_back() {
    let mut vt = OnTheVt::start();
    switch_to(NUMBER);
    vt.holds();
    vt.signal(Signal::SIGSTOP);
    vt.kill();
    // It stays exclusive for as long as anybody has it open.
    let tty = open();
    vt::set_display(&tty, Display::Graphics).unwrap();
    vt::set_keyboard(&tty, Keyboard::Off).unwrap();
    fs::set_permissions(TTY, PermissionsExt::from_mode(0o666)).unwrap();
    assert!(is_held());
    assert_eq!(rescue(), "");
    // The end of its session has hung up every descriptor, also ours.
    let after = open();
    assert_eq!(vt::mode(&after).unwrap(), Switching::Automatic);
    assert_eq!(vt::display(&after).unwrap(), Display::Text);
    assert_eq!(vt::keyboard(&after).unwrap(), Keyboard::Unicode);
    assert_eq!(as_the_desktop(": < /dev/tty8"), "");
    switch_to(ELSEWHERE);
    drop(vt);
}

#[test]
fn the_rescue_of_a_terminal_in_good_health_changes_nothing() {
    let mut vt = OnTheVt::start();
    vt.stop();
    assert_eq!(rescue(), "");
    assert!(!is_held());
    drop(vt);
}
