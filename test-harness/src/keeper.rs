//! The keeper: starts everything, watches everything, ends everything.
//!
//! One thread and one loop: a child dies with the *thread* that started it (PR_SET_PDEATHSIG).
//!
//! A run, in the order of reading: `front` calls `main` here; `start` brings everything up; `turns` is the loop, which
//! takes a `look` at the screen when that has changed and calls `burial` when a process has ended; then `main` ends
//! whatever is left.

mod burial;
mod look;
mod start;
mod turns;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, getppid, setsid};

use crate::activation::Doorbell;
use crate::answer::{Answers, Typist};
use crate::caller_terminal::CallerTerminal;
use crate::cli::{self, Options};
use crate::environment::Environment;
use crate::failure::{Doing, Failure};
use crate::keyboard::Keyboard;
use crate::notify::Notify;
use crate::output::Output;
use crate::screen::Album;
use crate::supervision::{Register, as_code};
use crate::tools::{self, Daemon, Worker};
use crate::vt::Vt;
use crate::{backend, descendants, front, run_dir};

/// How the rig asks itself for this.
pub const WORD: &str = "keep";

/// Keeps one run: `keep FRONT DIRECTORY ARGUMENTS…`.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let (front, run, arguments) = match arguments {
        [front, run, rest @ ..] => (front, PathBuf::from(run), rest),
        _ => return ExitCode::from(64),
    };
    let Some(front) = front.to_str().and_then(|pid| pid.parse().ok()).map(Pid::from_raw) else {
        return ExitCode::from(64);
    };
    let options = match cli::read(arguments) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let signals = match guard(front) {
        Ok(signals) => signals,
        Err(failure) => {
            eprintln!("sd-rig: {failure}");
            return ExitCode::from(failure.code());
        }
    };
    let code = match keep(front, &run, &options, &signals) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("sd-rig: {failure}");
            failure.code()
        }
    };
    if !descendants::end_all(&signals) {
        eprintln!("sd-rig: some processes could not be ended");
    }
    run_dir::remove(&run);
    ExitCode::from(code)
}

/// Makes the two guards see each other's end.
fn guard(front: Pid) -> Result<SignalFd, Failure> {
    let signals = front::signals()?;
    setsid().doing("lead a session")?;
    set_child_subreaper(true).doing("become the parent of orphans")?;
    set_pdeathsig(Signal::SIGTERM).doing("hear of the front's end")?;
    if getppid() == front { Ok(signals) } else { Err(Failure::Missing("the front is gone".to_owned())) }
}

fn keep(front: Pid, run: &Path, options: &Options, signals: &SignalFd) -> Result<u8, Failure> {
    let started = Instant::now();
    let environment = Environment::prepare(run, options)?;
    tools::are_built(&environment)?;
    let mut keeper = Keeper::new(front, environment, options, signals)?;
    keeper.ends_at = options.timeout.map(|seconds| started + Duration::from_secs(seconds));
    let result = keeper.start().and_then(|()| keeper.run());
    keeper.finish();
    result.map(|end| keeper.code(end))
}

/// Why the run is over.
#[derive(Debug, Clone, Copy)]
enum End {
    /// COMMAND ended.
    Command(WaitStatus),
    /// The rig was told to, by this signal.
    Signal(u8),
    /// The time was up.
    Timeout,
    /// The front is dead: nobody waits for the status.
    Orphaned,
}

struct Keeper<'a> {
    front: Pid,
    options: &'a Options,
    signals: &'a SignalFd,
    environment: Environment,
    register: Register,
    vt: Vt,
    picture: String,
    album: Album,
    typist: Typist,
    terminal: Option<CallerTerminal>,
    keyboard: Option<Keyboard>,
    output: Option<Output>,
    decide: Doorbell,
    passphrase: Doorbell,
    workers: Vec<(Worker, Doorbell)>,
    daemons: Vec<(Daemon, Notify, u32)>,
    log: std::fs::File,
    backend_is_ready: bool,
    backend_restarts: u32,
    password: String,
    is_starting: bool,
    ends_at: Option<Instant>,
    grace_ends: Option<(Instant, u8)>,
    end: Option<End>,
}

impl<'a> Keeper<'a> {
    fn new(
        front: Pid,
        environment: Environment,
        options: &'a Options,
        signals: &'a SignalFd,
    ) -> Result<Self, Failure> {
        let people = environment.people;
        let terminal = match options.answer {
            Answers::Ask => Some(CallerTerminal::open()?),
            _ => None,
        };
        let size = terminal.as_ref().and_then(CallerTerminal::size).unwrap_or(options.size);
        let vt = Vt::open(size, people.decide)?;
        let socket = |name: &str| environment.at("socket").join(name).with_extension("sock");
        let decide = Doorbell::bind("decide", socket("decide"), people.decide, people.gate)?;
        let passphrase = Doorbell::bind("passphrase", socket("passphrase"), people.decide, people.companion)?;
        let mut workers = Vec::new();
        for worker in [Worker::Fetch, Worker::Sign, Worker::Audit] {
            let name = worker.socket();
            let server = if worker == Worker::Audit { people.audit } else { people.companion };
            workers.push((worker, Doorbell::bind(name, socket(name), server, people.decide)?));
        }
        Ok(Self {
            front,
            options,
            signals,
            register: Register::new(environment.at("pids")),
            vt,
            picture: String::new(),
            album: Album::open(options.screen.as_deref())?,
            typist: Typist::new(options.answer.clone()),
            keyboard: options.keyboard.as_deref().map(Keyboard::open).transpose()?,
            output: terminal.is_some().then(|| Output::open(size)).transpose()?,
            terminal,
            decide,
            passphrase,
            workers,
            daemons: Vec::new(),
            log: environment.log_of("sd-rig")?,
            environment,
            backend_is_ready: false,
            backend_restarts: 0,
            password: backend::password(options.password.as_deref())?,
            is_starting: true,
            ends_at: None,
            grace_ends: None,
            end: None,
        })
    }

    fn code(&self, end: End) -> u8 {
        match end {
            End::Command(status) => as_code(status),
            End::Signal(number) => 128 + number,
            End::Orphaned => 70,
            End::Timeout => {
                let seconds = self.options.timeout.unwrap_or_default();
                eprintln!("sd-rig: the {seconds} s of --timeout are over; ended the run");
                124
            }
        }
    }

    /// A line in the rig's own log.
    fn note(&mut self, line: &str) {
        // A full disk shows elsewhere.
        let _ = writeln!(self.log, "{line}");
    }
}
