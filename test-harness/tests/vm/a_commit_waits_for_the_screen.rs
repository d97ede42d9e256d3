//! (c) `git commit -S` from the desktop session.

use crate::moments::at_work;
use crate::person::{APPROVAL, DESK, KEY};

#[test]
fn a_commit_waits_for_the_approval_screen_and_verifies() {
    let mut machine = at_work().resume("c-a-commit-waits-for-the-screen");

    machine.command("git commit -S -q -m 'mend the pump'; echo committed: $?");

    machine.read_approval("mend the pump");
    machine.photograph("asked");
    assert!(!machine.screen(DESK).shows("committed:"), "git did not wait");
    machine.decide("mend the pump", 'y');
    machine.enter("passphrase:", KEY);
    machine.see(APPROVAL, "Nothing is waiting");
    machine.photograph("signed");
    machine.at_the_desk("committed: 0");
    machine.command("git verify-commit HEAD; echo verified: $?");
    let desk = machine.at_the_desk("verified: 0");
    machine.photograph("verified");
    assert!(desk.shows("Good signature from \"Nina Brown"), "{desk}");
}
