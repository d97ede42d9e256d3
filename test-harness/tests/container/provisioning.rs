//! sd-provision: done twice, interrupted anywhere, and taken back.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use crate::installed::{BACKEND, tell};
use crate::machine::{Machine, Shared, turn};

static MACHINE: Shared = LazyLock::new(|| {
    let machine = Machine::boot();
    machine.install();
    Mutex::new(machine)
});

impl Machine {
    /// As it was installed, whatever the test before has left.
    fn unprovisioned(&self) {
        self.ok("sd-provision --user nb --remove");
    }

    fn provision_command(&self) -> String {
        format!("sd-provision --user nb --vt {} --backend {BACKEND}", self.terminal(0).number())
    }

    /// Kills a command outright after so many lines of its output; whether it was still at work then.
    fn killed_after(&self, lines: usize, command: &str) -> bool {
        // Its own group, and a leader that tells it: what it has started is left to end by itself, as after a kill of it
        // alone.
        let mut child = self
            .command(&["sh", "-c", &format!("echo $$; exec {command}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let pid = said.next().unwrap().unwrap();
        let heard = said.by_ref().take(lines).count();
        self.run(&format!("kill -KILL {pid}"));
        drop(said);
        heard == lines && !child.wait().unwrap().success()
    }
}

#[test]
fn a_second_run_finds_everything_done_and_changes_nothing() {
    let machine = turn(&MACHINE);
    machine.unprovisioned();
    machine.provision("nb", 0);
    let before = machine.tree();
    // But for the two records, which are written again as they were.
    let times = "find /etc /var/lib/secrets-dispatcher /usr/lib -xdev -newer /root/mark ! -type d ! -name provision.json ! -name machine.json";
    machine.ok("touch /root/mark; sleep 0.1");
    let said = machine.provision("nb", 0);
    let done: Vec<&str> = said.out.lines().filter(|line| line.starts_with("done")).collect();
    assert!(done.is_empty(), "{done:#?}");
    assert_eq!(before.differences(&machine.tree()), [""; 0]);
    assert_eq!(machine.ok(times), "");
    machine.ok("sd-provision --user nb --remove");
}

#[test]
fn what_its_user_gave_back_an_upgrade_does_not_take_again() {
    let machine = turn(&MACHINE);
    machine.unprovisioned();
    machine.provision("nb", 0);
    let as_nb = "setpriv --reuid nb --regid nb --init-groups env -i HOME=/home/nb PATH=/usr/bin:/bin sdctl";
    let is_taken = || machine.run(&format!("{as_nb} status --json")).out.contains("\"recorded\":true");
    assert!(is_taken());
    machine.ok(&format!("{as_nb} release"));
    assert!(!is_taken());

    machine.ok("sd-provision --upgrade");

    assert!(!is_taken());
    // Its own word of old brings it back.
    machine.provision("nb", 0);
    assert!(is_taken());
    machine.ok("sd-provision --user nb --remove");
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let machine = turn(&MACHINE);
    machine.unprovisioned();
    let before = machine.tree();
    let said = machine.ok(&format!("{} --dry-run", machine.provision_command()));
    assert!(said.lines().count() > 10 && !said.contains("done"), "{said}");
    assert_eq!(before.differences(&machine.tree()), [""; 0]);
}

#[test]
fn what_is_taken_back_leaves_the_machine_as_it_was() {
    let machine = turn(&MACHINE);
    machine.unprovisioned();
    let before = machine.tree();
    machine.provision("nb", 0);
    let made = before.differences(&machine.tree());
    assert!(made.len() > 15, "{made:#?}");
    // Also while it is at work.
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    machine.ok("sd-provision --user nb --remove");
    assert!(machine.is_down("nb"), "{}", machine.left("nb"));
    session.end();
    assert_eq!(before.differences(&machine.tree()), [""; 0]);
    for role in ["sd-gate-nb", "sd-decide-nb", "sd-audit-nb", "secrets-nb"] {
        assert_ne!(machine.run(&format!("getent passwd {role} || getent group {role}")).code, 0, "{role}");
    }
    assert_eq!(machine.ok("find /run /tmp /var -xdev -name '*secrets-dispatcher*' ! -name secrets-dispatcher.lock ! -path '/var/lib/dpkg/*' ! -path '/var/log/*' ! -path '/var/cache/*'"), "");
    // A second time is no error.
    machine.ok("sd-provision --user nb --remove");
    // And a login is a login.
    machine.ssh("nb").end();
    assert_eq!(machine.ok("systemctl --failed --no-legend --plain"), "");
}

#[test]
fn killed_at_any_step_the_next_run_completes_it_and_likewise_what_takes_it_back() {
    let machine = turn(&MACHINE);
    machine.unprovisioned();
    // What is remembered of the machine as it was before differs the first time.
    machine.provision("nb", 0);
    machine.unprovisioned();
    let before = machine.tree();
    machine.provision("nb", 0);
    let whole = machine.tree();
    machine.ok("sd-provision --user nb --remove");

    // Each run gets a step further than the one before.
    let make = machine.provision_command();
    let mut kills = 0;
    while machine.killed_after(kills, &make) {
        kills += 1;
    }
    let said = machine.provision("nb", 0);
    // Phrase and key are others each time, and with it the passwords' date.
    let differences = |before: &crate::tree::Tree, now: &crate::tree::Tree| -> Vec<String> {
        let random = ["/nb/phrase", "/nb/audit.key", "/nb/first.key"];
        before
            .differences(now)
            .into_iter()
            .filter(|line| !random.iter().any(|it| line.contains(it)))
            .collect()
    };
    assert_eq!(differences(&whole, &machine.tree()), [""; 0], "{said:#?}");
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    session.end();
    machine.goes_down("nb");

    let mut unkills = 0;
    while machine.killed_after(unkills, "sd-provision --user nb --remove") {
        unkills += 1;
    }
    machine.ok("sd-provision --user nb --remove");
    assert_eq!(differences(&before, &machine.tree()), [""; 0]);
    assert!(kills > 15 && unkills > 15, "{kills} {unkills}");
    tell(&format!(
        "sd-provision: killed after each of {kills} steps, and of {unkills} that take it back; completed each time"
    ));
}

#[test]
fn killed_at_any_moment_with_all_that_it_started_it_is_completed() {
    let machine = turn(&MACHINE);
    machine.unprovisioned();
    let before = machine.tree();
    let make = machine.provision_command();
    let begun = Instant::now();
    machine.provision("nb", 0);
    let whole = begun.elapsed();
    machine.ok("sd-provision --user nb --remove");
    const KILLS: u32 = 12;
    for nth in 0..KILLS {
        let wait = whole * nth / KILLS;
        machine.run(&format!(
            "timeout --signal=KILL {} setsid {make}",
            wait.max(Duration::from_millis(20)).as_secs_f32()
        ));
    }
    machine.provision("nb", 0);
    let said = machine.run("sd-provision --user nb --check");
    assert!(!said.out.contains("FAIL  p") && !said.out.contains("FAIL  u"), "{said:#?}");
    machine.ok("sd-provision --user nb --remove");
    assert_eq!(before.differences(&machine.tree()), [""; 0]);
}

#[test]
fn a_terminal_in_use_a_user_who_is_none_and_a_caller_who_is_not_root_are_refused_and_nothing_is_changed() {
    let machine = turn(&MACHINE);
    machine.unprovisioned();
    let before = machine.tree();
    let tty = machine.terminal(1);
    let holder = format!("setsid sh -c 'exec sleep 60 <{}' >/dev/null 2>&1 & echo $!", tty.path().display());
    let pid = machine.ok(&holder);
    let refused = machine.run(&format!("sd-provision --user nb --vt {} --backend {BACKEND}", tty.number()));
    assert!(
        refused.code != 0 && refused.err.contains("in use") && refused.err.contains("--vt"),
        "{refused:#?}"
    );
    machine.ok(&format!("pkill -KILL -s $(ps -o sid= -p {pid} || echo {pid}) || kill -KILL {pid}"));
    for (arguments, code) in [
        ("--user nobody-here", 64..79),
        ("--user root", 64..65),
        ("--user ../nb", 64..65),
        ("--user nb --vt 1", 64..79),
        ("--user nb --vt 64", 64..79),
        ("--user nb --backend gopass", 64..79),
    ] {
        let refused = machine.run(&format!("sd-provision {arguments}"));
        assert!(code.contains(&refused.code), "{arguments}: {refused:#?}");
    }
    let refused = machine.run("setpriv --reuid 1000 --regid 1000 --clear-groups sd-provision --user nb");
    assert_eq!(refused.code, 77, "{refused:#?}");
    assert_eq!(before.differences(&machine.tree()), [""; 0]);
}
