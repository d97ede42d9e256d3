//! One look at some processes and those that started them: each is opened once, and each of its files is read at most
//! once, however many questions there are about it.
//!
//! Kept no longer than the questions take: what a process becomes later is for another look.

use std::cell::OnceCell;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{AccessFlags, faccessat};

use super::parse::{self, Stat};
use super::{Ancestor, Process, read_all};

/// The processes that were looked at.
#[derive(Debug, Default)]
pub struct Look {
    // So few that looking through all of them is nothing.
    held: Vec<Rc<Held>>,
}

impl Look {
    /// A process. `NotFound` when it is gone.
    pub fn process(&mut self, pid: i32) -> io::Result<Process> {
        self.at(pid)?.process()
    }

    /// The parents of a process, nearest first, at most `max`; shorter when one is gone or hidden.
    pub fn ancestors(&mut self, pid: i32, max: usize) -> Vec<Ancestor> {
        let mut chain: Vec<Ancestor> = Vec::new();
        let first = self.at(pid).ok();
        let Some(&Stat { mut ppid, start: mut child_start, .. }) = first.as_deref().and_then(Held::stat)
        else {
            return chain;
        };
        while chain.len() < max && ppid > 0 {
            let parent = self.at(ppid).ok();
            // A parent that is younger than its child is a stranger that was given the number since.
            let older = parent.as_deref().and_then(Held::stat).filter(|parent| parent.start <= child_start);
            let Some(parent) = older else { break };
            chain.push(Ancestor {
                pid: ppid,
                ppid: parent.ppid,
                start: parent.start,
                comm: parent.comm.clone(),
            });
            (ppid, child_start) = (parent.ppid, parent.start);
        }
        chain
    }

    /// The process that has this number now, or had it when this look first came across it.
    pub(super) fn at(&mut self, pid: i32) -> io::Result<Rc<Held>> {
        if let Some(held) = self.held.iter().find(|held| held.pid == pid) {
            return Ok(Rc::clone(held));
        }
        let held = Rc::new(Held::open(pid)?);
        self.held.push(Rc::clone(&held));
        Ok(held)
    }
}

/// A process that is held on to: by its directory in `/proc`, in which the kernel shows this process or, once it is
/// gone, nothing; never a later one with its number. What was read in it is therefore of one process, without a second
/// look at its start time.
#[derive(Debug)]
pub(super) struct Held {
    pid: i32,
    directory: OwnedFd,
    stat: OnceCell<Option<Stat>>,
    uid: OnceCell<Option<u32>>,
    cgroup: OnceCell<Option<String>>,
}

impl Held {
    fn open(pid: i32) -> io::Result<Self> {
        if pid <= 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(format!("/proc/{pid}").as_str(), flags, Mode::empty())?;
        let (stat, uid, cgroup) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Ok(Self { pid, directory, stat, uid, cgroup })
    }

    pub(super) fn stat(&self) -> Option<&Stat> {
        self.stat.get_or_init(|| parse::stat(&self.read("stat").ok()?)).as_ref()
    }

    /// The effective uid: the kernel has it own the directory, and unlike the files in it also where the process may not
    /// be dumped (fs/proc/base.c, `task_dump_owner`). To read it in `status` takes twenty times as long. A process that is
    /// gone is root's as well (`pid_getattr`), so that root is believed only of one that is still there.
    pub(super) fn uid(&self) -> Option<u32> {
        *self.uid.get_or_init(|| {
            let owner = fstat(&self.directory).ok()?.st_uid;
            (owner != 0 || self.is_there()).then_some(owner)
        })
    }

    /// Whether it has not been reaped: only then there are files in its directory.
    fn is_there(&self) -> bool {
        faccessat(&self.directory, "stat", AccessFlags::F_OK, AtFlags::empty()).is_ok()
    }

    pub(super) fn cgroup(&self) -> Option<&str> {
        self.cgroup.get_or_init(|| parse::control_group(&self.read("cgroup").ok()?)).as_deref()
    }

    fn process(&self) -> io::Result<Process> {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let Stat { comm, ppid, tty, start, .. } = self.stat().ok_or_else(gone)?.clone();
        let (uid, cgroup) = (self.uid(), self.cgroup().map(str::to_owned));
        // Not shown to us, or gone since the first file was read?
        if uid.is_none() || cgroup.is_none() {
            self.read("stat").map_err(|_| gone())?;
        }
        let session = cgroup.as_deref().and_then(parse::session);
        Ok(Process { pid: self.pid, ppid, start, comm, uid, tty, cgroup, session })
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = openat(&self.directory, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        read_all(file.into())
    }
}
