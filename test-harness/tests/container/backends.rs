//! Each backend in the companion's own session: from its first start to a logout, its passphrases typed on the terminal.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use crate::installed::tell;
use crate::machine::{Machine, Said, Shared, turn};
use crate::session::Session;
use crate::terminal::{InFront, Terminal};
use crate::waiting::eventually;

static MACHINE: Shared = LazyLock::new(|| {
    let machine = Machine::boot();
    machine.install();
    Mutex::new(machine)
});

const KEYS: &str = "no key for a moment";

/// Types a passphrase where this asks for it.
pub(crate) fn passphrase(machine: &Machine, front: &InFront<'_>, wants: &str, word: &str) {
    let terminal = machine.terminal(0);
    let told = || format!("{}\n{}", terminal.screen(), machine.journal());
    eventually(&format!("{wants:?} on the screen"), told, || terminal.screen().contains(wants));
    terminal.shows("passphrase:");
    eventually(
        "a field for the passphrase",
        || terminal.screen(),
        || {
            front.again();
            !terminal.screen().contains(KEYS)
        },
    );
    front.types(&format!("{word}\n"));
    eventually("the end of that prompt", || terminal.screen(), || !terminal.screen().contains(wants));
}

/// Has the desktop user ask for the secret, and the person say yes; with the store locked, the passphrase before it.
pub(crate) fn reads(machine: &Machine, session: &Session, locked: Option<(&str, &str)>) -> Said {
    let terminal = machine.terminal(0);
    let front = terminal.to_the_front();
    // Beside a dozen other machines a gpg may take longer than a client waits: whoever is told so tries again.
    session.begin(
        "look() { secret-tool lookup service demo; }
         look 2>/tmp/said || { sleep 1; look 2>/tmp/said; } || { sleep 1; look; }",
    );
    if let Some((wants, word)) = locked {
        front.answers("unlock key and store", "y");
        passphrase(machine, &front, wants, word);
    }
    front.answers("access demo", "y");
    // What came too late for the first try is asked once more: it is read to its end, and then there is a yes to it.
    let told = || format!("{}\n{}", terminal.screen(), machine.journal());
    let mut looked = Instant::now();
    let ended = || {
        let screen = terminal.screen();
        if screen.contains("access demo") && looked.elapsed() > Duration::from_millis(200) {
            looked = Instant::now();
            if screen.contains("scroll to the end") {
                front.types(" ");
            } else if screen.contains("y approve   n deny") {
                front.types("y");
            }
        }
        session.has_ended()
    };
    eventually("an end of the lookup", told, ended);
    session.finish()
}

fn stores(session: &Session, terminal: &Terminal) {
    let front = terminal.to_the_front();
    // It ends before it is given up, and says what it has met with.
    session.begin("printf hunter2 | timeout 25 secret-tool store --label=demo service demo");
    let told = || format!("{:?}\n{}", session.finish(), terminal.screen());
    eventually("the ask to store", told, || terminal.screen().contains("store  demo"));
    front.answers("store  demo", "y");
    let said = session.finish();
    assert_eq!(said.code, 0, "{said:#?}");
}

impl Machine {
    /// Provisions nb with this backend, whose companion is down and has an empty home then.
    fn with_backend(&self, backend: &str) {
        self.goes_down("nb");
        self.ok("sd-provision --user nb --remove");
        let terminal = self.terminal(0).number();
        self.ok(&format!("sd-provision --user nb --vt {terminal} --backend {backend}"));
    }

    /// What a command says as the companion, in its session.
    fn as_companion(&self, script: &str) -> String {
        self.ok(&format!(
            "id=$(id -u secrets-nb); exec setpriv --reuid $id --regid $id --clear-groups env HOME=/nonexistent \
             XDG_RUNTIME_DIR=/run/user/$id DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$id/bus sh -c '{script}'"
        ))
    }

    /// The names of the companion's processes, each once.
    fn of_companion(&self) -> Vec<String> {
        let names = self.run("ps -o comm= -u secrets-nb | sort -u").out;
        names.lines().map(str::to_owned).collect()
    }

    fn brings(&self, program: &Path, inside: &str) {
        let into = self.path(inside);
        std::fs::create_dir_all(into.parent().unwrap()).unwrap();
        std::fs::copy(program, into).unwrap();
    }
}

/// A backend by a passphrase of its own: first start, login, lock, unlock, logout.
fn has_a_passphrase_of_its_own(backend: &str, first: [&str; 2]) {
    let machine = turn(&MACHINE);
    let terminal = machine.terminal(0);
    let word = "a word for the store";
    machine.with_backend(backend);

    // A person is led to a passphrase at the first login of all.
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let front = terminal.to_the_front();
    for wants in first {
        passphrase(&machine, &front, wants, word);
    }
    terminal.shows("unlocking: unlocked");
    drop(front);
    stores(&session, terminal);
    let said = reads(&machine, &session, None);
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{}", machine.journal());

    // Locked by the desktop: the next that wants a secret asks for the passphrase again.
    session.ok("sdctl lock");
    terminal.shows("STORE LOCKED");
    let said = reads(&machine, &session, Some(("try", word)));
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{}", machine.journal());
    tell(&format!("{backend}: PSS of the companion's side, in KiB\n{}", pss(&machine)));

    // Locked by the logout, and nothing of the companion is left; its passphrase is asked for at the next login.
    session.end();
    machine.goes_down("nb");
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let front = terminal.to_the_front();
    passphrase(&machine, &front, "try         1 of 3", "not the word");
    passphrase(&machine, &front, "WRONG", word);
    terminal.shows("unlocking: unlocked");
    drop(front);
    let said = reads(&machine, &session, None);
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{}", machine.journal());

    starts_nothing_else(&machine, &session, backend);
    session.end();
    machine.goes_down("nb");
}

/// Of all that the machine's packages enable for every user, the companion's manager starts nothing; and of the
/// companion's units the desktop's manager none.
fn starts_nothing_else(machine: &Machine, session: &Session, backend: &str) {
    let known = [
        "(sd-pam)",
        "dbus-daemon",
        "gnome-keyring-d",
        "gpg-agent",
        "oo7-daemon",
        "sd-fetch",
        "sd-sign",
        "sd-store",
    ];
    for process in machine.of_companion() {
        assert!(process == "systemd" || known.contains(&process.as_str()), "{process}");
    }
    let units =
        machine.as_companion("systemctl --user list-unit-files --no-legend --plain | cut -d\" \" -f1");
    for strange in
        ["gnome-keyring-daemon", "pipewire", "gpg-agent-ssh", "dirmngr", "gcr-ssh-agent", "sd-agent"]
    {
        assert!(!units.contains(strange), "{units}");
        // What is asserted to be hidden is there to be found by everybody else.
        if ["gnome-keyring-daemon", "gpg-agent-ssh", "dirmngr"].contains(&strange) {
            session.ok(&format!("systemctl --user cat {strange}.socket"));
        }
    }
    let unit = format!("sd-backend-{backend}.service");
    assert_eq!(machine.as_companion(&format!("systemctl --user is-active {unit}")), "active");
    session.run(&format!("systemctl --user start {unit}"));
    assert_eq!(session.run(&format!("systemctl --user is-active {unit}")).out, "inactive");
}

/// Proportional set sizes of the companion's processes, from the largest.
fn pss(machine: &Machine) -> String {
    machine.ok(
        "for p in $(ps -o pid= -u secrets-nb); do
             printf '%6d %s\\n' $(sed -n 's/^Pss: *\\([0-9]*\\).*/\\1/p' /proc/$p/smaps_rollup) $(cat /proc/$p/comm)
         done | sort -rn",
    )
}

#[test]
fn gnome_keyring_is_led_to_its_first_passphrase_and_asks_for_it_at_each_login_and_after_each_lock() {
    has_a_passphrase_of_its_own("gnome-keyring", ["Choose a NEW passphrase", "once more"]);
}

#[test]
fn oo7_daemon_takes_no_first_passphrase_that_was_typed_once_and_asks_for_it_likewise() {
    {
        let machine = turn(&MACHINE);
        let refused = machine
            .run(&format!("sd-provision --user nb --vt {} --backend oo7", machine.terminal(0).number()));
        assert!(refused.code != 0 && refused.err.contains("oo7-daemon"), "{refused:#?}");
        machine.brings(&built("backends/bin/oo7-daemon"), "/usr/local/libexec/oo7-daemon");
    }
    has_a_passphrase_of_its_own("oo7", ["try         1 of 3", "once more"]);
}

#[test]
fn gopass_is_looked_for_started_by_the_unlocked_key_and_ended_by_a_lock() {
    let machine = turn(&MACHINE);
    let terminal = machine.terminal(0);
    let unit = "sd-backend-gopass.service";
    let active = || machine.as_companion(&format!("systemctl --user is-active {unit} || true"));
    machine.goes_down("nb");
    let number = terminal.number();
    let refused = machine.run(&format!("sd-provision --user nb --vt {number} --backend gopass"));
    assert!(refused.code != 0 && refused.err.contains("gopass-secret-service"), "{refused:#?}");

    // Not the real one: it speaks as that does, from memory.
    machine.brings(Path::new(env!("CARGO_BIN_EXE_sd-fake-backend")), "/usr/local/bin/sd-fake-backend");
    machine.ok("cat >/usr/local/bin/gopass-secret-service <<'E'\n#!/bin/sh\necho 'THIS IS A STAND-IN for \
         gopass-secret-service, with made-up secrets' >&2\nexec sd-fake-backend --gopass --locking lies \
         --item demo=hunter2,service=demo\nE\nchmod 755 /usr/local/bin/gopass-secret-service");
    machine.with_backend("gopass");
    // A key is brought in while the companion's gpg-agent is there.
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    machine.has_key("a word for the key");
    session.end();
    machine.goes_down("nb");

    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let front = terminal.to_the_front();
    eventually("the prompt for the key", || machine.journal(), || terminal.screen().contains("passphrase:"));
    assert_eq!(active(), "inactive", "it was started before the key was open");
    passphrase(&machine, &front, "keygrip", "a word for the key");
    terminal.shows("unlocking: unlocked");
    drop(front);
    assert_eq!(active(), "active");
    let said = reads(&machine, &session, None);
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{}", machine.journal());

    // It keeps no lock of its own: what it has decrypted goes with it.
    session.ok("sdctl lock");
    terminal.shows("   LOCKED  ");
    assert_eq!(active(), "inactive");
    let said = reads(&machine, &session, Some(("keygrip", "a word for the key")));
    assert_eq!((said.code, said.out.as_str()), (0, "hunter2"), "{}", machine.journal());
    assert_eq!(active(), "active");

    // One gpg-agent, which belongs to the manager and keeps what it knows when sd-sign is gone.
    let agents = "pgrep -c -u secrets-nb -x gpg-agent";
    let agent = machine.ok("pgrep -u secrets-nb -x gpg-agent");
    machine.ok("systemctl stop sd-sign@nb.service");
    session
        .ok("git config --global user.name Nb; git config --global user.email nb@example.org; git init -q r");
    machine.ok("sd-provision key --user nb publish-to-desktop --trust");
    session.ok(&format!(
        "sd-gpg setup --key {}",
        machine.ok("sd-provision key --user nb signing").lines().last().unwrap()
    ));
    let front = terminal.to_the_front();
    session.begin("cd r && git commit -q -S --allow-empty -m 'mend the pump' && git verify-commit HEAD");
    front.answers("mend the pump", "y");
    let said = session.finish();
    drop(front);
    assert_eq!(said.code, 0, "{said:#?}\n{}", machine.journal());
    assert_eq!(machine.ok(agents), "1");
    assert_eq!(machine.ok("pgrep -u secrets-nb -x gpg-agent"), agent);
    tell(&format!("gopass (a stand-in): PSS of the companion's side, in KiB\n{}", pss(&machine)));
    session.end();
    machine.goes_down("nb");
}

#[test]
fn the_password_store_opens_with_the_key_at_each_login_and_after_each_lock() {
    let machine = turn(&MACHINE);
    let (terminal, word) = (machine.terminal(0), "a word for the key");
    machine.with_backend("store");
    let session = machine.ssh("nb");
    machine.comes_up("nb");
    machine.has_key(word);
    machine.ok("sd-provision key --user nb store");
    session.end();
    machine.goes_down("nb");

    let session = machine.ssh("nb");
    machine.comes_up("nb");
    let front = terminal.to_the_front();
    // One passphrase opens what signs and what the store is encrypted to.
    passphrase(&machine, &front, "keygrip", word);
    let told = || format!("{}\n{}", terminal.screen(), machine.journal());
    eventually("an open store", told, || terminal.screen().contains("unlocking: unlocked"));
    drop(front);
    stores(&session, terminal);
    let said = reads(&machine, &session, None);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "hunter2"),
        "{}\n{}",
        machine.journal(),
        terminal.screen()
    );
    session.ok("sdctl lock");
    terminal.shows("   LOCKED  ");
    let said = reads(&machine, &session, Some(("keygrip", word)));
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "hunter2"),
        "{}\n{}",
        machine.journal(),
        terminal.screen()
    );
    tell(&format!("store: PSS of the companion's side, in KiB\n{}", pss(&machine)));
    starts_nothing_else(&machine, &session, "store");
    session.end();
    machine.goes_down("nb");
}

impl Machine {
    /// Gives nb's companion a key with this passphrase, to sign and to encrypt with.
    fn has_key(&self, word: &str) {
        self.ok(&format!(
            "export GNUPGHOME=/root/gpg; rm -rf $GNUPGHOME; mkdir -p -m 700 $GNUPGHOME
             gpg() {{ command gpg --batch --quiet --pinentry-mode loopback --passphrase '{word}' \"$@\"; }}
             gpg --quick-generate-key 'Nb <nb@example.org>' ed25519 sign 0
             gpg --quick-add-key $(gpg --list-keys --with-colons | sed -n 's/^fpr:*\\([^:]*\\):$/\\1/p' | head -n 1) cv25519
             gpg --armor --export-secret-keys >/dev/shm/key.asc
             gpgconf --kill gpg-agent
             sd-provision key --user nb import /dev/shm/key.asc"
        ));
    }
}

/// What was built below the target directory, or is fetched into it.
fn built(what: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    target.join(what)
}
