//! Hears the readiness of one process, as systemd does: a datagram with a line `READY=1`.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Failure};
use crate::run_dir;

/// The socket behind one process's NOTIFY_SOCKET.
#[derive(Debug)]
pub struct Notify {
    socket: UnixDatagram,
    path: PathBuf,
    ready: bool,
}

impl Notify {
    /// A socket at this path that this uid alone may write to.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub fn bind(path: PathBuf, writer: u32) -> Result<Self, Failure> {
        let doing = format!("listen on {}", path.display());
        let socket = UnixDatagram::bind(&path).doing(&doing)?;
        socket.set_nonblocking(true).doing(&doing)?;
        run_dir::give(&path, writer, writer)?;
        Ok(Self { socket, path, ready: false })
    }

    /// What NOTIFY_SOCKET says.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the process has said that it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Reads what has arrived. Lines that are not ours to know (STATUS=, WATCHDOG=1) are dropped.
    pub fn read(&mut self) {
        let mut packet = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut packet) {
            let text = packet.get(..length).unwrap_or_default();
            self.ready |= text.split(|byte| *byte == b'\n').any(|line| line == b"READY=1");
        }
    }

    /// Forgets that it was ready: the process has been started again.
    pub fn reset(&mut self) {
        self.ready = false;
    }
}

impl AsFd for Notify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
