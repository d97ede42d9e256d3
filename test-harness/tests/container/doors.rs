//! Files, folders and sockets: whose they are, and who gets past them.

use std::sync::{LazyLock, Mutex};

use crate::machine::{Machine, Shared, turn};
use crate::session::Session;

static MACHINE: Shared = LazyLock::new(|| Mutex::new(Machine::installed()));

/// Each with its owner, group and mode.
const THINGS: &str = "\
/etc/secrets-dispatcher root root 755
/etc/secrets-dispatcher/nb root root 755
/etc/secrets-dispatcher/nb/parties.json root root 644
/etc/secrets-dispatcher/nb/phrase root root 600
/etc/secrets-dispatcher/nb/audit.key root root 600
/etc/dbus-1/system.d/net.mowaka.SecretsDispatcher1.u1000.conf root root 644
/run/secrets-dispatcher/nb root root 755
/run/secrets-dispatcher/nb/decide.sock sd-decide-nb sd-gate-nb 660
/run/secrets-dispatcher/nb/passphrase.sock sd-decide-nb secrets-nb 660
/run/secrets-dispatcher/nb/fetch.sock secrets-nb sd-decide-nb 660
/run/secrets-dispatcher/nb/sign.sock secrets-nb sd-decide-nb 660
/run/secrets-dispatcher/nb/audit.sock sd-audit-nb sd-decide-nb 660
/var/lib/secrets-dispatcher/nb root root 755
/var/lib/secrets-dispatcher/nb/home secrets-nb secrets-nb 700
/var/lib/secrets-dispatcher/nb/home/.gnupg secrets-nb secrets-nb 700
/var/log/secrets-dispatcher/nb sd-audit-nb sd-audit-nb 750
";

/// What this user gets to hear who connects to a socket: "in", or why not.
fn connects(machine: &Machine, user: &str, socket: &str) -> String {
    let knock = "use Socket; socket(S, AF_UNIX, SOCK_SEQPACKET, 0) or die; \
        connect(S, sockaddr_un($ARGV[0])) or die \"$!\\n\"; $SIG{ALRM} = sub { print \"in\\n\"; exit }; alarm 1; \
        print defined(sysread(S, $x, 1)) && length($x) == 0 ? \"sent away\\n\" : \"answered\\n\"";
    let said = machine.run(&format!(
        "setpriv --reuid {user} --regid $(id -g {user}) --clear-groups perl -e {} /run/secrets-dispatcher/nb/{socket}.sock 2>&1",
        crate::session::quoted(knock)
    ));
    said.out
}

/// It gets to hear this within a second, at one of a few tries: also who is let in is sent away two seconds later, when
/// it says nothing, and the computer has other things to do.
fn says(machine: &Machine, user: &str, socket: &str, wanted: &str) {
    let heard: Vec<String> =
        (0..3).map(|_| connects(machine, user, socket)).take_while(|it| it != wanted).collect();
    assert!(heard.len() < 3, "{user} at {socket}: {heard:?}, not {wanted}");
}

fn logged_in(machine: &Machine) -> Session {
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    session
}

#[test]
fn everything_has_its_owner_and_its_mode() {
    let machine = turn(&MACHINE);
    let session = logged_in(&machine);
    let things: Vec<&str> = THINGS.lines().filter_map(|line| line.split(' ').next()).collect();
    let found = machine.ok(&format!("stat -c '%n %U %G %a' {}", things.join(" ")));
    assert_eq!(found + "\n", THINGS);
    // Nothing of it is open to all, and nothing runs with another's rights.
    let open = machine.ok(
        "find /etc/secrets-dispatcher /var/lib/secrets-dispatcher /var/log/secrets-dispatcher /usr/libexec/secrets-dispatcher \
         /usr/bin/sdctl /usr/bin/sd-gpg /usr/sbin/sd-provision ! -type l \\( -perm /o+w -o -perm /6000 \\)",
    );
    assert_eq!(open, "");
    session.end();
}

#[test]
fn the_companion_and_its_daemons_have_no_login_and_no_group_but_their_own() {
    let machine = turn(&MACHINE);
    for role in ["sd-gate-nb", "sd-decide-nb", "sd-audit-nb", "secrets-nb"] {
        assert_eq!(machine.ok(&format!("id -nG {role}")), role);
        assert_eq!(machine.ok(&format!("getent passwd {role} | cut -d: -f7")), "/usr/sbin/nologin");
        let password = machine.ok(&format!("getent shadow {role} | cut -d: -f2"));
        assert!(password.starts_with(['!', '*']), "{role}: {password}");
    }
}

#[test]
fn each_socket_lets_in_its_one_client_and_nobody_else() {
    let machine = turn(&MACHINE);
    let session = logged_in(&machine);
    let doors = [
        ("decide", "sd-gate-nb"),
        ("passphrase", "secrets-nb"),
        ("fetch", "sd-decide-nb"),
        ("sign", "sd-decide-nb"),
        ("audit", "sd-decide-nb"),
    ];
    for (socket, client) in doors {
        says(&machine, client, socket, "in");
        for other in ["nb", "eve", "sd-gate-nb", "sd-decide-nb", "sd-audit-nb", "secrets-nb"] {
            // A socket's owner may connect; the server sends it away.
            let owner = match socket {
                "decide" | "passphrase" => "sd-decide-nb",
                "audit" => "sd-audit-nb",
                _ => "secrets-nb",
            };
            if other != client {
                let wanted = if other == owner { "sent away" } else { "Permission denied" };
                says(&machine, other, socket, wanted);
            }
        }
        // Nothing keeps root out of a socket, but the server is not told anything by it.
        says(&machine, "root", socket, "sent away");
    }
    session.end();
}

#[test]
fn the_desktop_user_reads_nothing_of_the_companions_and_not_the_phrase() {
    let machine = turn(&MACHINE);
    let session = logged_in(&machine);
    for path in [
        "/etc/secrets-dispatcher/nb/phrase",
        "/var/lib/secrets-dispatcher/nb/home",
        "/var/lib/secrets-dispatcher/nb/home/.gnupg",
        "/var/log/secrets-dispatcher/nb",
        "/run/user/$(id -u secrets-nb)",
        "/run/user/$(id -u secrets-nb)/bus",
        "/run/credentials/sd-decide@nb.service/phrase",
    ] {
        for user in ["nb", "eve", "sd-gate-nb"] {
            let said = machine.run(&format!(
                "setpriv --reuid {user} --regid $(id -g {user}) --clear-groups sh -c 'ls \"$0\"/ || cat \"$0\"' {path} 2>&1"
            ));
            assert!(said.code != 0 && said.out.contains("Permission denied"), "{user} {path}: {said:#?}");
        }
    }
    let tty = machine.terminal(0).path();
    for command in ["cat", "echo painted >", "stty -F"] {
        let said = session.run(&format!("timeout 2 sh -c '{command} {}'", tty.display()));
        assert!(said.code != 0 && said.out.contains("Permission denied"), "{command}: {said:#?}");
    }
    // Nor is it one that may be looked into.
    let peek = session.run(
        "for p in $(pgrep -f secrets-dispatcher/sd-); do ls /proc/$p/fd; cat /proc/$p/environ; done 2>&1",
    );
    assert!(!peek.out.contains("PATH="), "{peek:#?}");
    session.end();
}
