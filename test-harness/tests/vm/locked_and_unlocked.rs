//! (f) Lock and unlock, from the desktop and on the screen.

use crate::moments::at_work;
use crate::person::{APPROVAL, SECRET, STORE};

#[test]
fn a_lock_needs_no_key_and_an_unlock_the_passphrase_typed_on_the_screen() {
    let mut machine = at_work().resume("f-locked-and-unlocked");

    machine.command("sdctl lock; echo locked: $?");
    machine.at_the_desk("locked: 0");
    machine.read_approval("STORE LOCKED");
    machine.photograph("locked");

    // A wrong one first: it is asked for again, and nothing opens.
    machine.command("secret-tool lookup service demo; echo ended: $?");
    machine.decide("unlock", 'y');
    machine.enter("passphrase", "pen sesame");
    machine.see(APPROVAL, "wrong");
    machine.photograph("wrong");
    machine.enter("passphrase", STORE);
    machine.decide("secret-tool lookup", 'y');
    let desk = machine.at_the_desk("ended: 0");
    assert!(desk.shows(SECRET), "{desk}");
    machine.photograph("unlocked");
}
