//! What others have painted over the screen is painted back: the kernel writes its messages onto the VT that is shown.

use std::io::Write;

use crate::stage::OnTheVt;
use crate::terminal::{NUMBER, eventually, open, screen, switch_to, type_in};

/// A message in the middle of the screen, and over the header; then all that could spoil what is drawn afterwards: a
/// scrolling region, insert mode, origin mode, the other character set, and a sequence that never ends.
const PAINTED: &[u8] = b"\x1b[12;5Hpainted\x1b[Hpainted\x1b[3;6r\x1b[4h\x1b[?6h\x0e\x1b[3h\x1b[12;";

#[test]
fn what_is_painted_over_an_ask_is_gone_after_a_few_seconds_and_the_screen_is_whole() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let mut asked = vt.ask();
    vt.offers_keys();
    let clean = screen();
    open().write_all(PAINTED).unwrap();
    assert!(screen().contains("painted"));
    eventually("the screen to be mended", || !screen().contains("painted"));
    vt.shows("Secrets Dispatcher");
    assert_eq!(without_times(&screen()), without_times(&clean));
    asked.kill().unwrap();
    asked.wait().unwrap();
    drop(vt);
}

#[test]
fn ctrl_l_draws_all_of_it_anew() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let clean = screen();
    open().write_all(PAINTED).unwrap();
    type_in("\x0c");
    eventually("the screen to be mended", || screen() == clean);
    drop(vt);
}

#[test]
fn a_terminal_that_was_left_spoiled_is_taken_over_whole() {
    let mut vt = OnTheVt::start();
    let clean = without_times(&screen());
    vt.stop();
    open().write_all(PAINTED).unwrap();
    vt.start_again();
    // A terminal takes a picture as fast as it can.
    eventually("the screen to be painted", || without_times(&screen()) == clean);
    drop(vt);
}

#[test]
fn an_arrival_draws_all_of_it_anew() {
    let vt = OnTheVt::start();
    let clean = screen();
    open().write_all(PAINTED).unwrap();
    switch_to(NUMBER);
    eventually("the screen to be mended", || screen() == clean);
    drop(vt);
}

/// The seconds that are left run on, and one that starts again says since when it has decided nothing.
fn without_times(screen: &str) -> String {
    screen.chars().filter(|character| !character.is_ascii_digit()).collect()
}
