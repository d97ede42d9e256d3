//! A run of the rig that a test looks at and meddles with while it goes on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_harness::screen;

use super::{Beside, PATIENCE, RIG, Rig, Run, eventually, run_dirs};

/// A run that goes on until it is let go.
pub(crate) struct Going {
    rig: Rig,
    child: Option<Child>,
    /// The run's directory.
    pub(crate) dir: PathBuf,
}

impl Going {
    /// Starts the rig; COMMAND writes `ready` when it runs, does what the script says, and then waits.
    pub(crate) fn start(rig: Rig, script: &str) -> Self {
        let gate = rig.place().join("let-go");
        let ready = rig.place().join("ready");
        fs::create_dir(&ready).unwrap();
        fs::set_permissions(&ready, fs::Permissions::from_mode(0o777)).unwrap();
        let script = format!(
            "cd {ready}; touch ready; {script}\n while ! test -e {gate}; do sleep 0.05; done",
            ready = ready.display(),
            gate = gate.display()
        );
        let mut child = rig.start(&script);
        let dir = eventually("the run's directory", || {
            assert!(child.try_wait().unwrap().is_none(), "the rig ended: {}", tail(&mut child));
            run_dirs(rig.place()).pop()
        });
        eventually("the command to run", || {
            assert!(child.try_wait().unwrap().is_none(), "the rig ended: {}", tail(&mut child));
            ready.join("ready").exists().then_some(())
        });
        Self { rig, child: Some(child), dir }
    }

    /// The process id of a tool, once it runs.
    pub(crate) fn pid(&self, name: &str) -> nix::unistd::Pid {
        let file = self.dir.join("pids").join(name);
        let text = eventually(name, || fs::read_to_string(&file).ok().filter(|text| !text.trim().is_empty()));
        nix::unistd::Pid::from_raw(text.trim().parse().unwrap())
    }

    /// Waits until the script has made this file in its working directory, and gives its content.
    pub(crate) fn file(&self, name: &str) -> String {
        let file = self.rig.place().join("ready").join(name);
        eventually(name, || fs::read_to_string(&file).ok())
    }

    /// The process id that the script has written into this file by `echo $! > name`, once it is all there: a shell
    /// makes the file before it writes.
    pub(crate) fn pid_in(&self, name: &str) -> nix::unistd::Pid {
        let file = self.rig.place().join("ready").join(name);
        let whole = || fs::read_to_string(&file).ok()?.strip_suffix('\n')?.parse().ok();
        nix::unistd::Pid::from_raw(eventually(name, whole))
    }

    /// As [`Going::file`], of one that takes longer to come.
    pub(crate) fn file_within(&self, name: &str, patience: Duration) -> String {
        let began = Instant::now();
        while !self.has(name) && began.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.file(name)
    }

    /// Whether the script has made this file in its working directory.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rig.place().join("ready").join(name).exists()
    }

    /// Makes a file in the script's working directory.
    pub(crate) fn make(&self, name: &str) {
        fs::write(self.rig.place().join("ready").join(name), "").unwrap();
    }

    /// Makes a file of this content in the script's working directory.
    pub(crate) fn write(&self, name: &str, content: &str) {
        let dir = self.rig.place().join("ready");
        fs::write(dir.join("part"), content).unwrap();
        fs::set_permissions(dir.join("part"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::rename(dir.join("part"), dir.join(name)).unwrap();
    }

    /// The directory of the test.
    pub(crate) fn place(&self) -> &Path {
        self.rig.place()
    }

    /// What a tool has logged so far.
    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join("log").join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Waits until a tool has logged something that contains this.
    pub(crate) fn logged(&self, name: &str, what: &str) {
        eventually(&format!("{what:?} in the log of {name}"), || self.log(name).contains(what).then_some(()));
    }

    /// Lets the rig type: for one that was started with `--hold PLACE/type`.
    pub(crate) fn lets_type(&self) {
        fs::write(self.place().join("type"), "").unwrap();
    }

    /// Types on the screen, as a person would: not before it has been looked at for the quiet time.
    pub(crate) fn types(&self, keys: &str) {
        std::thread::sleep(Duration::from_millis(1200));
        self.types_at_once(keys);
    }

    /// Types on the screen without looking.
    pub(crate) fn types_at_once(&self, keys: &str) {
        fs::OpenOptions::new()
            .write(true)
            .open(self.place().join("keyboard"))
            .and_then(|mut pipe| std::io::Write::write_all(&mut pipe, keys.as_bytes()))
            .unwrap();
    }

    /// What stands on the screen now.
    pub(crate) fn screen(&self) -> String {
        let album = fs::read_to_string(self.place().join("screens")).unwrap_or_default();
        screen::pictures(&album).pop().unwrap_or_default()
    }

    /// Waits until this stands on the screen now.
    pub(crate) fn stands(&self, what: &str) {
        let started = Instant::now();
        while !self.screen().contains(what) {
            assert!(started.elapsed() < PATIENCE, "no {what:?} on\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the screen shows this.
    pub(crate) fn shows(&self, what: &str) {
        let file = self.rig.place().join("screens");
        eventually(&format!("{what:?} on the screen"), || {
            fs::read_to_string(&file).unwrap_or_default().contains(what).then_some(())
        });
    }

    /// Says something at one of the sockets, as the party that may: see `sd-knock --help`.
    pub(crate) fn knock(&self, socket: &str, arguments: &[&str]) -> String {
        let people = test_harness::people::People::here();
        let knocker = if socket == "decide" { people.gate } else { people.decide };
        self.knock_as(knocker, people.desktop, socket, arguments)
    }

    /// As [`Going::knock`], as another uid and with descriptors made by another; ordinary users have one uid only.
    pub(crate) fn knock_as(&self, knocker: u32, maker: u32, socket: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sd-knock"));
        command.arg(self.dir.join("socket").join(format!("{socket}.sock"))).args(arguments);
        if nix::unistd::geteuid().is_root() {
            command.args(["--knocker", &knocker.to_string(), "--maker", &maker.to_string()]);
        }
        let output = command.env("TMPDIR", "/tmp").output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Runs one of the tests' tools to its end beside COMMAND, as the desktop user; gives what it printed.
    pub(crate) fn desktop(&self, tool: &str, arguments: &[&str]) -> String {
        let output = self.as_desktop(tool, arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// As [`Going::desktop`], but lets it run.
    pub(crate) fn desktop_beside(&self, tool: &str, arguments: &[&str]) -> Beside {
        let file = tempfile::NamedTempFile::new_in(self.place()).unwrap();
        let mut command = self.as_desktop(tool, arguments);
        let output = || Stdio::from(file.as_file().try_clone().unwrap());
        let child = command.stdout(output()).stderr(output()).spawn().unwrap();
        Beside { child, file }
    }

    /// One of the tests' tools as the desktop user, not yet started.
    pub(crate) fn as_desktop(&self, tool: &str, arguments: &[&str]) -> Command {
        let program = Path::new(RIG).with_file_name(tool);
        let mut command = Command::new("setpriv");
        if nix::unistd::geteuid().is_root() {
            let uid = test_harness::people::People::here().desktop;
            command.args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()]);
        }
        command
            .arg(program)
            .args(arguments)
            .env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", self.dir.join("bus/socket").display()))
            .env("SECRETS_DISPATCHER_CONFIG", self.dir.join("config"))
            .env("TMPDIR", "/tmp");
        command
    }

    /// Lets COMMAND end, and the run with it.
    pub(crate) fn let_go(mut self) -> Run {
        fs::write(self.rig.place().join("let-go"), "").unwrap();
        let child = self.child.take().unwrap();
        self.rig.finish(child)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The survivor of a failed test: its keeper cleans up.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn tail(child: &mut Child) -> String {
    use std::io::Read;
    let mut text = String::new();
    let _ = child.stderr.as_mut().map(|stream| stream.read_to_string(&mut text));
    text
}

/// The rig's keeper, stopped: it starts nothing again until this is dropped.
pub(crate) struct Hold(Pid);

impl Hold {
    /// Of this run.
    pub(crate) fn of(going: &Going) -> Self {
        let keeper = sd_sys::Process::look(going.pid("sd-gate").as_raw()).unwrap().ppid;
        kill(Pid::from_raw(keeper), Signal::SIGSTOP).unwrap();
        Self(Pid::from_raw(keeper))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGCONT);
    }
}
