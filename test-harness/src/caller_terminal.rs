//! The caller's own terminal, where a person answers: the screen of sd-decide on the alternate screen while
//! an ask is on it, and the command's output on the ordinary one otherwise.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::OFlag;
use nix::sys::termios::{FlushArg, SetArg, Termios, cfmakeraw, tcflush, tcgetattr, tcsetattr};
use nix::unistd::ttyname;

use crate::cli::Size;
use crate::failure::{Doing, Failure};

const ENTER: &str = "\x1b[?1049h\x1b[2J";
const LEAVE: &str = "\x1b[0m\x1b[?25h\x1b[?2004l\x1b[?1049l";
/// Raw mode takes Ctrl+C away from the kernel.
const CTRL_C: u8 = 3;

/// The terminal.
pub struct CallerTerminal {
    tty: File,
    ordinary: Termios,
    shown: Option<vt100::Screen>,
}

/// What the person did.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Keys for the screen.
    Keys(Vec<u8>),
    /// Ctrl+C: end the run.
    Interrupt,
}

impl CallerTerminal {
    /// The terminal behind stdin, stderr or stdout, the first that is one.
    ///
    /// # Errors
    /// A usage error when none is.
    pub fn open() -> Result<Self, Failure> {
        let path = ttyname(io::stdin()).or_else(|_| ttyname(io::stderr())).or_else(|_| ttyname(io::stdout()));
        let path = path.map_err(|_| Failure::Usage("--answer ask needs a terminal to ask on".to_owned()))?;
        let doing = format!("open {}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits());
        let tty = options.open(&path).doing(&doing)?;
        let ordinary = tcgetattr(&tty).doing(&doing)?;
        Ok(Self { tty, ordinary, shown: None })
    }

    /// Whether the screen is shown, so that keys are meant for it.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Its columns and rows, if it knows them.
    #[must_use]
    pub fn size(&self) -> Option<Size> {
        let (cols, rows) = sd_sys::terminal::size(&self.tty).ok()?;
        (cols > 0 && rows > 0).then_some(Size { cols, rows })
    }

    /// Shows the screen as it is now.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn show(&mut self, screen: &vt100::Screen) -> Result<(), Failure> {
        let doing = "show the screen on this terminal";
        let bytes = match &self.shown {
            Some(before) => screen.state_diff(before),
            None => {
                let mut raw = self.ordinary.clone();
                cfmakeraw(&mut raw);
                // What was typed before the screen stood there was not meant for it.
                tcsetattr(&self.tty, SetArg::TCSAFLUSH, &raw).doing(doing)?;
                format!("{ENTER}{}", screen.state_formatted())
            }
        };
        self.tty.write_all(bytes.as_bytes()).doing(doing)?;
        self.shown = Some(screen.clone());
        Ok(())
    }

    /// Writes what COMMAND has written; not while the screen is shown.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn pass(&mut self, output: &[u8]) -> Result<(), Failure> {
        self.tty.write_all(output).doing("write to this terminal")
    }

    /// Gives the terminal back to the command.
    pub fn hide(&mut self) {
        if self.shown.take().is_some() {
            self.restore();
        }
    }

    /// Puts the terminal in order whoever left it how.
    pub fn restore(&mut self) {
        // A terminal that is gone needs no order.
        let _ = self.tty.write_all(LEAVE.as_bytes());
        let _ = tcflush(&self.tty, FlushArg::TCIFLUSH);
        let _ = tcsetattr(&self.tty, SetArg::TCSADRAIN, &self.ordinary);
    }

    /// What has been typed; blocks unless the terminal is readable.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn typed(&mut self) -> Result<Typed, Failure> {
        let mut bytes = [0; 256];
        let length = self.tty.read(&mut bytes).doing("read this terminal")?;
        let keys = bytes.get(..length).unwrap_or_default();
        // The end of the file means that the terminal has been hung up.
        if keys.is_empty() || keys.contains(&CTRL_C) {
            return Ok(Typed::Interrupt);
        }
        Ok(Typed::Keys(keys.to_vec()))
    }
}

impl AsFd for CallerTerminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }
}
