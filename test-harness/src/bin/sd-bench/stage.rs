//! The chain under test, and the backends alone beside it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use tempfile::TempDir;
use test_harness::people::People;
use test_harness::screen;

use crate::Done;

const PATIENCE: Duration = Duration::from_secs(60);

/// The rig has this long to end what it runs.
const FAREWELL: Duration = Duration::from_secs(20);

/// The directory of the binaries under test.
pub(crate) fn binaries() -> Done<PathBuf> {
    let here = std::env::current_exe()?;
    Ok(here.parent().ok_or("no directory")?.to_owned())
}

/// A folder that every uid of the rig can enter.
pub(crate) fn place() -> Done<TempDir> {
    let everybody = fs::Permissions::from_mode(0o755);
    Ok(tempfile::Builder::new().prefix("b.").permissions(everybody).tempdir_in("/tmp")?)
}

/// Asks until there is an answer.
pub(crate) fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> Done<T> {
    within(PATIENCE, what, ask)
}

/// As [`eventually`], for so long.
pub(crate) fn within<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> Done<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if began.elapsed() > patience {
            return Err(format!("waited in vain for {what}").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Everything of Secrets Dispatcher, by sd-rig.
pub(crate) struct Chain {
    child: Child,
    pub(crate) place: TempDir,
    pub(crate) run: PathBuf,
    variables: Vec<(String, String)>,
}

impl Chain {
    /// Starts it and waits until its COMMAND runs, or until it has ended without.
    pub(crate) fn start(options: &[&str]) -> Done<Self> {
        Self::start_with_path(options, &std::env::var("PATH").unwrap_or_default())
    }

    /// As [`Chain::start`], with programs such as a backend found there.
    pub(crate) fn start_with_path(options: &[&str], path: &str) -> Done<Self> {
        let place = place()?;
        let (keyboard, ready) = (place.path().join("keyboard"), place.path().join("ready"));
        nix::unistd::mkfifo(&keyboard, nix::sys::stat::Mode::S_IRWXU)?;
        fs::create_dir(&ready)?;
        fs::set_permissions(&ready, fs::Permissions::from_mode(0o777))?;
        let script =
            format!("env > {0}/part; mv {0}/part {0}/env; while :; do sleep 600; done", ready.display());
        let mut command = Command::new(binaries()?.join("sd-rig"));
        if !options.contains(&"--answer") {
            command.arg("--keyboard").arg(&keyboard);
        }
        let child = command
            .args(["--screen"])
            .arg(place.path().join("screens"))
            .args(options)
            .args(["--", "sh", "-c", &script])
            .env("TMPDIR", place.path())
            .env("PATH", path)
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null())
            .spawn()?;
        let mut chain = Self { child, place, run: PathBuf::new(), variables: Vec::new() };
        let text = eventually("the chain", || match fs::read_to_string(ready.join("env")) {
            Ok(text) => Some(Ok(text)),
            Err(_) => chain.end().map(Err),
        })??;
        chain.variables = pairs(text.lines());
        let run = chain.variables.iter().find(|(name, _)| name == "SD_RIG_RUN").map(|(_, run)| run.clone());
        chain.run = run.ok_or("no SD_RIG_RUN")?.into();
        Ok(chain)
    }

    /// Why there is no chain any more, once sd-rig has ended; it has said more on standard error.
    fn end(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("sd-rig ended too early, with {status}")),
            Err(why) => Some(format!("sd-rig cannot be waited for: {why}")),
        }
    }

    /// A program as COMMAND would start it.
    pub(crate) fn desktop(&self, program: &str) -> Command {
        as_whom(program, People::here().desktop, self.variables.clone())
    }

    /// A program beside the backend: what it asks passes nothing of ours.
    pub(crate) fn companion(&self, program: &str) -> Done<Command> {
        let environ = fs::read(format!("/proc/{}/environ", self.pid("backend")?))?;
        let text = String::from_utf8_lossy(&environ).into_owned();
        Ok(as_whom(program, People::here().companion, pairs(text.split('\0'))))
    }

    /// The number of a process.
    pub(crate) fn pid(&self, name: &str) -> Done<i32> {
        let text = fs::read_to_string(self.run.join("pids").join(name))?;
        Ok(text.trim().parse()?)
    }

    /// What stands on the screen.
    pub(crate) fn screen(&self) -> String {
        let album = fs::read_to_string(self.place.path().join("screens")).unwrap_or_default();
        screen::pictures(&album).pop().unwrap_or_default()
    }

    /// Types once an ask can be approved.
    pub(crate) fn types_at_an_ask(&self, keys: &[&str]) -> Done {
        eventually("an ask", || self.screen().contains("y approve").then_some(()))?;
        for keys in keys {
            // Without O_NONBLOCK, opening a pipe that a dead rig does not read would wait for ever.
            let mut options = fs::OpenOptions::new();
            options.write(true).custom_flags(nix::libc::O_NONBLOCK);
            let mut pipe = options.open(self.place.path().join("keyboard"))?;
            pipe.write_all(keys.as_bytes())?;
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// One application on this bus for all who connect at the socket, whose address is given back.
    pub(crate) fn relay(&self, name: &str, companion: bool) -> Done<(Relay, String)> {
        let me = std::env::current_exe()?;
        let me = me.to_str().ok_or("a path that is no text")?;
        let mut command = if companion { self.companion(me)? } else { self.desktop(me) };
        let bus = command
            .get_envs()
            .find(|(key, _)| *key == "DBUS_SESSION_BUS_ADDRESS")
            .and_then(|(_, value)| value?.to_str().map(str::to_owned))
            .ok_or("no bus")?;
        let socket = self.place.path().join("ready").join(name);
        command.arg("relay").arg(&socket).arg(bus).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        Ok((Relay(child), format!("unix:path={}", socket.display())))
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // Its number may be another's once it has been waited for.
        if self.end().is_some() {
            return;
        }
        // The rig's keeper ends everything when its front ends.
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap_or(0));
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        if within(FAREWELL, "sd-rig's end", || self.end()).is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A process that ends with the value.
pub(crate) struct Relay(pub(crate) Child);

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pairs<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
}

/// A program of this uid, with these variables and no others.
pub(crate) fn as_whom(program: &str, uid: u32, variables: Vec<(String, String)>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(variables).current_dir("/").stdin(Stdio::null()).stderr(Stdio::null());
    if geteuid().is_root() {
        command.uid(uid).gid(uid);
    }
    command
}

/// A client with an open connection, that does what it is told.
pub(crate) struct Obedient {
    child: Relay,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Obedient {
    /// Starts one, by this command, which lacks the arguments.
    pub(crate) fn start(mut command: Command) -> Done<Self> {
        let mut child = command.arg("obey").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let words = child.stdin.take().ok_or("no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut client = Self { child: Relay(child), words, answers };
        client.line()?;
        Ok(client)
    }

    fn line(&mut self) -> Done<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(format!("a client ended: {:?}", self.child.0.wait()).into());
        }
        Ok(line.trim().to_owned())
    }

    /// Has something done, and says what it printed.
    pub(crate) fn says(&mut self, words: &str) -> Done<String> {
        writeln!(self.words, "{words}")?;
        let line = self.line()?;
        if let Some(why) = line.strip_prefix("error ") {
            return Err(format!("{words}: {why}").into());
        }
        Ok(line)
    }

    /// Has something done, and says how many milliseconds it took.
    pub(crate) fn took(&mut self, words: &str) -> Done<f64> {
        let nanoseconds: f64 = self.says(words)?.parse()?;
        Ok(nanoseconds / 1e6)
    }
}

/// Runs a command to its good end; how many milliseconds it took, and what it printed.
pub(crate) fn whole(mut command: Command) -> Done<(f64, String)> {
    let began = Instant::now();
    let output = command.output()?;
    let took = began.elapsed().as_secs_f64() * 1e3;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status).into());
    }
    Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// A passwordless signing key in a new GnuPG home.
pub(crate) fn gnupg(home: &Path) -> Done {
    fs::create_dir(home)?;
    fs::set_permissions(home, fs::Permissions::from_mode(0o700))?;
    let words = ["--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "Bench <bench@example.org>"];
    let status = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .args(words)
        .args(["ed25519", "sign", "never"])
        .status()?;
    Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).status()?;
    if status.success() { Ok(()) } else { Err("gpg made no key".into()) }
}
