//! Runs the rig for a test: with the real tools, or with fakes where the rig itself is under test.

// Each test file uses its own part of this.
#![allow(dead_code)]

pub(crate) mod companion;
pub(crate) mod keys;
pub(crate) mod memory;
pub(crate) mod packets;
pub(crate) mod requester;
pub(crate) mod stock;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use tempfile::TempDir;
use test_harness::screen;

/// The rig as cargo built it, with the real tools beside it.
pub(crate) const RIG: &str = env!("CARGO_BIN_EXE_sd-rig");
/// How long a test waits for what does not come. It only ever costs a test that fails, so the slowest machine decides.
const PATIENCE: Duration = Duration::from_secs(90);
/// COMMAND among fakes, less `/NAME.sock`: connects to one of the chain's sockets and prints what comes.
pub(crate) const KNOCK: &str = "sd-fake knock $SD_RIG_RUN/socket";
const FAKE: &str = env!("CARGO_BIN_EXE_sd-fake");

/// Which backend stands behind the chain in tests that do not choose one: `gnome-keyring`, unless this variable names
/// another, as `sd-rig --backend` does. Read by tests alone; no tool of the project knows it.
pub(crate) const BACKEND: &str = "TEST_BACKEND";

/// What a run of the rig gave.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) screens: Vec<String>,
}

impl Run {
    /// Everything at once, for the message of a failed assertion.
    pub(crate) fn all(&self) -> String {
        let screens = self.screens.join("\n────\n");
        format!(
            "status {}\nstdout: {}\nstderr: {}\nscreens:\n{screens}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// A rig to be run: the real one, or one among fakes.
pub(crate) struct Rig {
    program: PathBuf,
    place: TempDir,
    arguments: Vec<String>,
    /// Where programs are found before all others.
    path: Option<PathBuf>,
}

impl Rig {
    /// The rig among the real tools.
    pub(crate) fn real() -> Self {
        let dir = Path::new(RIG).parent().unwrap();
        for name in test_harness::tools::BINARIES {
            assert!(dir.join(name).is_file(), "{name} is not built; run `cargo build --workspace` first");
        }
        Self { program: RIG.into(), place: place(), arguments: Vec::new(), path: None }
    }

    /// The rig among fakes.
    pub(crate) fn among_fakes() -> Self {
        let place = place();
        let program = place.path().join("sd-rig");
        link_or_copy(RIG, &program);
        link_or_copy(FAKE, &place.path().join("sd-fake"));
        for name in test_harness::tools::BINARIES {
            symlink("sd-fake", place.path().join(name)).unwrap();
        }
        Self { program, place, arguments: Vec::new(), path: None }
    }

    /// The rig among the real tools but one, in whose place sd-forge sits; see `sd-forge --help`.
    pub(crate) fn with_forger(tool: &str, arguments: &[&str]) -> Self {
        let mut rig = Self::real();
        let (built, place) = (Path::new(RIG).parent().unwrap(), rig.place.path());
        for name in test_harness::tools::BINARIES.into_iter().chain(["sd-ask"]).filter(|name| *name != tool) {
            symlink(built.join(name), place.join(name)).unwrap();
        }
        let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
        let forger = built.join("sd-forge");
        script(&place.join(tool), &format!("exec {} {} -- \"$@\"", forger.display(), words.join(" ")));
        rig.program = place.join("sd-rig");
        link_or_copy(RIG, &rig.program);
        rig
    }

    /// With these options.
    pub(crate) fn with(mut self, options: &[&str]) -> Self {
        self.arguments.extend(options.iter().map(|word| (*word).to_owned()));
        self
    }

    /// With this file of rules, after its `version`.
    pub(crate) fn with_rules(self, text: &str) -> Self {
        let file = self.place().join("rules.toml");
        fs::write(&file, format!("version = 1\n{text}\n")).unwrap();
        let file = file.to_str().unwrap().to_owned();
        self.with(&["--rules", &file])
    }

    /// With a Secret Service as its backend that misbehaves as told; see `sd-fake-backend --help`.
    pub(crate) fn with_fake_backend(mut self, arguments: &[&str]) -> Self {
        self.path = Some(fake_backend(self.place(), arguments));
        self
    }

    /// That types nothing before [`Going::lets_type`].
    pub(crate) fn holding(self) -> Self {
        let file = self.place().join("type").to_str().unwrap().to_owned();
        self.with(&["--hold", &file])
    }

    /// At whose screen the test types: by [`Going::types`].
    pub(crate) fn with_keyboard(self) -> Self {
        let pipe = self.place().join("keyboard");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let pipe = pipe.to_str().unwrap().to_owned();
        self.with(&["--keyboard", &pipe])
    }

    /// A directory of the test's own; it is gone with the rig.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// Runs a line of shell in the rig to its end. A run that hangs ends after a minute with status 124.
    pub(crate) fn run(&self, script: &str) -> Run {
        self.finish(self.start(script))
    }

    /// Starts a line of shell in the rig.
    pub(crate) fn start(&self, script: &str) -> Child {
        self.command(script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The rig with a line of shell, without input, and not yet started.
    pub(crate) fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(first) = &self.path {
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", first.display()));
        }
        if !self.has("--timeout") {
            command.args(["--timeout", "60"]);
        }
        if let Ok(backend) = std::env::var(BACKEND)
            && self.path.is_none()
            && self.program == Path::new(RIG)
            && !self.has("--backend")
        {
            command.args(["--backend", &backend]);
        }
        command
            .args(&self.arguments)
            .arg("--screen")
            .arg(self.place().join("screens"))
            .args(["--", "sh", "-c", script])
            .env("TMPDIR", self.place())
            // COMMAND's, unless the rig gives it a user of its own.
            .env("HOME", self.place().join("home"))
            .env("SCREENS", self.place().join("screens"))
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null());
        command
    }

    fn has(&self, option: &str) -> bool {
        self.arguments.iter().any(|word| word == option)
    }

    /// Waits for the end of what [`Rig::start`] started.
    pub(crate) fn finish(&self, child: Child) -> Run {
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let screens = fs::read_to_string(self.place().join("screens")).unwrap_or_default();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Run {
            status: status.code().unwrap_or(-1),
            stdout: text(&stdout),
            stderr: text(&stderr),
            screens: screen::pictures(&screens),
        }
    }

    /// The directory of a run that goes on, once the rig has made it.
    pub(crate) fn run_dir(&self) -> PathBuf {
        eventually("a run directory", || run_dirs(self.place()).pop())
    }

    /// Waits until no run directory is left, and no process that was in the rig.
    pub(crate) fn is_all_gone(&self, run: &Path) {
        eventually("the run directory to vanish", || run_dirs(self.place()).is_empty().then_some(()));
        eventually("every process to end", || processes_that_name(run).is_empty().then_some(()));
    }
}

/// Runs git on a terminal of its own, whose output is the script's: git before 2.41 drops what sd-gpg says on standard
/// error, which then goes to the terminal.
pub(crate) fn on_a_terminal(git: &str) -> String {
    format!("script --quiet --return --command '{git}' /dev/null < /dev/null")
}

/// Asks until there is an answer; a test that waits for what does not come fails after [`PATIENCE`].
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The number of a process of a run, once it has been started: `sd-gate`, `backend`, `command` and so on.
pub(crate) fn pid_in(run: &Path, name: &str) -> Pid {
    let text = eventually(name, || fs::read_to_string(run.join("pids").join(name)).ok());
    Pid::from_raw(text.trim().parse().unwrap())
}

/// The processes whose arguments or environment name this path.
pub(crate) fn processes_that_name(path: &Path) -> Vec<String> {
    let needle = path.to_str().unwrap();
    let text = |file: PathBuf| String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| text(entry.path().join("cmdline")) + &text(entry.path().join("environ")))
        .filter(|words| words.contains(needle))
        .collect()
}

fn run_dirs(place: &Path) -> Vec<PathBuf> {
    let is_run = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("sd-rig.");
    fs::read_dir(place).unwrap().flatten().map(|entry| entry.path()).filter(is_run).collect()
}

fn place() -> TempDir {
    // Open to the users that the rig runs tools as when it is root's.
    let place = tempfile::Builder::new()
        .prefix("t.")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    fs::create_dir(place.path().join("home")).unwrap();
    place
}

fn link_or_copy(from: &str, to: &Path) {
    // A link needs the same file system, and to own the file.
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).unwrap();
    }
}

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

/// A tool that runs on beside COMMAND, at most until the end of the test.
pub(crate) struct Beside {
    child: Child,
    file: tempfile::NamedTempFile,
}

impl Beside {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.file.path()).unwrap()
    }

    /// Waits until it has printed something that contains this, and gives the first such line.
    pub(crate) fn says(&self, what: &str) -> String {
        let found = || self.said().lines().find(|line| line.contains(what)).map(str::to_owned);
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(line) = found() {
                return line;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("waited in vain for {what:?} in what it printed: {}", self.said())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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

/// Puts a Secret Service that misbehaves as told where the rig will find its backend: first in PATH, under the name
/// of the one that it starts.
pub(crate) fn fake_backend(place: &Path, arguments: &[&str]) -> PathBuf {
    let dir = place.join("backend");
    fs::create_dir(&dir).unwrap();
    let program = dir.join("gnome-keyring-daemon");
    let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    script(&program, &format!("exec {} {}", env!("CARGO_BIN_EXE_sd-fake-backend"), words.join(" ")));
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// A program of one line of shell.
fn script(program: &Path, line: &str) {
    fs::write(program, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
}
