//! (f) Lock and unlock, from the desktop and on the screen.

use crate::moments::at_work;
use crate::person::{APPROVAL, HOARD, KEY, SECRET, SIGNER, STORE};

#[test]
fn a_lock_needs_no_key_and_an_unlock_the_passphrase_typed_on_the_screen() {
    let mut machine = at_work().resume("f-locked-and-unlocked");

    machine.command("sdctl lock; echo locked: $?");
    machine.at_the_desk("locked: 0");
    machine.read_approval("LOCKED");
    machine.photograph("locked");

    // The key's first, then the store's. A wrong one opens nothing, and is asked for again.
    machine.command("secret-tool lookup service demo; echo ended: $?");
    machine.decide("secret-tool lookup", 'y');
    machine.enter(SIGNER, KEY);
    machine.enter(HOARD, "pen sesame");
    machine.see(APPROVAL, "WRONG");
    machine.photograph("wrong");
    assert!(machine.screen(APPROVAL).shows("LOCKED"));
    machine.enter(HOARD, STORE);
    machine.see_that(APPROVAL, "an open store", |screen| !screen.shows("LOCKED"));
    machine.decide("secret-tool lookup", 'y');
    let desk = machine.at_the_desk("ended: 0");
    assert!(desk.shows(SECRET), "{desk}");
    machine.photograph("unlocked");
}
