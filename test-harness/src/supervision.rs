//! Which processes the keeper has started, and where each one's number is written for a test to find.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::failure::{Doing, Failure};
use crate::run_dir;
use crate::tools::{Daemon, Worker};

/// What a process is to the keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A bus, or the backend: not ours to start again.
    Ground(&'static str),
    /// The process that waits for the backend.
    Waiting,
    /// A long-lived tool.
    Daemon(Daemon),
    /// A tool started by a knock.
    Worker(Worker),
    /// COMMAND.
    Command,
}

impl Part {
    /// Its name in logs and pid files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ground(name) => name,
            Self::Waiting => "await-backend",
            Self::Daemon(daemon) => daemon.name(),
            Self::Worker(worker) => worker.name(),
            Self::Command => "command",
        }
    }
}

/// The living.
#[derive(Debug)]
pub struct Register {
    living: BTreeMap<Pid, Part>,
    pids: PathBuf,
}

impl Register {
    /// Nobody yet; numbers go to this directory.
    #[must_use]
    pub fn new(pids: PathBuf) -> Self {
        Self { living: BTreeMap::new(), pids }
    }

    /// Enters a process that has been started.
    ///
    /// # Errors
    /// When its number cannot be written.
    pub fn enter(&mut self, pid: Pid, part: Part) -> Result<(), Failure> {
        self.living.insert(pid, part);
        // Moved into place whole: a test may be waiting for the file.
        let (draft, file) = (self.pids.join(".next"), self.pids.join(part.name()));
        run_dir::public_file(&draft, &format!("{pid}\n"))?;
        fs::rename(&draft, &file).doing(format_args!("write {}", file.display()))
    }

    /// Whether such a process lives.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.find(part).is_some()
    }

    /// The number of such a process.
    #[must_use]
    pub fn find(&self, part: Part) -> Option<Pid> {
        self.living.iter().find(|(_, living)| **living == part).map(|(pid, _)| *pid)
    }

    /// The next process that has ended, and how. Strangers, who lost their parents to us, are collected unseen.
    pub fn next_dead(&mut self) -> Option<(Part, WaitStatus)> {
        loop {
            let status = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => return None,
                Ok(status) => status,
                Err(Errno::EINTR) => continue,
                Err(_) => return None,
            };
            if let Some(part) = status.pid().and_then(|pid| self.living.remove(&pid)) {
                // Gone already when the run directory is.
                let _ = fs::remove_file(self.pids.join(part.name()));
                return Some((part, status));
            }
        }
    }
}

/// How a process ended, in words.
#[must_use]
pub fn in_words(status: WaitStatus) -> String {
    match status {
        WaitStatus::Exited(_, code) => format!("it exited with status {code}"),
        WaitStatus::Signaled(_, signal, core) => {
            format!("it was killed by {signal}{}", if core { ", core dumped" } else { "" })
        }
        other => format!("{other:?}"),
    }
}

/// The exit status that stands for this end: the process's own, or 128 and the signal.
#[must_use]
pub fn as_code(status: WaitStatus) -> u8 {
    let code = match status {
        WaitStatus::Exited(_, code) => code,
        WaitStatus::Signaled(_, signal, _) => 128 + number(signal),
        _ => 70,
    };
    u8::try_from(code).unwrap_or(70)
}

/// A signal's number; the kernel counts them from 1.
fn number(signal: Signal) -> i32 {
    (1..65).find(|n| Signal::try_from(*n) == Ok(signal)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_process_stands_for_128_and_the_signal() {
        let pid = Pid::from_raw(1);
        assert_eq!(as_code(WaitStatus::Exited(pid, 3)), 3);
        assert_eq!(as_code(WaitStatus::Signaled(pid, Signal::SIGKILL, false)), 137);
    }
}
