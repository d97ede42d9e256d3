//! (h) `kill -9` of every process in turn.

use crate::machine::Machine;
use crate::moments::at_work;
use crate::person::{APPROVAL, DESK, SECRET};

/// Who is killed: how it is called, and how root finds it.
const VICTIMS: [(&str, &str); 7] = [
    ("sd-agent", "systemctl --user --machine=nb@ kill --signal=KILL sd-agent.service"),
    ("sd-gate", "systemctl kill --signal=KILL sd-gate@nb.service"),
    ("sd-fetch", "systemctl kill --signal=KILL sd-fetch@nb.service"),
    ("sd-sign", "systemctl kill --signal=KILL sd-sign@nb.service"),
    ("backend", "pkill -KILL -u secrets-nb -f 'gnome-keyring-daemon|sd-store'"),
    ("sd-decide", "systemctl kill --signal=KILL sd-decide@nb.service"),
    // Last, since its manager takes 90 s to start another.
    ("companions-bus", "pkill -KILL -u secrets-nb -x dbus-daemon"),
];

#[test]
fn whatever_is_killed_the_terminals_switch_nothing_is_released_and_the_chain_heals() {
    let mut machine = at_work().resume("h-whatever-dies");
    for (name, kill) in VICTIMS {
        dies(&mut machine, name, kill);
    }
    machine.pass("75");
    machine.wait_for("pgrep -u secrets-nb -x dbus-daemon && pgrep -u secrets-nb -x sd-store");
    machine.photograph("healed");
    // What asks while the store is being opened may be told to try again.
    machine.command("until secret-tool lookup service demo; do sleep 1; done; echo ended: $?");
    let desk = machine.answer_until("ended: 0");
    assert!(desk.shows(SECRET), "{desk}");
}

#[test]
fn a_companion_whose_manager_is_killed_begins_again_with_a_locked_store() {
    let mut machine = at_work().resume("h-the-manager-dies");
    let manager = "systemctl show --property MainPID user@$(id -u secrets-nb).service";
    let old = machine.run(manager);
    dies(&mut machine, "companions-manager", "pkill -KILL -u secrets-nb -x systemd");
    machine.wait_for(&format!("{manager} | grep -v -x -e MainPID=0 -e {}", old.trim()));
    machine.companion_runs();
    machine.see(APPROVAL, "LOCKED");
    machine.command("secret-tool lookup service demo; echo ended: $?");
    let desk = machine.answer_until("ended: 0");
    machine.photograph("healed");
    assert!(desk.shows(SECRET), "{desk}");
}

/// Has an ask waiting, kills, and looks whether the terminals switch and nothing was released.
fn dies(machine: &mut Machine, name: &str, kill: &str) {
    eprintln!("kills {name}");
    machine.command("secret-tool lookup service demo; echo ended: $?");
    machine.see_that(APPROVAL, &format!("what is asked, before {name} is killed"), |screen| {
        screen.shows("secret-tool lookup") || screen.shows("passphrase")
    });
    let _ = machine.attempt(kill);
    machine.switch_to(APPROVAL);
    machine.switch_to(DESK);
    machine.companion_runs();
    assert!(!machine.screen(DESK).shows(SECRET), "{name} was killed, and the secret released");
    machine.photograph(&format!("{name}-killed"));
    // What still waits is withdrawn by the person.
    machine.type_keys("\u{3}");
    machine.see_that(DESK, "a prompt", |screen| screen.rows.iter().any(|row| row.ends_with("$")));
}
