//! Listening sockets that belong to the rig, as they belong to systemd: a program is born with one, and born
//! again when somebody knocks.

use std::collections::VecDeque;
use std::fs::{self, Permissions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};

use crate::failure::{Doing, Failure};
use crate::run_dir;

/// A program that fails so often …
const BURST: usize = 20;
/// … within this time is not started again, as systemd's start limit has it.
const WITHIN: Duration = Duration::from_secs(10);

/// A listening socket.
#[derive(Debug)]
pub struct Doorbell {
    /// Its name, in LISTEN_FDNAMES.
    pub name: &'static str,
    socket: OwnedFd,
    path: PathBuf,
    failures: VecDeque<Instant>,
    broken: bool,
}

impl Doorbell {
    /// Listens at this path, which the server's uid owns and the client's gid may connect to.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub fn bind(name: &'static str, path: PathBuf, server: u32, client: u32) -> Result<Self, Failure> {
        let doing = format!("listen on {}", path.display());
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None).doing(&doing)?;
        bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &UnixAddr::new(&path).doing(&doing)?).doing(&doing)?;
        fs::set_permissions(&path, Permissions::from_mode(0o660)).doing(&doing)?;
        run_dir::give(&path, server, client)?;
        listen(&socket, Backlog::MAXCONN).doing(&doing)?;
        Ok(Self { name, socket, path, failures: VecDeque::new(), broken: false })
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The socket for one more process.
    ///
    /// # Errors
    /// When the rig has too many files open.
    pub fn share(&self) -> Result<OwnedFd, Failure> {
        self.socket.try_clone().doing(format_args!("pass on {}", self.path.display()))
    }

    /// Whether a knock is answered by starting the program.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        !self.broken
    }

    /// Counts a failure of the program. After too many the bell is taken down, and whoever knocks is refused.
    pub fn failed(&mut self, now: Instant) {
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|at| now.saturating_duration_since(*at) > WITHIN) {
            self.failures.pop_front();
        }
        if self.failures.len() >= BURST {
            self.broken = true;
            let _ = nix::sys::socket::shutdown(
                std::os::fd::AsRawFd::as_raw_fd(&self.socket),
                nix::sys::socket::Shutdown::Both,
            );
        }
    }
}

impl AsFd for Doorbell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
