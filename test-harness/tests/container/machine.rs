//! A booted machine: what is run on it, and what is in it.

mod leftovers;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use nix::unistd::geteuid;

use crate::terminal::Terminal;
use crate::waiting::eventually;

/// What a command said, and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Its exit status; 124 when it was given up.
    pub(crate) code: i32,
    /// Standard output, without the end of its last line.
    pub(crate) out: String,
    /// Standard error, likewise.
    pub(crate) err: String,
}

/// A booted machine; it is gone when this is dropped, or when the test process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Machine {
    leader: u32,
    terminals: Vec<Terminal>,
    keeper: Child,
    // Its end is the end of the machine.
    _hold: ChildStdin,
}

impl Machine {
    /// A fresh machine with the users nb and eve, and nothing of ours; booted.
    pub(crate) fn boot() -> Self {
        Self::boot_with(&[])
    }

    /// The same after this script was run in its tree, before it is booted.
    pub(crate) fn boot_with(prepared: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        assert!(geteuid().is_root(), "this ring needs root; run it by `just test-container`");
        leftovers::clear();
        let name = format!("sd-machine-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let place = Path::new("/run").join(&name);
        let terminals = vec![Terminal::take(), Terminal::take()];
        fs::create_dir(&place).unwrap();
        let mut keeper = Command::new("unshare")
            .args([
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                include_str!("machine/keeper.sh"),
                "keeper.sh",
            ])
            .arg(&place)
            .arg(tree())
            .arg(&name)
            .arg(prepared.join("\n"))
            .args(terminals.iter().map(|terminal| format!("--bind={}", terminal.path().display())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let hold = keeper.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let nspawn =
            line.trim().strip_prefix("nspawn ").unwrap_or_else(|| panic!("the machine was not started"));
        let children = format!("/proc/{nspawn}/task/{nspawn}/children");
        let console = || fs::read_to_string(place.join("console")).unwrap_or_default();
        // On the way there nspawn has other children.
        let is_first = |pid: &u32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status
                .lines()
                .any(|line| line.starts_with("NSpid:") && line.split_whitespace().last() == Some("1"))
        };
        let leader = || {
            let pids = fs::read_to_string(&children).unwrap_or_default();
            pids.split_whitespace().filter_map(|pid| pid.parse().ok()).find(is_first)
        };
        eventually("the machine's first process", console, || leader().is_some());
        let machine = Self { leader: leader().unwrap(), terminals, keeper, _hold: hold };
        let state = || machine.run("systemctl is-system-running").out;
        eventually(
            "the machine to be up",
            || format!("{}\n{}", console(), machine.run("systemctl --failed; systemctl list-jobs").out),
            || state() == "running",
        );
        machine
    }

    /// Its virtual terminals; the first is for the first desktop user.
    pub(crate) fn terminal(&self, which: usize) -> &Terminal {
        &self.terminals[which]
    }

    /// What becomes of a shell script as root, outside of any session. It is given up after a minute.
    pub(crate) fn run(&self, script: &str) -> Said {
        let output = self.command(&["timeout", "--kill-after=5", "60", "sh", "-c", script]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// What a script prints that is to succeed.
    pub(crate) fn ok(&self, script: &str) -> String {
        let said = self.run(script);
        assert!(said.code == 0, "{script}\n{said:#?}\n{}", self.journal());
        said.out
    }

    /// A command on the machine as root, outside of any session, with nothing of this process's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.leader.to_string(), "--all", "env", "-i"])
            .args([
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG=C.UTF-8",
                "TERM=linux",
            ])
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Where a file of the machine is to be found from here.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{inside}", self.leader))
    }

    /// The end of what its journal says.
    pub(crate) fn journal(&self) -> String {
        self.run("journalctl --boot --no-pager --output short-monotonic --lines 40").out
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Not by the hold, which is dropped after this: the keeper ends by the signal in the same way.
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(i32::try_from(self.keeper.id()).unwrap()),
            nix::sys::signal::Signal::SIGHUP,
        );
        let _ = self.keeper.wait();
    }
}

/// A machine that the tests of a file take turns on; it is booted for the first of them.
pub(crate) type Shared = LazyLock<Mutex<Machine>>;

/// A turn on it, with nobody logged in. What else a test leaves when it fails, the next one finds.
pub(crate) fn turn(shared: &'static Shared) -> MutexGuard<'static, Machine> {
    let machine = shared.lock().unwrap_or_else(PoisonError::into_inner);
    machine.run("loginctl terminate-user nb; loginctl terminate-user eve; systemctl reset-failed");
    machine
}

/// The tree that scripts/machine-tree.sh has made.
fn tree() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/machine-tree.sh");
    let made = Command::new(script).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}
