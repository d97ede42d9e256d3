//! Two desktop users on one machine, each with a companion, a terminal and a name: neither sees the other.

use std::sync::{LazyLock, Mutex};

use crate::machine::{Machine, Shared, turn};

static MACHINE: Shared = LazyLock::new(|| {
    let machine = Machine::installed();
    machine.provision("eve", 1);
    Mutex::new(machine)
});

#[test]
fn each_has_a_gate_a_screen_and_users_of_their_own_and_calls_the_own_gate_only() {
    let machine = turn(&MACHINE);
    let (nb, eve) = (machine.ssh("nb"), machine.console("eve"));
    machine.comes_up("nb");
    machine.comes_up("eve");
    assert_eq!(machine.owner("net.mowaka.SecretsDispatcher1.u1000").as_deref(), Some("sd-gate-nb"));
    assert_eq!(machine.owner("net.mowaka.SecretsDispatcher1.u1001").as_deref(), Some("sd-gate-eve"));
    assert_eq!(machine.owner("net.mowaka.SecretsDispatcher1").as_deref(), Some("sd-gate-nb"));
    machine.terminal(0).shows("for nb (uid 1000)");
    machine.terminal(1).shows("for eve (uid 1001)");
    let call = |name: &str| {
        format!(
            "busctl --system get-property net.mowaka.SecretsDispatcher1{name} /net/mowaka/SecretsDispatcher1 \
             net.mowaka.SecretsDispatcher1 Version"
        )
    };
    nb.ok(&call(".u1000"));
    nb.ok(&call(""));
    eve.ok(&call(".u1001"));
    for (who, name) in [(&nb, ".u1001"), (&eve, ".u1000"), (&eve, "")] {
        let said = who.run(&call(name));
        assert!(said.code != 0 && said.out.to_lowercase().contains("denied"), "{name}: {said:#?}");
    }
    let phrase = |user: &str| machine.ok(&format!("cat /etc/secrets-dispatcher/{user}/phrase"));
    assert_ne!(phrase("nb"), phrase("eve"));
    // The roles of the one are nobody at the other's sockets.
    for (mine, other) in [("nb", "eve"), ("eve", "nb")] {
        for (role, socket) in
            [("sd-gate", "decide"), ("secrets", "passphrase"), ("sd-decide", "fetch"), ("sd-decide", "sign")]
        {
            let said = machine.run(&format!(
                "setpriv --reuid {role}-{mine} --regid {role}-{mine} --clear-groups perl -MSocket -e \
                 'socket(S, AF_UNIX, SOCK_SEQPACKET, 0) or die; connect(S, sockaddr_un($ARGV[0])) or die \"$!\\n\"' \
                 /run/secrets-dispatcher/{other}/{socket}.sock"
            ));
            assert!(
                said.code != 0 && said.err.contains("Permission denied"),
                "{role}-{mine} at {other}'s {socket}: {said:#?}"
            );
        }
        let home = machine.run(&format!(
            "setpriv --reuid secrets-{mine} --regid secrets-{mine} --clear-groups ls /var/lib/secrets-dispatcher/{other}/home"
        ));
        assert!(home.err.contains("Permission denied"), "{home:#?}");
    }
    nb.end();
    eve.end();
    machine.goes_down("nb");
    machine.goes_down("eve");
}

#[test]
fn the_logout_of_one_and_the_lock_of_one_are_nothing_to_the_other() {
    let machine = turn(&MACHINE);
    let (nb, eve) = (machine.ssh("nb"), machine.ssh("eve"));
    machine.comes_up("nb");
    machine.comes_up("eve");
    let since = machine.ok("systemctl show --value --property=InvocationID sd-decide@eve.service");
    nb.run("sdctl lock");
    nb.end();
    machine.goes_down("nb");
    eve.ok("sdctl status");
    assert!(machine.is_up("eve"), "{}", machine.journal());
    assert_eq!(machine.ok("systemctl show --value --property=InvocationID sd-decide@eve.service"), since);
    eve.end();
    machine.goes_down("eve");
}

#[test]
fn what_one_asks_for_stands_on_no_screen_of_the_other() {
    let machine = turn(&MACHINE);
    let (nb, eve) = (machine.ssh("nb"), machine.ssh("eve"));
    machine.comes_up("nb");
    machine.comes_up("eve");
    machine.terminal(0).shows("Choose a NEW passphrase");
    nb.begin("printf hunter2 | secret-tool store --label='a label of nb' service demo");
    // The store has no passphrase yet, so this stands there first.
    machine.terminal(0).shows("waiting");
    assert!(!machine.terminal(1).screen().contains("label of nb"), "{}", machine.terminal(1).screen());
    let pending = eve.run("sdctl pending 2>&1");
    assert!(!pending.out.contains("store"), "{pending:#?}");
    machine.ok("loginctl terminate-user nb");
    drop(nb);
    eve.end();
    machine.goes_down("nb");
    machine.goes_down("eve");
}

#[test]
fn one_is_taken_back_and_the_other_goes_on() {
    let machine = turn(&MACHINE);
    let before = machine.tree();
    let nb = machine.ssh("nb");
    machine.comes_up("nb");
    machine.ok("sd-provision --user eve --remove");
    assert!(machine.is_up("nb"), "{}", machine.journal());
    nb.ok("sdctl status");
    assert!(machine.is_down("eve"), "{}", machine.left("eve"));
    // What is new there the companion of nb has made, where this is the first login of all.
    let differences = before.differences(&machine.tree());
    let of_nb = |line: &&String| line.contains("secrets-dispatcher/nb") || line.contains("@nb.");
    let lost: Vec<_> = differences.iter().filter(of_nb).filter(|line| !line.starts_with('+')).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    // A terminal of another's companion is in use, whether anybody is logged in or not.
    nb.end();
    machine.goes_down("nb");
    let refused = machine.run(&format!(
        "sd-provision --user eve --backend gnome-keyring --vt {}",
        machine.terminal(0).number()
    ));
    assert!(refused.code != 0 && refused.err.contains("nb"), "{refused:#?}");
    machine.provision("eve", 1);
}
