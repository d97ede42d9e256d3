//! A folder, a key, a socket, the service.

use std::fs::{self, File, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sd_sys::identity::own_uid;
use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::parties::Parties;
use sd_wire::record::{Event, How, Note, Packet, Record};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
const PROGRAM: &str = env!("CARGO_BIN_EXE_sd-audit");

pub(crate) struct Stage {
    pub(crate) root: TempDir,
    door: OwnedFd,
    service: Option<Child>,
    options: Vec<String>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With these options beside those that it needs.
    pub(crate) fn with(options: &[&str]) -> Self {
        // In memory where there is such a place: what a disk takes for each line is not what is tried here.
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let door = Listener::bind(&root.path().join("audit.sock"), 0o600).unwrap();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let stage = Self { root, door: door.into(), service: None, options };
        fs::create_dir(stage.folder()).unwrap();
        let key = format!("{}\n", "0123456789abcdef".repeat(4));
        private(&stage.key(), &key);
        private(&stage.folder().join("first.key"), &key);
        stage.parties(own_uid());
        stage
    }

    /// Who may come.
    pub(crate) fn parties(&self, decide: u32) {
        let uid = own_uid();
        let parties = Parties { desktop: uid, gate: uid, decide, companion: uid, audit: Some(uid) };
        private(
            &self.root.path().join("parties.json"),
            &String::from_utf8(parties.to_line().unwrap()).unwrap(),
        );
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join("nb")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.root.path().join("audit.key")
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder().join("audit.jsonl")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn command(&self, before: &str) -> Command {
        // A shell puts the descriptor where the service manager would: that takes no unsafe code.
        let script = format!(
            "exec 3<&0 </dev/null; {before} LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=audit exec \"$@\""
        );
        let log = File::options().append(true).create(true).open(self.root.path().join("log")).unwrap();
        let mut sh = Command::new("sh");
        sh.args(["-c", &script, "sh", PROGRAM, "serve", "--parties"])
            .arg(self.root.path().join("parties.json"))
            .arg("--folder")
            .arg(self.folder())
            .args(&self.options)
            .stdin(Stdio::from(self.door.try_clone().unwrap()))
            .stderr(log);
        sh
    }

    /// Starts the service.
    pub(crate) fn start(&mut self) {
        self.start_after("");
    }

    /// Starts it in a shell that has done this before.
    pub(crate) fn start_after(&mut self, before: &str) {
        self.stop();
        self.service = Some(self.command(before).spawn().unwrap());
    }

    /// Ends it at once, as a power cut would, or the kernel.
    pub(crate) fn stop(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill().unwrap();
            service.wait().unwrap();
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.service.as_ref().unwrap().id()
    }

    pub(crate) fn ended(&mut self) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.service.as_mut().unwrap().try_wait().unwrap() {
                self.service = None;
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end\n{}", self.log());
    }

    pub(crate) fn connect(&self) -> Decide {
        Decide(Link::connect(&self.root.path().join("audit.sock")).unwrap())
    }

    /// Runs a command of a person's on this record.
    pub(crate) fn says(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--folder").arg(self.folder());
        command.env("NO_COLOR", "1").output().unwrap()
    }

    /// Whether the record is as it was written; and what is said.
    pub(crate) fn verified(&self) -> (bool, String) {
        verified(&self.folder(), &self.key())
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.file()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn verified(folder: &Path, key: &Path) -> (bool, String) {
    let mut command = Command::new(PROGRAM);
    command.arg("verify").arg("--folder").arg(folder).arg("--key").arg(key);
    let done = command.output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    assert!(matches!(done.status.code(), Some(0 | 65)), "{:?}: {said}", done.status);
    (done.status.success(), said)
}

pub(crate) fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// The other end.
pub(crate) struct Decide(pub(crate) Link);

impl Decide {
    pub(crate) fn say(&self, packet: &Packet) {
        self.0.send_by(&packet.to_line().unwrap(), &[], Instant::now() + PATIENCE).unwrap();
    }

    /// The next note; `None` when it hung up.
    pub(crate) fn hear(&self) -> Option<Note> {
        let packet = self.0.receive_by(Instant::now() + PATIENCE).unwrap()?;
        Some(Note::from_line(&packet.bytes).unwrap())
    }

    /// Records something, and waits.
    pub(crate) fn record(&self, n: u64, record: Record) -> Option<Note> {
        self.say(&Packet::Record { n, record: Box::new(record) });
        self.hear()
    }
}

/// A decision.
pub(crate) fn released(id: u8) -> Record {
    Record {
        ask: Some(AskId::from_random([id; 8])),
        kind: sd_wire::bounded::Text::new("read").unwrap(),
        how: Some(How::Key {}),
        ..Record::of(Event::Released)
    }
}
