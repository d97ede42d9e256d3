//! Who may own and who may call the gate's name on the system bus, whichever daemon it is.

use std::sync::{LazyLock, Mutex};

use crate::installed::tell;
use crate::machine::{Machine, Shared, turn};

static MACHINE: Shared = LazyLock::new(|| Mutex::new(Machine::installed()));
static BROKER: Shared = LazyLock::new(|| {
    let machine = Machine::boot_with(&["systemctl enable dbus-broker.service"]);
    machine.install();
    machine.provision("nb", 0);
    Mutex::new(machine)
});

const NAMES: [&str; 2] = ["net.mowaka.SecretsDispatcher1", "net.mowaka.SecretsDispatcher1.u1000"];

/// What the bus answers to one who calls the gate.
fn calls(machine: &Machine, user: &str, name: &str) -> String {
    let said = machine.run(&format!(
        "setpriv --reuid {user} --regid $(id -g {user}) --clear-groups busctl --system --timeout=10 get-property \
         {name} /net/mowaka/SecretsDispatcher1 net.mowaka.SecretsDispatcher1 Version"
    ));
    if said.code == 0 { "answered".into() } else { said.err }
}

/// What the bus answers to one who wants the name.
fn owns(machine: &Machine, user: &str, name: &str) -> String {
    let said = machine.run(&format!(
        "setpriv --reuid {user} --regid $(id -g {user}) --clear-groups busctl --system call org.freedesktop.DBus \
         /org/freedesktop/DBus org.freedesktop.DBus RequestName su {name} 0"
    ));
    if said.code == 0 { "owns it".into() } else { said.err }
}

fn only_the_desktop_user_calls_and_only_the_gate_owns(machine: &Machine) {
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    machine.ok("id games");
    for name in NAMES {
        assert_eq!(machine.owner(name).as_deref(), Some("sd-gate-nb"), "{name}");
        assert_eq!(calls(machine, "nb", name), "answered");
        for user in ["eve", "root", "games", "sd-decide-nb", "secrets-nb", "sd-audit-nb"] {
            let said = calls(machine, user, name);
            assert!(
                said.contains("denied") || said.contains("not allowed") || said.contains("policy"),
                "{user}: {said}"
            );
        }
    }
    session.end();
    machine.goes_down("nb");
    // Nor while it is free.
    for name in
        NAMES.iter().chain(&["net.mowaka.SecretsDispatcher1.u1001", "net.mowaka.SecretsDispatcher1.x"])
    {
        for user in ["nb", "eve", "root", "games", "sd-decide-nb", "secrets-nb", "sd-audit-nb"] {
            let said = owns(machine, user, name);
            assert!(said.contains("denied") || said.contains("not allowed"), "{user} {name}: {said}");
        }
    }
    for name in NAMES {
        assert_eq!(owns(machine, "sd-gate-nb", name), "owns it");
    }
    let below = ["net.mowaka.SecretsDispatcher1.u1001", "net.mowaka.SecretsDispatcher1.x"];
    let owned: Vec<&str> =
        below.into_iter().filter(|name| owns(machine, "sd-gate-nb", name) == "owns it").collect();
    if machine.state("dbus-broker.service") == "active" {
        // dbus-broker 33 takes an allowance to own a name for one to own all below it, whatever else is said; see
        // ARCHITECTURE.md. It concerns the one gate that has the plain name.
        tell(&format!("dbus-broker lets the gate with the plain name own, beside it: {owned:?}"));
    } else {
        assert!(owned.is_empty(), "{owned:?}");
    }
}

#[test]
fn under_dbus_daemon_only_the_desktop_user_calls_and_only_the_gate_owns() {
    let machine = turn(&MACHINE);
    assert_eq!(machine.state("dbus-broker.service"), "inactive");
    only_the_desktop_user_calls_and_only_the_gate_owns(&machine);
}

#[test]
fn under_dbus_broker_only_the_desktop_user_calls_and_only_the_gate_owns() {
    let machine = turn(&BROKER);
    assert_eq!(machine.state("dbus-broker.service"), "active");
    only_the_desktop_user_calls_and_only_the_gate_owns(&machine);
}
