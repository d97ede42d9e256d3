//! What systemd-analyze says of the services, on the machine on which they run.

use std::sync::{LazyLock, Mutex};

use crate::installed::tell;
use crate::machine::{Machine, Shared, turn};

static MACHINE: Shared = LazyLock::new(|| Mutex::new(Machine::installed()));

#[test]
fn no_service_is_exposed_more_than_by_one_and_a_half() {
    let machine = turn(&MACHINE);
    let services = machine.ok("cd /usr/lib/systemd/system && ls -d sd-*@.service");
    let mut least = String::new();
    for service in services.lines() {
        let unit = service.replace('@', "@nb");
        let said = machine.ok(&format!("systemd-analyze security --no-pager {unit} | tail -n 1"));
        let score: f64 = said
            .split_whitespace()
            .find_map(|word| word.parse().ok())
            .unwrap_or_else(|| panic!("no score of {unit}: {said}"));
        least.push_str(&format!("{unit:<28} {score}\n"));
        assert!(score <= 1.5, "{said}");
    }
    tell(&format!("exposure by systemd-analyze security, at most 1.5:\n{least}"));
    assert!(least.lines().count() >= 4, "{least}");
}

#[test]
fn systemd_has_nothing_to_say_of_any_unit() {
    let machine = turn(&MACHINE);
    // By their names alone: of an instance's drop-ins this systemd-analyze makes a file name that it cannot have.
    let said = machine.run(
        "cd /usr/lib/systemd/system && for unit in sd-*@.service sd-*@.socket secrets-dispatcher@.target; do
             echo ${unit%%@*}@nb.${unit##*.}
         done | xargs systemd-analyze verify --man=no 2>&1 | grep -v '^Failed to prepare filename .*@nb.d: '",
    );
    assert_eq!(said.out, "");
    // One by one: some are for the same name on the bus. And what is somebody else's program need not be there.
    let said = machine.ssh("nb").run(
        "for unit in /usr/lib/systemd/user/sd-*.service; do
             systemd-analyze verify --user --man=no --no-pager $unit 2>&1
         done | grep -v 'is not executable: No such file'",
    );
    assert_eq!(said.out, "");
}

#[test]
fn nothing_of_ours_listens_on_a_network() {
    let machine = turn(&MACHINE);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let sockets = machine.ok("for p in $(pgrep -u sd-gate-nb,sd-decide-nb,secrets-nb); do
             # systemd's own, which waits for the end of the companion's manager and was begun before it.
             [ \"$(cat /proc/$p/comm)\" = '(sd-pam)' ] && continue
             # One that has ended meanwhile listens nowhere.
             tables=$(cat /proc/$p/net/tcp /proc/$p/net/tcp6 /proc/$p/net/udp /proc/$p/net/udp6) || continue
             echo \"$tables\" | wc -l
         done");
    // A network of their own, in which there is nothing: the four headers.
    for line in sockets.lines() {
        assert_eq!(line, "4", "{sockets}");
    }
    assert!(sockets.lines().count() >= 2, "{sockets}");
    session.end();
}
