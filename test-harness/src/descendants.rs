//! Ends every process below this one.
//!
//! This process is a subreaper, so whatever loses its parent becomes its child: when no child is left,
//! nothing is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};

/// Time to end in order: gpg-agent removes its sockets then.
const POLITE: Duration = Duration::from_millis(500);
/// A process that outlives a SIGKILL by this much hangs in the kernel, and nothing can be done.
const HOPELESS: Duration = Duration::from_secs(10);
/// A child of a child that dies is no news to us, so look again at least this often.
const LOOK_AGAIN: u16 = 20;

/// Ends all descendants: SIGTERM, then SIGKILL until none is left. Says whether none is.
///
/// SIGCHLD must be blocked and in `signals`, which is how the end of a child is noticed.
pub fn end_all(signals: &SignalFd) -> bool {
    let started = Instant::now();
    let mut told = BTreeSet::new();
    loop {
        let waited = started.elapsed();
        let signal = if waited < POLITE { Signal::SIGTERM } else { Signal::SIGKILL };
        for pid in all() {
            // Once is enough for SIGTERM, and a stopped process would never hear it.
            if signal == Signal::SIGKILL || told.insert(pid) {
                let _ = kill(pid, signal);
                let _ = kill(pid, Signal::SIGCONT);
            }
        }
        if nobody_left() {
            return true;
        }
        if waited > HOPELESS {
            return false;
        }
        let mut fds = [PollFd::new(std::os::fd::AsFd::as_fd(signals), PollFlags::POLLIN)];
        let _ = poll(&mut fds, PollTimeout::from(LOOK_AGAIN));
        while let Ok(Some(_)) = signals.read_signal() {}
    }
}

/// Collects the dead, and says whether there is no child any more.
fn nobody_left() -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(nix::sys::wait::WaitStatus::StillAlive) => return false,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return true,
        }
    }
}

/// Every process below this one, the dead among them too.
fn all() -> BTreeSet<Pid> {
    let mut children: BTreeMap<Pid, Vec<Pid>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()).map(Pid::from_raw)
        else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some(parent) = parent_in(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = BTreeSet::new();
    let mut next = vec![getpid()];
    while let Some(pid) = next.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if found.insert(*child) {
                next.push(*child);
            }
        }
    }
    found
}

/// The parent in a line of /proc/PID/stat. The name of the process, in brackets before it, may hold anything.
fn parent_in(stat: &str) -> Option<Pid> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok().map(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parent_in("42 (a) S 1 (b) S 7 42 42 0"), Some(Pid::from_raw(7)));
        assert_eq!(parent_in(""), None);
    }
}
