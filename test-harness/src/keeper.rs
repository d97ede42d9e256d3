//! The keeper: starts everything, watches everything, ends everything.
//!
//! One thread and one loop: a child dies with the *thread* that started it (PR_SET_PDEATHSIG).

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::{Signal, killpg};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, getppid, setsid};

use crate::activation::Doorbell;
use crate::answer::{Answers, Typist};
use crate::caller_terminal::{CallerTerminal, Typed};
use crate::cli::{self, Options};
use crate::environment::Environment;
use crate::failure::{Doing, Failure};
use crate::notify::Notify;
use crate::output::Output;
use crate::screen::Album;
use crate::supervision::{Part, Register, as_code, in_words};
use crate::tools::{self, Daemon, Worker};
use crate::vt::Vt;
use crate::{answer, backend, bus, descendants, front, run_dir};

/// How the rig asks itself for this.
pub const WORD: &str = "keep";

/// COMMAND has this long to end in order once it has been told to.
const GRACE: Duration = Duration::from_secs(5);
/// A tool that keeps failing is left dead after this, as `Restart=on-failure` with a start limit has it.
const RESTARTS: u8 = 5;
/// Each stage of the start has this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// What sd-decide shows with no ask pending.
const IDLE: &str = "nothing is waiting";

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

/// What poll(2) found.
#[derive(Debug, Clone, Copy)]
enum Source {
    Signals,
    Screen,
    Notify(usize),
    Bell(Worker),
    Keyboard,
    Output,
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
    output: Option<Output>,
    decide: Doorbell,
    workers: Vec<(Worker, Doorbell)>,
    daemons: Vec<(Daemon, Notify, u8)>,
    log: std::fs::File,
    backend_is_ready: bool,
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
        let mut workers = Vec::new();
        for worker in [Worker::Fetch, Worker::Sign] {
            let name = worker.socket();
            workers.push((worker, Doorbell::bind(name, socket(name), people.companion, people.decide)?));
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
            output: terminal.is_some().then(|| Output::open(size)).transpose()?,
            terminal,
            decide,
            workers,
            daemons: Vec::new(),
            log: environment.log_of("sd-rig")?,
            environment,
            backend_is_ready: false,
            is_starting: true,
            ends_at: None,
            grace_ends: None,
            end: None,
        })
    }

    /// Brings everything up, in the order in which one thing needs another.
    fn start(&mut self) -> Result<(), Failure> {
        let (pid, address) = bus::start_system(&self.environment)?;
        self.environment.system_bus = address;
        self.register.enter(pid, Part::Ground("system-bus"))?;
        let (pid, address) = bus::start_session(&self.environment)?;
        self.environment.session_bus = address;
        self.register.enter(pid, Part::Ground("session-bus"))?;
        if self.environment.companion_bus.is_empty() {
            let (pid, address) = bus::start_companion(&self.environment)?;
            self.environment.companion_bus = address;
            self.register.enter(pid, Part::Ground("companion-bus"))?;
        }
        if let Some(pid) = backend::start(self.options.backend, &self.environment)? {
            self.register.enter(pid, Part::Ground("backend"))?;
        }
        let pid = backend::start_waiting(self.options.backend, &self.environment)?;
        self.register.enter(pid, Part::Waiting)?;
        for daemon in [Daemon::Decide, Daemon::Gate, Daemon::Agent] {
            let path = self.environment.at("notify").join(daemon.name());
            let uid = self.environment.people.roles();
            let uid = uid.into_iter().find(|(role, _)| *role == daemon.role()).map(|(_, uid)| uid);
            let notify = Notify::bind(path, uid.unwrap_or(self.environment.people.desktop))?;
            self.daemons.push((daemon, notify, 0));
            self.start_daemon(daemon)?;
            let ready = |keeper: &Self| keeper.daemons.iter().all(|(_, notify, _)| notify.is_ready());
            self.wait_until(ready, &format!("{} says READY=1", daemon.name()))?;
        }
        self.wait_until(|keeper| keeper.backend_is_ready, "the backend answers")?;
        self.is_starting = false;
        Ok(())
    }

    fn wait_until(&mut self, done: impl Fn(&Self) -> bool, what: &str) -> Result<(), Failure> {
        let latest = Instant::now() + PATIENCE;
        while !done(self) && self.end.is_none() {
            if Instant::now() >= latest {
                let why = format!("{} s have passed", PATIENCE.as_secs());
                return Err(Failure::NotReady { who: format!("the chain (waiting until {what})"), why });
            }
            self.turn(Some(latest))?;
        }
        Ok(())
    }

    /// Runs COMMAND until something ends the run.
    fn run(&mut self) -> Result<End, Failure> {
        if self.end.is_none() {
            let command = self.environment.command(&self.options.command)?;
            let command = match &self.output {
                Some(output) => output.of(command)?,
                None => command,
            };
            let pid = command.start()?;
            self.register.enter(pid, Part::Command)?;
        }
        loop {
            if let Some(end) = self.end {
                return Ok(end);
            }
            self.turn(None)?;
        }
    }

    /// The last look at the screen, and the terminal back in order.
    fn finish(&mut self) {
        self.vt.read(Instant::now());
        if let Err(failure) = self.album.add(&self.vt.picture()) {
            eprintln!("sd-rig: {failure}");
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.hide();
            while let Some(bytes) = self.output.as_mut().and_then(Output::rest) {
                // A terminal that is gone reads nothing.
                let _ = terminal.pass(&bytes);
            }
        }
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

    /// Waits for the next thing to happen, and sees to it.
    fn turn(&mut self, latest: Option<Instant>) -> Result<(), Failure> {
        let look_again = self.typist.look_again(&self.picture);
        let grace = self.grace_ends.map(|(at, _)| at);
        let until =
            [latest, self.ends_at, grace, look_again, self.vt.settles_at()].into_iter().flatten().min();
        for source in self.wait(until)? {
            self.see_to(source)?;
        }
        let now = Instant::now();
        if self.vt.has_settled(now) || look_again.is_some_and(|at| at <= now) {
            self.look(now)?;
        }
        if let Some((at, number)) = self.grace_ends
            && at <= now
        {
            self.end.get_or_insert(End::Signal(number));
        }
        if self.ends_at.is_some_and(|at| at <= now) {
            self.end.get_or_insert(End::Timeout);
        }
        Ok(())
    }

    fn wait(&self, until: Option<Instant>) -> Result<Vec<Source>, Failure> {
        let mut sources = vec![(Source::Signals, self.signals.as_fd()), (Source::Screen, self.vt.as_fd())];
        for (index, (_, notify, _)) in self.daemons.iter().enumerate() {
            sources.push((Source::Notify(index), notify.as_fd()));
        }
        for (worker, bell) in &self.workers {
            if bell.is_answered() && !self.register.has(Part::Worker(*worker)) {
                sources.push((Source::Bell(*worker), bell.as_fd()));
            }
        }
        match (&self.terminal, &self.output) {
            (Some(terminal), _) if terminal.is_shown() => sources.push((Source::Keyboard, terminal.as_fd())),
            (_, Some(output)) => sources.push((Source::Output, output.as_fd())),
            _ => {}
        }
        let mut fds: Vec<PollFd> =
            sources.iter().map(|(_, fd)| PollFd::new(*fd, PollFlags::POLLIN)).collect();
        let timeout = match until {
            None => PollTimeout::NONE,
            // Rounded up, or the loop would spin through the last millisecond.
            Some(at) => at
                .saturating_duration_since(Instant::now())
                .checked_add(Duration::from_millis(1))
                .and_then(|left| PollTimeout::try_from(left).ok())
                .unwrap_or(PollTimeout::MAX),
        };
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).doing("wait for something to happen"),
        }
        let found = fds.iter().zip(&sources).filter(|(fd, _)| fd.any().unwrap_or_default());
        Ok(found.map(|(_, (source, _))| *source).collect())
    }

    fn see_to(&mut self, source: Source) -> Result<(), Failure> {
        match source {
            Source::Signals => {
                while let Ok(Some(news)) = self.signals.read_signal() {
                    let number = u8::try_from(news.ssi_signo).unwrap_or_default();
                    if let Ok(signal) = Signal::try_from(i32::from(number)) {
                        self.hear(signal, number)?;
                    }
                }
                Ok(())
            }
            Source::Screen => {
                self.vt.read(Instant::now());
                Ok(())
            }
            Source::Notify(index) => {
                if let Some((_, notify, _)) = self.daemons.get_mut(index) {
                    notify.read();
                }
                Ok(())
            }
            Source::Bell(worker) => self.answer_the_bell(worker),
            Source::Keyboard => match self.terminal.as_mut().map(CallerTerminal::typed).transpose()? {
                Some(Typed::Keys(keys)) => self.vt.type_in(&keys),
                Some(Typed::Interrupt) => self.hear(Signal::SIGINT, 2),
                None => Ok(()),
            },
            Source::Output => match (&mut self.output, &mut self.terminal) {
                (Some(output), Some(terminal)) => terminal.pass(&output.read()),
                _ => Ok(()),
            },
        }
    }

    fn hear(&mut self, signal: Signal, number: u8) -> Result<(), Failure> {
        match signal {
            Signal::SIGCHLD => {
                while let Some((part, status)) = self.register.next_dead() {
                    self.bury(part, status)?;
                }
            }
            Signal::SIGWINCH => {
                if let Some(size) = self.terminal.as_ref().and_then(CallerTerminal::size) {
                    self.vt.resize(size)?;
                }
            }
            _ if getppid() != self.front => self.end = Some(End::Orphaned),
            _ => match self.register.find(Part::Command) {
                // Told twice, or told by a signal that asks for an end: it has a little time left.
                Some(command) => {
                    let _ = killpg(command, signal);
                    if self.grace_ends.is_none() && signal != Signal::SIGINT {
                        self.grace_ends = Some((Instant::now() + GRACE, number));
                    }
                }
                None => self.end = Some(End::Signal(number)),
            },
        }
        Ok(())
    }

    fn bury(&mut self, part: Part, status: WaitStatus) -> Result<(), Failure> {
        self.note(&format!("{}: {}", part.name(), in_words(status)));
        let well = matches!(status, WaitStatus::Exited(_, 0));
        match part {
            Part::Command => self.end = Some(End::Command(status)),
            Part::Waiting if well => self.backend_is_ready = true,
            Part::Ground(_) | Part::Waiting | Part::Daemon(_) if self.is_starting => {
                let why = format!("{}; {}", in_words(status), self.environment.last_words_of(part.name()));
                return Err(Failure::NotReady { who: part.name().to_owned(), why });
            }
            Part::Daemon(daemon) if !well => return self.start_again(daemon),
            Part::Worker(worker) if !well => {
                if let Some((_, bell)) = self.workers.iter_mut().find(|(other, _)| *other == worker) {
                    bell.failed(Instant::now());
                }
            }
            Part::Ground(_) | Part::Waiting | Part::Daemon(_) | Part::Worker(_) => {}
        }
        Ok(())
    }

    fn start_again(&mut self, daemon: Daemon) -> Result<(), Failure> {
        let Some((_, notify, restarts)) = self.daemons.iter_mut().find(|(other, ..)| *other == daemon) else {
            return Ok(());
        };
        if *restarts >= RESTARTS {
            self.note(&format!("{} failed too often; left dead", daemon.name()));
            return Ok(());
        }
        *restarts += 1;
        notify.reset();
        if daemon == Daemon::Decide {
            self.vt.reset();
        }
        self.start_daemon(daemon)
    }

    fn start_daemon(&mut self, daemon: Daemon) -> Result<(), Failure> {
        let Some((_, notify, _)) = self.daemons.iter().find(|(other, ..)| *other == daemon) else {
            return Ok(());
        };
        let expire = self.options.expire;
        let launch = tools::daemon(daemon, &self.environment, expire, &self.vt, &self.decide, notify)?;
        let pid = launch.start()?;
        self.register.enter(pid, Part::Daemon(daemon))
    }

    fn answer_the_bell(&mut self, worker: Worker) -> Result<(), Failure> {
        let Some((_, bell)) = self.workers.iter().find(|(other, _)| *other == worker) else {
            return Ok(());
        };
        let pid = tools::worker(worker, &self.environment, bell)?.start()?;
        self.register.enter(pid, Part::Worker(worker))
    }

    /// Looks at the screen: keeps the picture, shows it to the person, types what is to be typed.
    fn look(&mut self, now: Instant) -> Result<(), Failure> {
        self.picture = self.vt.picture();
        self.album.add(&self.picture)?;
        if let Some(terminal) = &mut self.terminal {
            let has_ask = answer::ask_on(&self.picture).is_some();
            if !has_ask && (self.picture.trim().is_empty() || self.picture.contains(IDLE)) {
                terminal.hide();
            } else {
                terminal.show(self.vt.screen())?;
            }
        }
        if let Some(stroke) = self.typist.stroke(&self.picture, now) {
            self.vt.type_in(stroke.key.to_string().as_bytes())?;
            self.note(&format!("typed {} at ask {}", stroke.key, stroke.ask));
        }
        Ok(())
    }

    /// A line in the rig's own log.
    fn note(&mut self, line: &str) {
        // A full disk shows elsewhere.
        let _ = writeln!(self.log, "{line}");
    }
}
