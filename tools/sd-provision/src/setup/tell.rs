//! Telling systemd and the system bus of files that were changed, and starting anew what reads them.

use crate::failure::Failure;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// systemd reads its units again.
#[derive(Debug)]
pub(crate) struct Manager;

/// The system bus reads its policies again.
#[derive(Debug)]
pub(crate) struct Bus;

/// What runs with what was there before is started anew.
#[derive(Debug)]
pub(crate) struct Anew;

impl Step for Manager {
    fn name(&self) -> &'static str {
        "manager"
    }

    fn says(&self, _: &Site) -> String {
        "that systemd knows of the files".into()
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        Ok(told(work, "manager", "systemd has not read its files since they were changed"))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        if work.site.live {
            run::success(run::root("systemctl", &["daemon-reload"]))?;
        }
        done(work, "manager")
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }

    fn mend(&self, _: &Site) -> String {
        "systemctl daemon-reload".into()
    }
}

impl Step for Bus {
    fn name(&self) -> &'static str {
        "bus"
    }

    fn says(&self, _: &Site) -> String {
        "that the system bus knows of the policy".into()
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        Ok(told(work, "bus", "the system bus has not read its policies since they were changed"))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        if work.site.live {
            // The name is that of dbus-daemon and of dbus-broker alike.
            run::success(run::root("systemctl", &["reload", "dbus.service"]))?;
        }
        done(work, "bus")
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }

    fn mend(&self, _: &Site) -> String {
        "systemctl reload dbus.service".into()
    }
}

impl Step for Anew {
    fn name(&self) -> &'static str {
        "restart"
    }

    fn says(&self, _: &Site) -> String {
        "that what runs is what is installed".into()
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let units: Vec<&str> = units(work).collect();
        if units.is_empty() {
            return Ok(Found::Good);
        }
        Ok(Found::Lacking(format!("{} may run with what was there before", units.join(", "))))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let units: Vec<String> = units(work).map(str::to_owned).collect();
        for unit in units {
            if work.site.live {
                run::success(run::root("systemctl", &["try-restart", &unit]))?;
            }
            done(work, &unit)?;
        }
        Ok(())
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }
}

fn units(work: &Work) -> impl Iterator<Item = &str> {
    work.record.pending.iter().map(String::as_str).filter(|word| word.contains('@'))
}

fn told(work: &Work, whom: &str, lack: &str) -> Found {
    if work.record.pending.contains(whom) { Found::Lacking(lack.to_owned()) } else { Found::Good }
}

fn done(work: &mut Work, what: &str) -> Result<(), Failure> {
    work.record.pending.remove(what);
    work.save()
}
