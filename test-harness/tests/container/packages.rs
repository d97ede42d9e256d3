//! The life of the package: installed, upgraded under a session, removed, installed again, purged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use crate::installed::package;
use crate::machine::{Machine, Shared, turn};

static MACHINE: Shared = LazyLock::new(|| Mutex::new(Machine::boot()));

/// All that a package has no business with, file by file: not /usr, and not what only says that a package came or went.
const ELSEWHERE: &str = "cd / && find etc home var/lib run/secrets-dispatcher -xdev ! -path 'var/lib/dpkg*' \
     ! -path 'var/lib/pam*' ! -path 'var/lib/systemd*' ! -path 'etc/*-' ! -name .bash_history -printf '%P %y %m %u %g %l\\n' 2>/dev/null | sort; \
     find /etc -xdev -type f ! -path '/etc/*-' -exec sha256sum {} + | sort -k 2";
/// What is there of ours in a running machine.
const OURS: &str = "systemctl list-units --all --plain --no-legend 'sd-*' 'secrets-dispatcher*' \
     | grep -v not-found; cat /proc/sys/kernel/printk; grep -c sd-bell /etc/pam.d/common-session";

impl Machine {
    /// Installs a package of this version, made of the one that was built last.
    fn install_version(&self, version: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        self.bring(&of_version(version, folder.path()));
        self.ok("dpkg --install /root/secrets-dispatcher.deb 2>&1")
    }

    fn begun(&self, unit: &str) -> String {
        self.ok(&format!("systemctl show --value --property=ExecMainStartTimestampMonotonic {unit}"))
    }

    /// As a machine without it: whatever the test before has left.
    fn cleared(&self) {
        self.run("sd-provision --user nb --remove; dpkg --purge secrets-dispatcher; rm -rf /var/lib/secrets-dispatcher");
    }
}

/// The package that was built last, with another version, made in this folder.
fn of_version(version: &str, folder: &Path) -> PathBuf {
    let made = folder.join("other.deb");
    let script = "dpkg-deb --raw-extract \"$1\" \"$2\" \
         && sed -i \"s/^Version: .*/Version: $4/\" \"$2/DEBIAN/control\" \
         && dpkg-deb -Znone --build \"$2\" \"$3\"";
    let status = Command::new("sh")
        .args(["-c", script, "sh"])
        .args([package(), folder.join("tree"), made.clone()])
        .arg(version)
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    made
}

/// The lines of a list that are not in another.
fn changed(before: &str, after: &str) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    lines(before).symmetric_difference(&lines(after)).cloned().collect()
}

#[test]
fn installing_it_alone_changes_nothing_and_starts_nothing() {
    let machine = turn(&MACHINE);
    machine.cleared();
    let (before, ours) = (machine.ok(ELSEWHERE), machine.run(OURS).out);
    machine.install();
    assert_eq!(changed(&before, &machine.ok(ELSEWHERE)), Vec::<String>::new());
    assert_eq!(machine.run(OURS).out, ours);
    machine
        .ok("man -w secrets-dispatcher sd-decide sd-provision sdctl sd-wire net.mowaka.SecretsDispatcher1");
    let session = machine.ssh("nb");
    let completed =
        "bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader sdctl; complete -p sdctl'";
    assert!(session.ok(completed).contains("_sdctl"));
    session.end();
}

#[test]
fn an_upgrade_restarts_what_was_replaced_and_keeps_the_session() {
    let machine = turn(&MACHINE);
    machine.cleared();
    machine.install_version("0~before");
    machine.provision("nb", 0);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let sessions = machine.ok("loginctl list-sessions --no-legend");
    let (decide, manager) = (machine.begun("sd-decide@nb.service"), machine.ok("pgrep -u secrets-nb -o"));
    // What waits for a key is not released by it, and ends with an error.
    session.begin("timeout 60 sdctl lock >/dev/null; secret-tool lookup service demo; echo ended $?");

    machine.install_version("9");

    assert!(!session.finish().out.contains("ended 124"));
    machine.comes_up("nb");
    assert_ne!(machine.begun("sd-decide@nb.service"), decide);
    assert_eq!(machine.ok("pgrep -u secrets-nb -o"), manager, "the companion's session went on");
    assert_eq!(machine.ok("loginctl list-sessions --no-legend"), sessions);
    let old = machine.run("readlink /proc/[0-9]*/exe | grep 'secrets-dispatcher.*deleted'").out;
    assert_eq!(old, "", "these run from files that are gone");
    session.ok("sdctl status");
    session.end();
}

#[test]
fn a_removal_hands_the_secret_service_back_and_installed_again_it_goes_on() {
    let machine = turn(&MACHINE);
    machine.cleared();
    machine.install();
    machine.provision("nb", 0);
    let session = machine.ssh("nb");
    machine.comes_up("nb");

    machine.ok("dpkg --remove secrets-dispatcher 2>&1");

    machine.goes_down("nb");
    assert_eq!(machine.run("grep -c sd-bell /etc/pam.d/common-session").out, "0");
    // Whoever is started when an application asks.
    session.ok(
        "busctl --user call org.freedesktop.secrets /org/freedesktop/secrets org.freedesktop.DBus.Peer Ping",
    );
    let status = session.ok("busctl --user --no-pager status org.freedesktop.secrets");
    assert!(status.contains("gnome-keyring-daemon"), "{status}");
    machine.ok("test -e /etc/secrets-dispatcher/nb/rules.toml");

    machine.install();

    machine.comes_up("nb");
    assert!(session.ok("sdctl status").contains("is sd-agent's"), "{}", session.ok("sdctl status"));
    session.end();
    machine.goes_down("nb");
}

#[test]
fn a_purge_leaves_nothing_but_what_people_have_put_there() {
    let machine = turn(&MACHINE);
    machine.cleared();
    let before = machine.ok(ELSEWHERE);
    machine.install();
    machine.provision("nb", 0);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    session.end();
    machine.goes_down("nb");

    // Nobody has put anything there yet.
    machine.ok("dpkg --purge secrets-dispatcher 2>&1");
    assert_eq!(changed(&before, &machine.ok(ELSEWHERE)), Vec::<String>::new());
    assert_eq!(machine.run("getent passwd | grep -e ^sd- -e ^secrets-").out, "");

    machine.install();
    machine.provision("nb", 0);
    let secret = "/var/lib/secrets-dispatcher/nb/home/.local/share/keyrings/login.keyring";
    machine.ok(&format!("install -D -m 600 -o secrets-nb /etc/hostname {secret}"));
    let said = machine.ok("dpkg --purge secrets-dispatcher 2>&1");
    assert!(said.contains("/var/lib/secrets-dispatcher/nb is the companion's"), "{said}");
    machine.ok(&format!("test -e {secret}"));
    assert_eq!(machine.ok("stat -c '%U %a' /var/lib/secrets-dispatcher/nb"), "root 700");
}
