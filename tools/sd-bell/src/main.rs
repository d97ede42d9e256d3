//! sd-bell — rings for systemd when a session of a provisioned user opens or closes, and goes away at once.
//!
//! Holds:  root's rights, for a millisecond; pam_exec runs it beside a login.
//! Trusts: nothing of its environment, which the user may have written: whether there is a session, logind is asked later.
//! Never:  waits for anybody, and should a disk not answer, no longer than a second; says anything; reads a file; is linked dynamically (see bell.rs).
#![forbid(unsafe_code)]

mod bell;
mod ring;

use std::process::ExitCode;

/// How long it is there at most.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

fn main() -> ExitCode {
    let asked = std::env::args_os().nth(1);
    if asked.is_some_and(|word| word == "--help" || word == "-h") {
        // A reader that went away has read enough.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), HELP.as_bytes());
        return ExitCode::SUCCESS;
    }
    // A login waits for this program, so it goes whatever happens. Where no thread can be had, nothing is rung.
    let given_up = std::thread::Builder::new().spawn(|| {
        std::thread::sleep(PATIENCE);
        std::process::exit(i32::from(bell::UNAVAILABLE));
    });
    if given_up.is_err() {
        return ExitCode::from(bell::UNAVAILABLE);
    }
    let of_pam = |name: &str| std::env::var(name).unwrap_or_default();
    match ring::ring(&of_pam("PAM_TYPE"), &of_pam("PAM_USER")) {
        Some(ring) if ring.is_wanted() => bell::pull(&ring),
        _ => ExitCode::SUCCESS,
    }
}

const HELP: &str = "\
Rings for systemd when a session of a provisioned user opens or closes.

pam_exec(8) runs it with PAM_TYPE and PAM_USER in its environment, by /usr/share/pam-configs/secrets-dispatcher.
open_session starts secrets-dispatcher@USER.target, close_session sd-logout@USER.service; for a user who has no folder
in /etc/secrets-dispatcher, and for anything else, it does nothing. It waits for nobody and says nothing.

Exit status: 0 rung, or nothing to do; 69 systemctl cannot be run; 70 it was built to be linked dynamically, and does \
nothing.
";
