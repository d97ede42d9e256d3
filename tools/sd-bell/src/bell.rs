//! The pulling of the bell.
//!
//! pam_exec hands the whole environment of PAM to what it runs as root, and where sshd or a display manager has
//! `pam_env user_readenv=1`, as Debian's have, the user wrote it (`~/.pam_environment`). A program that is linked
//! dynamically, a shell too, would load `LD_PRELOAD` of it before its first line, as root. One that is linked statically
//! has no loader; and what this one runs gets an environment of its own.

use std::process::ExitCode;

use crate::ring::Ring;

/// `EX_UNAVAILABLE` of sysexits(3), as in sd-sys, which would bring libraries along.
pub(crate) const UNAVAILABLE: u8 = 69;
/// `EX_SOFTWARE`.
#[cfg(not(target_feature = "crt-static"))]
const BUG: u8 = 70;

/// The login first: what it starts at once (a shell, a desktop) would share the processors with the companion's start,
/// and be measurably slower. In seconds, as sleep(1) takes them.
#[cfg(target_feature = "crt-static")]
const LOGIN_FIRST: &str = "0.5";
/// For sh(1): the first argument is how long, the others are what.
#[cfg(target_feature = "crt-static")]
const PAUSE_AND_RUN: &str = "/usr/bin/sleep \"$1\"; shift; exec \"$@\"";

/// Has systemd start or restart the unit, and does not wait for it: not for the job, nor for systemctl, which ends
/// after a while also when systemd does not answer.
#[cfg(target_feature = "crt-static")]
pub(crate) fn pull(ring: &Ring) -> ExitCode {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    let pause = if ring.is_login { LOGIN_FIRST } else { "0" };
    let systemctl = Command::new("/usr/bin/timeout")
        .args(["--kill-after=1", "30", "/bin/sh", "-c", PAUSE_AND_RUN, "sd-bell", pause])
        .args(["/usr/bin/systemctl", "--no-block", "--no-ask-password", "--quiet", ring.verb, &ring.unit])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    match systemctl {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(UNAVAILABLE),
    }
}

/// Built for the tests of this workspace, and not to be installed: so it does nothing, and every test of a login fails.
#[cfg(not(target_feature = "crt-static"))]
pub(crate) fn pull(ring: &Ring) -> ExitCode {
    let Ring { verb, unit, is_login: _, .. } = ring;
    eprintln!(
        "sd-bell: built to be linked dynamically, it does not {verb} {unit}: use scripts/build-bell.sh"
    );
    ExitCode::from(BUG)
}
