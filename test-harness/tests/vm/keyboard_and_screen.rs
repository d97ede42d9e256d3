//! The ring's own eyes and fingers: what is typed is read, and what stands on a terminal is seen.

use crate::moments::provisioned;

#[test]
fn a_person_logs_in_on_the_keyboard_and_switches_terminals() {
    let mut machine = provisioned().resume("keyboard-and-screen");

    machine.photograph("prompt");
    machine.log_in(1, "nb", "pencil");
    machine.type_keys("echo \"seen: $((6*7))\" | tr a-z A-Z\n");
    machine.see(1, "SEEN: 42");
    machine.photograph("shell");
    assert_eq!(machine.run("loginctl list-sessions --no-legend").split_whitespace().nth(2), Some("nb"));

    machine.switch_to(2);
    machine.see(2, "tty2");
    machine.photograph("another-terminal");
    machine.switch_to(1);
    machine.type_keys("exit\n");
    machine.see(1, "login:");
}
