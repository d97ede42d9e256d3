//! The start: the buses, the backend, then the daemons, each one waited for. Later, a tool at a time.

use std::time::{Duration, Instant};

use super::Keeper;
use crate::failure::Failure;
use crate::notify::Notify;
use crate::supervision::Part;
use crate::tools::{self, Daemon, Worker};
use crate::{backend, bus};

/// Each stage of the start has this long.
const PATIENCE: Duration = Duration::from_secs(30);

impl Keeper<'_> {
    /// Brings everything up, in the order in which one thing needs another.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
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
        self.start_backend()?;
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

    pub(super) fn start_backend(&mut self) -> Result<(), Failure> {
        match backend::start(self.options.backend, &self.password, &self.environment)? {
            Some(pid) => self.register.enter(pid, Part::Ground("backend")),
            None => Ok(()),
        }
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

    pub(super) fn start_daemon(&mut self, daemon: Daemon) -> Result<(), Failure> {
        let Some((_, notify, _)) = self.daemons.iter().find(|(other, ..)| *other == daemon) else {
            return Ok(());
        };
        let expire = self.options.expire;
        let launch = tools::daemon(
            daemon,
            &self.environment,
            expire,
            &self.vt,
            [&self.decide, &self.passphrase],
            notify,
        )?;
        let pid = launch.start()?;
        self.register.enter(pid, Part::Daemon(daemon))
    }

    pub(super) fn answer_the_bell(&mut self, worker: Worker) -> Result<(), Failure> {
        let Some((_, bell)) = self.workers.iter().find(|(other, _)| *other == worker) else {
            return Ok(());
        };
        let pid = tools::worker(worker, &self.environment, bell)?.start()?;
        self.register.enter(pid, Part::Worker(worker))
    }
}
