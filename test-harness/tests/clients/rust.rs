//! Applications on the Rust crates: `keyring` 3 by libdbus, which gives up each call after two seconds, `keyring` 4 by zbus,
//! and `oo7`. They are in test-harness/apps, and scripts/build-apps.sh builds them.

use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};

use crate::rig::{ASKED, IDLE, says_yes};
use crate::support::{Going, RIG, Rig, Run};

fn app(name: &str) -> PathBuf {
    let target = Path::new(RIG).parent().and_then(Path::parent).unwrap();
    let program = target.join("apps/debug").join(name);
    assert!(program.is_file(), "{} is not there; run scripts/build-apps.sh first", program.display());
    program
}

/// The applications' lines for a script in which `$app` is this one.
fn lines(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

fn run(name: &str, keys: &str, script: &str) -> Run {
    Rig::real().with(&["--answer", keys]).run(&format!("app={}; {script}", app(name).display()))
}

/// A no is an error, and never `none`, at which an application would go on as if it were new here.
fn are_errors(run: &Run, lines: &[&str]) {
    for line in lines {
        assert!(line.starts_with("error "), "{line:?}: {}", run.all());
    }
}

fn sets_reads_and_deletes_after_a_yes_and_finds_nothing_where_nothing_is(name: &str) {
    let first = "$app 'get ada' 'set ada hunter2' 'get ada' 'get ada' 'get bob'";
    let second = "$app 'get ada' 'set ada hunter3' 'get ada' 'delete ada' 'get ada' 'delete ada'";
    let run = run(name, "yyyyyyyy", &format!("{first}; {second}"));
    let expected =
        ["none", "done", "hunter2", "hunter2", "none", "hunter2", "done", "hunter3", "done", "none", "none"];
    assert_eq!(lines(&run), expected, "{}", run.all());
}

fn is_told_no_and_its_data_stays_where_it_was(name: &str) {
    let denied = "$app 'get ada'; $app 'set ada hunter3'; $app 'delete ada'";
    let script = format!("$app 'set eve one' 'get eve' 'set ada hunter2'; {denied}; sleep 6; $app 'get ada'");
    // A no is remembered for five seconds. keyring unlocks the item before each, which is the same ask again; oo7 asks
    // for what it wants.
    let keys = if name == "app-oo7" { "nynnny" } else { "nyny" };
    let run = run(name, keys, &script);
    let lines = lines(&run);
    are_errors(&run, &[lines[0], lines[3], lines[4], lines[5]]);
    assert_eq!([lines[1], lines[2], lines[6]], ["none", "done", "hunter2"], "{}", run.all());
}

fn is_told_no_at_the_change_that_follows_an_approved_unlock(name: &str) {
    let script = "$app 'set ada hunter2'; $app 'get ada' 'set ada hunter3'; $app 'get ada' 'delete ada'; $app 'get ada'";
    let run = run(name, "yynyny", script);
    let lines = lines(&run);
    are_errors(&run, &[lines[2], lines[4]]);
    let others = [lines[0], lines[1], lines[3], lines[5]];
    assert_eq!(others, ["done", "hunter2", "hunter2", "hunter2"], "{}", run.all());
}

fn waits_until_its_ask_expires_and_withdraws_it_when_killed(name: &str) {
    let rig = Rig::real().with(&["--expire", "10", "--size", "120x80"]).with_keyboard();
    let script = format!(
        "app={}
         go_on() {{ until test -e $1; do sleep 0.05; done; }}
         $app 'set ada hunter2' > stored.part; mv stored.part stored; go_on a
         $app 'get ada' > expired.part; mv expired.part expired; go_on b
         $app 'get ada' > killed & echo $! > pid; wait; go_on c
         $app 'get ada' > read.part; mv read.part read",
        app(name).display()
    );
    let going = Going::start(rig, &script);
    let goes_on = |file: &str| {
        going.stands(IDLE);
        going.make(file);
        going.stands(ASKED);
    };
    says_yes(&going);
    assert_eq!(going.file("stored"), "done\n");
    goes_on("a");
    let expired = going.file("expired");
    assert!(expired.starts_with("error "), "{expired}");
    goes_on("b");
    kill(going.pid_in("pid"), Signal::SIGKILL).unwrap();
    going.logged("sd-decide", "OUTCOME=withdrawn");
    assert_eq!(going.file("killed"), "");
    goes_on("c");
    says_yes(&going);
    assert_eq!(going.file("read"), "hunter2\n");
}

macro_rules! each {
    ($($name:ident $program:literal),+) => { $(mod $name {
        #[test]
        fn sets_reads_and_deletes_after_a_yes_and_finds_nothing_where_nothing_is() {
            super::sets_reads_and_deletes_after_a_yes_and_finds_nothing_where_nothing_is($program);
        }

        #[test]
        fn is_told_no_and_its_data_stays_where_it_was() {
            super::is_told_no_and_its_data_stays_where_it_was($program);
        }

        #[test]
        fn is_told_no_at_the_change_that_follows_an_approved_unlock() {
            super::is_told_no_at_the_change_that_follows_an_approved_unlock($program);
        }

        #[test]
        fn waits_until_its_ask_expires_and_withdraws_it_when_killed() {
            super::waits_until_its_ask_expires_and_withdraws_it_when_killed($program);
        }
    })+ };
}

each!(keyring_3 "app-keyring3", keyring_4 "app-keyring4", oo7 "app-oo7");

#[test]
fn keyring_3_whose_calls_end_after_two_seconds_waits_for_a_person_who_takes_longer() {
    let rig = Rig::real().with(&["--size", "120x80"]).with_keyboard();
    let script = format!(
        "app={}
         $app 'set ada hunter2' > stored.part; mv stored.part stored
         $app 'get ada' > read.part; mv read.part read
         $app 'set ada hunter3' > late.part; mv late.part late
         until test -e again; do sleep 0.05; done
         $app 'get ada' > last.part; mv last.part last",
        app("app-keyring3").display()
    );
    let going = Going::start(rig, &script);
    let answers_late = || {
        going.stands(ASKED);
        std::thread::sleep(std::time::Duration::from_secs(2));
        says_yes(&going);
    };
    answers_late();
    assert_eq!(going.file("stored"), "done\n");
    answers_late();
    assert_eq!(going.file("read"), "hunter2\n");
    // It unlocks the item, and then calls `SetSecret`, which has no prompt: the one call that it does not wait for.
    answers_late();
    let late = going.file("late");
    assert!(late.contains("NoReply"), "{late}");
    going.make("again");
    going.stands(ASKED);
    answers_late();
    assert_eq!(going.file("last"), "hunter2\n");
}
