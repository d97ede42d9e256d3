//! What a person does at the machine, beyond single keys.

use crate::machine::{Machine, Screen};

/// The virtual terminal on which the person works, and that of the approval screen.
pub(crate) const DESK: u8 = 1;
pub(crate) const APPROVAL: u8 = 8;

/// The passphrases: of the store, and of the key that signs.
pub(crate) const STORE: &str = "open sesame";
pub(crate) const KEY: &str = "horse";
/// What the prompts for these say whose they are.
pub(crate) const HOARD: &str = "Store of nb";
pub(crate) const SIGNER: &str = "Nina Brown";
/// The secret that is stored as `service demo`.
pub(crate) const SECRET: &str = "wax-lamp-27";

impl Machine {
    /// Types a command at the desk, with the desk before one's eyes. The lines of before are cleared away.
    pub(crate) fn command(&mut self, text: &str) {
        self.switch_to(DESK);
        self.type_line(DESK, &format!("clear; {text}"));
    }

    /// Looks at the approval screen until this stands there, as long as a person needs to read it.
    pub(crate) fn read_approval(&mut self, text: &str) -> Screen {
        if self.active() != APPROVAL {
            self.switch_to(APPROVAL);
        }
        self.see(APPROVAL, text);
        // Longer than the quiet time, in which no key decides.
        self.pass("1.2");
        self.screen(APPROVAL)
    }

    /// Reads the ask that says this on the approval screen to its end, and settles it by a key.
    pub(crate) fn decide(&mut self, text: &str, key: char) {
        let mut screen = self.read_approval(text);
        while screen.shows("scroll to the end") {
            self.type_keys(" ");
            self.pass("1.2");
            screen = self.screen(APPROVAL);
        }
        let ask = screen.ask().unwrap_or_else(|| panic!("no ask stands there:\n{screen}"));
        self.type_keys(&key.to_string());
        self.see_that(APPROVAL, "another ask, or none", |screen| screen.ask().as_ref() != Some(&ask));
    }

    /// Types a passphrase on the approval screen, once this stands there.
    pub(crate) fn enter(&mut self, text: &str, passphrase: &str) {
        self.read_approval(text);
        self.type_keys(&format!("{passphrase}\n"));
    }

    /// Gives the approval screen what it wants, passphrases too, until this stands at the desk.
    pub(crate) fn answer_until(&mut self, text: &str) -> Screen {
        self.switch_to(APPROVAL);
        for _ in 0..40 {
            let before = self.screen(APPROVAL);
            self.pass("1.2");
            let screen = self.screen(APPROVAL);
            // What has only just come takes no key yet.
            if before.ask() != screen.ask() || before.shows("passphrase:") != screen.shows("passphrase:") {
                continue;
            }
            if screen.shows("passphrase:") {
                let passphrase = if screen.shows(SIGNER) { KEY } else { STORE };
                self.type_keys(&format!("{passphrase}\n"));
                self.see_that(APPROVAL, "another prompt, or none", |now| now.rows[3..] != screen.rows[3..]);
            } else if screen.ask().is_some() {
                self.type_keys("y");
                self.see_that(APPROVAL, "another ask, or none", |now| now.ask() != screen.ask());
            } else if self.screen(DESK).shows(text) {
                return self.at_the_desk(text);
            }
        }
        panic!("the approval screen wants no end of things:\n{}", self.screen(APPROVAL));
    }

    /// Looks at the desk until this stands there.
    pub(crate) fn at_the_desk(&mut self, text: &str) -> Screen {
        self.switch_to(DESK);
        self.see(DESK, text)
    }

    /// Waits until the companion of nb is there: the target, the gate with its name, the decider.
    pub(crate) fn companion_runs(&mut self) {
        self.wait_for(
            "systemctl is-active --quiet secrets-dispatcher@nb.target sd-gate@nb.service sd-decide@nb.service \
             && busctl --system status net.mowaka.SecretsDispatcher1.u1000 >/dev/null",
        );
    }

    /// Waits until nothing of nb's companion is there: no unit, no name, no process of its users.
    pub(crate) fn companion_is_gone(&mut self) {
        self.wait_for(
            "! systemctl is-active --quiet secrets-dispatcher@nb.target 'sd-*@nb.*' \
             && ! busctl --system --list --acquired --no-legend list | grep net.mowaka \
             && ! ps -o pid,user:16,args -u sd-gate-nb,sd-decide-nb,secrets-nb --no-headers",
        );
    }
}
