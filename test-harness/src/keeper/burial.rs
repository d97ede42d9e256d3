//! The burial: what the end of a process means for the run.

use std::time::Instant;

use nix::sys::wait::WaitStatus;

use super::{End, Keeper};
use crate::failure::Failure;
use crate::supervision::{Part, in_words};
use crate::tools::Daemon;

impl Keeper<'_> {
    pub(super) fn bury(&mut self, part: Part, status: WaitStatus) -> Result<(), Failure> {
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
            Part::Ground("backend")
                if self.options.restart_backend
                    && self.end.is_none()
                    && self.backend_restarts < self.options.restarts =>
            {
                self.backend_restarts += 1;
                return self.start_backend();
            }
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
        if *restarts >= self.options.restarts {
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
}
