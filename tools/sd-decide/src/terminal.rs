//! The terminal on fd 0: pictures out, bytes of the keyboard in, never waiting for either.
//!
//! A picture goes into a buffer first, and from there as fast as the terminal takes it: a console stopped by Scroll
//! Lock, or a pseudo terminal that nobody reads, must not stop the asks from expiring.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, TerminalOptions, Viewport};
use sd_sys::secret::Secret;
use sd_sys::terminal;

/// What a terminal without a size is taken for: that of a console in text mode.
const USUAL: (u16, u16) = (80, 25);
/// The largest size that is drawn, in columns and rows.
const LARGEST: (u16, u16) = (500, 300);
/// Takes back what others may have left behind: an unfinished sequence, attributes, origin and insert mode, control
/// characters that show, a scrolling region, another character set (console_codes(4)). And no going on in the next line
/// at the end of one: a terminal may take a character for wider than we do, and what is too much then must not become
/// the beginning of another line.
const MEND: &[u8] = b"\x18\x1b[0m\x1b[?7l\x1b[?6l\x1b[4l\x1b[3l\x1b[r\x1b(B\x0f\x1b%G";
/// After [`MEND`]: cursor home, all clear.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J";
/// All clear, lines go on again, and the cursor shows again.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?7h\x1b[H\x1b[2J\x1b[?25h";

/// What is drawn and not yet on the terminal.
#[derive(Clone, Default)]
struct Outbox(Rc<RefCell<VecDeque<u8>>>);

impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal, in raw mode until it is dropped.
pub(crate) struct Terminal {
    fd: File,
    flags: OFlag,
    outbox: Outbox,
    picture: ratatui::Terminal<CrosstermBackend<Outbox>>,
    size: (u16, u16),
}

impl Terminal {
    /// Takes over fd 0, or says why it is not a terminal.
    pub(crate) fn take_over() -> io::Result<Self> {
        let fd = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
        if flags & OFlag::O_ACCMODE != OFlag::O_RDWR {
            return Err(io::Error::other("it is not open for reading and writing"));
        }
        let size = size(&fd)?;
        // crossterm takes fd 0 for the terminal, as `size` has just shown it to be.
        crossterm::terminal::enable_raw_mode()?;
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        terminal::flush_input(&fd)?;
        let outbox = Outbox::default();
        let picture = picture(&outbox, size)?;
        Ok(Self { fd, flags, outbox, picture, size })
    }

    /// Looks at the size again, and begins a picture from nothing: whatever has happened to the terminal since.
    pub(crate) fn refresh(&mut self) -> io::Result<()> {
        self.size = size(&self.fd)?;
        self.picture = picture(&self.outbox, self.size)?;
        Ok(())
    }

    /// Begins a picture that is written whole over what stands there, without blanking it first: what others have
    /// painted over it goes, and what they have not painted over does not flicker.
    pub(crate) fn mend(&mut self) {
        self.outbox.0.borrow_mut().extend(MEND);
        // As if the last picture had been one that differs from any in every cell.
        for cell in &mut self.picture.current_buffer_mut().content {
            cell.set_symbol("\u{f8ff}");
        }
        self.picture.swap_buffers();
    }

    /// Draws a picture. Only what differs from the last one is written.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.picture.draw(render)?;
        self.flush()
    }

    /// Writes as much as the terminal takes now.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut outbox = self.outbox.0.borrow_mut();
        while !outbox.is_empty() {
            let (bytes, _) = outbox.as_slices();
            match self.fd.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(outbox.drain(..written)),
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => break,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// Whether all that was drawn is on the terminal.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.0.borrow().is_empty()
    }

    /// What was typed: it may be a passphrase. `None` when the terminal is gone.
    pub(crate) fn typed(&mut self) -> io::Result<Option<Secret>> {
        let mut ended = Ok(());
        let read = Secret::fill(1024, |room| match self.fd.read(room) {
            Ok(0) => None,
            Ok(read) => Some(read),
            Err(why) if matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Some(0)
            }
            Err(why) => {
                ended = Err(why);
                None
            }
        })?;
        ended.map(|()| read)
    }

    /// Forgets what was typed and not yet read.
    pub(crate) fn flush_input(&self) {
        // A terminal that cannot forget is gone, and the next look at it says so.
        let _ = terminal::flush_input(&self.fd);
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The terminal may be gone: then there is nothing to restore.
        let _ = self.fd.write(LEAVE);
        let _ = fcntl(&self.fd, FcntlArg::F_SETFL(self.flags));
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

fn size(fd: &File) -> io::Result<(u16, u16)> {
    let (columns, rows) = terminal::size(fd)?;
    let known = if columns == 0 || rows == 0 { USUAL } else { (columns, rows) };
    Ok((known.0.min(LARGEST.0), known.1.min(LARGEST.1)))
}

/// A picture of this size, with nothing on it. Its area is fixed: otherwise the size would be asked for behind our
/// back, which on an exclusive terminal ends in a forked `tput`.
fn picture(outbox: &Outbox, size: (u16, u16)) -> io::Result<ratatui::Terminal<CrosstermBackend<Outbox>>> {
    outbox.0.borrow_mut().extend(MEND);
    outbox.0.borrow_mut().extend(CLEAR);
    let area = Rect::new(0, 0, size.0, size.1);
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    ratatui::Terminal::with_options(CrosstermBackend::new(outbox.clone()), options)
}
