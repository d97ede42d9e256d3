//! Who is at the other end of a socket, by the kernel's word.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{getsockopt, sockopt};

use crate::wait;

/// The process at the other end, as it was when the socket was made: who called `socketpair`,
/// who called `connect` (seen from the accepting side), or who called `listen` (seen from the
/// connecting side; with socket activation that is systemd). unix(7), `SO_PEERCRED`.
#[derive(Debug)]
pub struct Peer {
    /// Its process id in our pid namespace; 0 when it has none there.
    pub pid: i32,
    /// Its effective uid.
    pub uid: u32,
    /// Its effective gid.
    pub gid: u32,
    /// A handle on the process that no reuse of its pid can redirect, if it still lived.
    pub pidfd: Option<OwnedFd>,
    pinned: bool,
}

impl Peer {
    /// Asks the kernel. Fails with `NotConnected` for a socket without a peer.
    pub fn of(fd: impl AsFd) -> io::Result<Peer> {
        let fd = fd.as_fd();
        let who = getsockopt(&fd, sockopt::PeerCredentials)?;
        // An unconnected socket answers with uid -1 and pid 0.
        if who.uid() == u32::MAX {
            return Err(io::Error::from(io::ErrorKind::NotConnected));
        }
        let (pidfd, pinned) = match getsockopt(&fd, sockopt::PeerPidfd) {
            Ok(pidfd) => {
                close_on_exec(&pidfd)?;
                (Some(pidfd), true)
            }
            // Before Linux 6.5: the pid may have been reused since, which is why `pinned` is false.
            Err(Errno::ENOPROTOOPT) => (open_pidfd(who.pid()), false),
            // The peer is dead and reaped. Its pid must not be looked up: it may be another's now.
            Err(_) => (None, true),
        };
        Ok(Peer { pid: who.pid(), uid: who.uid(), gid: who.gid(), pidfd, pinned })
    }

    /// Whether the kernel itself tied [`Peer::pidfd`] to the socket (Linux 6.5), so that it cannot
    /// be a later process with the same pid.
    pub fn pinned(&self) -> bool {
        self.pinned
    }

    /// Whether the process still runs. False as well when there is no handle on it.
    pub fn alive(&self) -> bool {
        let Some(pidfd) = &self.pidfd else { return false };
        // A pidfd becomes readable when its process ends (pidfd_open(2)).
        wait::glance(pidfd.as_fd(), PollFlags::POLLIN).is_ok_and(|found| found.is_empty())
    }
}

fn close_on_exec(fd: &OwnedFd) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}

/// A handle on the process that has this number now (pidfd_open(2)).
pub(crate) fn open_pidfd(pid: i32) -> Option<OwnedFd> {
    // SAFETY: pidfd_open takes two integers and touches no memory of ours.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let raw = i32::try_from(raw).ok().filter(|raw| *raw >= 0)?;
    // SAFETY: the kernel has just made this descriptor for us, with close-on-exec.
    Some(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Whether both ends of a socket are without a name, as only `socketpair` leaves them.
pub(crate) fn unnamed(fd: BorrowedFd<'_>) -> io::Result<bool> {
    use nix::sys::socket::{UnixAddr, getpeername, getsockname};
    let ours: UnixAddr = getsockname(fd.as_raw_fd())?;
    let theirs: UnixAddr = getpeername(fd.as_raw_fd())?;
    Ok(ours.is_unnamed() && theirs.is_unnamed())
}

#[cfg(test)]
mod tests;
