//! One run at a time. Programs that a run has started outlive it when it is killed, and the next one waits for these too:
//! each of them is watched by a process of root's that holds the lock as its standard input.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;

use crate::failure::Failure;

/// Nobody but root makes files there, and none is left after the machine's end.
const FILE: &str = "/run/secrets-dispatcher.lock";
/// Longer than any program may take that an earlier run has started.
const PATIENCE: Duration = Duration::from_secs(150);

static HELD: OnceLock<File> = OnceLock::new();

/// Waits for other runs, and is the only one until this process and all that it has started have ended.
pub(crate) fn take() -> Result<(), Failure> {
    let cannot = |e: std::io::Error| Failure::Unavailable(format!("{FILE} cannot be locked: {e}"));
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
    let file = options.open(FILE).map_err(cannot)?;
    let since = Instant::now();
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(e)) => return Err(cannot(e)),
            Err(TryLockError::WouldBlock) if since.elapsed() > PATIENCE => {
                return Err(Failure::Unavailable(format!(
                    "another sd-provision, or what one has started, does not come to its end: `fuser -v {FILE}` says who"
                )));
            }
            Err(TryLockError::WouldBlock) => {
                if !told && since.elapsed() > Duration::from_secs(1) {
                    eprintln!("sd-provision: another one runs, or what it has started; waiting for that");
                    told = true;
                }
                sleep(Duration::from_millis(50));
            }
        }
    }
    // A second one in this process is none: it is taken once.
    let _ = HELD.set(file);
    Ok(())
}

/// What the watcher of a program gets as its standard input.
pub(crate) fn held() -> Stdio {
    HELD.get().and_then(|file| file.try_clone().ok()).map_or_else(Stdio::null, Stdio::from)
}
