//! The loop: one turn waits until something happens, and sees to it.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::getppid;

use super::{End, Keeper};
use crate::caller_terminal::{CallerTerminal, Typed};
use crate::failure::{Doing, Failure};
use crate::supervision::Part;
use crate::tools::Worker;

/// COMMAND has this long to end in order once it has been told to.
const GRACE: Duration = Duration::from_secs(5);

/// What poll(2) found.
#[derive(Debug, Clone, Copy)]
enum Source {
    Signals,
    Screen,
    Notify(usize),
    Bell(Worker),
    Keyboard,
    Pipe,
    Output,
}

impl Keeper<'_> {
    /// Runs COMMAND until something ends the run.
    pub(super) fn run(&mut self) -> Result<End, Failure> {
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

    /// Waits for the next thing to happen, and sees to it.
    pub(super) fn turn(&mut self, latest: Option<Instant>) -> Result<(), Failure> {
        let look_again = self.look_again();
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
        sources.extend(self.keyboard.iter().map(|pipe| (Source::Pipe, pipe.as_fd())));
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
            Source::Pipe => match &mut self.keyboard {
                Some(pipe) => self.vt.type_in(&pipe.typed()),
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
}
