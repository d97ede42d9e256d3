//! The one place where this process waits, and what it waits for.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use sd_start::NotServing;
use sd_wire::id::AskId;

use crate::caller::Pinned;
use crate::clerk::{Clerk, FRAME, MOST_CONNECTIONS, PUT_OFF, terminal_gone};
use crate::console::{ARRIVED, ASKED_TO_LEAVE, Console};
use crate::dates;
use crate::docket::event::Moment;
use crate::docket::prompts::PromptId;

/// While an ask is listed its time left is drawn anew this often.
const CLOCK: u64 = 1000;
/// While the quiet time runs its progress is drawn anew this often.
const PROGRESS: u64 = 100;
/// So much longer than it meant to, this process has not waited unless it, or the machine, stood still.
const STALL: Duration = Duration::from_millis(250);
/// While switches away are refused, it is looked this often whether they still are.
const HELD: u64 = 250;

/// The signals, as something to wait for: no code runs in the middle of other code.
pub(crate) struct Signals(SignalFd);

impl Signals {
    /// Takes the signals that matter out of the usual delivery.
    pub(crate) fn catch() -> io::Result<Self> {
        let mut set = SigSet::empty();
        for signal in
            [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGWINCH, ASKED_TO_LEAVE, ARRIVED]
        {
            set.add(signal);
        }
        set.thread_block()?;
        Ok(Self(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }
}

/// What there is to do.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// To end, in order.
    pub(crate) stop: bool,
    /// From when on what is read was perhaps typed long before. `None`: nothing is shown that a key could settle.
    pub(crate) late: Option<Moment>,
    /// To draw on another size.
    pub(crate) resized: bool,
    /// To answer the kernel, which wants to show another virtual terminal.
    pub(crate) asked_to_leave: bool,
    /// To tell the kernel that ours is back.
    pub(crate) arrived: bool,
    /// To ask which virtual terminal is shown.
    pub(crate) switched: bool,
    /// To read the keyboard.
    pub(crate) typed: bool,
    /// To go on with a picture.
    pub(crate) writable: bool,
    /// To let the gate in.
    pub(crate) door: bool,
    /// To hear these visitors of the gate.
    pub(crate) visitors: Vec<usize>,
    /// To let the companion in.
    pub(crate) passphrase_door: bool,
    /// To hear these visitors of the companion.
    pub(crate) wishers: Vec<usize>,
    /// To forget these prompts: whoever wanted the passphrase has hung up.
    pub(crate) forgone: Vec<PromptId>,
    /// To end the grants of these processes.
    pub(crate) ended: Vec<Pinned>,
    /// To hear these workers.
    pub(crate) errands: Vec<usize>,
    /// To hear sd-audit, or to go on telling it.
    pub(crate) record: bool,
    /// To withdraw these asks.
    pub(crate) sinks: Vec<AskId>,
}

/// What a descriptor in the list stands for.
enum For {
    Signals,
    Console,
    Terminal,
    Door,
    Visitor(usize),
    PassphraseDoor,
    Wisher(usize),
    Prompt(PromptId),
    Process(Pinned),
    Errand(usize),
    Record,
    Sink(AskId),
}

impl Clerk {
    /// Waits until there is something to do, or until it is time.
    pub(super) fn wait(&mut self) -> Result<Found, NotServing> {
        let now = self.now();
        let mut list: Vec<(For, PollFd<'_>)> = Vec::new();
        let mut add = |what, fd, flags| list.push((what, PollFd::new(fd, flags)));
        add(For::Signals, self.signals.0.as_fd(), PollFlags::POLLIN);
        if let Some(console) = &self.console {
            add(For::Console, console.as_fd(), PollFlags::POLLPRI);
        }
        let busy = if self.terminal.is_flushed() { PollFlags::empty() } else { PollFlags::POLLOUT };
        add(For::Terminal, self.terminal.as_fd(), PollFlags::POLLIN | busy);
        if self.connections() < MOST_CONNECTIONS && !self.door.lobby.rests(now) {
            add(For::Door, self.door.lobby.as_fd(), PollFlags::POLLIN);
        }
        for (n, fd) in self.door.lobby.visitors().enumerate() {
            add(For::Visitor(n), fd, PollFlags::POLLIN);
        }
        if self.passphrases.has_room() && !self.passphrases.lobby.rests(now) {
            add(For::PassphraseDoor, self.passphrases.lobby.as_fd(), PollFlags::POLLIN);
        }
        for (n, fd) in self.passphrases.lobby.visitors().enumerate() {
            add(For::Wisher(n), fd, PollFlags::POLLIN);
        }
        for (id, fd) in self.passphrases.waiting() {
            add(For::Prompt(id), fd, PollFlags::empty());
        }
        for (process, fd) in self.watches.handles() {
            add(For::Process(process), fd, PollFlags::POLLIN);
        }
        for (n, fd) in self.errands.fds().enumerate() {
            add(For::Errand(n), fd, PollFlags::POLLIN);
        }
        if let Some((fd, flags)) = self.ledger.fd() {
            add(For::Record, fd, flags);
        }
        for (id, fd) in self.cabinet.sinks() {
            // Nothing is asked for: the kernel reports a hang-up unasked.
            add(For::Sink(id.clone()), fd, PollFlags::empty());
        }
        let (meant, mut fds): (Vec<For>, Vec<PollFd<'_>>) = list.into_iter().unzip();
        let timeout = self.timeout(now);
        match poll(&mut fds, timeout.map_or(PollTimeout::NONE, PollTimeout::from)) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Found::default()),
            Err(why) => return Err(NotServing::Io(why.into())),
        }
        let late = timeout.map(|most| now.after(Duration::from_millis(most.into())).after(STALL));
        let mut found = Found { late, ..Found::default() };
        for (what, fd) in meant.into_iter().zip(&fds) {
            let seen = fd.revents().unwrap_or(PollFlags::POLLERR);
            if !seen.is_empty() {
                self.note_down(what, seen, &mut found)?;
            }
        }
        Ok(found)
    }

    fn note_down(&self, what: For, seen: PollFlags, found: &mut Found) -> Result<(), NotServing> {
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        match what {
            For::Signals => self.signals.read(found)?,
            // sysfs reports a change as an error too.
            For::Console => found.switched = true,
            // What was typed just before does not count: nobody is there to have seen anything.
            For::Terminal if seen.intersects(gone) => return Err(terminal_gone()),
            For::Terminal => {
                found.typed = seen.contains(PollFlags::POLLIN);
                found.writable = seen.contains(PollFlags::POLLOUT);
            }
            For::Door => found.door = true,
            For::Visitor(n) => found.visitors.push(n),
            For::PassphraseDoor => found.passphrase_door = true,
            For::Wisher(n) => found.wishers.push(n),
            For::Prompt(id) => found.forgone.push(id),
            For::Process(process) => found.ended.push(process),
            For::Errand(n) => found.errands.push(n),
            For::Record => found.record = true,
            For::Sink(id) if seen.intersects(gone) => found.sinks.push(id),
            For::Sink(_) => {}
        }
        Ok(())
    }

    /// The milliseconds until something is due. For ever when nothing is: an idle screen costs nothing.
    fn timeout(&self, now: Moment) -> Option<u16> {
        let due = [
            self.docket.due(now),
            self.door.lobby.due(now),
            self.passphrases.lobby.due(now),
            self.errands.due(),
            self.ledger.due(),
            self.watchdog.due(),
        ];
        let mut wait = due.into_iter().flatten().map(|due| due.since(now)).min();
        let mut at_most = |limit: u64| wait = Some(wait.map_or(limit, |wait| wait.min(limit)));
        let prompt = self.docket.prompt().is_some();
        if prompt || self.docket.listed().next().is_some() {
            at_most(CLOCK);
        }
        let granted = self.docket.grants(now).map(|grant| grant.until);
        for until in granted.chain(self.docket.refusals().mutes().iter().map(|mute| mute.until)) {
            at_most(dates::lasts_unchanged(until.since(now)));
        }
        if let Some(since) = self.undrawn {
            at_most(PUT_OFF.saturating_sub(now.since(since)));
        }
        if let Some((at, _)) = self.drawn.filter(|_| self.stale) {
            at_most(at.after(FRAME).since(now).max(1));
        }
        if self.console.as_ref().is_some_and(Console::is_held) {
            at_most(HELD);
        }
        let quiet = self.docket.keyboard().quiet_left(now);
        if (prompt || self.docket.selected().is_some()) && quiet > 0 {
            at_most(quiet.min(PROGRESS));
        }
        // A due moment further off than the kernel is told is only looked at once more on the way.
        wait.map(|wait| u16::try_from(wait).unwrap_or(u16::MAX))
    }
}

impl Signals {
    fn read(&self, found: &mut Found) -> Result<(), NotServing> {
        while let Some(signal) = self.0.read_signal().map_err(|why| NotServing::Io(why.into()))? {
            match i32::try_from(signal.ssi_signo).ok().and_then(|n| Signal::try_from(n).ok()) {
                Some(Signal::SIGTERM | Signal::SIGINT) => found.stop = true,
                Some(Signal::SIGHUP) => return Err(terminal_gone()),
                Some(Signal::SIGWINCH) => found.resized = true,
                Some(ASKED_TO_LEAVE) => found.asked_to_leave = true,
                Some(ARRIVED) => found.arrived = true,
                _ => {}
            }
        }
        Ok(())
    }
}
