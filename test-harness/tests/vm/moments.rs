//! The moments at which scenarios begin. Each is made once, by a person's keys and the commands that the manual names, and
//! kept on the disk.

use crate::machine::{Checkpoint, Machine, package};
use crate::person::{APPROVAL, DESK, KEY, SECRET, STORE};

/// A machine on which the package was installed, nb provisioned, and the store's key made, as docs/install.md says; and which
/// was started again: it stands at the prompt for a login. What it held before is listed in /root/before.
pub(crate) fn provisioned() -> Checkpoint {
    Checkpoint::rebooted("provisioned", &package(), &PROVISIONED.concat(), |machine| {
        for script in PROVISIONED {
            machine.run(script);
        }
        // Its passphrase is typed on a terminal of root's.
        machine.log_in(DESK, "root", "root");
        machine.type_keys("clear; sd-provision key --user nb store; echo made: $?\n");
        machine.see(DESK, "Passphrase of the new key:");
        machine.type_keys(&format!("{STORE}\n"));
        machine.see(DESK, "The same again:");
        machine.type_keys(&format!("{STORE}\n"));
        machine.see(DESK, "made: 0");
        machine.type_keys("exit\n");
    })
}

const PROVISIONED: [&str; 5] = [
    "mkdir /root/goods && tar -C /root/goods -xf /dev/vdb",
    "sh /root/goods/inventory.sh >/root/before",
    "DEBIAN_FRONTEND=noninteractive dpkg --install /root/goods/secrets-dispatcher.deb",
    "sd-provision --user nb",
    "echo kernel.yama.ptrace_scope=1 >/etc/sysctl.d/60-ptrace.conf",
];

/// The same later: nb is logged in on the first terminal, has stored a secret, and signs with a key.
pub(crate) fn at_work() -> Checkpoint {
    provisioned().later("at_work", include_str!("moments.rs"), |machine| {
        machine.log_in(DESK, "nb", "pencil");
        machine.companion_runs();
        machine.enter("GPG-AGENT SAYS", STORE);
        machine.see(APPROVAL, "unlocking: unlocked");
        store(machine);
        key(machine);
        machine.command("echo at $((1)) work");
        // What is still in the keyboard's queue would be lost.
        machine.see(DESK, "at 1 work");
    })
}

/// Stores the secret by an application, with a yes to each thing that it asks for.
fn store(machine: &mut Machine) {
    machine
        .command(&format!("echo -n {SECRET} | secret-tool store --label=demo service demo; echo stored: $?"));
    machine.decide("store a secret", 'y');
    machine.at_the_desk("stored: 0");
}

/// Gives the companion a key with a passphrase, as docs/keys.md says, and a repository to sign in.
fn key(machine: &mut Machine) {
    machine.run(&format!(
        "cd /root && export HOME=/root GNUPGHOME=/root/key && mkdir -m 700 key
         gpg='gpg --batch --quiet --pinentry-mode loopback --passphrase {KEY}'
         $gpg --quick-generate-key 'Nina Brown <nb@example.org>' ed25519 sign never
         $gpg --armor --export-secret-keys >key.asc
         unset GNUPGHOME
         sd-provision key --user nb import key.asc
         sd-provision key --user nb publish-to-desktop --trust
         gpgconf --homedir /root/key --kill all; rm -r key key.asc"
    ));
    let key = machine.run("sd-provision key --user nb signing");
    machine.command(&format!("sd-gpg setup --key {}; echo set up: $?", key.trim()));
    machine.at_the_desk("set up: 0");
    machine.command(
        "git config --global user.name 'Nina Brown'; git config --global user.email nb@example.org; \
         git init -q work; cd work; echo pump >list; git add list; echo ready: $?",
    );
    machine.at_the_desk("ready: 0");
}
