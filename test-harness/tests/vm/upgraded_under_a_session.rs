//! (i) A newer package is installed while the person works.

use crate::moments::at_work;
use crate::person::{KEY, SECRET, SIGNER};

#[test]
fn an_upgrade_under_a_running_session_keeps_the_session_and_serves_from_the_new_files() {
    let mut machine = at_work().resume("i-upgraded-under-a-session");
    let session = machine.run("loginctl list-sessions --no-legend");

    machine.run("DEBIAN_FRONTEND=noninteractive dpkg --install /root/goods/newer.deb");

    assert_eq!(machine.run("dpkg-query -W -f '${Version}' secrets-dispatcher"), "9");
    machine.companion_runs();
    assert_eq!(machine.run("loginctl list-sessions --no-legend"), session);
    let old = machine.run(
        "for p in /proc/[0-9]*; do readlink $p/exe; done 2>/dev/null | grep 'secrets-dispatcher.*deleted' || true",
    );
    assert_eq!(old, "", "these still run from replaced files");
    machine.photograph("upgraded");
    // A decider that has just begun asks for what is locked, as at a login.
    machine.enter(SIGNER, KEY);
    machine.command("secret-tool lookup service demo; echo ended: $?");
    machine.decide("secret-tool lookup", 'y');
    let desk = machine.at_the_desk("ended: 0");
    assert!(desk.shows(SECRET), "{desk}");
    machine.photograph("served");
}
