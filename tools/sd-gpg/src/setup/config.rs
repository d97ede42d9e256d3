//! git's configuration, read and written by git itself.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::failure::Failure;

/// Which of git's files is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The user's.
    Global,
    /// The repository's.
    Local,
}

impl Scope {
    fn option(self) -> &'static str {
        match self {
            Self::Global => "--global",
            Self::Local => "--local",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "your git configuration",
            Self::Local => "this repository's configuration",
        })
    }
}

/// One file of git's configuration.
pub(super) struct Config {
    pub(super) scope: Scope,
    /// Nothing is written.
    pub(super) dry_run: bool,
    /// Where git is called; `None` for here.
    pub(super) folder: Option<PathBuf>,
}

impl Config {
    /// The one value in this file, or none.
    ///
    /// # Errors
    /// [`Failure::Setup`] when there are several, of which none could be put back.
    pub(super) fn own(&self, name: &str) -> Result<Option<String>, Failure> {
        let mut all = self.all(name)?;
        if all.len() > 1 {
            return Err(Failure::Setup(format!(
                "{name} is set {} times in {}; leave one of them and call this again",
                all.len(),
                self.scope
            )));
        }
        Ok(all.pop())
    }

    /// All values in this file.
    pub(super) fn all(&self, name: &str) -> Result<Vec<String>, Failure> {
        self.read(&[self.scope.option(), "--null", "--get-all", name])
    }

    /// The value that git would use here, whatever file it is in.
    pub(super) fn effective(&self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.read(&["--null", "--get", name])?.pop())
    }

    /// Sets the one value.
    pub(super) fn set(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.write(&[self.scope.option(), name, value])
    }

    /// Adds a value.
    pub(super) fn add(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.write(&[self.scope.option(), "--add", name, value])
    }

    /// Removes this value, or all; nothing to remove is no failure.
    pub(super) fn remove(&self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        let mut arguments = vec![self.scope.option()];
        arguments.extend(value.map(|_| "--fixed-value"));
        arguments.extend(["--unset-all", name]);
        arguments.extend(value);
        if self.all(name)?.is_empty() {
            return Ok(());
        }
        self.write(&arguments)
    }

    fn read(&self, arguments: &[&str]) -> Result<Vec<String>, Failure> {
        let output = self.git(arguments)?;
        // 1: there is none of this name.
        if !output.status.success() && output.status.code() != Some(1) {
            return Err(failed(arguments, &output));
        }
        let text = String::from_utf8(output.stdout)
            .map_err(|_| Failure::Setup(format!("what git has set for {arguments:?} is no text")))?;
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    }

    fn write(&self, arguments: &[&str]) -> Result<(), Failure> {
        if self.dry_run {
            return Ok(());
        }
        let output = self.git(arguments)?;
        if output.status.success() { Ok(()) } else { Err(failed(arguments, &output)) }
    }

    fn git(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut git = Command::new("git");
        git.arg("config").args(arguments).stdin(Stdio::null());
        if let Some(folder) = &self.folder {
            git.current_dir(folder).env("HOME", folder).env_remove("XDG_CONFIG_HOME");
        }
        git.output().map_err(|e| Failure::Setup(format!("git cannot be run: {e}; install git")))
    }
}

fn failed(arguments: &[&str], output: &Output) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr);
    Failure::Setup(format!("git config {} failed: {}", arguments.join(" "), said.trim()))
}
