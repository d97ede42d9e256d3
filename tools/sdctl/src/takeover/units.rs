//! The user's service manager, by `systemctl --user`, and other programs that are run.

use std::time::Duration;

use async_io::Timer;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use smol::process::{Command, Stdio};

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The units of gnome-keyring; Debian, Ubuntu and Fedora call them the same.
pub(crate) const KEYRING: [&str; 2] = ["gnome-keyring-daemon.socket", "gnome-keyring-daemon.service"];
/// Ours.
pub(crate) const AGENT: &str = "sd-agent.service";

/// Whether the user has a service manager here.
pub(crate) async fn there() -> bool {
    run("systemctl", &["--user", "show-environment"]).await.is_ok()
}

/// Whether a unit runs.
pub(crate) async fn runs(unit: &str) -> bool {
    run("systemctl", &["--user", "is-active", "--quiet", unit]).await.is_ok()
}

/// `systemctl --user VERB UNITS`.
pub(crate) async fn systemctl(verb: &str, units: &[&str]) -> Result<(), String> {
    run("systemctl", &[&["--user", verb], units].concat()).await
}

/// Asks a process to end. Errors: a sentence.
pub(crate) fn end(pid: u32) -> Result<(), String> {
    let number = i32::try_from(pid).map_err(|_| format!("{pid} is no number of a process"))?;
    match kill(Pid::from_raw(number), Signal::SIGTERM) {
        // It has ended meanwhile.
        Err(Errno::ESRCH) | Ok(()) => Ok(()),
        Err(e) => Err(format!("the process {pid} could not be told to end: {e}")),
    }
}

/// Runs a program that says nothing to anybody. Errors: a sentence.
pub(crate) async fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let words = format!("`{program} {}`", arguments.join(" "));
    // No pipes: gnome-keyring leaves a daemon behind that would keep them open.
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let late = async {
        Timer::after(PATIENCE).await;
        Err(format!("{words} did not end within {} s", PATIENCE.as_secs()))
    };
    let ended = async {
        match command.status().await {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{words} failed ({status})")),
            Err(e) => Err(format!("{words} could not be run: {e}")),
        }
    };
    smol::future::or(ended, late).await
}
