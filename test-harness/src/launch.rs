//! Starts a process as it will be born under systemd: its uid, its environment, its terminal, its listener.
//!
//! The rig may not run code between fork and exec, so it executes itself in between: see [`crate::launched`].

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Pid, getpid};

use crate::failure::{Doing, Failure};
use crate::launched;

/// A process to be started.
#[derive(Debug)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    birth: Vec<OsString>,
    command: Command,
}

impl Launch {
    /// This program without arguments, with an empty environment, no input, and output that goes nowhere.
    ///
    /// # Errors
    /// When the rig cannot find its own executable.
    pub fn new(program: impl Into<PathBuf>) -> Result<Self, Failure> {
        let rig = std::env::current_exe().doing("find the rig's own executable")?;
        let mut command = Command::new(rig);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { program: program.into(), arguments: Vec::new(), birth: Vec::new(), command })
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// A variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// As this uid, with the gid of the same number and no other groups.
    #[must_use]
    pub fn uid(mut self, uid: u32) -> Self {
        self.birth.extend([OsString::from("--uid"), uid.to_string().into()]);
        self
    }

    /// With this terminal as fd 0 and as the controlling terminal of a session of its own.
    ///
    /// Passed on open: a tool may forbid (TIOCEXCL) that anyone but root opens its terminal again.
    #[must_use]
    pub fn terminal(mut self, terminal: OwnedFd) -> Self {
        self.birth.push("--terminal".into());
        self.command.stdin(terminal);
        self
    }

    /// With this listening socket as fd 3, under this name; fd 1 is the same as fd 2 then.
    #[must_use]
    pub fn listener(mut self, name: &str, socket: OwnedFd) -> Self {
        self.birth.extend(["--listener", name].map(OsString::from));
        // The way through the exec in between, where it is moved to fd 3.
        self.command.stdout(socket);
        self
    }

    /// With a second listening socket as fd 4, under this name; its log is opened anew at the path then.
    #[must_use]
    pub fn second_listener(mut self, name: &str, socket: OwnedFd, log: &Path) -> Self {
        self.birth.extend(["--listener", name, "--log"].map(OsString::from));
        self.birth.push(log.into());
        self.command.stderr(socket);
        self
    }

    /// With this as fd 0.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// With this as fd 1.
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// With this as fd 2.
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    /// In a process group of its own, and with every file that the caller of the rig left open.
    #[must_use]
    pub fn as_the_command(mut self) -> Self {
        self.birth.extend(["--group", "--keep-files"].map(OsString::from));
        self
    }

    /// Starts it. It is killed when this process dies.
    ///
    /// # Errors
    /// When the system has no room for a process; a program that cannot be executed shows as status 126 or 127.
    pub fn start(mut self) -> Result<Pid, Failure> {
        let doing = format!("start {}", self.program.display());
        let parent = getpid().to_string();
        self.command.arg(launched::WORD).args(["--parent", &parent]).args(&self.birth);
        let child = self.command.arg("--").arg(&self.program).args(&self.arguments).spawn().doing(&doing)?;
        // The child is reaped by its number, together with those that lost their parents.
        i32::try_from(child.id()).map(Pid::from_raw).map_err(std::io::Error::other).doing(&doing)
    }
}
