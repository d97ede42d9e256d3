//! Programs of the system, run as root or as one of the users: with a limit of time, and nothing of our environment.

use std::process::{Child, Command, Output, Stdio};

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::lock;

/// How long a program of the system may take, in seconds. A restart of a unit may wait for its stop.
const PATIENCE: &str = "120";

/// A program with its arguments, as root.
pub(crate) fn root(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    // What watches the time holds the lock; the program itself gets nothing.
    command
        .args(["--kill-after=5", PATIENCE, "sh", "-c", "exec \"$@\" </dev/null", "sh", program])
        .args(arguments);
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/");
    command
}

/// A program as another user, with no terminal of root's: whoever traces that process could else type into it.
pub(crate) fn apart(user: &Account, program: &str, arguments: &[&str]) -> Command {
    let (uid, gid) = (format!("--reuid={}", user.uid), format!("--regid={}", user.gid));
    let become_user = ["--wait", "setpriv", &uid, &gid, "--init-groups", "--inh-caps=-all", "--", program];
    let mut command = root("setsid", &become_user);
    command
        .args(arguments)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", &user.home)
        .env("USER", &user.name)
        .env("LOGNAME", &user.name);
    let bus = format!("/run/user/{}/bus", user.uid);
    if std::fs::symlink_metadata(&bus).is_ok() {
        command.env("XDG_RUNTIME_DIR", format!("/run/user/{}", user.uid));
        command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={bus}"));
    }
    command
}

/// Runs it to its end; what it said.
pub(crate) fn output(mut command: Command) -> Result<Output, Failure> {
    let name = words(&command);
    command.stdin(lock::held()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = command.spawn().and_then(Child::wait_with_output);
    done.map_err(|e| Failure::Unavailable(format!("`{name}` cannot be run: {e}")))
}

/// Runs it to its end, which has to be a good one; what it said to its standard output.
pub(crate) fn success(command: Command) -> Result<String, Failure> {
    let name = words(&command);
    let done = output(command)?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.trim().replace('\n', "; ");
    Err(Failure::Unavailable(format!("`{name}` failed ({}): {said}", done.status)))
}

/// The command as a person would type it.
fn words(command: &Command) -> String {
    let words: Vec<_> = command.get_args().skip(6).map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
