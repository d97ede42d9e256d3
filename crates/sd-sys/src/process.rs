//! What `/proc` shows of a process: its present appearance, which it can rewrite, and its pid,
//! parent and start time, which it cannot.
//!
//! Nothing here waits for the process that is looked at, but for [`cmdline`], which says so.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

mod family;
mod look;
mod parse;
mod readers;

use crate::peer::open_pidfd;

pub use family::Family;
pub use look::Look;
pub use parse::{Stat, arguments, control_group, session, stat, terminal};
pub use readers::{MOST_STUCK, Readers};

/// The most that is read of one file in `/proc`, in bytes.
const MAX_READ: usize = 4096;

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

/// A process that started another, itself or by others: as much of it as one file says. Every ask has many of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// Its process id.
    pub pid: i32,
    /// Its parent's process id; 0 for none in this pid namespace.
    pub ppid: i32,
    /// When it started, in clock ticks since boot.
    pub start: u64,
    /// Its name as it wishes to be called, as [`Process::comm`].
    pub comm: String,
}

impl Process {
    /// Looks at a process and nothing else of it. `NotFound` when it is gone.
    pub fn look(pid: i32) -> io::Result<Process> {
        Look::default().process(pid)
    }
}

/// A handle on the process with this number and start time: it can be waited on (`POLLIN`) and tells of the process's
/// end (pidfd_open(2)). `None` when it is gone already.
pub fn handle(pid: i32, start: u64) -> Option<OwnedFd> {
    let handle = open_pidfd(pid)?;
    // Opened by number; what it is a handle on has the right start time only if it is the right process.
    (start_of(pid).ok()? == start).then_some(handle)
}

/// The arguments of the process with this number and start time as it wishes them to be seen, cut
/// after 4 KiB; `NotFound` when it is gone.
///
/// **This may never return.** The kernel reads them out of the process's memory, under a lock that
/// the process can hold as long as it likes (a fault in a mapping of a file system that does not
/// answer, a group of processes without time to run). Call it through [`Readers`].
pub fn cmdline(pid: i32, start: u64) -> io::Result<Vec<Vec<u8>>> {
    let bytes = read(pid, "cmdline")?;
    // Opened by number: they are that process's only if it still is the one that has it. So this is read after them.
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
    read_all(File::open(format!("/proc/{pid}/{name}"))?)
}

/// One read has all of it: the kernel composes each of these files for the reader, and hands over as much as there is
/// room for (fs/seq_file.c, `seq_read_iter`; fs/proc/base.c, `get_mm_cmdline`).
fn read_all(mut file: File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; MAX_READ];
    loop {
        match file.read(&mut bytes) {
            // The process ended between open and read.
            Err(why) if why.raw_os_error() == Some(libc::ESRCH) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
            Ok(length) => {
                bytes.truncate(length);
                return Ok(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
