//! Where a secret must not be, on an installed machine: its journal, what is kept on its disks and in memory that looks like
//! one, the arguments and environments of its processes, and what is left of a process that crashed.

use crate::backends::passphrase;
use crate::machine::{Machine, turn};
use crate::using::{MACHINE, WORD, at_work};

/// Letters that no machine has had before: the whole of them, and each third.
const CANARY: &str = "umask 077; tr -dc a-z2-9 </dev/urandom | head -c 48 >/dev/shm/canary; \
                      { cat /dev/shm/canary; echo; fold -w 16 /dev/shm/canary; echo; } >/dev/shm/parts";

/// The files of the machine with a part of the canary, and what else has one.
fn found(machine: &Machine) -> String {
    machine
        .run(
            "journalctl --sync; cd /dev/shm
             grep -rlaF -f parts --exclude=parts --exclude=canary /dev /etc /home /opt /root /run /srv /tmp /usr/local /var
             journalctl --all --no-pager --output export | grep -qaF -f parts && echo the journal
             coredumpctl --no-pager info 2>/dev/null | grep -qaF -f parts && echo a core dump
             grep -laF -f parts /proc/[0-9]*/cmdline /proc/[0-9]*/environ
             true",
        )
        .out
}

#[test]
fn a_secret_and_a_passphrase_are_in_no_file_of_the_machine_also_after_a_crash_and_not_in_its_journal() {
    let machine = turn(&MACHINE);
    let session = at_work(&machine);
    let terminal = machine.terminal(0);
    session.ok(CANARY);
    let front = terminal.to_the_front();
    session.begin("secret-tool store --label=canary bird canary </dev/shm/canary");
    front.answers("store  canary", "y");
    assert_eq!(session.finish().code, 0);
    // The passphrase of the store, once more; and what it opens.
    session.ok("sdctl lock");
    terminal.shows("STORE LOCKED");
    session.begin("secret-tool lookup bird canary | cmp - /dev/shm/canary && echo the same");
    front.answers("unlock key and store", "y");
    passphrase(&machine, &front, "try         1 of 3", WORD);
    front.answers("access canary", "y");
    assert_eq!(session.finish().out, "the same", "{}", machine.journal());
    drop(front);
    machine.ok(&format!("echo '{WORD}' >>/dev/shm/parts"));
    assert_eq!(found(&machine), "");
    // Whoever had it in hand crashes.
    machine.ok("pkill -SEGV -x 'sd-fetch|sd-agent|sd-gate|sd-decide'");
    assert_eq!(found(&machine), "");
    assert_eq!(machine.run("find / -xdev -name 'core*' -newer /dev/shm/canary -type f -size +100k").out, "");
    // What is looked for would be found.
    machine.ok("cp /dev/shm/canary /tmp/copy; logger --tag a-test \"$(cut -c 17-32 /dev/shm/canary)\"");
    let control = found(&machine);
    assert!(control.contains("/tmp/copy") && control.contains("the journal"), "{control}");
    machine.ok("rm /tmp/copy /dev/shm/canary /dev/shm/parts");
    session.end();
    machine.goes_down("nb");
}
