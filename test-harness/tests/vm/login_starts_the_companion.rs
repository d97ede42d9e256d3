//! (a) Provisioned, rebooted, and nobody does anything but log in.

use crate::moments::{at_work, provisioned};
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

/// What the containers of the other ring cannot show, since they have their host's kernel.
#[test]
fn a_provisioned_machine_with_a_session_passes_every_check_and_the_limits_of_memory_and_tasks_hold() {
    let mut machine = at_work().resume("a-good-machine");

    let said = machine.attempt("sd-provision --check --json");

    for line in said.out.replace("{\"", "\n{\"").lines() {
        println!("| {line}");
    }
    assert_eq!(said.status, 0, "{}", said.out);
    assert!(!said.out.contains("\"result\":\"fail\""), "{}", said.out);
    for unit in ["sd-gate@nb.service", "sd-decide@nb.service"] {
        let group = format!("/sys/fs/cgroup$(systemctl show --value --property=ControlGroup {unit})");
        let limits = machine.run(&format!("cat {group}/memory.max {group}/pids.max"));
        assert_eq!(limits, "268435456\n64\n", "{unit}");
    }
}
