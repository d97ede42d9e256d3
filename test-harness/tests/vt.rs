//! sd-decide on the kernel's own /dev/tty8: what stands on it is read from /dev/vcs8, keys come by TIOCSTI.
//!
//! Needs root and a kernel with virtual terminals; the ring `vt` runs it, and nothing else does. One test at a time has
//! the terminal.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use sd_sys::listener::Listener;
use sd_sys::vt;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::Description;
use sd_wire::fetch::Note;
use sd_wire::line::Words;
use sd_wire::path::ItemPath;

const TTY: &str = "/dev/tty8";
const NUMBER: u16 = 8;
const HOME: u16 = 1;
/// Uids of nobody, as the rig takes them; the test itself is the companion.
const DESKTOP: u32 = 65520;
const GATE: u32 = 65521;
const DECIDE: u32 = 65522;
const READ: &str = r#"{"v":1,"body":{"ask":{"id":"0123456789abcdef","want":{"read":{"item":"/org/freedesktop/secrets/collection/login/1"}},"claims":{}}}}"#;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// sd-decide on the terminal, as its unit starts it.
struct OnTheVt {
    place: tempfile::TempDir,
    decide: Child,
    fetch: Listener,
    _turn: MutexGuard<'static, ()>,
}

impl OnTheVt {
    fn start() -> Self {
        assert!(geteuid().is_root(), "this ring needs root; run it by `just test-vt`");
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::set_permissions(place.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let parties = format!(
            r#"{{"v":1,"body":{{"desktop":{DESKTOP},"gate":{GATE},"decide":{DECIDE},"companion":0}}}}"#
        );
        fs::write(at("parties"), parties + "\n").unwrap();
        fs::set_permissions(at("parties"), PermissionsExt::from_mode(0o644)).unwrap();
        let fetch = Listener::bind(&at("fetch"), 0o666).unwrap();
        chown(TTY, Some(DECIDE), Some(DECIDE)).unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(TTY).unwrap();
        // The terminal as fd 0 and controlling terminal, no capability, no group, a listener by socket activation.
        let decide = Command::new("setsid")
            .args(["--ctty", "setpriv", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"])
            .args(["--reuid", &DECIDE.to_string(), "--regid", &DECIDE.to_string()])
            .args(["systemd-socket-activate", "--seqpacket", "--fdname=decide", "--listen"])
            .arg(at("decide"))
            .arg(std::path::Path::new(env!("CARGO_BIN_EXE_sd-rig")).with_file_name("sd-decide"))
            .arg("--fetch")
            .arg(at("fetch"))
            .arg("--sign")
            .arg(at("sign"))
            .arg("--parties")
            .arg(at("parties"))
            .stdin(terminal)
            .stdout(Stdio::null())
            .stderr(File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        let vt = Self { place, decide, fetch, _turn: turn };
        eventually("the socket", || vt.place.path().join("decide").exists());
        fs::set_permissions(vt.place.path().join("decide"), PermissionsExt::from_mode(0o666)).unwrap();
        // systemd-socket-activate starts the tool with the first connection.
        vt.knock(r#"{"v":1,"body":{"cancel":{"id":"0123456789abcdef"}}}"#, &[]).wait().unwrap();
        vt.shows("nothing is waiting");
        vt
    }

    /// Says something at decide.sock as the gate, and listens for what comes back.
    fn knock(&self, words: &str, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_sd-knock"))
            .arg(self.place.path().join("decide"))
            .args([
                words,
                "--listen",
                "20000",
                "--knocker",
                &GATE.to_string(),
                "--maker",
                &DESKTOP.to_string(),
            ])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A requester's ask for a secret, described by the backend and on the screen.
    fn ask(&self) -> Child {
        let asked = self.knock(READ, &["--fd", "sink"]);
        assert!(self.fetch.wait(Duration::from_secs(10)).unwrap(), "no order came: {}", self.log());
        let order = self.fetch.accept().unwrap().unwrap();
        let description = Description {
            item: ItemPath::parse("/org/freedesktop/secrets/collection/login/1").unwrap(),
            collection: Text::new("Login").unwrap(),
            label: Text::new("mail password").unwrap(),
            attributes: Attributes::default(),
            created: 1,
            modified: 1,
            locked: false,
        };
        order.send(&Note::Described(description).to_line().unwrap(), &[]).unwrap();
        self.shows("ask 0123456789abcdef");
        self.shows("mail password");
        asked
    }

    fn shows(&self, what: &str) {
        eventually(&format!("{what:?} on the screen: {}\n{}", screen(), self.log()), || {
            screen().contains(what)
        });
    }

    /// Reads the ask to its end, as the screen demands on 25 rows, until a key counts.
    fn offers_keys(&self) {
        eventually(&format!("the offer: {}\n{}", screen(), self.log()), || {
            if screen().contains("scroll to the end") {
                type_in(' ');
                std::thread::sleep(Duration::from_millis(200));
            }
            screen().contains("y approve   n deny")
        });
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("log")).unwrap_or_default()
    }
}

impl Drop for OnTheVt {
    fn drop(&mut self) {
        let _ = self.decide.kill();
        let _ = self.decide.wait();
        // As it was: shown elsewhere, and root's.
        switch_to(HOME);
        chown(TTY, Some(0), Some(0)).unwrap();
        fs::set_permissions(TTY, PermissionsExt::from_mode(0o600)).unwrap();
    }
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a person would read on the VT, by the kernel's word (vcs(4)).
fn screen() -> String {
    String::from_utf8_lossy(&fs::read("/dev/vcs8").unwrap_or_default()).into_owned()
}

fn switch_to(number: u16) {
    let console = File::open("/dev/tty0").unwrap();
    vt::activate_by(&console, number, Instant::now() + Duration::from_secs(5)).unwrap();
    assert_eq!(vt::active(&console).unwrap(), number);
}

/// Types a key at the VT, whichever VT is shown (TIOCSTI, ioctl_tty(2); perl is in every Debian).
fn type_in(key: char) {
    let typed = Command::new("perl")
        .args(["-e", "ioctl(STDIN, 0x5412, $ARGV[0]) or die $!", &key.to_string()])
        .stdin(File::open(TTY).unwrap())
        .status()
        .unwrap();
    assert!(typed.success());
}

fn as_the_desktop(script: &str) -> String {
    let output = Command::new("setpriv")
        .args([
            "--reuid",
            &DESKTOP.to_string(),
            "--regid",
            &DESKTOP.to_string(),
            "--clear-groups",
            "sh",
            "-c",
            script,
        ])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_screen_stands_on_the_vt_and_nobody_else_reaches_it() {
    let vt = OnTheVt::start();
    let mode = fs::metadata(TTY).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(as_the_desktop("echo painted > /dev/tty8").contains("Permission denied"));
    // Also were the mode laxer: the terminal is exclusive.
    fs::set_permissions(TTY, PermissionsExt::from_mode(0o666)).unwrap();
    assert!(as_the_desktop("echo painted > /dev/tty8").contains("busy"));
    assert!(as_the_desktop("cat < /dev/tty8").contains("busy"));
    assert!(as_the_desktop("cat /dev/vcs8").contains("Permission denied"));
    assert!(!screen().contains("painted"));
    drop(vt);
}

#[test]
fn a_key_counts_only_while_the_vt_is_shown_and_an_arrival_begins_the_quiet_time_anew() {
    let vt = OnTheVt::start();
    let asked = vt.ask();
    // Another VT is shown: long after the quiet time nothing is offered, and a key does nothing.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!screen().contains("y approve"), "{}", screen());
    type_in('n');
    std::thread::sleep(Duration::from_millis(500));
    assert!(screen().contains("ask 0123456789abcdef"), "{}", screen());
    // Nor does one that is typed before the arrival count after it.
    type_in('n');
    switch_to(NUMBER);
    assert!(!screen().contains("y approve"), "{}", screen());
    vt.offers_keys();
    type_in('n');
    let said = asked.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(r#""denied":{}"#), "{said}\n{}", vt.log());
    drop(vt);
}

#[test]
fn leaving_the_vt_takes_the_offer_away() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let mut asked = vt.ask();
    vt.offers_keys();
    switch_to(HOME);
    eventually("the offer to go", || !screen().contains("y approve"));
    type_in('y');
    std::thread::sleep(Duration::from_millis(1000));
    assert!(screen().contains("ask 0123456789abcdef"), "{}", screen());
    asked.kill().unwrap();
    asked.wait().unwrap();
    drop(vt);
}

#[test]
fn a_killed_decider_leaves_vts_that_switch_and_a_terminal_that_its_next_instance_can_take() {
    for _ in 0..2 {
        let vt = OnTheVt::start();
        switch_to(NUMBER);
        kill(Pid::from_raw(i32::try_from(vt.decide.id()).unwrap()), Signal::SIGKILL).unwrap();
        switch_to(HOME);
        switch_to(NUMBER);
        drop(vt);
    }
}

#[test]
fn a_stopped_decider_leaves_vts_that_switch() {
    let vt = OnTheVt::start();
    switch_to(NUMBER);
    let pid = Pid::from_raw(i32::try_from(vt.decide.id()).unwrap());
    kill(pid, Signal::SIGSTOP).unwrap();
    switch_to(HOME);
    switch_to(NUMBER);
    kill(pid, Signal::SIGCONT).unwrap();
    drop(vt);
}
