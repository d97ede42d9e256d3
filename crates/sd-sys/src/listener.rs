//! A listening `SOCK_SEQPACKET` socket, as a rule one that systemd made.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use listenfd::ListenFd;
use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, listen, socket};

use crate::link::Link;
use crate::option::{Shape, shape, tame};
use crate::wait;

/// A socket on which connections come in.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
}

/// Why there is no socket from the service manager. All are faults of the installation.
#[derive(Debug)]
pub enum ActivationError {
    /// No socket was handed over: the tool was not started by its `.socket` unit.
    NoSocket,
    /// Sockets were handed over with names, but not one with this name.
    NoSuchName(String),
    /// Several sockets were handed over without names.
    Ambiguous(usize),
    /// What was handed over is not a listening `AF_UNIX` `SOCK_SEQPACKET` socket.
    WrongKind,
    /// The socket could not be examined or prepared.
    Io(io::Error),
}

impl fmt::Display for ActivationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ActivationError::NoSocket => {
                f.write_str("no listening socket was handed over; start this tool by its socket unit")
            }
            ActivationError::NoSuchName(name) => {
                write!(f, "no socket named {name} was handed over; see FileDescriptorName= in its socket unit")
            }
            ActivationError::Ambiguous(count) => {
                write!(f, "{count} sockets without names were handed over, where one was expected")
            }
            ActivationError::WrongKind => f.write_str(
                "the socket handed over is not a listening sequential-packet one; see ListenSequentialPacket=",
            ),
            ActivationError::Io(why) => {
                write!(f, "the socket handed over could not be examined: {why}")
            }
        }
    }
}

impl std::error::Error for ActivationError {}

impl Listener {
    /// The listener `name` of those that the service manager handed over (sd_listen_fds(3)).
    ///
    /// Without `LISTEN_FDNAMES` the only one. Call it once, before the first thread starts: it
    /// takes `LISTEN_PID` and `LISTEN_FDS` out of the environment.
    pub fn activated(name: &str) -> Result<Listener, ActivationError> {
        Self::activated_each([name]).map(|[listener]| listener)
    }

    /// The listeners of these names, in this order, as [`Listener::activated`].
    pub fn activated_each<const N: usize>(names: [&str; N]) -> Result<[Listener; N], ActivationError> {
        let handed_over = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut given = ListenFd::from_env();
        let mut found = Vec::with_capacity(N);
        for name in names {
            let index = choose(name, &handed_over, given.len())?;
            let fd = given
                .take_custom::<OwnedFd>(index, libc::AF_UNIX, libc::SOCK_SEQPACKET, "seqpacket socket")
                .map_err(|_| ActivationError::WrongKind)?
                .ok_or_else(|| ActivationError::NoSuchName(name.to_owned()))?;
            found.push(Listener::adopt(fd)?);
        }
        found.try_into().map_err(|_| ActivationError::NoSocket)
    }

    fn adopt(fd: OwnedFd) -> Result<Listener, ActivationError> {
        match shape(fd.as_fd()).map_err(ActivationError::Io)? {
            Shape::Listening => {}
            _ => return Err(ActivationError::WrongKind),
        }
        tame(fd.as_fd()).map_err(ActivationError::Io)?;
        Ok(Listener { fd })
    }

    /// Makes a listening socket at `path` with exactly this mode; fails when something is there.
    pub fn bind(path: &Path, mode: u32) -> io::Result<Listener> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
        bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        // In this order nobody can connect while the mode is still the umask's: connect(2) is
        // refused until listen(2).
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        listen(&fd, Backlog::new(128)?)?;
        Ok(Listener { fd })
    }

    /// The next connection, or `None` when none is waiting.
    pub fn accept(&self) -> io::Result<Option<Link>> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        loop {
            match accept4(self.fd.as_raw_fd(), flags) {
                Ok(raw) => {
                    // SAFETY: accept4 has just made this descriptor, and only we know its number.
                    let fd = unsafe { OwnedFd::from_raw_fd(raw) };
                    return Link::listening_for_writers(fd).map(Some);
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ECONNABORTED) => return Ok(None),
                Err(why) => return Err(why.into()),
            }
        }
    }

    /// Waits at most this long for a connection; whether there is one.
    pub fn wait(&self, at_most: Duration) -> io::Result<bool> {
        let now = Instant::now();
        // A duration beyond the clock's end is cut to a day: the caller loops anyway.
        let deadline = now.checked_add(at_most).unwrap_or(now + Duration::from_secs(86_400));
        match wait::until(self, PollFlags::POLLIN, deadline) {
            Ok(_) => Ok(true),
            Err(why) if why.kind() == io::ErrorKind::TimedOut => Ok(false),
            Err(why) => Err(why),
        }
    }
}

/// Which of `count` descriptors is called `name`, by the value of `LISTEN_FDNAMES`.
fn choose(name: &str, names: &str, count: usize) -> Result<usize, ActivationError> {
    if count == 0 {
        return Err(ActivationError::NoSocket);
    }
    // systemd-socket-activate leaves the names empty; a unit never does.
    if names.is_empty() {
        return if count == 1 { Ok(0) } else { Err(ActivationError::Ambiguous(count)) };
    }
    let found = names.split(':').take(count).position(|one| one == name);
    found.ok_or_else(|| ActivationError::NoSuchName(name.to_owned()))
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> OwnedFd {
        listener.fd
    }
}

#[cfg(test)]
mod tests;
