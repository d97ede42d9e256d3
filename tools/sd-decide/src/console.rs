//! The virtual terminal behind fd 0, if it is one: made our own alone, asked whether it is on the screen, and held
//! there for a bounded time while a person types what must not go elsewhere.
//!
//! A pseudo terminal is none: whoever holds its other end sees it always.
//!
//! Held means `VT_PROCESS`: the kernel sends [`ASKED_TO_LEAVE`] instead of switching, and waits for an answer. Outside
//! of a hold the kernel switches by itself (`VT_AUTO`), so that a process that hangs can be in nobody's way; one that
//! dies while it holds is found dead at the next switch (`change_console`, drivers/tty/vt/vt_ioctl.c), one that is
//! stopped is killed by the watchdog, and `--rescue` puts the rest right. No switch begins here.

mod hold;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, fchmod, fstat, minor};
use sd_sys::vt::{Answer, Switching};
use sd_sys::{terminal, vt};

use crate::console::hold::Hold;
use crate::docket::event::Moment;

/// Names the VT that is shown, and reports POLLPRI with each switch (sysfs(5); drivers/tty/tty_io.c, `active_show`).
const SHOWN: &str = "/sys/class/tty/tty0/active";

/// By this the kernel asks during a hold for a switch away ([`Switching::asks_by_user_signals`]). Whoever holds must
/// have both blocked before: they kill otherwise.
pub(crate) const ASKED_TO_LEAVE: Signal = Signal::SIGUSR1;
/// By this the kernel tells during a hold that the terminal is on the screen again.
pub(crate) const ARRIVED: Signal = Signal::SIGUSR2;

/// A virtual terminal.
#[derive(Debug)]
pub(crate) struct Console {
    tty: OwnedFd,
    number: u16,
    shown: File,
    on_screen: bool,
    hold: Hold,
    /// Whether the kernel asks before it switches away.
    held: bool,
    /// Whether a switch has been refused during this hold: it is said once, for whoever asks may ask without end.
    refused: bool,
    /// Whether something about holding has failed: it is said once, and there is no hold any more.
    failed: bool,
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
        let Ok(switching) = vt::mode(&fd) else { return Ok(None) };
        let tty = fd.as_fd().try_clone_to_owned()?;
        let number = u16::try_from(minor(fstat(&tty)?.st_rdev)).map_err(io::Error::other)?;
        terminal::set_exclusive(&tty)?;
        fchmod(&tty, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let shown = File::open(SHOWN)?;
        let hold = Hold::default();
        // What an earlier instance held when it was killed is let go with the rest.
        let held = switching != Switching::Automatic;
        Ok(Some(Self { tty, number, shown, on_screen: false, hold, held, refused: false, failed: false }))
    }

    /// Its number: 8 for `/dev/tty8`.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Asks the kernel whether it is on the screen. Asked anew each time: the file only says that something has changed.
    pub(crate) fn look(&mut self) -> io::Result<bool> {
        // Read to its end, so that the next switch is reported again.
        self.shown.seek(SeekFrom::Start(0))?;
        self.shown.read_to_end(&mut Vec::new())?;
        self.on_screen = vt::active(&self.tty)? == self.number;
        Ok(self.on_screen)
    }

    /// Whether it was on the screen when it was last asked.
    pub(crate) fn is_on_screen(&self) -> bool {
        self.on_screen
    }

    /// Whether the kernel asks before it switches away.
    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// A key was pressed: somebody is there, for whom a hold may stand longer.
    pub(crate) fn typed(&mut self, now: Moment) {
        self.hold.typed(now);
    }

    /// Holds the screen while that is wanted, it is on it, and the bound has not run out; else lets go.
    pub(crate) fn hold_while(&mut self, wanted: bool, now: Moment) {
        match self.is_to_hold(wanted, now) {
            true if !self.held && !self.failed => self.take_hold(),
            false => self.let_go(),
            true => {}
        }
    }

    /// Answers the kernel's question at once, for until then nobody can switch to anywhere. It is no
    /// while the hold is wanted now still, within its bound; whether it was.
    pub(crate) fn answer(&mut self, wanted: bool, now: Moment) -> bool {
        // A signal that anybody else sent, or that came late, asks nothing.
        if !self.held {
            return false;
        }
        if self.is_to_hold(wanted, now) && vt::answer(&self.tty, Answer::Refuse).is_ok() {
            if !self.refused {
                self.refused = true;
                sd_journal::warning(
                    "a switch away from the terminal was refused: something was being typed or decided",
                );
            }
            return true;
        }
        self.let_go();
        false
    }

    /// Confirms to the kernel that the terminal is back on the screen.
    pub(crate) fn arrived(&self) {
        if self.held {
            // The kernel takes note of it, and goes on without it as well.
            let _ = vt::answer(&self.tty, Answer::Arrived);
        }
    }

    fn is_to_hold(&mut self, wanted: bool, now: Moment) -> bool {
        self.hold.want(wanted && self.on_screen, now);
        self.hold.stands(now)
    }

    fn take_hold(&mut self) {
        if let Err(why) = vt::set_mode(&self.tty, Switching::asks_by_user_signals()) {
            self.fail(format!(
                "switches away from the terminal cannot be refused: {why}; see TTYPath= in the unit"
            ));
            // Set and not kept, it may be half of what was wanted.
            let _ = vt::set_mode(&self.tty, Switching::Automatic);
            return;
        }
        self.held = true;
        // A switch that was under way came before the hold.
        if !vt::active(&self.tty).is_ok_and(|active| active == self.number) {
            self.let_go();
        }
    }

    fn let_go(&mut self) {
        if !self.held {
            return;
        }
        // A switch that waits for an answer happens: with the mode alone it would be forgotten. Otherwise an error.
        let _ = vt::answer(&self.tty, Answer::Allow);
        match vt::set_mode(&self.tty, Switching::Automatic) {
            Ok(()) => (self.held, self.refused) = (false, false),
            // It stays held and is tried again in the next round; until then the answer to each switch is yes.
            Err(why) => self.fail(format!("the kernel does not take back the switching of terminals: {why}")),
        }
    }

    fn fail(&mut self, why: String) {
        if !self.failed {
            self.failed = true;
            sd_journal::warning(why);
        }
    }
}

impl AsFd for Console {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shown.as_fd()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.let_go();
    }
}
