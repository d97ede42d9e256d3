//! The short life between fork and exec: `sd-rig launch …` becomes the process that was asked for.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Parser;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{
    Gid, Pid, Uid, close, dup2_stderr, dup2_stdout, getppid, setgid, setgroups, setpgid, setsid, setuid,
};

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
    listener: Vec<String>,
    #[arg(long)]
    log: Option<PathBuf>,
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
    pass_listeners(birth, &mut command)?;
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

/// The first listener came as fd 1, the second as fd 2: nothing else than 0, 1 and 2 survives the way here.
fn pass_listeners(birth: &Birth, command: &mut Command) -> Result<(), Failure> {
    let doing = "pass the listeners";
    if birth.listener.is_empty() {
        return Ok(());
    }
    pass(io::stdout(), FIRST_LISTENER)?;
    if birth.listener.len() > 1 {
        pass(io::stderr(), FIRST_LISTENER + 1)?;
        let log =
            birth.log.as_ref().ok_or_else(|| Failure::Missing("a second listener needs --log".into()))?;
        dup2_stderr(fs::File::options().append(true).open(log).doing(doing)?).doing(doing)?;
    }
    dup2_stdout(io::stderr()).doing(doing)?;
    command.env("LISTEN_FDS", birth.listener.len().to_string());
    command.env("LISTEN_FDNAMES", birth.listener.join(":"));
    command.env("LISTEN_PID", std::process::id().to_string());
    Ok(())
}

/// Makes it this number, which is the lowest that is free.
fn pass(fd: impl AsFd, number: i32) -> Result<(), Failure> {
    let fd = fcntl(fd, FcntlArg::F_DUPFD(number)).doing("pass the listeners")?;
    if fd == number {
        return Ok(());
    }
    let error = io::Error::other(format!("it became fd {fd}, not {number}"));
    Err(Failure::System { doing: "pass the listeners".to_owned(), error })
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
