//! Each way of logging in.

use crate::machine::Machine;
use crate::session::Way;

#[test]
fn each_way_of_logging_in_makes_a_session_of_its_own() {
    let machine = Machine::boot();
    for (way, service) in [(Way::Console, "login"), (Way::Ssh, "sshd"), (Way::Su, "su-l")] {
        let session = machine.login("nb", way);
        assert_eq!(session.ok("id -un"), "nb", "{way:?}");
        let told = session.ok("loginctl show-session $XDG_SESSION_ID | tr -d '\\033' | sed 's/.m$//'");
        assert!(
            told.contains("Class=user") && told.contains(&format!("Service={service}")),
            "{way:?}: {told}"
        );
        session.end();
    }
}
