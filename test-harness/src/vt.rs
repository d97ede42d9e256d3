//! The pty that stands for the virtual terminal, and what a person would see on it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{FlushArg, SetArg, Termios, tcflush, tcgetattr, tcsetattr};
use nix::unistd::ttyname;

use crate::cli::Size;
use crate::failure::{Doing, Failure};
use crate::run_dir;

/// A picture counts once this long nothing has been drawn: a frame may arrive in pieces.
const SETTLED: Duration = Duration::from_millis(15);

/// A pty, and a terminal emulator that reads it.
pub struct Vt {
    master: File,
    // Kept open, as the kernel keeps a VT: with the last one closed, reading the master would fail.
    slave: OwnedFd,
    path: PathBuf,
    fresh: Termios,
    emulator: vt100::Parser,
    drawn: Option<Instant>,
}

impl std::fmt::Debug for Vt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vt").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Vt {
    /// A blank terminal of this size that this uid alone may open.
    ///
    /// # Errors
    /// When there is no pty left.
    pub fn open(size: Size, owner: u32) -> Result<Self, Failure> {
        let doing = "open a pty";
        let window = Winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&window), None).doing(doing)?;
        for fd in [&pty.master, &pty.slave] {
            fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).doing(doing)?;
        }
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).doing(doing)?;
        let path = ttyname(&pty.slave).doing(doing)?;
        run_dir::give(&path, owner, owner)?;
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).doing(doing)?;
        let fresh = tcgetattr(&pty.slave).doing(doing)?;
        let emulator = blank(size);
        Ok(Self { master: File::from(pty.master), slave: pty.slave, path, fresh, emulator, drawn: None })
    }

    /// The terminal itself, for the program that runs on it.
    ///
    /// # Errors
    /// When the rig has too many files open.
    pub fn share(&self) -> Result<OwnedFd, Failure> {
        self.slave.try_clone().doing("pass on the terminal")
    }

    /// Changes the size, of which the program on the terminal hears.
    ///
    /// # Errors
    /// When the pty is gone.
    pub fn resize(&mut self, size: Size) -> Result<(), Failure> {
        sd_sys::terminal::set_size(&self.master, size.cols, size.rows).doing("resize the screen")?;
        self.emulator.set_size(at_least_one(size.rows), at_least_one(size.cols));
        Ok(())
    }

    /// Shows what has been written to the terminal.
    pub fn read(&mut self, now: Instant) {
        let mut bytes = [0; 16 * 1024];
        loop {
            match self.master.read(&mut bytes) {
                Ok(length) if length > 0 => {
                    self.emulator.process(bytes.get(..length).unwrap_or_default());
                    self.drawn = Some(now);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }

    /// When the picture will have settled, if something has been drawn since it last did.
    #[must_use]
    pub fn settles_at(&self) -> Option<Instant> {
        self.drawn.map(|at| at + SETTLED)
    }

    /// Whether a new picture has settled by now; says so once a picture.
    pub fn has_settled(&mut self, now: Instant) -> bool {
        let settled = self.settles_at().is_some_and(|at| at <= now);
        if settled {
            self.drawn = None;
        }
        settled
    }

    /// What stands on the screen, as text.
    #[must_use]
    pub fn picture(&self) -> String {
        let screen = self.emulator.screen();
        let rows: Vec<String> = screen.rows(0, screen.size().1.get()).collect();
        rows.join("\n")
    }

    /// What stands on the screen, with its colours.
    #[must_use]
    pub fn screen(&self) -> &vt100::Screen {
        self.emulator.screen()
    }

    /// Types these bytes.
    ///
    /// # Errors
    /// When the terminal takes no more: nobody reads what is typed.
    pub fn type_in(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.master.write_all(bytes).doing("type at the screen")
    }

    /// A terminal as new, as TTYReset= makes it before a program is started on it again.
    pub fn reset(&mut self) {
        // What cannot be reset is a dead pty; the program that is started on it will say so.
        let _ = tcsetattr(&self.slave, SetArg::TCSANOW, &self.fresh);
        let _ = tcflush(&self.slave, FlushArg::TCIOFLUSH);
        self.emulator.process(b"\x1bc");
        self.drawn = Some(Instant::now());
    }
}

impl AsFd for Vt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}

fn at_least_one(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN)
}

fn blank(size: Size) -> vt100::Parser {
    vt100::Parser::new(at_least_one(size.rows), at_least_one(size.cols), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_the_terminal_stands_on_the_picture_once_it_has_settled() {
        let mut vt = Vt::open(Size { cols: 40, rows: 5 }, nix::unistd::geteuid().as_raw()).unwrap();
        let mut program = File::from(vt.share().unwrap());
        program.write_all(b"\x1b[2;3Hask me\x1b[5;1Hy approve").unwrap();
        let now = Instant::now();
        vt.read(now);
        assert!(!vt.has_settled(now));
        assert!(vt.has_settled(now + SETTLED));
        assert!(!vt.has_settled(now + SETTLED));
        assert!(vt.picture().contains("  ask me\n"), "{}", vt.picture());
        assert!(crate::answer::takes_keys(&vt.picture()));
    }
}
