//! Real applications on an installed machine, answered with keys on the kernel's own terminal; and each daemon killed.

use std::sync::{LazyLock, Mutex};

use crate::backends::{passphrase, reads};
use crate::machine::{Machine, Said, Shared, turn};
use crate::session::Session;
use crate::waiting::eventually;

pub(crate) static MACHINE: Shared = LazyLock::new(|| {
    let machine = Machine::installed();
    machine.ok("sd-provision key --user nb generate --name Nb --email nb@example.org --no-passphrase");
    machine.ok("sd-provision key --user nb publish-to-desktop --trust");
    let session = machine.ssh("nb");
    open(&machine, true);
    // A secret, and a repository that signs.
    let front = machine.terminal(0).to_the_front();
    session.begin("printf hunter2 | secret-tool store --label=demo service demo");
    front.answers("store  demo", "y");
    assert_eq!(session.finish().code, 0);
    drop(front);
    let key = machine.ok("sd-provision key --user nb signing").lines().last().unwrap().to_owned();
    session.ok(&format!(
        "git config --global user.name Nb; git config --global user.email nb@example.org; git init -q r; \
         sd-gpg setup --key {key}"
    ));
    session.end();
    machine.goes_down("nb");
    Mutex::new(machine)
});

pub(crate) const WORD: &str = "a word for the store";

/// Types the passphrase of the store where it is asked for at a login: the first time a new one, twice.
fn open(machine: &Machine, first: bool) {
    let terminal = machine.terminal(0);
    let front = terminal.to_the_front();
    let wants: &[&str] =
        if first { &["Choose a NEW passphrase", "once more"] } else { &["try         1 of 3"] };
    for wants in wants {
        passphrase(machine, &front, wants, WORD);
    }
    terminal.shows("unlocking: unlocked");
}

/// nb logged in, with an open store.
pub(crate) fn at_work(machine: &Machine) -> Session {
    machine.goes_down("nb");
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    open(machine, false);
    session
}

fn commits(session: &Session, machine: &Machine, what: &str, key: &str) -> Said {
    let front = machine.terminal(0).to_the_front();
    session.begin(&format!("cd r && git commit -q -S --allow-empty -m '{what}' && git verify-commit HEAD"));
    front.answers(what, key);
    session.finish()
}

#[test]
fn a_lookup_and_a_commit_wait_for_the_terminal_and_a_key_lets_them_through() {
    let machine = turn(&MACHINE);
    let session = at_work(&machine);
    let said = reads(&machine, &session, None);
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{}", machine.journal());
    let said = commits(&session, &machine, "mend the pump", "y");
    assert_eq!(said.code, 0, "{said:#?}\n{}", machine.journal());
    assert!(said.out.contains("Good signature"), "{said:#?}");
    session.end();
    machine.goes_down("nb");
}

#[test]
fn a_no_ends_both_with_an_error_that_says_so_and_nothing_is_released_or_committed() {
    let machine = turn(&MACHINE);
    let session = at_work(&machine);
    let front = machine.terminal(0).to_the_front();
    session.begin("secret-tool lookup service demo");
    front.answers("access demo", "n");
    let said = session.finish();
    drop(front);
    assert!(said.code != 0 && !said.out.contains("hunter2"), "{said:#?}");
    let before = session.run("cd r && git rev-parse -q --verify HEAD").out;
    let said = commits(&session, &machine, "break the pump", "n");
    assert!(said.code != 0 && said.out.contains("denied"), "{said:#?}");
    assert_eq!(session.run("cd r && git rev-parse -q --verify HEAD").out, before);
    session.end();
    machine.goes_down("nb");
}

#[test]
fn what_waits_at_a_logout_is_cancelled_and_nothing_is_released() {
    let machine = turn(&MACHINE);
    let session = at_work(&machine);
    let other = machine.su("nb");
    other.begin("secret-tool lookup service demo; echo ended");
    machine.terminal(0).shows("access demo");
    session.end();
    machine.ok("loginctl terminate-user nb");
    drop(other);
    machine.goes_down("nb");
}

#[test]
fn each_daemon_that_is_killed_lets_nothing_out_and_is_there_again() {
    let machine = turn(&MACHINE);
    let session = at_work(&machine);
    let terminal = machine.terminal(0);
    for (process, user) in [
        ("sd-gate", "sd-gate-nb"),
        ("sd-decide", "sd-decide-nb"),
        ("sd-fetch", "secrets-nb"),
        ("sd-agent", "nb"),
    ] {
        // A denial of the same is remembered for a while.
        session.ok("sleep 6");
        session.begin("timeout 60 secret-tool lookup service demo");
        terminal.shows("access demo");
        machine.ok(&format!("pkill -KILL -u {user} -x {process}"));
        if process == "sd-gate" || process == "sd-fetch" {
            // The ask has moved on, or has not been ordered yet: it is still the person's to answer.
            terminal.to_the_front().answers("access demo", "n");
        }
        let said = session.finish();
        assert!(said.code != 0 && !said.out.contains("hunter2"), "{process}: {said:#?}");
        machine.comes_up("nb");
        eventually(
            "the gate to answer again",
            || machine.journal(),
            || session.run("sdctl status").code == 0 && terminal.screen().contains("nothing is waiting"),
        );
        session.ok("sleep 6");
        let said = reads(&machine, &session, None);
        assert_eq!(
            (said.code, said.out.as_str()),
            (0, "hunter2"),
            "after {process}: {said:#?}\n{}",
            machine.journal()
        );
    }
    // The signer, idle or not.
    machine.run("pkill -KILL -u secrets-nb -x sd-sign; pkill -KILL -u secrets-nb -x gpg-agent");
    let said = commits(&session, &machine, "after the signer", "y");
    assert_eq!(said.code, 0, "{said:#?}\n{}", machine.journal());
    session.end();
    machine.goes_down("nb");
}

#[test]
fn the_backend_or_the_whole_companion_that_is_killed_is_there_again_and_asks_for_its_passphrase() {
    let machine = turn(&MACHINE);
    let session = at_work(&machine);
    machine.ok("pkill -KILL -u secrets-nb -x gnome-keyring-d");
    eventually(
        "the backend",
        || machine.journal(),
        || machine.run("pgrep -u secrets-nb -x gnome-keyring-d").code == 0,
    );
    let said = reads(&machine, &session, Some(("try", WORD)));
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{said:#?}\n{}", machine.journal());
    session.end();
    machine.goes_down("nb");
}

#[test]
fn a_companion_whose_manager_is_killed_begins_again_with_all_of_it_as_at_a_login() {
    let machine = turn(&MACHINE);
    let session = at_work(&machine);
    let manager = || machine.run("pgrep -u secrets-nb -x systemd").out;
    let before = manager();
    machine.ok("pkill -KILL -u secrets-nb -x systemd");
    eventually(
        "another manager",
        || machine.journal(),
        || {
            let now = manager();
            !now.is_empty() && now != before
        },
    );
    machine.comes_up("nb");
    open(&machine, false);
    let said = reads(&machine, &session, None);
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{said:#?}\n{}", machine.journal());
    session.end();
    machine.goes_down("nb");
}
