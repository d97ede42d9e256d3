//! When a key counts: only while the terminal is shown.

use std::time::Duration;

use crate::stage::OnTheVt;
use crate::terminal::{ELSEWHERE, NUMBER, eventually, screen, switch_to, type_in};

#[test]
fn a_key_counts_only_while_the_vt_is_shown_and_an_arrival_begins_the_quiet_time_anew() {
    let vt = OnTheVt::start();
    let asked = vt.ask();
    // Another VT is shown: long after the quiet time nothing is offered, and a key does nothing.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!screen().contains("y approve"), "{}", screen());
    type_in("n");
    std::thread::sleep(Duration::from_millis(500));
    assert!(screen().contains("ask 0123456789abcdef"), "{}", screen());
    // Nor does one that is typed before the arrival count after it.
    type_in("n");
    switch_to(NUMBER);
    assert!(!screen().contains("y approve"), "{}", screen());
    vt.offers_keys();
    type_in("n");
    let said = asked.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(r#""denied":{}"#), "{said}\n{}", vt.log());
    drop(vt);
}

#[test]
fn leaving_the_vt_takes_the_offer_away() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let mut asked = vt.ask();
    vt.offers_keys();
    switch_to(ELSEWHERE);
    eventually("the offer to go", || !screen().contains("y approve"));
    type_in("y");
    std::thread::sleep(Duration::from_millis(1000));
    assert!(screen().contains("ask 0123456789abcdef"), "{}", screen());
    asked.kill().unwrap();
    asked.wait().unwrap();
    drop(vt);
}
