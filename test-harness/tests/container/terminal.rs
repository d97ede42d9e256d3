//! A virtual terminal of the kernel that a machine is given: what stands on it, and who types.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use sd_sys::vt;

use crate::waiting::{PATIENCE, eventually};

/// Which of them are looked at, in this order. Below are those that a machine has a use for, and that of the vt ring.
const NUMBERS: std::ops::RangeInclusive<u16> = 20..=63;

/// One is shown at a time, whoever's test it is: tests/vt takes this lock too.
const SHOWN: &str = "/run/sd-tty-in-front.lock";

/// A virtual terminal. The machine's keeper gives it back as it was.
#[derive(Debug)]
pub(crate) struct Terminal {
    number: u16,
    _lock: Flock<File>,
}

/// The time in which a terminal is in front of the person.
pub(crate) struct InFront<'a> {
    before: u16,
    terminal: &'a Terminal,
    _turn: Flock<File>,
}

impl Terminal {
    /// One that nobody has.
    pub(crate) fn take() -> Self {
        NUMBERS.into_iter().find_map(Self::if_free).expect("no virtual terminal from 20 to 63 is free")
    }

    fn if_free(number: u16) -> Option<Self> {
        let lock = File::create(format!("/run/sd-tty{number}.lock")).unwrap();
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock).ok()?;
        let path = format!("/dev/tty{number}");
        (Path::new(&path).exists() && !is_open(Path::new(&path))).then_some(Self { number, _lock: lock })
    }

    /// Its number, as chvt(1) has it.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Its device.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/tty{}", self.number))
    }

    /// What a person would read on it, by the kernel's word (vcs(4)): lines as long as the screen is wide.
    pub(crate) fn screen(&self) -> String {
        let cells = self.memory("vcs", 0);
        let wide = self.memory("vcsa", 128).get(1).copied();
        let lines = cells.chunks(wide.map_or(80, usize::from).max(1)).map(String::from_utf8_lossy);
        lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// A device of the screen's memory. Where terminals come and go quickly, the kernel has it before /dev has its name.
    fn memory(&self, name: &str, minor: u64) -> Vec<u8> {
        let path = format!("/dev/{name}{}", self.number);
        let owner = Mode::S_IRUSR | Mode::S_IWUSR;
        if !Path::new(&path).exists() {
            let _ = mknod(path.as_str(), SFlag::S_IFCHR, owner, makedev(7, minor + u64::from(self.number)));
        }
        fs::read(&path).unwrap_or_default()
    }

    /// Waits for this to stand on it.
    pub(crate) fn shows(&self, what: &str) {
        eventually(&format!("{what:?} on the screen"), || self.screen(), || self.screen().contains(what));
    }

    /// Puts it in front of the person, one terminal of all tests at a time.
    pub(crate) fn to_the_front(&self) -> InFront<'_> {
        let turn = Flock::lock(File::create(SHOWN).unwrap(), FlockArg::LockExclusive).unwrap();
        let before = vt::active(console()).unwrap();
        switch_to(self.number);
        InFront { before, terminal: self, _turn: turn }
    }

    /// Types at it, whichever is shown (TIOCSTI, ioctl_tty(2); perl is in every Debian).
    pub(crate) fn type_in(&self, keys: &str) {
        let typed = Command::new("perl")
            .args(["-e", "ioctl(STDIN, 0x5412, $_) or die $! for split //, $ARGV[0]", keys])
            .stdin(self.open())
            .status()
            .unwrap();
        assert!(typed.success());
    }

    fn open(&self) -> File {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NOCTTY.bits())
            .open(self.path())
            .unwrap()
    }
}

impl InFront<'_> {
    /// Puts it there again, if somebody else has put another one there meanwhile.
    pub(crate) fn again(&self) {
        if vt::active(console()).unwrap() != self.terminal.number {
            switch_to(self.terminal.number);
        }
    }

    /// Types at it.
    pub(crate) fn types(&self, keys: &str) {
        self.terminal.type_in(keys);
    }

    /// Reads the ask that this stands in to its end, as the screen demands, until a key counts; then presses it.
    pub(crate) fn answers(&self, ask: &str, key: &str) {
        self.terminal.shows(ask);
        let mut turned = Instant::now();
        eventually(
            &format!("the offer of {key:?}"),
            || self.terminal.screen(),
            || {
                self.again();
                let screen = self.terminal.screen();
                if screen.contains("scroll to the end") && turned.elapsed() > Duration::from_millis(200) {
                    self.terminal.type_in(" ");
                    turned = Instant::now();
                }
                screen.contains("y approve   n deny")
            },
        );
        self.terminal.type_in(key);
    }
}

impl Drop for InFront<'_> {
    fn drop(&mut self) {
        // A terminal that is held now is let go of within the time of the hold.
        let _ = vt::activate_by(console(), self.before, Instant::now() + PATIENCE);
    }
}

fn switch_to(number: u16) {
    // Whoever holds the one in front lets go of it in a time of its own, which is longer where much else runs.
    vt::activate_by(console(), number, Instant::now() + PATIENCE).unwrap();
}

fn console() -> File {
    OpenOptions::new().read(true).custom_flags(OFlag::O_NOCTTY.bits()).open("/dev/tty0").unwrap()
}

/// Whether any process has this device open.
fn is_open(device: &Path) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut files =
        processes.flat_map(|process| fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten());
    files.any(|file| fs::read_link(file.path()).is_ok_and(|opened| opened == device))
}
