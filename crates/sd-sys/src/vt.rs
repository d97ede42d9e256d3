//! Virtual terminals: who may switch, which one is shown, and how its keyboard speaks.
//!
//! Layouts and numbers are those of `<linux/vt.h>` and `<linux/kd.h>`. The kernel answers some of
//! these with 0 and does nothing; what can be read back is read back.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

const VT_GETMODE: libc::Ioctl = 0x5601;
const VT_SETMODE: libc::Ioctl = 0x5602;
const VT_GETSTATE: libc::Ioctl = 0x5603;
const VT_RELDISP: libc::Ioctl = 0x5605;
const VT_ACTIVATE: libc::Ioctl = 0x5606;
const VT_WAITACTIVE: libc::Ioctl = 0x5607;
const KDSETMODE: libc::Ioctl = 0x4B3A;
const KDGETMODE: libc::Ioctl = 0x4B3B;
const KDGKBMODE: libc::Ioctl = 0x4B44;
const KDSKBMODE: libc::Ioctl = 0x4B45;

const VT_AUTO: u8 = 0;
const VT_PROCESS: u8 = 1;

/// `struct vt_mode`.
#[repr(C)]
#[derive(Default)]
struct RawMode {
    mode: u8,
    waitv: u8,
    relsig: i16,
    acqsig: i16,
    frsig: i16,
}

/// `struct vt_stat`.
#[repr(C)]
#[derive(Default)]
struct RawState {
    active: u16,
    signal: u16,
    state: u16,
}

/// Who decides about a switch away from a VT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switching {
    /// The kernel switches at once (`VT_AUTO`).
    Automatic,
    /// The process that asked for this gets a signal and answers with [`answer`] (`VT_PROCESS`).
    Asks {
        /// The signal that asks for the release.
        release: i16,
        /// The signal that tells of the arrival.
        acquire: i16,
    },
}

impl Switching {
    /// [`Switching::Asks`], by `SIGUSR1` for the release and `SIGUSR2` for the arrival. Either kills whoever neither
    /// blocks nor catches it.
    pub fn asks_by_user_signals() -> Self {
        // Signals are numbered up to 64.
        let number = |signal: libc::c_int| i16::try_from(signal).unwrap_or_default();
        Self::Asks { release: number(libc::SIGUSR1), acquire: number(libc::SIGUSR2) }
    }
}

/// The answer to one of the two signals (`VT_RELDISP`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Stay: the switch away is refused.
    Refuse,
    /// Go: the switch away may happen.
    Allow,
    /// The arrival is acknowledged (`VT_ACKACQ`).
    Arrived,
}

/// What a VT shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// Text, drawn by the kernel.
    Text,
    /// Graphics, drawn by a process; the kernel draws nothing.
    Graphics,
}

/// How the keyboard of a VT speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyboard {
    /// Scancodes.
    Raw,
    /// Characters of 8 bits.
    Translated,
    /// Keycodes.
    MediumRaw,
    /// UTF-8.
    Unicode,
    /// Not at all: someone else reads the input devices.
    Off,
}

fn failed(rc: libc::c_int) -> io::Result<()> {
    if rc == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn not_kept(what: &str) -> io::Error {
    io::Error::other(format!("the kernel accepted the {what} of the virtual terminal but did not keep it"))
}

fn command(fd: impl AsFd, request: libc::Ioctl, argument: libc::c_int) -> io::Result<()> {
    // SAFETY: only called below, with requests whose argument is an integer: no memory of ours is
    // read or written.
    failed(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), request, argument) })
}

fn question(fd: impl AsFd, request: libc::Ioctl) -> io::Result<libc::c_int> {
    let mut found: libc::c_int = -1;
    // SAFETY: only called below, with KDGETMODE and KDGKBMODE, which write one int.
    failed(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), request, &raw mut found) })?;
    Ok(found)
}

/// Who decides about switches away from this VT.
pub fn mode(fd: impl AsFd) -> io::Result<Switching> {
    let mut raw = RawMode::default();
    // SAFETY: VT_GETMODE writes one struct vt_mode, whose layout RawMode has.
    failed(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), VT_GETMODE, &raw mut raw) })?;
    Ok(match raw.mode {
        VT_PROCESS => Switching::Asks { release: raw.relsig, acquire: raw.acqsig },
        _ => Switching::Automatic,
    })
}

/// Sets who decides about switches away, and reads it back. Needs this VT as the controlling
/// terminal, or `CAP_SYS_TTY_CONFIG`.
pub fn set_mode(fd: impl AsFd, wanted: Switching) -> io::Result<()> {
    let fd = fd.as_fd();
    let raw = match wanted {
        Switching::Automatic => RawMode { mode: VT_AUTO, ..RawMode::default() },
        Switching::Asks { release, acquire } => {
            RawMode { mode: VT_PROCESS, relsig: release, acqsig: acquire, ..RawMode::default() }
        }
    };
    // SAFETY: VT_SETMODE reads one struct vt_mode, whose layout RawMode has.
    failed(unsafe { libc::ioctl(fd.as_raw_fd(), VT_SETMODE, &raw const raw) })?;
    if mode(fd)? == wanted { Ok(()) } else { Err(not_kept("switching mode")) }
}

/// The number of the VT that is shown now.
pub fn active(fd: impl AsFd) -> io::Result<u16> {
    let mut raw = RawState::default();
    // SAFETY: VT_GETSTATE writes one struct vt_stat, whose layout RawState has.
    failed(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), VT_GETSTATE, &raw mut raw) })?;
    Ok(raw.active)
}

/// Answers the kernel's signal; at once, else every switch on the machine hangs.
pub fn answer(fd: impl AsFd, answer: Answer) -> io::Result<()> {
    let argument = match answer {
        Answer::Refuse => 0,
        Answer::Allow => 1,
        Answer::Arrived => 2,
    };
    command(fd, VT_RELDISP, argument)
}

/// Asks for a switch to VT `number`. The kernel's 0 promises nothing: see [`activate_by`].
pub fn activate(fd: impl AsFd, number: u16) -> io::Result<()> {
    command(fd, VT_ACTIVATE, libc::c_int::from(number))
}

/// Waits until VT `number` is shown, for ever if need be: only a signal ends it sooner.
pub fn wait_active(fd: impl AsFd, number: u16) -> io::Result<()> {
    command(fd, VT_WAITACTIVE, libc::c_int::from(number))
}

/// Asks for a switch to VT `number` until it is shown, four times a second: whoever holds the one that is may refuse for a
/// while, and the kernel forgets a request over the next one (`want_console`). `TimedOut` at the deadline.
pub fn activate_by(fd: impl AsFd, number: u16, deadline: Instant) -> io::Result<()> {
    let fd = fd.as_fd();
    loop {
        activate(fd, number)?;
        let again = (Instant::now() + Duration::from_millis(250)).min(deadline);
        while Instant::now() < again {
            if active(fd)? == number {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if again == deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

/// What the VT shows.
pub fn display(fd: impl AsFd) -> io::Result<Display> {
    Ok(if question(fd, KDGETMODE)? == 1 { Display::Graphics } else { Display::Text })
}

/// Sets what the VT shows, and reads it back.
pub fn set_display(fd: impl AsFd, wanted: Display) -> io::Result<()> {
    let fd = fd.as_fd();
    command(fd, KDSETMODE, if wanted == Display::Graphics { 1 } else { 0 })?;
    if display(fd)? == wanted { Ok(()) } else { Err(not_kept("display mode")) }
}

/// How the keyboard of the VT speaks.
pub fn keyboard(fd: impl AsFd) -> io::Result<Keyboard> {
    Ok(match question(fd, KDGKBMODE)? {
        0 => Keyboard::Raw,
        1 => Keyboard::Translated,
        2 => Keyboard::MediumRaw,
        3 => Keyboard::Unicode,
        _ => Keyboard::Off,
    })
}

/// Sets how the keyboard of the VT speaks, and reads it back.
pub fn set_keyboard(fd: impl AsFd, wanted: Keyboard) -> io::Result<()> {
    let fd = fd.as_fd();
    let argument = match wanted {
        Keyboard::Raw => 0,
        Keyboard::Translated => 1,
        Keyboard::MediumRaw => 2,
        Keyboard::Unicode => 3,
        Keyboard::Off => 4,
    };
    command(fd, KDSKBMODE, argument)?;
    if keyboard(fd)? == wanted { Ok(()) } else { Err(not_kept("keyboard mode")) }
}

#[cfg(test)]
mod tests;
