//! (b) A desktop application asks for a secret through the session bus.

use crate::moments::at_work;
use crate::person::{APPROVAL, SECRET};

#[test]
fn a_secret_appears_on_the_approval_screen_and_y_returns_it() {
    let mut machine = at_work().resume("b-an-application-gets-its-secret");

    machine.command("secret-tool lookup service demo; echo ended: $?");

    let screen = machine.read_approval("secret-tool lookup service demo");
    machine.photograph("asked");
    machine.draw(APPROVAL, "asked");
    assert!(screen.shows("secret-tool lookup service demo"), "{screen}");
    assert!(!machine.screen(1).shows(SECRET), "released before the key");
    machine.type_keys("y");
    machine.see(8, "Nothing is waiting");
    machine.photograph("approved");
    let desk = machine.at_the_desk("ended: 0");
    machine.photograph("returned");
    assert!(desk.rows.iter().any(|row| row.starts_with(SECRET)), "{desk}");
}
