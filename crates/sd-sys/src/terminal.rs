//! The few terminal calls that no safe crate offers on a given descriptor.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::sys::termios::{FlushArg, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr};

/// One ioctl whose argument is an integer.
fn command(fd: impl AsFd, request: libc::Ioctl, argument: libc::c_int) -> io::Result<()> {
    // SAFETY: only called below, with requests whose argument is an integer: no memory of ours is
    // read or written.
    let rc = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), request, argument) };
    if rc == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes the terminal the controlling one of this process, which must lead a session without one.
/// It is never stolen from another session.
pub fn make_controlling(fd: impl AsFd) -> io::Result<()> {
    command(fd, libc::TIOCSCTTY, 0)
}

/// Forbids every further open of the terminal, except root's (`EBUSY`).
pub fn set_exclusive(fd: impl AsFd) -> io::Result<()> {
    command(fd, libc::TIOCEXCL, 0)
}

/// Lets others open the terminal again.
pub fn unset_exclusive(fd: impl AsFd) -> io::Result<()> {
    command(fd, libc::TIOCNXCL, 0)
}

/// Hangs up the terminal: every descriptor opened before, this one included, is dead afterwards.
/// Needs `CAP_SYS_ADMIN`.
pub fn hang_up_others(fd: impl AsFd) -> io::Result<()> {
    command(fd, libc::TIOCVHANGUP, 0)
}

/// Forgets what was typed and not yet read.
pub fn flush_input(fd: impl AsFd) -> io::Result<()> {
    Ok(tcflush(fd, FlushArg::TCIFLUSH)?)
}

/// A terminal that does not show what is typed, until this is dropped.
#[derive(Debug)]
pub struct Silence<'a> {
    fd: BorrowedFd<'a>,
    before: Termios,
}

/// From now on the terminal shows nothing of what is typed but a line's end, and makes no signal of Ctrl+C: whoever
/// ended by it would leave the terminal like that.
pub fn without_echo(fd: &impl AsFd) -> io::Result<Silence<'_>> {
    let fd = fd.as_fd();
    let before = tcgetattr(fd)?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
    silent.local_flags.insert(LocalFlags::ECHONL | LocalFlags::ICANON);
    tcsetattr(fd, SetArg::TCSAFLUSH, &silent)?;
    Ok(Silence { fd, before })
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(self.fd, SetArg::TCSANOW, &self.before);
    }
}

/// Columns and rows; both can be 0 when nobody has said.
pub fn size(fd: impl AsFd) -> io::Result<(u16, u16)> {
    let mut found = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one struct winsize, which lives through the call.
    let rc = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &raw mut found) };
    if rc == -1 { Err(io::Error::last_os_error()) } else { Ok((found.ws_col, found.ws_row)) }
}

/// Says how many columns and rows the terminal has; its foreground processes get `SIGWINCH`.
pub fn set_size(fd: impl AsFd, cols: u16, rows: u16) -> io::Result<()> {
    let wanted = libc::winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCSWINSZ reads one struct winsize, which lives through the call.
    let rc = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCSWINSZ, &raw const wanted) };
    if rc == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
