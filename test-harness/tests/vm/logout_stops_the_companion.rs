//! (e) The last session ends.

use crate::moments::at_work;
use crate::person::DESK;

#[test]
fn a_logout_stops_the_companion_and_releases_the_name() {
    let mut machine = at_work().resume("e-logout-stops-the-companion");
    machine.companion_runs();

    machine.command("exit");

    machine.companion_is_gone();
    machine.see(DESK, "login:");
    machine.photograph("logged-out");
    let listening = machine.run("grep -c /run/secrets-dispatcher/ /proc/net/unix || true");
    assert_eq!(listening.trim(), "0", "somebody still listens");
    assert_eq!(machine.run("systemctl --failed --no-legend"), "");

    // The next login starts it again; the store is locked, and asks for its passphrase.
    machine.log_in(DESK, "nb", "pencil");
    machine.companion_runs();
    machine.read_approval("LOCKED");
    machine.photograph("locked-at-the-next-login");
}
