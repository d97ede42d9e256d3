//! The real sd-sign, sd-pinentry, gpg and gpg-agent, with sd-decide played by the test on both sides.

use std::fs::{File, Permissions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use sd_sys::identity::own_uid;
use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_sys::payload::Payload;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::outcome::{Granted, Outcome, What};
use sd_wire::parties::Parties;
use sd_wire::sign::{Fingerprint, Note, Order};
use tempfile::TempDir;

mod keyring;
mod screen;

use screen::prompt;
pub(crate) use screen::{Person, Prompt, SLOWLY};

/// Longer than anything here takes: sd-sign gives up on a gpg that hangs after `deadline::WORKER`.
const PATIENCE: Duration = Duration::from_secs(30);

/// With a sign that Assuan escapes and one that is not ASCII.
pub(crate) const RIGHT: &str = "cänary 100% right";
pub(crate) const WRONG: &str = "cänary quite wrong";

const ADA: &str = "Ada Example <ada@example.org>";

pub(crate) struct Stage {
    folder: TempDir,
    sign: Child,
}

impl Stage {
    /// A companion with a key that has the passphrase `right`, or none if that is empty, and a cold cache.
    pub(crate) fn with_key(right: &str, agent_options: &str) -> Self {
        let stage = Self::without_key(agent_options);
        stage.make_key(right, &["--quick-gen-key", ADA, "ed25519", "sign", "never"]);
        stage
    }

    /// A companion without any key.
    pub(crate) fn without_key(agent_options: &str) -> Self {
        Self::listing(agent_options, None)
    }

    /// A companion without any key, with this list of those that may sign.
    pub(crate) fn listing(agent_options: &str, list: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let uid = own_uid();
        let parties = Parties { desktop: uid, gate: uid, decide: uid, companion: uid, audit: None };
        private(&path("parties.json"), &parties.to_line().unwrap());
        std::fs::create_dir(path("g")).unwrap();
        std::fs::set_permissions(path("g"), Permissions::from_mode(0o700)).unwrap();
        let pinentry = Path::new(env!("CARGO_BIN_EXE_sd-sign")).with_file_name("sd-pinentry");
        assert!(pinentry.exists(), "{}: build it with cargo build -p sd-pinentry", pinentry.display());
        let conf = format!(
            "pinentry-program {}\nlog-file {}\ndebug ipc\ns2k-count 65536\n{agent_options}\n",
            pinentry.display(),
            path("agent.log").display()
        );
        private(&path("g/gpg-agent.conf"), conf.as_bytes());
        let door = Listener::bind(&path("sign.sock"), 0o600).unwrap();
        // A shell puts the descriptor where the service manager would: that takes no unsafe code.
        let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=sign exec \"$@\"";
        let mut sh = Command::new("sh");
        sh.args(["-c", script, "sh", env!("CARGO_BIN_EXE_sd-sign"), "--parties"]).arg(path("parties.json"));
        if let Some(list) = list {
            private(&path("signing_keys"), list.as_bytes());
            sh.arg("--signing-keys").arg(path("signing_keys"));
        }
        let sign = companion(&mut sh, folder.path())
            .stdin(Stdio::from(OwnedFd::from(door)))
            .stderr(File::create(path("sign.log")).unwrap())
            .spawn()
            .unwrap();
        Self { folder, sign }
    }

    /// Gives an order without descriptors, with this person at the screen; the note, and the prompts there were.
    pub(crate) fn order(&self, order: &Order, person: &[Person]) -> (Note, Vec<Prompt>) {
        self.at_the_screen(person, || {
            let link = self.say(order, &[]);
            self.hear(&link)
        })
    }

    /// Whether sd-sign says that the key is locked.
    pub(crate) fn locked(&self) -> bool {
        match self.order(&Order::State {}, &[]).0 {
            Note::State { locked } => locked,
            other => panic!("{other:?}\n{}", self.logs()),
        }
    }

    /// Orders a signature; the outcome in the sink and its bytes, the note, and the prompts.
    pub(crate) fn sign(&self, person: &[Person]) -> (What, Vec<u8>, Note, Vec<Prompt>) {
        let order = self.signature();
        let ((what, bytes, note), prompts) = self.at_the_screen(person, || self.one_signature(&order));
        (what, bytes, note, prompts)
    }

    /// Orders two signatures at once; how each ended.
    pub(crate) fn sign_two(&self, person: &[Person]) -> [What; 2] {
        let order = self.signature();
        let work = || {
            std::thread::scope(|threads| {
                let both = [(); 2].map(|()| threads.spawn(|| self.one_signature(&order).0));
                both.map(|one| one.join().unwrap())
            })
        };
        self.at_the_screen(person, work).0
    }

    /// Locks while a prompt stands; how long that took, and how the signature ended.
    pub(crate) fn lock_while_signing(&self, person: &[Person]) -> (Duration, What) {
        let order = self.signature();
        let work = || {
            std::thread::scope(|threads| {
                let signing = threads.spawn(|| self.one_signature(&order).0);
                std::thread::sleep(SLOWLY / 2);
                let began = Instant::now();
                assert_eq!(self.order(&Order::Lock { id: id() }, &[]).0, Note::Done {});
                (began.elapsed(), signing.join().unwrap())
            })
        };
        self.at_the_screen(person, work).0
    }

    /// Orders a description; the fingerprint of the key that would sign.
    ///
    /// # Errors
    /// What sd-sign says instead.
    pub(crate) fn describe(&self, key: &str) -> Result<Fingerprint, Fault> {
        let key = sd_wire::bounded::Text::new(key).unwrap();
        match self.order(&Order::Describe { id: id(), key }, &[]).0 {
            Note::Key(key) => Ok(key.fingerprint),
            Note::Failed { why } => Err(why),
            other => panic!("{other:?}\n{}", self.logs()),
        }
    }

    /// Orders a signature with this key.
    ///
    /// # Errors
    /// What sd-sign says instead, to the sink and to sd-decide alike.
    pub(crate) fn sign_with(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, Fault> {
        let order = Order::Sign { id: id(), fingerprint: fingerprint.clone() };
        match self.one_signature(&order) {
            (What::Granted(_), signature, Note::Done {}) => Ok(signature),
            (What::Failed { why, .. }, _, Note::Failed { why: also }) if why == also => Err(why),
            other => panic!("{other:?}\n{}", self.logs()),
        }
    }

    fn signature(&self) -> Order {
        Order::Sign { id: id(), fingerprint: self.fingerprint() }
    }

    fn one_signature(&self, order: &Order) -> (What, Vec<u8>, Note) {
        let (ours, sink) = Link::pair().unwrap();
        let payload = Payload::seal(b"the payload\n").unwrap();
        let link = self.say(order, &[sink.as_fd(), payload.as_fd()]);
        drop(sink);
        let until = Instant::now() + PATIENCE;
        let packet = ours.receive_by(until).unwrap().expect("an outcome");
        let what = Outcome::from_line(&packet.bytes).unwrap().what;
        let mut bytes = Vec::new();
        if matches!(what, What::Granted(Granted::Signature { .. })) {
            bytes = ours.receive_by(until).unwrap().expect("a signature").bytes;
        }
        (what, bytes, self.hear(&link))
    }

    /// As [`Stage::sign`], when it fails: the fault, which the sink and sd-decide must have heard alike.
    pub(crate) fn sign_fails(&self, person: &[Person]) -> (Fault, Vec<Prompt>) {
        let (what, _, note, prompts) = self.sign(person);
        match (what, note) {
            (What::Failed { why, .. }, Note::Failed { why: also }) if why == also => (why, prompts),
            other => panic!("{other:?}\n{}", self.logs()),
        }
    }

    /// Whether the real gpg finds this signature good.
    pub(crate) fn verifies(&self, signature: &[u8]) -> bool {
        let (signed, made) = (self.at("signed"), self.at("signature"));
        std::fs::write(&signed, b"the payload\n").unwrap();
        std::fs::write(&made, signature).unwrap();
        self.gpg(&["--batch", "--verify", made.to_str().unwrap(), signed.to_str().unwrap()], "")
            .status
            .success()
    }

    /// Everything that was logged, and every other file of the companion that could hold a passphrase.
    pub(crate) fn logs(&self) -> String {
        ["agent.log", "sign.log", "g/gpg-agent.conf"]
            .map(|name| std::fs::read(self.at(name)).unwrap_or_default())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .join("\n")
    }

    fn fingerprint(&self) -> Fingerprint {
        self.describe("").unwrap_or_else(|why| panic!("{why:?}\n{}", self.logs()))
    }

    /// Plays sd-decide at passphrase.sock while `work` runs: one prompt after the other, no more than there are
    /// entries in `person`, and none left over.
    fn at_the_screen<T>(&self, person: &[Person], work: impl FnOnce() -> T) -> (T, Vec<Prompt>) {
        let path = self.at("passphrase.sock");
        if person.is_empty() {
            return (work(), Vec::new());
        }
        let (listener, (seen, prompts)) = (Listener::bind(&path, 0o600).unwrap(), channel());
        let person = person.to_vec();
        let screen = std::thread::spawn(move || {
            for does in person {
                assert!(listener.wait(PATIENCE).unwrap(), "no prompt for {does:?}");
                let link = listener.accept().unwrap().unwrap();
                seen.send(prompt(&link, does)).unwrap();
            }
        });
        let done = work();
        screen.join().unwrap_or_else(|_| panic!("the screen gave up\n{}", self.logs()));
        let _ = std::fs::remove_file(&path);
        (done, drain(&prompts))
    }

    fn say(&self, order: &Order, fds: &[std::os::fd::BorrowedFd<'_>]) -> Link {
        let link = Link::connect(&self.at("sign.sock")).unwrap();
        link.send(&order.to_line().unwrap(), fds).unwrap();
        link
    }

    fn hear(&self, link: &Link) -> Note {
        match link.receive_by(Instant::now() + PATIENCE) {
            Ok(Some(packet)) => Note::from_line(&packet.bytes).unwrap(),
            other => panic!("{other:?}\n{}", self.logs()),
        }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.sign.kill();
        let _ = self.sign.wait();
        self.end_agent();
    }
}

/// A program as the companion's user manager would start it: nothing of the person's own session.
fn companion<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        .env("GNUPGHOME", folder.join("g"))
        .env("SECRETS_DISPATCHER_PASSPHRASE", folder.join("passphrase.sock"))
        .env("SECRETS_DISPATCHER_CONFIG", folder)
}

fn private(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn drain(prompts: &Receiver<Prompt>) -> Vec<Prompt> {
    prompts.try_iter().collect()
}

pub(crate) fn id() -> AskId {
    AskId::from_random(7u64.to_be_bytes())
}
