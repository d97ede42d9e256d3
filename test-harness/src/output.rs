//! What COMMAND writes to the caller's terminal, held back while the screen is shown there: on the alternate
//! screen it would be lost.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};

use crate::cli::Size;
use crate::failure::{Doing, Failure};
use crate::launch::Launch;

/// The last words of COMMAND may still be on their way through the kernel.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A terminal of COMMAND's own, for its output only.
#[derive(Debug)]
pub struct Output {
    master: File,
    slave: Option<OwnedFd>,
}

impl Output {
    /// A terminal as large as the caller's.
    ///
    /// # Errors
    /// When there is no pty left.
    pub fn open(size: Size) -> Result<Self, Failure> {
        let doing = "open a pty";
        let window = Winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&window), None).doing(doing)?;
        for fd in [&pty.master, &pty.slave] {
            fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).doing(doing)?;
        }
        Ok(Self { master: File::from(pty.master), slave: Some(pty.slave) })
    }

    /// COMMAND, writing here instead of to the caller's terminal. What it writes elsewhere stays as it is.
    ///
    /// # Errors
    /// When the rig has too many files open.
    pub fn of(&self, mut command: Launch) -> Result<Launch, Failure> {
        let Some(slave) = &self.slave else { return Ok(command) };
        if io::stdout().is_terminal() {
            command = command.stdout(slave.try_clone().doing("pass on a terminal")?);
        }
        if io::stderr().is_terminal() {
            command = command.stderr(slave.try_clone().doing("pass on a terminal")?);
        }
        Ok(command)
    }

    /// What has been written; blocks unless there is something.
    #[must_use]
    pub fn read(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 4096];
        // An error says that COMMAND and all its children have closed their side: nothing more will come.
        let length = self.master.read(&mut bytes).unwrap_or_default();
        bytes.truncate(length);
        bytes
    }

    /// What is left when COMMAND has ended, piece by piece, then `None`.
    #[must_use]
    pub fn rest(&mut self) -> Option<Vec<u8>> {
        self.slave = None;
        let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(LAST_WORDS).unwrap_or(PollTimeout::ZERO);
        match poll(&mut fds, timeout) {
            Ok(1..) => Some(self.read()).filter(|bytes| !bytes.is_empty()),
            _ => None,
        }
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}
