//! A login goes on whatever of ours is missing, broken or hanging; and what it costs when all is well.

use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use crate::installed::tell;
use crate::machine::{Machine, Shared, turn};
use crate::session::Way;

static MACHINE: Shared = LazyLock::new(|| Mutex::new(Machine::installed()));

/// What is wrong, and how it is made good again.
const WRONG: [(&str, &str, &str); 9] = [
    (
        "all of our programs are gone",
        "mv /usr/libexec/secrets-dispatcher /root/libexec",
        "mv /root/libexec /usr/libexec/secrets-dispatcher",
    ),
    // It is what a login waits for, and a system call each of fork and exec. What it starts may hang, see below.
    (
        "the program that PAM starts is none",
        "cp -a /usr/libexec/secrets-dispatcher/sd-bell /root/; head -c 5000 /dev/urandom \
         >/usr/libexec/secrets-dispatcher/sd-bell",
        "cp -a /root/sd-bell /usr/libexec/secrets-dispatcher/sd-bell",
    ),
    (
        "the program that looks for sessions hangs",
        "mv /usr/libexec/secrets-dispatcher/sd-session /root/; printf '#!/bin/sh\\nexec sleep 300\\n' \
         >/usr/libexec/secrets-dispatcher/sd-session; chmod 755 /usr/libexec/secrets-dispatcher/sd-session",
        "mv /root/sd-session /usr/libexec/secrets-dispatcher/sd-session; pkill -KILL sleep",
    ),
    (
        "systemctl hangs",
        "dpkg-divert --quiet --local --rename --add /usr/bin/systemctl; printf '#!/bin/sh\\nexec sleep 300\\n' \
         >/usr/bin/systemctl; chmod 755 /usr/bin/systemctl",
        "rm /usr/bin/systemctl; dpkg-divert --quiet --local --rename --remove /usr/bin/systemctl; pkill -KILL sleep",
    ),
    (
        "what stops with the last session does not stop",
        "mkdir -p /run/systemd/system/sd-gate@nb.service.d; printf '[Service]\\nExecStop=/usr/bin/sleep 60\\nTimeoutStopSec=90\\n' \
         >/run/systemd/system/sd-gate@nb.service.d/90-slow.conf; systemctl daemon-reload",
        "rm -r /run/systemd/system/sd-gate@nb.service.d; systemctl daemon-reload; pkill -KILL sleep",
    ),
    (
        "all of our units are gone",
        "mkdir /root/units; mv /usr/lib/systemd/system/sd-* /usr/lib/systemd/system/secrets-dispatcher@* /root/units; \
         systemctl daemon-reload",
        "mv /root/units/* /usr/lib/systemd/system/; systemctl daemon-reload",
    ),
    (
        "what provisioning wrote is gone",
        "mv /etc/secrets-dispatcher /root/provisioned",
        "mv /root/provisioned /etc/secrets-dispatcher",
    ),
    (
        "every program of ours crashes",
        "mkdir /root/programs; cd /usr/libexec/secrets-dispatcher; cp -a * /root/programs; for p in *; do \
         rm $p; printf '#!/bin/sh\\nkill -SEGV $$\\n' >$p; chmod 755 $p; done",
        "cp -a /root/programs/* /usr/libexec/secrets-dispatcher",
    ),
    (
        "the companion and its daemons do not exist",
        "cp -a /etc/passwd /etc/group /root/; for u in sd-gate sd-decide sd-audit secrets; do sed -i \"/^$u-nb:/d\" \
         /etc/passwd /etc/group; done",
        "cp -a /root/passwd /root/group /etc/",
    ),
];

/// Whoever waits so long has a broken login.
const BROKEN: Duration = Duration::from_secs(8);

#[test]
fn a_login_works_at_once_whatever_of_ours_is_missing_or_hangs() {
    let machine = turn(&MACHINE);
    let mut told = String::from(
        "logins with something of ours broken, until the shell answers, and until it has ended:\n",
    );
    for (what, breaks, mends) in WRONG {
        machine.goes_down("nb");
        machine.run(breaks);
        for way in [Way::Console, Way::Ssh, Way::Su] {
            let session = machine.login("nb", way);
            assert_eq!(session.ok("id -un"), "nb", "{what}");
            let (came, leaves) = (session.took, Instant::now());
            session.end();
            let left = leaves.elapsed();
            told.push_str(&format!(
                "{:>5} ms {:>5} ms  {way:?}: {what}\n",
                came.as_millis(),
                left.as_millis()
            ));
            assert!(came < BROKEN && left < BROKEN, "{what}: {told}");
        }
        machine.run(mends);
        machine.run("systemctl daemon-reload; systemctl stop 'sd-*@nb.*' secrets-dispatcher@nb.target; systemctl reset-failed");
    }
    tell(&told);
    // And all is well again.
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    session.end();
    machine.goes_down("nb");
}

#[test]
fn a_login_waits_for_the_bell_and_for_nothing_else_of_ours() {
    const LOGINS: usize = 7;
    let machine = turn(&MACHINE);
    machine.goes_down("nb");
    let mut told = format!("logins, median of {LOGINS}, until the shell answers:\n");
    let mut ratios = Vec::new();
    for (name, way) in [("console", Way::Console), ("ssh", Way::Ssh), ("su -l", Way::Su)] {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        // In turns, so that what else the computer does falls on both alike; and with the companion at rest each time.
        for _ in 0..LOGINS {
            for (ours, took) in [(true, &mut with), (false, &mut without)] {
                machine.ok(&format!(
                    "sed -i '/sd-bell/s/^#*{}/' /etc/pam.d/common-session",
                    if ours { "/" } else { "/#" }
                ));
                let session = machine.login("nb", way);
                took.push(session.took);
                session.end();
                machine.goes_down("nb");
            }
        }
        let ratio = median(&mut with).as_secs_f64() / median(&mut without).as_secs_f64();
        ratios.push(ratio);
        told.push_str(&format!(
            "{name:<8} {:>5} ms with our PAM profile, {:>5} ms without: {ratio:.2} times; at best {} ms and {} ms\n",
            median(&mut with).as_millis(),
            median(&mut without).as_millis(),
            with[0].as_millis(),
            without[0].as_millis(),
        ));
    }
    machine.ok("sed -i '/sd-bell/s/^#*//' /etc/pam.d/common-session");
    // What a login waits for is this call; the rest of a difference is what starts beside it, on the same processors.
    let bell = machine.ok("for i in $(seq 20); do
             began=$(date +%s%N)
             PAM_TYPE=open_session PAM_USER=nb /usr/libexec/secrets-dispatcher/sd-bell
             echo $((($(date +%s%N) - began) / 1000))
         done | sort -n | sed -n '1p;10p'");
    told.push_str(&format!(
        "the call of sd-bell, at best and the median: {} microseconds\n",
        bell.replace('\n', ", ")
    ));
    tell(&told);
    // Only what is grossly wrong: the computer has other things to do.
    assert!(ratios.iter().all(|ratio| *ratio < 3.0), "{told}");
}

/// The one in the middle; they are in order then.
fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
