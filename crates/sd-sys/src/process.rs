//! What `/proc` shows of a process: its present appearance, which it can rewrite, and its pid,
//! parent and start time, which it cannot.
//!
//! Nothing here waits for the process that is looked at, but for [`cmdline`], which says so.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

mod family;
mod parse;
mod readers;

use crate::peer::open_pidfd;

pub use family::Family;
pub use parse::{Stat, arguments, control_group, effective_uid, session, stat, terminal};
pub use readers::{MOST_STUCK, Readers};

/// The most that is read of one file in `/proc`, in bytes.
const MAX_READ: u64 = 4096;

/// One process as it looked at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// Its parent's process id; 0 for none in this pid namespace.
    pub ppid: i32,
    /// When it started, in clock ticks since boot. With the pid it names the process for good.
    pub start: u64,
    /// Its name as it wishes to be called, at most 15 bytes; unprintable and untrue if it likes.
    pub comm: String,
    /// Its effective uid.
    pub uid: Option<u32>,
    /// Its controlling terminal, e.g. `tty2`, `pts/3`.
    pub tty: Option<String>,
    /// Its control group (the path in the unified hierarchy).
    pub cgroup: Option<String>,
    /// Its logind session, when it lives in that session's own scope.
    pub session: Option<String>,
}

impl Process {
    /// Looks at a process. `NotFound` when it is gone, or was replaced while we looked.
    pub fn look(pid: i32) -> io::Result<Process> {
        let first = look_at_stat(pid)?;
        let uid = read(pid, "status").ok().and_then(|text| effective_uid(&text));
        let cgroup = read(pid, "cgroup").ok().and_then(|text| control_group(&text));
        // The files above were opened by number: they belong to the same process only if it still
        // is the one of the first look.
        if look_at_stat(pid)?.start != first.start {
            return Err(io::ErrorKind::NotFound.into());
        }
        let session = cgroup.as_deref().and_then(session);
        let Stat { comm, ppid, tty, start, .. } = first;
        Ok(Process { pid, ppid, start, comm, uid, tty, cgroup, session })
    }
}

/// A handle on the process with this number and start time: it can be waited on (`POLLIN`) and tells of the process's
/// end (pidfd_open(2)). `None` when it is gone already.
pub fn handle(pid: i32, start: u64) -> Option<OwnedFd> {
    let handle = open_pidfd(pid)?;
    // Opened by number; what it is a handle on has the right start time only if it is the right process.
    (start_of(pid).ok()? == start).then_some(handle)
}

/// The parents of a process, nearest first, at most `max`; shorter when one is gone or hidden.
pub fn ancestors(pid: i32, max: usize) -> Vec<Process> {
    let mut chain: Vec<Process> = Vec::new();
    let Ok(Stat { mut ppid, start: mut child_start, .. }) = look_at_stat(pid) else { return chain };
    while chain.len() < max && ppid > 0 {
        let Ok(parent) = Process::look(ppid) else { break };
        // A parent that is younger than its child is a stranger that was given the number since.
        if parent.start > child_start {
            break;
        }
        (ppid, child_start) = (parent.ppid, parent.start);
        chain.push(parent);
    }
    chain
}

/// The arguments of the process with this number and start time as it wishes them to be seen, cut
/// after 4 KiB; `NotFound` when it is gone.
///
/// **This may never return.** The kernel reads them out of the process's memory, under a lock that
/// the process can hold as long as it likes (a fault in a mapping of a file system that does not
/// answer, a group of processes without time to run). Call it through [`Readers`].
pub fn cmdline(pid: i32, start: u64) -> io::Result<Vec<Vec<u8>>> {
    let bytes = read(pid, "cmdline")?;
    // Opened by number, like the files of `Process::look`.
    if start_of(pid)? != start {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(arguments(&bytes))
}

/// When a process started, in clock ticks since boot.
pub fn start_of(pid: i32) -> io::Result<u64> {
    Ok(look_at_stat(pid)?.start)
}

fn look_at_stat(pid: i32) -> io::Result<Stat> {
    let text = read(pid, "stat")?;
    stat(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn read(pid: i32, name: &str) -> io::Result<Vec<u8>> {
    if pid <= 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    // Enough for most at one go: read in small pieces it costs several times as much, and every ask has dozens of these.
    let mut bytes = Vec::with_capacity(2048);
    let file = File::open(format!("/proc/{pid}/{name}"))?;
    match file.take(MAX_READ).read_to_end(&mut bytes) {
        // The process ended between open and read.
        Err(why) if why.raw_os_error() == Some(libc::ESRCH) => Err(io::ErrorKind::NotFound.into()),
        Err(why) => Err(why),
        Ok(_) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;
