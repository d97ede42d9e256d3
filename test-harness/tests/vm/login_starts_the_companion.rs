//! (a) Provisioned, rebooted, and nobody does anything but log in.

use crate::moments::provisioned;
use crate::person::{APPROVAL, DESK};

#[test]
fn a_login_on_the_console_starts_the_companion_with_no_manual_step() {
    let mut machine = provisioned().resume("a-login-starts-the-companion");
    machine.companion_is_gone();
    machine.photograph("prompt");

    machine.log_in(DESK, "nb", "pencil");

    machine.companion_runs();
    machine.photograph("logged-in");
    let gate = machine.run("busctl --system status net.mowaka.SecretsDispatcher1.u1000 | sed -n s/^UID=//p");
    assert_eq!(gate.trim(), machine.run("id -u sd-gate-nb").trim());
    // The phrase was never printed: here it is seen first.
    let phrase = machine.run("cat /etc/secrets-dispatcher/nb/phrase");
    let screen = machine.read_approval(phrase.trim());
    assert!(screen.shows("for nb (uid 1000)"), "{screen}");
    machine.photograph("approval-screen");
    assert_eq!(machine.active(), APPROVAL);
    assert_eq!(machine.run("systemctl --failed --no-legend"), "");
}
