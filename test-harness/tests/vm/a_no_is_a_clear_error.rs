//! (d) `n` denies both, and both say so.

use crate::moments::at_work;
use crate::person::SECRET;

#[test]
fn n_denies_a_secret_and_a_signature_with_clear_errors() {
    let mut machine = at_work().resume("d-a-no-is-a-clear-error");

    machine.command("secret-tool lookup service demo; echo ended: $?");
    machine.decide("secret-tool lookup", 'n');
    let desk = machine.at_the_desk("ended: 1");
    machine.photograph("no-secret");
    assert!(!desk.shows(SECRET), "{desk}");

    machine.command("git commit -S -q -m 'mend the pump'; echo committed: $?");
    machine.decide("mend the pump", 'n');
    let desk = machine.at_the_desk("committed: 128");
    machine.photograph("no-signature");
    assert!(desk.shows("denied"), "{desk}");
    machine.command("git log; echo commits: $?");
    machine.at_the_desk("commits: 128");
}
