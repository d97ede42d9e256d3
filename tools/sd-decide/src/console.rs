//! The virtual terminal behind fd 0, if it is one: made our own alone, and asked whether it is on the screen.
//!
//! A pseudo terminal is none: whoever holds its other end sees it always.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::stat::{Mode, fchmod, fstat, minor};
use sd_sys::{terminal, vt};

/// Names the VT that is shown, and reports POLLPRI with each switch (sysfs(5); drivers/tty/tty_io.c, `active_show`).
const SHOWN: &str = "/sys/class/tty/tty0/active";

/// A virtual terminal.
#[derive(Debug)]
pub(crate) struct Console {
    tty: OwnedFd,
    number: u16,
    shown: File,
}

impl Console {
    /// The virtual terminal behind a descriptor; `None` when it is another kind of terminal.
    ///
    /// From here on no other user can open it, whatever its mode was: neither to paint on it nor to read the keys.
    /// Who had it open before was hung up by systemd (`TTYVHangup=`).
    ///
    /// # Errors
    /// When it is a virtual terminal and cannot be made ours, for example because it belongs to another user.
    pub(crate) fn behind(fd: impl AsFd) -> io::Result<Option<Self>> {
        // Only a virtual terminal has a switching mode.
        if vt::mode(&fd).is_err() {
            return Ok(None);
        }
        let tty = fd.as_fd().try_clone_to_owned()?;
        let number = u16::try_from(minor(fstat(&tty)?.st_rdev)).map_err(io::Error::other)?;
        terminal::set_exclusive(&tty)?;
        fchmod(&tty, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(Some(Self { tty, number, shown: File::open(SHOWN)? }))
    }

    /// Its number: 8 for `/dev/tty8`.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Whether it is on the screen. Asked anew each time: the file only says that something has changed.
    pub(crate) fn is_shown(&mut self) -> io::Result<bool> {
        // Read to its end, so that the next switch is reported again.
        self.shown.seek(SeekFrom::Start(0))?;
        self.shown.read_to_end(&mut Vec::new())?;
        Ok(vt::active(&self.tty)? == self.number)
    }
}

impl AsFd for Console {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shown.as_fd()
    }
}
