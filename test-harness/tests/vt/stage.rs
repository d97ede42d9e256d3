//! sd-decide on the terminal, as its unit starts it, with the gate and the store played by the test.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_sys::terminal;
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::description::Description;
use sd_wire::fetch::{Note, Order};
use sd_wire::line::Words;
use sd_wire::passphrase::{Packet, Unlocks, Wanted};
use sd_wire::path::ItemPath;
use sd_wire::sign;

use crate::record::Recorder;
use crate::terminal::{ELSEWHERE, State, TTY, eventually, is_held, open, screen, switch_to, type_in};
use crate::{DECIDE, DESKTOP, GATE};

const READ: &str = r#"{"v":1,"body":{"ask":{"id":"0123456789abcdef","want":{"read":{"item":"/org/freedesktop/secrets/collection/login/1"}},"claims":{}}}}"#;

/// How long a tool may take.
const PATIENCE: Duration = Duration::from_secs(10);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// One terminal is shown at a time, whoever's test it is: tests/container takes this lock too.
const SHOWN: &str = "/run/sd-tty-in-front.lock";

/// sd-decide on the terminal; when it is dropped, the terminal is as it was before, or the test fails.
pub(crate) struct OnTheVt {
    place: tempfile::TempDir,
    decide: Child,
    fetch: Listener,
    sign: Listener,
    _record: Recorder,
    before: State,
    _shown: Flock<File>,
    _turn: MutexGuard<'static, ()>,
}

impl OnTheVt {
    /// Starts it on a terminal that nobody else has open any more.
    pub(crate) fn start() -> Self {
        assert!(geteuid().is_root(), "this ring needs root; run it by `just test-vt`");
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = Flock::lock(File::create(SHOWN).unwrap(), FlockArg::LockExclusive).unwrap();
        // Whoever was there before may have left it in front; each test begins elsewhere.
        switch_to(ELSEWHERE);
        let before = State::now();
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::set_permissions(place.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let parties = format!(
            r#"{{"v":1,"body":{{"desktop":{DESKTOP},"gate":{GATE},"decide":{DECIDE},"companion":0,"audit":0}}}}"#
        );
        fs::write(at("parties"), parties + "\n").unwrap();
        fs::set_permissions(at("parties"), PermissionsExt::from_mode(0o644)).unwrap();
        let fetch = Listener::bind(&at("fetch"), 0o666).unwrap();
        let sign = Listener::bind(&at("sign"), 0o666).unwrap();
        let record = Recorder::start(&at("audit"));
        // TTYVHangup=
        terminal::hang_up_others(open()).unwrap();
        chown(TTY, Some(DECIDE), Some(DECIDE)).unwrap();
        let decide = launch(place.path());
        let vt = Self { place, decide, fetch, sign, _record: record, before, _shown: shown, _turn: turn };
        vt.opens();
        vt
    }

    /// Starts it once more, where it was killed.
    pub(crate) fn start_again(&mut self) {
        for socket in ["decide", "passphrase"] {
            fs::remove_file(self.place.path().join(socket)).unwrap();
        }
        self.decide = launch(self.place.path());
        self.opens();
    }

    /// Waits until it serves.
    fn opens(&self) {
        for socket in ["decide", "passphrase"] {
            eventually("the socket", || self.place.path().join(socket).exists());
            fs::set_permissions(self.place.path().join(socket), PermissionsExt::from_mode(0o666)).unwrap();
        }
        // systemd-socket-activate starts the tool with the first connection.
        self.knock(r#"{"v":1,"body":{"cancel":{"id":"0123456789abcdef"}}}"#, &[]).wait().unwrap();
        self.shows("nothing is waiting");
        // The last line of a picture, which a terminal is given from above.
        self.shows("? help");
    }

    /// Says something at decide.sock as the gate, and listens for what comes back.
    fn knock(&self, words: &str, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_sd-knock"))
            .arg(self.place.path().join("decide"))
            .args([words, "--listen", "20000"])
            .args(["--knocker", &GATE.to_string(), "--maker", &DESKTOP.to_string()])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A requester's ask for a secret, described by the backend and on the screen.
    pub(crate) fn ask(&self) -> Child {
        let asked = self.knock(READ, &["--fd", "sink"]);
        let order = self.order_to_describe();
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

    /// The store's next order that is about an ask. Whether it is locked is answered on the way: never.
    fn order_to_describe(&self) -> Link {
        loop {
            let (link, order) = self.order::<Order>(&self.fetch);
            if order != (Order::State {}) {
                return link;
            }
            // Whoever was stopped meanwhile hears no answer.
            let _ = link.send(&Note::State { locked: false }.to_line().unwrap(), &[]);
        }
    }

    /// The next order at this worker.
    fn order<W: Words>(&self, worker: &Listener) -> (Link, W) {
        assert!(worker.wait(PATIENCE).unwrap(), "no order came: {}", self.log());
        let link = worker.accept().unwrap().unwrap();
        let packet = link.receive_by(Instant::now() + PATIENCE).unwrap().unwrap();
        (link, W::from_line(&packet.bytes).unwrap())
    }

    /// A prompt for the passphrase of the key, as at the beginning of a session with a cold cache: who waits for the
    /// passphrase, and who waits for the end of the unlocking.
    pub(crate) fn prompts(&self) -> (Link, Link) {
        let (link, order) = self.order::<sign::Order>(&self.sign);
        assert_eq!(order, sign::Order::State {});
        link.send(&sign::Note::State { locked: true }.to_line().unwrap(), &[]).unwrap();
        let (link, order) = self.order::<Order>(&self.fetch);
        assert_eq!(order, Order::State {});
        link.send(&Note::State { locked: false }.to_line().unwrap(), &[]).unwrap();
        let (unlocking, order) = self.order::<sign::Order>(&self.sign);
        assert!(matches!(order, sign::Order::Unlock { .. }), "{order:?}");
        let waits = Link::connect(&self.place.path().join("passphrase")).unwrap();
        let wanted = Wanted {
            unlocks: Unlocks::Key { grip: Text::new("ABCDEF").unwrap() },
            lines: List::default(),
            wrong: None,
            tries: None,
        };
        waits.send(&Packet::Passphrase(Box::new(wanted)).to_line().unwrap(), &[]).unwrap();
        self.shows("passphrase:");
        (waits, unlocking)
    }

    /// Waits for this to stand on the screen.
    pub(crate) fn shows(&self, what: &str) {
        eventually(&format!("{what:?} on the screen: {}\n{}", screen(), self.log()), || {
            screen().contains(what)
        });
    }

    /// Reads the ask to its end, as the screen demands on 25 rows, until a key counts.
    pub(crate) fn offers_keys(&self) {
        eventually(&format!("the offer: {}\n{}", screen(), self.log()), || {
            if screen().contains("scroll to the end") {
                type_in(" ");
                std::thread::sleep(Duration::from_millis(200));
            }
            screen().contains("y approve   n deny")
        });
    }

    /// Brings it to hold the screen: a decision was made this moment.
    pub(crate) fn holds(&self) {
        let mut asked = self.ask();
        self.offers_keys();
        assert!(!is_held(), "held while nobody decides");
        type_in("n");
        eventually(&format!("the hold: {}\n{}", screen(), self.log()), is_held);
        asked.wait().unwrap();
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.decide.id()).unwrap()), signal).unwrap();
    }

    /// Kills it, and sees it gone: a process that nobody has waited for still counts as the terminal's.
    pub(crate) fn kill(&mut self) {
        self.decide.kill().unwrap();
        self.decide.wait().unwrap();
    }

    /// Tells it to end, and sees it gone in order.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        assert!(self.decide.wait().unwrap().success(), "{}", self.log());
    }

    /// What it has written to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("log")).unwrap_or_default()
    }
}

impl Drop for OnTheVt {
    fn drop(&mut self) {
        let _ = self.decide.kill();
        let _ = self.decide.wait();
        self.before.give_back();
        if !std::thread::panicking() {
            assert_eq!(State::now(), self.before, "something is left changed: {}", self.log());
        }
    }
}

/// Runs `sd-decide --rescue` as the unit does; what it says.
pub(crate) fn rescue() -> String {
    let rescued = on_the_terminal().arg(sd_decide()).arg("--rescue").output().unwrap();
    let said = String::from_utf8_lossy(&rescued.stderr).into_owned();
    assert!(rescued.status.success(), "{said}");
    said
}

/// sd-decide behind a listener by socket activation.
fn launch(place: &Path) -> Child {
    let at = |name: &str| place.join(name);
    // A listener by socket activation.
    on_the_terminal()
        .args(["systemd-socket-activate", "--seqpacket", "--fdname=decide:passphrase", "--listen"])
        .arg(at("decide"))
        .arg("--listen")
        .arg(at("passphrase"))
        .arg(sd_decide())
        .arg("--fetch")
        .arg(at("fetch"))
        .arg("--sign")
        .arg(at("sign"))
        .arg("--audit")
        .arg(at("audit"))
        .arg("--parties")
        .arg(at("parties"))
        .stdout(Stdio::null())
        .stderr(File::create(at("log")).unwrap())
        .spawn()
        .unwrap()
}

/// A command as sd-decide's user, with the terminal as fd 0 and controlling terminal, without capability and group.
fn on_the_terminal() -> Command {
    let mut command = Command::new("setsid");
    command
        .args(["--ctty", "setpriv", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"])
        .args(["--reuid", &DECIDE.to_string(), "--regid", &DECIDE.to_string()])
        .stdin(open());
    command
}

fn sd_decide() -> std::path::PathBuf {
    Path::new(env!("CARGO_BIN_EXE_sd-rig")).with_file_name("sd-decide")
}
