//! Telling systemd and the system bus of files that were changed.

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

fn told(work: &Work, whom: &str, lack: &str) -> Found {
    if work.record.pending.contains(whom) { Found::Lacking(lack.to_owned()) } else { Found::Good }
}

fn done(work: &mut Work, what: &str) -> Result<(), Failure> {
    work.record.pending.remove(what);
    work.save()
}
