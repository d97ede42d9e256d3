//! Each way of logging in starts the companion; each way of logging out, the last one, stops it.

use std::sync::{LazyLock, Mutex};

use crate::machine::{Machine, Shared, turn};
use crate::session::Way;

static MACHINE: Shared = LazyLock::new(|| Mutex::new(Machine::installed()));

const NAME: &str = "net.mowaka.SecretsDispatcher1";

#[test]
fn a_login_on_the_console_by_ssh_or_by_su_starts_the_companion_and_the_logout_stops_it() {
    let machine = turn(&MACHINE);
    for way in [Way::Console, Way::Ssh, Way::Su] {
        machine.goes_down("nb");
        assert_eq!(machine.owner(NAME), None, "{way:?}");
        let session = machine.login("nb", way);
        machine.comes_up("nb");
        assert_eq!(machine.owner(NAME).as_deref(), Some("sd-gate-nb"), "{way:?}");
        machine.terminal(0).shows("nothing is waiting");
        // The desktop user is told so as well.
        session.ok("sdctl status");
        session.end();
        machine.goes_down("nb");
        assert_eq!(machine.owner(NAME), None, "{way:?}");
    }
}

#[test]
fn a_command_by_ssh_is_a_session_like_any_other() {
    let machine = turn(&MACHINE);
    let said = machine.ssh_command(
        "nb",
        "for i in $(seq 100); do sdctl status >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1",
    );
    assert_eq!(said.code, 0, "{said:#?}\n{}", machine.journal());
    machine.goes_down("nb");
}

/// sshd reads `~/.pam_environment` for PAM, and pam_exec hands it to what it runs as root. What has a loader would write
/// this loader's notes as root, and could as well have loaded a library of the user's.
#[test]
fn what_the_user_writes_for_pams_environment_reaches_no_loader_of_roots() {
    let machine = turn(&MACHINE);
    machine.ok(
        "printf 'LD_DEBUG DEFAULT=files\\nLD_DEBUG_OUTPUT DEFAULT=/var/tmp/notes\\n' >/home/nb/.pam_environment
         chown nb: /home/nb/.pam_environment",
    );
    let said = machine.ssh_command("nb", "true");
    assert_eq!(said.code, 0, "{said:#?}");
    machine.goes_down("nb");
    let owners =
        machine.ok("stat -c %U /var/tmp/notes* | sort -u; rm /home/nb/.pam_environment /var/tmp/notes*");
    // The user's own shell has a loader: the variables did get there.
    assert_eq!(owners, "nb");
}

#[test]
fn of_sessions_at_the_same_time_the_last_one_to_end_stops_it() {
    let machine = turn(&MACHINE);
    let first = machine.ssh("nb");
    machine.comes_up("nb");
    let since = machine.ok("systemctl show --value --property=InvocationID sd-decide@nb.service");
    let second = machine.console("nb");
    first.end();
    let third = machine.su("nb");
    second.end();
    // Time enough for what would stop it.
    third.ok("sleep 4");
    assert!(machine.is_up("nb"), "{}", machine.journal());
    assert_eq!(machine.ok("systemctl show --value --property=InvocationID sd-decide@nb.service"), since);
    third.end();
    machine.goes_down("nb");
}

#[test]
fn a_logout_and_a_login_at_once_end_with_a_companion_that_is_up() {
    let machine = turn(&MACHINE);
    for _ in 0..5 {
        let session = machine.ssh("nb");
        session.end();
    }
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    session.ok("sleep 4");
    assert!(machine.is_up("nb"), "{}", machine.journal());
    session.end();
    machine.goes_down("nb");
}

#[test]
fn su_and_sudo_inside_a_session_start_and_stop_nothing() {
    let machine = turn(&MACHINE);
    machine.goes_down("nb");
    // Inside another's session: logind makes none for nb.
    let starts = machine.starts("nb");
    let eve = machine.ssh("eve");
    eve.ok("printf 'pencil\\n' | su nb -c 'test $(id -un) = nb'");
    machine.ok("echo 'eve ALL=(nb) NOPASSWD: ALL' >/etc/sudoers.d/eve");
    eve.ok("sudo -n -u nb true; sudo -n -i -u nb true");
    // sudo -i is an interactive login by PAM's word, so it is looked whether there is a session.
    eve.ok("sleep 4");
    machine.goes_down("nb");
    assert_eq!(machine.starts("nb"), starts, "{}", machine.journal());
    eve.end();
    // Inside one's own: its end is not the end of the session.
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    session.ok("printf 'pencil\\n' | su -l nb -c true");
    machine.ok("echo 'nb ALL=(nb) NOPASSWD: ALL' >/etc/sudoers.d/nb");
    session.ok("sudo -n -u nb true; sudo -n -i -u nb true; sleep 3");
    assert!(machine.is_up("nb"), "{}", machine.journal());
    machine.ok("rm /etc/sudoers.d/eve /etc/sudoers.d/nb");
    session.end();
    machine.goes_down("nb");
}

#[test]
fn cron_and_root_without_a_terminal_start_nothing() {
    let machine = turn(&MACHINE);
    machine.goes_down("nb");
    machine.ok("printf '* * * * * nb id -un >/home/nb/ran; sleep 3; loginctl list-sessions >>/home/nb/ran\\n' >/etc/cron.d/nb");
    let session = machine.su_without_a_terminal("nb");
    let starts = machine.starts("nb");
    session.ok("sleep 4");
    machine.goes_down("nb");
    session.end();
    // cron begins each minute.
    machine.ok("for i in $(seq 700); do [ -s /home/nb/ran ] && exit; sleep 0.1; done; exit 1");
    machine.ok("sleep 4");
    machine.goes_down("nb");
    assert_eq!(machine.starts("nb"), starts, "{}", machine.journal());
    machine.ok("rm /etc/cron.d/nb");
}

#[test]
fn a_user_manager_that_lingers_starts_nothing_and_keeps_nothing() {
    let machine = turn(&MACHINE);
    machine.ok("loginctl enable-linger nb; for i in $(seq 100); do systemctl is-active user@1000.service && break; sleep 0.1; done");
    assert_eq!(machine.state("user@1000.service"), "active");
    machine.goes_down("nb");
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    session.end();
    machine.goes_down("nb");
    assert_eq!(machine.state("user@1000.service"), "active");
    machine.ok("loginctl disable-linger nb");
}

#[test]
fn a_session_that_is_torn_down_ends_it_as_well() {
    let machine = turn(&MACHINE);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let id = session.ok("echo $XDG_SESSION_ID");
    machine.ok(&format!("loginctl terminate-session {id}"));
    machine.goes_down("nb");
    drop(session);
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    // Nobody is left to call close_session: the sshd of the session is killed, the one with the rights of root too.
    machine.ok("pkill -KILL -f '^sshd: nb'");
    machine.goes_down("nb");
    drop(session);
}

#[test]
fn a_login_of_somebody_else_starts_nothing_and_says_nothing() {
    let machine = turn(&MACHINE);
    let before =
        machine.ok("journalctl --boot --no-pager --grep 'secrets-dispatcher|sd-log' --output cat | wc -l");
    let session = machine.ssh("eve");
    session.ok("sleep 1");
    session.end();
    let after =
        machine.ok("journalctl --boot --no-pager --grep 'secrets-dispatcher|sd-log' --output cat | wc -l");
    assert_eq!(after, before, "{}", machine.journal());
    assert_eq!(machine.ok("systemctl --failed --no-legend"), "");
}

#[test]
fn by_hand_it_starts_for_who_is_logged_in_and_is_refused_with_the_reason_for_who_is_not() {
    let machine = turn(&MACHINE);
    machine.goes_down("nb");
    let refused = machine.run("systemctl start secrets-dispatcher@nb.target");
    assert_ne!(refused.code, 0, "{refused:#?}");
    let journal = machine.ok("journalctl --boot --no-pager --unit sd-login@nb.service --output cat");
    assert!(journal.contains("nb") && journal.contains("session"), "{journal}");
    machine.goes_down("nb");
    // Nor do starts that overlap leave anything behind.
    machine
        .ok("for i in $(seq 30); do systemctl start --no-block secrets-dispatcher@nb.target; sleep 0.2; done
         for i in $(seq 100); do systemctl is-active --quiet sd-login@nb.service || break; sleep 0.1; done");
    machine.goes_down("nb");
    machine.ok("systemctl reset-failed");

    let session = machine.ssh("nb");
    machine.comes_up("nb");
    machine.ok("systemctl stop secrets-dispatcher@nb.target");
    machine.goes_down("nb");
    machine.ok("systemctl start secrets-dispatcher@nb.target");
    machine.comes_up("nb");
    // The desktop user is no administrator.
    assert_ne!(session.run("systemctl --no-ask-password stop secrets-dispatcher@nb.target").code, 0);
    assert!(machine.is_up("nb"));
    session.end();
    machine.goes_down("nb");
}
