//! sd-fetch and a backend on a bus of their own, with the test in the place of sd-decide: at `passphrase.sock`, too.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_wire::bounded::{Attributes, List};
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::passphrase::{self, Wanted};
use sd_wire::path::{CollectionPath, ItemPath};
use tempfile::TempDir;

use super::worker::worker;
use super::{BACKEND, RIG, eventually, place};

/// The master password of the keyring.
pub(crate) const MASTER: &str = "correct horse battery";
const PATIENCE: Duration = Duration::from_secs(30);

/// sd-fetch, a backend, and the bus between them; all end with the value.
pub(crate) struct Companion {
    place: TempDir,
    children: Vec<Child>,
    address: String,
    first: OnceLock<ItemPath>,
    keyring: String,
}

/// What is done at a passphrase prompt.
#[derive(Clone, Copy)]
pub(crate) enum Person {
    Types(&'static str),
    PressesEsc,
    IsAway,
    /// sd-decide ends before anything is typed.
    LosesTheScreen,
}

impl Companion {
    /// With gnome-keyring, or the backend that [`BACKEND`] names, whose only collection but `session` is open and empty.
    pub(crate) fn with_keyring() -> Self {
        Self::with(std::env::var(BACKEND).as_deref().unwrap_or("gnome-keyring"))
    }

    /// As [`Companion::with_keyring`], with sd-store.
    pub(crate) fn with_store() -> Self {
        Self::with("store")
    }

    fn with(keyring: &str) -> Self {
        let mut companion = Self::new(keyring);
        companion.start_keyring(true);
        companion.eventually_open();
        companion
    }

    /// With a backend that misbehaves as told; see `sd-fake-backend --help`.
    pub(crate) fn with_fake(arguments: &[&str]) -> Self {
        let mut companion = Self::new("fake");
        let mut command = companion.command(Path::new(env!("CARGO_BIN_EXE_sd-fake-backend")));
        command.args(arguments).stderr(companion.log("backend"));
        companion.children.push(command.spawn().unwrap());
        eventually("the fake backend", || {
            matches!(companion.order(&Order::State {})[..], [Note::State { .. }]).then_some(())
        });
        companion
    }

    fn new(keyring: &str) -> Self {
        let place = place();
        let config = place.path().join("bus.conf");
        fs::write(&config, test_harness::bus::session_config(&place.path().join("bus"))).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address", "--config-file"])
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        std::io::BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let mut companion = Self {
            place,
            children: vec![bus],
            address: address.trim().to_owned(),
            first: OnceLock::new(),
            keyring: keyring.to_owned(),
        };
        companion.start_fetch();
        companion
    }

    fn start_fetch(&mut self) {
        fs::create_dir(self.at("gnupg")).unwrap();
        fs::set_permissions(self.at("gnupg"), Permissions::from_mode(0o700)).unwrap();
        let door = Listener::bind(&self.at("fetch.sock"), 0o600).unwrap();
        let shell = self.command(Path::new("sh"));
        let mut command = worker(shell, "sd-fetch", self.place.path(), &door);
        command.arg("--passphrase").arg(self.at("passphrase.sock")).stderr(self.log("sd-fetch"));
        self.children.push(command.spawn().unwrap());
    }

    fn start_keyring(&mut self, unlocked: bool) {
        let mut command = match self.keyring.as_str() {
            "oo7" => {
                let mut command = self.command(&oo7_daemon());
                command.args(unlocked.then_some("--login"));
                command
            }
            "store" => {
                let mut command = self.command(Path::new("/bin/sh"));
                command
                    .args(["-c", test_harness::backend::STORE, "sh"])
                    .arg(Path::new(RIG).with_file_name("sd-store"))
                    .args((!unlocked).then_some("locked"));
                command
            }
            "gnome-keyring" => {
                let mut command = self.command(Path::new("gnome-keyring-daemon"));
                command.args(["--foreground", "--components=secrets"]).args(unlocked.then_some("--unlock"));
                command
            }
            other => panic!("no such backend: {other}"),
        };
        command.stderr(self.log("backend"));
        let mut keyring = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        keyring.stdin.take().unwrap().write_all(MASTER.as_bytes()).unwrap();
        self.children.push(keyring);
    }

    /// Ends the keyring and starts it again, open.
    pub(crate) fn restart_keyring(&mut self) {
        self.end_keyring();
        self.restart_keyring_from_nothing();
    }

    /// Starts the keyring again, open, after it was ended.
    pub(crate) fn restart_keyring_from_nothing(&mut self) {
        self.start_keyring(true);
        self.eventually_open();
    }

    /// Kills the keyring: its name on the bus is free afterwards.
    pub(crate) fn end_keyring(&mut self) {
        let mut keyring = self.children.pop().unwrap();
        keyring.kill().unwrap();
        keyring.wait().unwrap();
        eventually("the keyring to be gone", || {
            matches!(self.order(&Order::State {})[..], [Note::Failed { .. }]).then_some(())
        });
    }

    /// Ends the keyring and starts it again as at a login that nobody unlocks it by.
    pub(crate) fn restart_keyring_locked(&mut self) {
        self.end_keyring();
        self.start_keyring(false);
        eventually("the keyring to be back", || {
            matches!(self.order(&Order::State {})[..], [Note::State { locked: true }]).then_some(())
        });
    }

    fn eventually_open(&self) {
        // oo7-daemon owns its name before it has opened its keyrings, and has no collection until then.
        let default = CollectionPath::parse("/org/freedesktop/secrets/aliases/default").unwrap();
        let id = AskId::from_random([7; 8]);
        let target = Order::DescribeTarget {
            id,
            collection: default,
            attributes: Attributes::default(),
            replace: false,
        };
        eventually("an open collection", || {
            let there = matches!(self.order(&target)[..], [Note::Target { .. }]);
            (there && !self.is_locked()).then_some(())
        });
    }

    /// Whether the default collection is locked.
    pub(crate) fn is_locked(&self) -> bool {
        !matches!(self.order(&Order::State {})[..], [Note::State { locked: false }])
    }

    /// A program on the companion's bus.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.at("home"))
            .env("XDG_DATA_HOME", self.at("data"))
            .env("XDG_RUNTIME_DIR", self.at("home"))
            .env("GNUPGHOME", self.at("gnupg"))
            .env("SECRETS_DISPATCHER_PASSPHRASE", self.at("passphrase.sock"))
            .env("SECRETS_DISPATCHER_CONFIG", self.place.path())
            .stdin(Stdio::null());
        command
    }

    /// The process of the backend.
    pub(crate) fn backend(&self) -> u32 {
        self.children[2].id()
    }

    /// The process of sd-fetch.
    pub(crate) fn fetch(&self) -> u32 {
        self.children[1].id()
    }

    /// The address of its bus.
    pub(crate) fn bus(&self) -> &str {
        &self.address
    }

    /// A file of the test's own.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn log(&self, name: &str) -> File {
        File::options().create(true).append(true).open(self.at(&format!("{name}.log"))).unwrap()
    }

    /// What `sd-fetch` or the `backend` has logged.
    pub(crate) fn logged(&self, name: &str) -> String {
        fs::read_to_string(self.at(&format!("{name}.log"))).unwrap()
    }

    /// Stores an item with the secret `hunter2`, as a program of the companion could.
    pub(crate) fn store(&self, label: &str, attributes: &[&str]) {
        let mut command = self.command(Path::new("secret-tool"));
        command.arg("store").arg(format!("--label={label}")).args(attributes).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"hunter2").unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// The first of its items, as it was when this was first asked: backends name items as they like.
    pub(crate) fn first(&self) -> ItemPath {
        self.first.get_or_init(|| self.items_of(&[]).remove(0)).clone()
    }

    /// The items that have these attributes, in the order of their paths.
    pub(crate) fn items_of(&self, attributes: &[(&str, &str)]) -> Vec<ItemPath> {
        let attributes = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let order = Order::Search {
            id: AskId::from_random([7; 8]),
            collection: None,
            attributes: Attributes::new(attributes).unwrap(),
            hidden: List::default(),
            describe: false,
        };
        let found = self.found(&order);
        let mut all: Vec<ItemPath> = found.unlocked.into_iter().chain(found.locked).collect();
        all.sort();
        all
    }

    /// Sends an order without a sink, and does not wait for what comes of it.
    pub(crate) fn begin(&self, order: &Order) -> Link {
        let link = Link::connect(&self.at("fetch.sock")).unwrap();
        link.send(&order.to_line().unwrap(), &[]).unwrap();
        link
    }

    /// What comes of an order without a sink.
    pub(crate) fn order(&self, order: &Order) -> Vec<Note> {
        notes(&self.begin(order))
    }

    /// As [`Companion::order`], with a person at the screen: also what was shown.
    pub(crate) fn order_with(&self, order: &Order, person: &[Person]) -> (Vec<Note>, Vec<Wanted>) {
        let over = Arc::new(AtomicBool::new(false));
        let screen = self.screen(person, &over);
        let notes = self.order(order);
        over.store(true, Ordering::SeqCst);
        (notes, screen.join().unwrap())
    }

    /// Serves `passphrase.sock` until it is over, or for as many prompts as the person is told what to do at; gives what
    /// each showed.
    pub(crate) fn screen(&self, person: &[Person], over: &Arc<AtomicBool>) -> JoinHandle<Vec<Wanted>> {
        let path = self.at("passphrase.sock");
        let _ = fs::remove_file(&path);
        let door = Listener::bind(&path, 0o600).unwrap();
        let (person, over) = (person.to_vec(), Arc::clone(over));
        std::thread::spawn(move || {
            let mut shown = Vec::new();
            for does in person {
                while !door.wait(Duration::from_millis(20)).unwrap() {
                    if over.load(Ordering::SeqCst) {
                        return shown;
                    }
                }
                let link = door.accept().unwrap().unwrap();
                let packet = link.receive_by(Instant::now() + PATIENCE).unwrap().unwrap();
                let passphrase::Packet::Passphrase(wanted) =
                    passphrase::Packet::from_line(&packet.bytes).unwrap();
                shown.push(*wanted);
                does.at(&link);
            }
            shown
        })
    }
}

impl Person {
    fn at(self, link: &Link) {
        let say = |note: passphrase::Note| link.send(&note.to_line().unwrap(), &[]).unwrap();
        match self {
            Self::Types(text) => {
                say(passphrase::Note::Entered { len: text.len().try_into().unwrap() });
                if !text.is_empty() {
                    link.send(text.as_bytes(), &[]).unwrap();
                }
            }
            Self::PressesEsc => say(passphrase::Note::Dismissed {}),
            Self::IsAway => say(passphrase::Note::Expired {}),
            Self::LosesTheScreen => {}
        }
    }
}

/// Where the project's own script puts oo7-daemon.
fn oo7_daemon() -> PathBuf {
    let program = Path::new(RIG).parent().unwrap().with_file_name("backends/bin/oo7-daemon");
    assert!(program.is_file(), "{} is not there; run scripts/get-oo7-daemon.sh", program.display());
    program
}

/// Everything that comes back on an order's connection.
pub(crate) fn notes(link: &Link) -> Vec<Note> {
    let until = Instant::now() + PATIENCE;
    let mut notes = Vec::new();
    while let Some(packet) = link.receive_by(until).unwrap() {
        notes.push(Note::from_line(&packet.bytes).unwrap());
    }
    notes
}

impl Drop for Companion {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["sd-fetch", "backend"] {
                let said = fs::read_to_string(self.at(&format!("{name}.log"))).unwrap_or_default();
                eprintln!("--- {name} said:\n{said}");
            }
            let ps = Command::new("ps").args(["-eo", "pid,ppid,stat,wchan:20,args"]).output();
            let all = ps.map(|ps| String::from_utf8_lossy(&ps.stdout).into_owned()).unwrap_or_default();
            let place = self.place.path().to_string_lossy().into_owned();
            let below = |line: &&str| self.children.iter().any(|one| line.contains(&one.id().to_string()));
            let ours = all.lines().filter(|line| line.contains(&place) || below(line));
            eprintln!("--- its processes:\n{}", ours.collect::<Vec<_>>().join("\n"));
        }
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
