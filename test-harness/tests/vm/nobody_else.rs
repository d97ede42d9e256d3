//! (g) Another person with an account on the same machine.

use crate::moments::at_work;
use crate::person::{APPROVAL, HOARD, KEY, SIGNER, STORE};

/// The terminal of the other person.
const OTHER: u8 = 2;

#[test]
fn another_user_cannot_call_nor_read_nor_take_the_screen_from_a_passphrase() {
    let mut machine = at_work().resume("g-nobody-else");
    machine.switch_to(OTHER);
    machine.log_in(OTHER, "eve", "apple");

    // Call: the bus does not let eve through.
    let ping =
        "net.mowaka.SecretsDispatcher1.u1000 /net/mowaka/SecretsDispatcher1 org.freedesktop.DBus.Peer Ping";
    machine.type_line(OTHER, &format!("clear; busctl call {ping}; echo called: $?"));
    let screen = machine.see(OTHER, "called: 1");
    assert!(screen.shows("Access denied") || screen.shows("rejected"), "{screen}");
    machine.photograph("cannot-call");

    // Read: neither the screen, nor what is stored, nor what is asked. Nothing here says more than that it is closed.
    machine.type_line(OTHER, "closed() { cat $1 2>&1 | grep -E -c 'denied|No such device'; }");
    let ours = "secrets-dispatcher/nb";
    for doors in [
        "/dev/tty8 /dev/vcs8 /dev/vcsa8".to_owned(),
        format!("/etc/{ours}/phrase /var/lib/{ours}/home/."),
        format!("/var/log/{ours}/. /run/{ours}/decide.sock"),
    ] {
        machine.type_line(OTHER, &format!("doors=\"$doors {doors}\""));
    }
    machine.type_line(OTHER, "clear; for door in $doors; do closed $door; done; echo read");
    let screen =
        machine.see_that(OTHER, "an answer from each", |screen| screen.rows.iter().any(|row| row == "read"));
    machine.photograph("cannot-read");
    assert_eq!(screen.rows.iter().filter(|row| *row == "1").count(), 7, "{screen}");

    // Switch: eve's program asks for eve's terminal again and again, while nb types a passphrase.
    let asks = "until [ -e /tmp/go ]; do sleep .3; done; for i in $(seq 20); do chvt 2; sleep .3; done";
    machine.type_line(OTHER, &format!("clear; {asks}; touch /tmp/done"));
    machine.command("sdctl lock; echo locked: $?");
    machine.at_the_desk("locked: 0");
    machine.read_approval("LOCKED");
    machine.type_keys("u");
    machine.read_approval(SIGNER);
    let (first, rest) = KEY.split_at(3);
    machine.type_keys(first);
    machine.run("touch /tmp/go");
    machine.pass("3");
    assert_eq!(machine.active(), APPROVAL, "eve took the screen from a passphrase");
    machine.press_switch(OTHER);
    machine.pass("1");
    assert_eq!(machine.active(), APPROVAL, "the keys took the screen from a passphrase");
    machine.photograph("holds-the-screen");
    machine.type_keys(&format!("{rest}\n"));
    // Afterwards nobody is held: eve gets the screen, and nb gets it back.
    machine.wait_for("test -e /tmp/done");
    assert!(!machine.screen(OTHER).shows(rest), "a part of the passphrase went to eve's terminal");
    machine.enter(HOARD, STORE);
    machine.see_that(APPROVAL, "an open store", |screen| !screen.shows("LOCKED"));
}
