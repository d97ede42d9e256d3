//! The real binary on a pseudo terminal, with a gate and a worker played by the test.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::unistd::ttyname;
use sd_sys::identity::own_uid;
use sd_sys::link::{Link, Packet};
use sd_sys::listener::Listener;
use sd_wire::ask::{self, Ask, Want};
use sd_wire::claims::Claims;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::outcome::Outcome;
use sd_wire::parties::Parties;
use sd_wire::record::Record;
use sd_wire::{fetch, sign};
use tempfile::TempDir;

use crate::recorder::Recorder;

const PATIENCE: Duration = Duration::from_secs(10);

/// Room for an ask with all the parents that a test may have, however it is started.
pub(crate) const ROWS: u16 = 40;
pub(crate) const COLUMNS: u16 = 80;

/// `sd-decide` and everything around it.
pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) decide: Child,
    keyboard: Option<File>,
    picture: Arc<Mutex<vt100::Parser>>,
    pub(crate) fetch: Listener,
    pub(crate) sign: Listener,
    pub(crate) recorder: Recorder,
}

impl Stage {
    /// Starts it, and waits until it shows its first picture.
    pub(crate) fn new(expire: u64) -> Self {
        Self::among(everybody_is_me(), expire)
    }

    /// As [`Stage::new`], with other uids in the parties file.
    pub(crate) fn among(parties: Parties, expire: u64) -> Self {
        let stage = Self::start(parties, expire);
        stage.shows("nothing is waiting");
        stage.answers_whether_locked(false, false);
        stage
    }

    /// Starts it.
    pub(crate) fn start(parties: Parties, expire: u64) -> Self {
        Self::start_with(parties, expire, &[])
    }

    /// Starts it with these variables in its environment.
    pub(crate) fn start_with(parties: Parties, expire: u64, environment: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), parties, expire, environment, &[])
    }

    /// Starts it with a file of this text, given by the option of this name, and waits until it is ready.
    pub(crate) fn with_file(option: &str, text: &str) -> Self {
        let stage = Self::start_with_file(option, text);
        stage.answers_whether_locked(false, false);
        stage
    }

    /// As [`Stage::with_file`], without waiting.
    pub(crate) fn start_with_file(option: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(option);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let arguments = [format!("--{option}"), file.to_str().unwrap().to_owned()];
        Self::start_in(folder, everybody_is_me(), 300, &[], &arguments)
    }

    /// Starts it where the record tells of this past, each line with its time in milliseconds since 1970.
    pub(crate) fn with_past(past: Vec<(u64, Record)>) -> Self {
        let stage = Self::start_on(tempfile::tempdir().unwrap(), everybody_is_me(), 300, &[], &[], past);
        stage.answers_whether_locked(false, false);
        stage
    }

    fn start_in(
        folder: TempDir,
        parties: Parties,
        expire: u64,
        environment: &[(&str, &str)],
        arguments: &[String],
    ) -> Self {
        Self::start_on(folder, parties, expire, environment, arguments, Vec::new())
    }

    fn start_on(
        folder: TempDir,
        parties: Parties,
        expire: u64,
        environment: &[(&str, &str)],
        arguments: &[String],
        past: Vec<(u64, Record)>,
    ) -> Self {
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("parties"), parties.to_line().unwrap()).unwrap();
        std::fs::set_permissions(path("parties"), Permissions::from_mode(0o600)).unwrap();
        let door = Listener::bind(&path("decide.sock"), 0o600).unwrap();
        let passphrases = Listener::bind(&path("passphrase.sock"), 0o600).unwrap();
        let fetch = Listener::bind(&path("fetch.sock"), 0o600).unwrap();
        let sign = Listener::bind(&path("sign.sock"), 0o600).unwrap();
        let recorder = Recorder::start(&path("audit.sock"), past);
        let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).unwrap();
        // A shell puts the descriptors where the service manager would: that takes no unsafe code.
        let script = "exec 3<&0 4<&1 0<>\"$TTY\" 1>/dev/null; \
                      LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=decide:passphrase exec \"$@\"";
        let decide = Command::new("setsid")
            .args(["sh", "-c", script, "sh", env!("CARGO_BIN_EXE_sd-decide")])
            .arg("--fetch")
            .arg(path("fetch.sock"))
            .arg("--sign")
            .arg(path("sign.sock"))
            .arg("--audit")
            .arg(path("audit.sock"))
            .arg("--parties")
            .arg(path("parties"))
            .args(["--expire", &expire.to_string()])
            .args(arguments)
            .envs(environment.iter().copied())
            .env("TTY", ttyname(&pty.slave).unwrap())
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(door)))
            .stdout(Stdio::from(std::os::fd::OwnedFd::from(passphrases)))
            .stderr(File::create(path("log")).unwrap())
            .spawn()
            .unwrap();
        let keyboard = File::from(pty.master);
        let picture = Arc::new(Mutex::new(vt100::Parser::new(
            ROWS.try_into().unwrap(),
            COLUMNS.try_into().unwrap(),
            0,
        )));
        let (mut screen, seen) = (keyboard.try_clone().unwrap(), Arc::clone(&picture));
        let slave = pty.slave;
        std::thread::spawn(move || {
            let _slave = slave;
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                seen.lock().unwrap().process(&bytes[..read]);
            }
        });
        Self { folder, decide, keyboard: Some(keyboard), picture, fetch, sign, recorder }
    }

    /// What is on the terminal now.
    pub(crate) fn picture(&self) -> String {
        self.picture.lock().unwrap().screen().contents()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// While this lives nobody reads the terminal.
    pub(crate) fn stall(&self) -> MutexGuard<'_, vt100::Parser> {
        self.picture.lock().unwrap()
    }

    /// Waits until the terminal shows this.
    pub(crate) fn shows(&self, text: &str) {
        self.until(|| self.picture().contains(text), text);
    }

    /// Waits until a key counts, and turns the pages that have to be seen before.
    pub(crate) fn offers_keys(&self) {
        let page = || {
            if self.picture().contains("scroll to the end") {
                self.types(b" ");
                std::thread::sleep(Duration::from_millis(100));
            }
            ["y approve   n deny", "y approve by code"].iter().any(|offer| self.picture().contains(offer))
        };
        self.until(page, "y approve   n deny");
    }

    /// Waits until what is typed goes into the field of a passphrase.
    pub(crate) fn offers_the_field(&self) {
        self.until(
            || self.picture().contains("passphrase:") && !self.picture().contains("wait"),
            "the field",
        );
    }

    /// Where the companion's side asks for passphrases.
    pub(crate) fn passphrase_door(&self) -> PathBuf {
        self.folder.path().join("passphrase.sock")
    }

    /// Waits until the terminal does not show this any more.
    pub(crate) fn shows_no(&self, text: &str) {
        self.until(|| !self.picture().contains(text), &format!("end of {text}"));
    }

    /// Waits until the log holds this.
    pub(crate) fn logs(&self, text: &str) {
        self.until(|| self.log().contains(text), text);
    }

    fn until(&self, mut holds: impl FnMut() -> bool, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "no {what}\n{}\n{}", self.picture(), self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn types(&self, keys: &[u8]) {
        self.keyboard.as_ref().unwrap().write_all(keys).unwrap();
    }

    /// Makes the terminal, and the picture of it, this large.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = (rows.try_into().unwrap(), columns.try_into().unwrap());
        self.picture.lock().unwrap().screen_mut().set_size(size.0, size.1);
        self.say_size(columns, rows);
    }

    /// Tells the process that the terminal is this large.
    pub(crate) fn say_size(&self, columns: u16, rows: u16) {
        sd_sys::terminal::set_size(self.keyboard.as_ref().unwrap(), columns, rows).unwrap();
    }

    /// Where the gate connects.
    pub(crate) fn door(&self) -> PathBuf {
        self.folder.path().join("decide.sock")
    }

    /// A new connection to the door.
    pub(crate) fn gate(&self) -> Link {
        Link::connect(&self.door()).unwrap()
    }

    /// Files an ask; our end of the sink, and the gate's connection.
    pub(crate) fn file(&self, n: u64, want: Want) -> (Link, Link) {
        self.file_with(n, want, &[])
    }

    /// Files an ask with descriptors behind the sink.
    pub(crate) fn file_with(&self, n: u64, want: Want, more: &[BorrowedFd<'_>]) -> (Link, Link) {
        file_at(&self.door(), n, want, more)
    }

    /// The next connection to sd-fetch, and the order on it.
    pub(crate) fn ordered<W: Words>(&self) -> (Link, W, Packet) {
        self.ordered_at(&self.fetch)
    }

    /// The next connection to a worker, the order on it, and the packet that brought the sink, if one comes.
    pub(crate) fn ordered_at<W: Words>(&self, worker: &Listener) -> (Link, W, Packet) {
        let (link, packet) = self.ordered_ahead(worker);
        let order = W::from_line(&packet.bytes).unwrap();
        let ahead = fetch::Order::from_line(&packet.bytes).is_ok_and(|order| order.may_go_ahead());
        if !ahead || !packet.fds.is_empty() {
            return (link, order, packet);
        }
        let packet = hear(&link).unwrap();
        assert_eq!(fetch::Sequel::from_line(&packet.bytes).unwrap(), fetch::Sequel::Go {});
        (link, order, packet)
    }

    /// The next connection to a worker, and what comes first on it.
    pub(crate) fn ordered_ahead(&self, worker: &Listener) -> (Link, Packet) {
        assert!(worker.wait(PATIENCE).unwrap(), "no order\n{}", self.log());
        let link = worker.accept().unwrap().unwrap();
        let packet = hear(&link).unwrap();
        (link, packet)
    }

    /// Answers the questions with which everything begins, and which follow on locking and unlocking.
    pub(crate) fn answers_whether_locked(&self, key: bool, store: bool) {
        let (link, order, _) = self.ordered_at::<sign::Order>(&self.sign);
        assert_eq!(order, sign::Order::State {});
        say(&link, &sign::Note::State { locked: key });
        let (link, order, _) = self.ordered_at::<fetch::Order>(&self.fetch);
        assert_eq!(order, fetch::Order::State {});
        say(&link, &fetch::Note::State { locked: store });
    }

    /// The exit code, once it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.decide.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it goes on\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.decide.kill();
        let _ = self.decide.wait();
    }
}

/// Files an ask at this door; our end of the sink, and the gate's connection.
pub(crate) fn file_at(door: &Path, n: u64, want: Want, more: &[BorrowedFd<'_>]) -> (Link, Link) {
    let (ours, theirs) = Link::pair().unwrap();
    let ask = Ask { id: AskId::from_random(n.to_be_bytes()), want, claims: Claims::default() };
    let gate = Link::connect(door).unwrap();
    let fds = [&[theirs.as_fd()], more].concat();
    gate.send(&ask::Packet::Ask(Box::new(ask)).to_line().unwrap(), &fds).unwrap();
    (ours, gate)
}

/// One uid in all roles.
pub(crate) fn everybody_is_me() -> Parties {
    let uid = own_uid();
    Parties { desktop: uid, gate: uid, decide: uid, companion: uid, audit: Some(uid) }
}

/// The next packet; `None` at the end.
pub(crate) fn hear(link: &Link) -> Option<Packet> {
    link.receive_by(Instant::now() + PATIENCE).unwrap()
}

/// The next outcome; `None` at the end.
pub(crate) fn outcome(sink: &Link) -> Option<Outcome> {
    hear(sink).map(|packet| Outcome::from_line(&packet.bytes).unwrap())
}

pub(crate) fn say(link: &Link, words: &impl Words) {
    link.send(&words.to_line().unwrap(), &[]).unwrap();
}
