//! `sd-provision --check --json` of a good machine, and of one that is broken in many ways.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

use crate::installed::tell;
use crate::machine::{Machine, Shared, turn};

static MACHINE: Shared = LazyLock::new(|| Mutex::new(Machine::installed()));

/// What the kernel is, and not the machine in it: the container cannot change it.
const OF_THE_KERNEL: [&str; 3] = ["tiocsti", "ptrace", "swap"];

/// What is done to a machine, what of the check fails by it, and how it is made good again.
const BROKEN: [(&str, &str, &str); 14] = [
    (
        "mv /usr/libexec/secrets-dispatcher/sd-sign /root/",
        "package",
        "mv /root/sd-sign /usr/libexec/secrets-dispatcher/",
    ),
    ("chmod 644 /etc/secrets-dispatcher/nb/phrase", "phrase", "chmod 600 /etc/secrets-dispatcher/nb/phrase"),
    (
        "chmod 644 /etc/secrets-dispatcher/nb/audit.key",
        "audit-key",
        "chmod 600 /etc/secrets-dispatcher/nb/audit.key",
    ),
    ("echo >>/etc/secrets-dispatcher/nb/parties.json", "parties", "sd-provision --user nb"),
    (
        "chmod 755 /var/lib/secrets-dispatcher/nb/home",
        "companion-home",
        "chmod 700 /var/lib/secrets-dispatcher/nb/home",
    ),
    ("usermod -aG tty,input nb", "groups", "gpasswd -d nb tty; gpasswd -d nb input"),
    ("echo 'nb ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/nb", "sudo", "rm /etc/sudoers.d/nb"),
    ("chsh -s /bin/bash secrets-nb", "users", "chsh -s /usr/sbin/nologin secrets-nb"),
    ("rm /etc/dbus-1/system.d/net.mowaka.SecretsDispatcher1.u1000.conf", "policy", "sd-provision --user nb"),
    (
        "mkdir /etc/systemd/system/sd-gate@.service.d; printf '[Service]\\nProtectSystem=no\\nNoNewPrivileges=no\\n' \
         >/etc/systemd/system/sd-gate@.service.d/50-lax.conf; systemctl daemon-reload",
        "sandbox",
        "rm -r /etc/systemd/system/sd-gate@.service.d; systemctl daemon-reload",
    ),
    (
        "chmod 666 /run/secrets-dispatcher/nb/decide.sock",
        "sockets",
        "chmod 660 /run/secrets-dispatcher/nb/decide.sock",
    ),
    ("systemctl stop sd-gate@nb.service", "bus-name", "systemctl start sd-gate@nb.service"),
    ("pam-auth-update --disable secrets-dispatcher", "pam", "pam-auth-update --enable secrets-dispatcher"),
    (
        "rm /etc/systemd/system/secrets-dispatcher@nb.target.d/10-provision.conf",
        "unit-target",
        "sd-provision --user nb",
    ),
];

/// What the check says, whether all is well, and which parts fail.
fn check(machine: &Machine) -> (Value, BTreeSet<String>) {
    let said = machine.run("sd-provision --user nb --check --json");
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:#?}"));
    let checks = report["users"][0]["checks"].as_array().unwrap_or_else(|| panic!("{report}"));
    let failed = checks.iter().filter(|check| check["result"] == "fail");
    let failed: BTreeSet<String> = failed.map(|check| check["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(report["v"], 1);
    assert_eq!(report["pass"], failed.is_empty());
    assert_eq!(said.code, i32::from(!failed.is_empty()), "{said:#?}");
    for check in checks {
        assert!(
            check["result"] != "fail" || check["mend"].as_str().is_some_and(|mend| !mend.is_empty()),
            "{check}"
        );
    }
    (report, failed)
}

/// The report as it is, a line for each of its parts.
fn a_line_a_check(report: &Value) -> String {
    let mut text = report.to_string();
    for cut in ["{\"checks\":[", "},{"] {
        text = text.replace(
            cut,
            &format!("{}\n{}", cut.trim_end_matches('{'), if cut.ends_with('{') { "{" } else { "" }),
        );
    }
    text
}

fn of_the_machine(failed: BTreeSet<String>) -> BTreeSet<String> {
    failed.into_iter().filter(|name| !OF_THE_KERNEL.contains(&name.as_str())).collect()
}

#[test]
fn a_good_machine_passes() {
    let machine = turn(&MACHINE);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let (report, failed) = check(&machine);
    tell(&format!("--check --json of a good machine:\n{}", a_line_a_check(&report)));
    assert_eq!(of_the_machine(failed), BTreeSet::new());
    session.end();
    machine.goes_down("nb");
    // And without a session.
    assert_eq!(of_the_machine(check(&machine).1), BTreeSet::new());
}

#[test]
fn each_thing_that_is_broken_fails_by_its_name_and_the_rest_does_not() {
    let machine = turn(&MACHINE);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let mut kernel = BTreeSet::new();
    for (breaks, name, mends) in BROKEN {
        machine.run(breaks);
        let (report, failed) = check(&machine);
        kernel.extend(failed.iter().filter(|name| OF_THE_KERNEL.contains(&name.as_str())).cloned());
        let failed = of_the_machine(failed);
        assert!(failed.contains(name), "{breaks}: {failed:?}\n{report:#}");
        // Some things are seen from two sides.
        assert!(failed.len() <= 3, "{breaks}: {failed:?}");
        machine.run(mends);
        machine.run("systemctl reset-failed; systemctl start secrets-dispatcher@nb.target");
        machine.comes_up("nb");
        let after = of_the_machine(check(&machine).1);
        assert_eq!(after, BTreeSet::new(), "after {mends}");
    }
    session.end();
    machine.goes_down("nb");
}

#[test]
fn a_machine_that_is_broken_everywhere_is_told_everything_at_once() {
    let machine = turn(&MACHINE);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    for (breaks, _, _) in BROKEN {
        machine.run(breaks);
    }
    let (report, failed) = check(&machine);
    tell(&format!(
        "--check --json of a machine that is broken in {} ways:\n{}",
        BROKEN.len(),
        a_line_a_check(&report)
    ));
    for (breaks, name, _) in BROKEN {
        // Without the gate nobody can be asked for its name; without a program nothing else is looked at in its place.
        assert!(failed.contains(name), "{breaks}: {failed:?}");
    }
    for (_, _, mends) in BROKEN {
        machine.run(mends);
    }
    machine.provision("nb", 0);
    session.end();
    machine.goes_down("nb");
    assert_eq!(of_the_machine(check(&machine).1), BTreeSet::new());
}

#[test]
fn a_second_owner_of_the_secret_service_fails() {
    let machine = turn(&MACHINE);
    machine.ok("sd-provision --user nb");
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let tell_who = "busctl --user status org.freedesktop.secrets 2>/dev/null | sed -n 's/^Comm=//p'";
    session.ok("busctl --user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus StartServiceByName su org.freedesktop.secrets 0");
    assert_eq!(session.ok(tell_who), "sd-agent");
    assert_eq!(of_the_machine(check(&machine).1), BTreeSet::new());
    session.ok("systemctl --user stop sd-agent; printf x | gnome-keyring-daemon --daemonize --unlock --components=secrets; sleep 1");
    assert_eq!(session.ok(tell_who), "gnome-keyring-d");
    let (report, failed) = check(&machine);
    assert!(failed.contains("secret-service"), "{report:#}");
    session.ok("pkill -u nb gnome-keyring");
    session.end();
    machine.goes_down("nb");
}
