//! The short life between fork and exec: `sd-rig launch …` becomes the process that was asked for.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use clap::Parser;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Pid, Uid, close, dup2_stdout, getppid, setgid, setgroups, setpgid, setsid, setuid};

use crate::failure::{Doing, Failure};

/// How the rig asks itself for this.
pub const WORD: &str = "launch";

/// Where systemd passes the first listener.
const FIRST_LISTENER: i32 = 3;

#[derive(Debug, Parser)]
#[command(name = "sd-rig launch")]
struct Birth {
    #[arg(long)]
    parent: i32,
    #[arg(long)]
    uid: Option<u32>,
    #[arg(long)]
    terminal: bool,
    #[arg(long)]
    listener: Option<String>,
    #[arg(long)]
    group: bool,
    #[arg(long)]
    keep_files: bool,
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Becomes the process. Returns only when it cannot: 127 when there is no such program, else 126.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let line = std::iter::once(OsString::from(WORD)).chain(arguments.iter().cloned());
    let birth = match Birth::try_parse_from(line) {
        Ok(birth) => birth,
        Err(error) => {
            eprintln!("sd-rig launch: {error}");
            return ExitCode::from(70);
        }
    };
    match become_it(&birth) {
        Ok(error) => {
            let program = birth.command.first().map(|word| word.to_string_lossy()).unwrap_or_default();
            eprintln!("sd-rig: cannot run {program}: {error}");
            ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
        }
        Err(failure) => {
            eprintln!("sd-rig: {failure}");
            ExitCode::from(126)
        }
    }
}

/// Returns why exec failed.
fn become_it(birth: &Birth) -> Result<io::Error, Failure> {
    if !birth.keep_files {
        close_inherited();
    }
    let mut command = Command::new(birth.command.first().map(OsString::as_os_str).unwrap_or_default());
    command.args(birth.command.iter().skip(1));
    if let Some(name) = &birth.listener {
        let fd = fcntl(io::stdout(), FcntlArg::F_DUPFD(FIRST_LISTENER)).doing("pass the listener")?;
        if fd != FIRST_LISTENER {
            let error = io::Error::other(format!("it became fd {fd}, not {FIRST_LISTENER}"));
            return Err(Failure::System { doing: "pass the listener".to_owned(), error });
        }
        dup2_stdout(io::stderr()).doing("pass the listener")?;
        command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", name);
        command.env("LISTEN_PID", std::process::id().to_string());
    }
    if let Some(uid) = birth.uid {
        drop_to(uid).doing(format_args!("become the uid {uid}"))?;
    }
    // After the change of uid, which forgets the signal.
    set_pdeathsig(Signal::SIGKILL).doing("die with the rig")?;
    if getppid() != Pid::from_raw(birth.parent) {
        return Err(Failure::Missing("the rig is gone already".to_owned()));
    }
    if birth.group {
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).doing("lead a process group")?;
    }
    if birth.terminal {
        setsid().doing("lead a session")?;
        sd_sys::terminal::make_controlling(io::stdin()).doing("control the terminal")?;
    }
    // The rig blocks the signals that it reads from a file; nobody after it should.
    SigSet::empty().thread_set_mask().doing("unblock the signals")?;
    Ok(command.exec())
}

/// systemd closes what it does not pass; a caller of the rig may have left files open.
fn close_inherited() {
    let open: Vec<i32> = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        // The one that listed the directory is closed already.
        let _ = close(fd);
    }
}

fn drop_to(uid: u32) -> nix::Result<()> {
    setgroups(&[])?;
    setgid(Gid::from_raw(uid))?;
    setuid(Uid::from_raw(uid))
}
