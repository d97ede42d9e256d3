//! Runs the rig for a test: with the real tools, or with fakes where the rig itself is under test.

// Each test file uses its own part of this.
#![allow(dead_code, unused_imports)]

mod beside;
pub(crate) mod companion;
mod going;
pub(crate) mod keys;
pub(crate) mod memory;
pub(crate) mod packets;
pub(crate) mod requester;
pub(crate) mod stock;
pub(crate) mod worker;

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use tempfile::TempDir;
use test_harness::screen;

pub(crate) use beside::Beside;
pub(crate) use going::{Going, Hold};

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

/// Whether the backend is sd-store: its passphrase is its key's, and gpg-agent asks for it.
pub(crate) fn is_store() -> bool {
    std::env::var(BACKEND).is_ok_and(|name| name == "store")
}

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

pub(crate) fn place() -> TempDir {
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
        install(to, File::open(from).unwrap());
    }
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
pub(crate) fn script(program: &Path, line: &str) {
    let mut text = tempfile::tempfile().unwrap();
    writeln!(text, "#!/bin/sh\n{line}").unwrap();
    text.rewind().unwrap();
    install(program, text);
}

/// Makes a program of this. By a process of its own, as whatever another test starts meanwhile holds for a moment what
/// is open here, and nobody can run a program that somebody may write to (`ETXTBSY`).
fn install(program: &Path, content: File) {
    let done = Command::new("install").args(["-m", "755", "/dev/stdin"]).arg(program).stdin(content).status();
    assert!(done.unwrap().success(), "{}", program.display());
}
