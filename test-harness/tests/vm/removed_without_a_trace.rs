//! (j) Taken back: the machine is as before.

use crate::moments::provisioned;
use crate::person::DESK;

#[test]
fn after_a_removal_the_machine_is_as_before_file_by_file() {
    let mut machine = provisioned().resume("j-removed-without-a-trace");
    machine.log_in(DESK, "nb", "pencil");
    machine.companion_runs();
    machine.command("exit");
    machine.companion_is_gone();

    let said = machine.run("sd-provision --user nb --remove");
    machine.keep_text("removed.txt", &said);
    machine.run("DEBIAN_FRONTEND=noninteractive apt-get purge --yes --quiet secrets-dispatcher");
    machine.run("rm /etc/sysctl.d/60-ptrace.conf");

    machine.photograph("removed");
    machine.run("sh /root/goods/inventory.sh >/root/after");
    let changed = machine.attempt("diff -U0 /root/before /root/after | grep '^[-+]\\./'").out;
    machine.keep_text("difference.txt", &changed);
    let unexplained: Vec<&str> =
        changed.lines().filter(|line| !EXPLAINED.iter().any(|path| line[1..].starts_with(path))).collect();
    assert!(unexplained.is_empty(), "these differ from before:\n{}", unexplained.join("\n"));
    assert_eq!(machine.run("getent passwd | grep -c -e sd- -e secrets- || true").trim(), "0");
    assert_eq!(machine.run("systemctl list-units --all --no-legend 'sd-*' 'secrets-*' || true"), "");

    // And it is a machine that one can use.
    machine.log_in(DESK, "nb", "pencil");
    machine.photograph("logged-in-again");
}

/// What anybody leaves who makes and removes users, logs in, and installs and purges a package: the former versions that
/// useradd and dpkg keep, a folder that apt makes, the lines that the person typed.
const EXPLAINED: [&str; 7] = [
    "./etc/group- ",
    "./etc/gshadow- ",
    "./etc/passwd- ",
    "./etc/shadow- ",
    "./var/lib/dpkg/status-old ",
    "./var/lib/apt/lists/auxfiles ",
    "./home/nb/.bash_history ",
];
