//! The kernel's own terminal: what is set of it, what stands on it, who types, and which one is shown.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use sd_sys::vt::{self, Display, Keyboard, Switching};

use crate::DESKTOP;

/// Where sd-decide stands.
pub(crate) const TTY: &str = "/dev/tty8";
/// Its number.
pub(crate) const NUMBER: u16 = 8;
/// Another.
pub(crate) const ELSEWHERE: u16 = 1;
/// A switch that happens has happened by then.
const SWITCHED: Duration = Duration::from_millis(300);

/// All that a program could leave changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    owner: (u32, u32),
    mode: u32,
    switching: Switching,
    display: Display,
    keyboard: Keyboard,
    shown: u16,
}

impl State {
    /// As it is now.
    pub(crate) fn now() -> Self {
        let tty = open();
        let file = fs::metadata(TTY).unwrap();
        Self {
            owner: (file.uid(), file.gid()),
            mode: file.permissions().mode() & 0o777,
            switching: vt::mode(&tty).unwrap(),
            display: vt::display(&tty).unwrap(),
            keyboard: vt::keyboard(&tty).unwrap(),
            shown: vt::active(&tty).unwrap(),
        }
    }

    /// Shows what was shown, and gives the file back, as the service manager does at the end of a unit.
    pub(crate) fn give_back(&self) {
        switch_to(self.shown);
        chown(TTY, Some(self.owner.0), Some(self.owner.1)).unwrap();
        fs::set_permissions(TTY, PermissionsExt::from_mode(self.mode)).unwrap();
    }
}

/// The terminal, as root opens it whoever has it exclusively; never as anybody's controlling one.
pub(crate) fn open() -> File {
    OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(TTY).unwrap()
}

/// Whether the kernel asks before it switches away.
pub(crate) fn is_held() -> bool {
    vt::mode(open()).unwrap() != Switching::Automatic
}

/// What a person would read on the VT, by the kernel's word (vcs(4)).
pub(crate) fn screen() -> String {
    String::from_utf8_lossy(&fs::read("/dev/vcs8").unwrap_or_default()).into_owned()
}

/// Waits for something to become so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Which VT is shown.
pub(crate) fn shown() -> u16 {
    vt::active(console()).unwrap()
}

/// Switches, and sees it done: the kernel's word alone promises nothing.
pub(crate) fn switch_to(number: u16) {
    vt::activate_by(console(), number, Instant::now() + Duration::from_secs(5)).unwrap();
    assert_eq!(shown(), number);
}

/// Asks for a switch away, as another program would, and sees whether it happens.
pub(crate) fn switch_is_refused() -> bool {
    assert_eq!(shown(), NUMBER, "there is nothing to switch away from");
    vt::activate(console(), ELSEWHERE).unwrap();
    std::thread::sleep(SWITCHED);
    shown() == NUMBER
}

fn console() -> File {
    OpenOptions::new().read(true).custom_flags(OFlag::O_NOCTTY.bits()).open("/dev/tty0").unwrap()
}

/// Types at the VT, whichever VT is shown (TIOCSTI, ioctl_tty(2); perl is in every Debian).
pub(crate) fn type_in(keys: &str) {
    let typed = Command::new("perl")
        .args(["-e", "ioctl(STDIN, 0x5412, $_) or die $! for split //, $ARGV[0]", keys])
        .stdin(open())
        .status()
        .unwrap();
    assert!(typed.success());
}

/// What the shell says on stderr to a script of the desktop user.
pub(crate) fn as_the_desktop(script: &str) -> String {
    as_user(DESKTOP, script)
}

/// What the shell says on stderr to a script of this user.
fn as_user(uid: u32, script: &str) -> String {
    let uid = uid.to_string();
    let output = Command::new("setpriv")
        .args(["--reuid", &uid, "--regid", &uid, "--clear-groups", "sh", "-c", script])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}
