//! The front: the process that was called. It waits for the keeper, passes signals on, and cleans up
//! should the keeper be killed.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::answer::Answers;
use crate::caller_terminal::CallerTerminal;
use crate::cli::Options;
use crate::failure::{Doing, Failure};
use crate::{descendants, keeper, run_dir, supervision};

/// Runs everything; the exit status of the rig.
#[must_use]
pub fn main(options: &Options, arguments: &[OsString]) -> ExitCode {
    match run(options, arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("sd-rig: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// The signals that both guards read from a file instead of being interrupted by them.
///
/// # Errors
/// When the kernel refuses.
pub fn signals() -> Result<SignalFd, Failure> {
    let doing = "read signals from a file";
    let mut set = SigSet::empty();
    for signal in
        [Signal::SIGCHLD, Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGWINCH]
    {
        set.add(signal);
    }
    set.thread_block().doing(doing)?;
    SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).doing(doing)
}

fn run(options: &Options, arguments: &[OsString]) -> Result<u8, Failure> {
    let mut terminal = match options.answer {
        Answers::Ask => Some(CallerTerminal::open()?),
        _ => None,
    };
    let signals = signals()?;
    set_child_subreaper(true).doing("become the parent of orphans")?;
    let run = run_dir::choose()?;
    let ended = start(&run, arguments).and_then(|keeper| wait(keeper, &signals));
    if !matches!(ended, Ok(WaitStatus::Exited(..))) {
        // The keeper was killed, or never lived: it cannot have cleaned up.
        descendants::end_all(&signals);
        if let Some(terminal) = &mut terminal {
            terminal.restore();
        }
    }
    run_dir::remove(&run);
    let ended = ended?;
    if let WaitStatus::Signaled(..) = ended {
        eprintln!("sd-rig: the rig's keeper died: {}", supervision::in_words(ended));
    }
    Ok(supervision::as_code(ended))
}

fn start(run: &Path, arguments: &[OsString]) -> Result<Pid, Failure> {
    let doing = "start the rig's keeper";
    let rig = std::env::current_exe().doing(doing)?;
    let parent = std::process::id().to_string();
    let child =
        Command::new(rig).arg(keeper::WORD).arg(parent).arg(run).args(arguments).spawn().doing(doing)?;
    i32::try_from(child.id()).map(Pid::from_raw).map_err(std::io::Error::other).doing(doing)
}

fn wait(keeper: Pid, signals: &SignalFd) -> Result<WaitStatus, Failure> {
    let doing = "wait for the rig's keeper";
    loop {
        let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error).doing(doing),
        }
        while let Ok(Some(news)) = signals.read_signal() {
            let signal = i32::try_from(news.ssi_signo).ok().and_then(|n| Signal::try_from(n).ok());
            if let Some(signal) = signal.filter(|signal| *signal != Signal::SIGCHLD) {
                let _ = kill(keeper, signal);
            }
        }
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)).doing(doing)? {
                WaitStatus::StillAlive => break,
                ended if ended.pid() == Some(keeper) => return Ok(ended),
                // Orphans come to us only once the keeper is dead.
                _ => {}
            }
        }
    }
}
