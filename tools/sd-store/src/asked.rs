//! A passphrase is asked for: by gpg-agent and its pinentry, for a gpg in a process of its own. That one can be ended when
//! nobody wants the passphrase any more, which a gpg in this process could not; its pinentry goes with it.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use sd_wire::fault::Fault as Wire;

use crate::cli::WORD;
use crate::fault::Fault;
use crate::store::Store;

/// More than the one word that comes back.
const MAX_WORD: u64 = 256;

/// As long as this lives, somebody is asked.
pub(crate) struct Asked(Arc<Mutex<Option<Pid>>>);

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(group) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It may have ended by itself.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Begins to ask for the passphrase of the key of this entry; what is given back beside waits for the end.
pub(crate) fn begin(
    root: &Path,
    name: &str,
) -> Result<(Asked, impl FnOnce() -> Result<(), Fault> + use<>), Fault> {
    let failed = |why| Fault::Io(root.to_owned(), why);
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command
        .arg("--store")
        .arg(root)
        .args([WORD, name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0);
    let child = command.spawn().map_err(failed)?;
    let group = i32::try_from(child.id()).ok().map(Pid::from_raw);
    let running = Arc::new(Mutex::new(group));
    let asked = Asked(Arc::clone(&running));
    Ok((asked, move || {
        let answer = end(child);
        running.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer
    }))
}

fn end(mut child: Child) -> Result<(), Fault> {
    let mut word = Vec::new();
    if let Some(out) = child.stdout.take() {
        // What cannot be read is no word.
        let _ = out.take(MAX_WORD).read_to_end(&mut word);
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Fault::Gpg(serde_json::from_slice(&word).unwrap_or(Wire::Lost))),
    }
}

/// Asks, and says in one word on the standard output how it ended if it did not well.
pub(crate) fn ask(root: &Path, name: &str) -> ExitCode {
    let why = match Store::open(root.to_owned()).and_then(|store| store.ask(name)) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Fault::Gpg(why)) => why,
        Err(why) => {
            sd_journal::error(&why);
            Wire::Refused
        }
    };
    // Without the word it was lost.
    let _ = serde_json::to_writer(std::io::stdout(), &why);
    ExitCode::FAILURE
}
