//! What may become of what a client does: it is approved, denied, left until it expires, or the client is killed while it
//! waits. Every client is put through all four, and afterwards another client looks where the data is.
//!
//! No time decides a test: the rig types when the screen offers the key, and every look is repeated until it succeeds.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};

use crate::rig;
use crate::support::Going;

/// One thing that a client does.
pub(crate) struct Deed {
    /// What is done at the backend itself beforehand, without any of us: a line of shell on the companion's bus.
    pub(crate) before: &'static str,
    /// What the client does: a line of shell, whose exit status is the client's.
    pub(crate) does: &'static str,
    /// How it tells that it was approved.
    pub(crate) approved: Ends,
    /// How it tells that it was denied.
    pub(crate) denied: Ends,
    /// How it tells that it expired.
    pub(crate) expired: Ends,
    /// How another client looks at the keyring afterwards: a line of shell that is repeated until it prints something. It
    /// gets a yes to all that it asks for.
    pub(crate) look: &'static str,
    /// What that one sees after a yes.
    pub(crate) after: &'static str,
    /// What it sees when there was none: the data where it was.
    pub(crate) untouched: &'static str,
}

/// How a client ended.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    /// Its exit status.
    pub(crate) status: i32,
    /// All that it printed.
    pub(crate) stdout: &'static str,
    /// A part of what it said on standard error; if it is empty, nothing was said.
    pub(crate) stderr: &'static str,
}

/// An end in which the client says nothing on standard error.
pub(crate) const fn ends(status: i32, stdout: &'static str) -> Ends {
    Ends { status, stdout, stderr: "" }
}

/// An end with something on standard error.
pub(crate) const fn complains(status: i32, stdout: &'static str, stderr: &'static str) -> Ends {
    Ends { status, stdout, stderr }
}

/// The four tests of a deed, a row each.
macro_rules! fates {
    ($deed:expr, approved: $approved:ident, denied: $denied:ident, expired: $expired:ident, killed: $killed:ident) => {
        #[test]
        fn $approved() {
            $deed.is_approved();
        }

        #[test]
        fn $denied() {
            $deed.is_denied();
        }

        #[test]
        fn $expired() {
            $deed.expires();
        }

        #[test]
        fn $killed() {
            $deed.is_killed();
        }
    };
}
pub(crate) use fates;

/// What COMMAND does in a rig: a client in a process group of its own, and then another that looks. Each begins when the
/// test has written down what it does.
const COMMAND: &str = "
    await() { while ! test -e $1; do sleep 0.05; done; }
    await does; setsid sh ./does > out 2> err & echo $! > group; wait $!; echo $? > part; mv part status
    await look; until sh ./look > part 2> look-err && test -s part; do sleep 1; done; mv part seen";

impl Deed {
    /// Approves it.
    pub(crate) fn is_approved(&self) {
        let run = self.starts(&["--answer", "y"], false);
        run.ended(self.approved);
        run.is_seen(self.look, self.after);
    }

    /// Approves it, which takes one key, however many items it is about.
    pub(crate) fn is_approved_by_one_key(&self) {
        let run = self.starts(&["--answer", "y"], false);
        run.ended(self.approved);
        assert_eq!(run.going.log("sd-decide").matches("OUTCOME=approved").count(), 1, "{}", run.all());
        run.is_seen(self.look, self.after);
    }

    /// Denies the first ask of it, and approves what comes later.
    pub(crate) fn is_denied(&self) {
        // A denial is remembered for five seconds, in which more asks may come; they take no key.
        let keys = format!("n{}", "y".repeat(40));
        let run = self.starts(&["--answer", &keys], false);
        run.going.logged("sd-decide", "OUTCOME=denied");
        run.ended(self.denied);
        run.is_seen(self.look, self.untouched);
    }

    /// Leaves it until it has expired.
    pub(crate) fn expires(&self) {
        let run = self.starts(&["--answer", "y", "--expire", "4"], true);
        run.going.logged("sd-decide", "OUTCOME=expired");
        run.ended(self.expired);
        run.going.lets_type();
        run.is_seen(self.look, self.untouched);
    }

    /// Kills the client while its ask is on the screen.
    pub(crate) fn is_killed(&self) {
        let run = self.starts(&["--answer", "y"], true);
        run.going.stands("n deny");
        run.is_killed();
        run.going.logged("sd-decide", "OUTCOME=withdrawn");
        run.going.stands("Nothing is waiting.");
        run.going.lets_type();
        run.is_seen(self.look, self.untouched);
    }

    fn starts(&self, options: &[&str], holding: bool) -> Running {
        let rig = rig::with(options);
        let going = Going::start(if holding { rig.holding() } else { rig }, COMMAND);
        at_the_backend(&going, self.before);
        going.write("does", &rig::script(self.does));
        Running { going }
    }
}

/// Runs a line of shell on the companion's bus, as the companion.
pub(crate) fn at_the_backend(going: &Going, line: &str) {
    let mut command = Command::new("setpriv");
    if nix::unistd::geteuid().is_root() {
        let uid = test_harness::people::People::here().companion;
        command.args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()]);
    }
    let output = command
        .args(["sh", "-ec", &rig::script(line)])
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", going.dir.join("companion/bus").display()))
        .env("HOME", going.dir.join("companion"))
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
}

/// A deed that has begun.
struct Running {
    going: Going,
}

impl Running {
    /// Waits for the client's end, and compares.
    fn ended(&self, expected: Ends) {
        let status: i32 = awaited(&self.going, "status").trim().parse().unwrap();
        let (stdout, stderr) = (self.going.file("out"), self.going.file("err"));
        assert_eq!((status, stdout.as_str()), (expected.status, expected.stdout), "{}", self.all());
        let complains = !stderr.is_empty() || expected.stderr.is_empty();
        assert!(complains && stderr.contains(expected.stderr), "{}", self.all());
        assert!(!expected.stderr.is_empty() || stderr.is_empty(), "{}", self.all());
    }

    fn is_killed(&self) {
        let group = self.going.pid_in("group");
        killpg(group, Signal::SIGKILL).unwrap();
        assert_eq!(awaited(&self.going, "status").trim(), "137", "{}", self.all());
    }

    /// Has another client look at the keyring.
    fn is_seen(&self, look: &str, expected: &str) {
        self.going.write("look", &rig::script(look));
        assert_eq!(awaited(&self.going, "seen").trim(), expected, "{}", self.all());
    }

    fn all(&self) -> String {
        let file = |name: &str| {
            let text = if self.going.has(name) { self.going.file(name) } else { String::new() };
            format!("{name}: {text}\n")
        };
        let files: String = ["status", "out", "err", "look-err", "seen"].into_iter().map(file).collect();
        let logs = ["sd-decide", "sd-agent", "sd-fetch"].map(|name| self.going.log(name)).concat();
        format!("{files}{logs}screen:\n{}", self.going.screen())
    }
}

/// The content of a file that COMMAND makes when a client or a person has done what may take long.
pub(crate) fn awaited(going: &Going, name: &str) -> String {
    let started = Instant::now();
    while !going.has(name) {
        assert!(
            started.elapsed() < Duration::from_secs(100),
            "waited in vain for {name}\n{}{}",
            going.log("sd-agent"),
            going.screen()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    going.file(name)
}
