//! Steps are carried out, one way or the other.

use super::bus::Bus;
use super::files::{self, Manner};
use super::others::{KEYRING, is_keyring, switch_off};
use super::place::Place;
use super::record::{Former, Record};
use super::step::{Act, Ended, Step, Way};
use super::units;
use crate::owner::Owner;
use crate::process::looks_like;

/// What gnome-keyring does besides, by the sockets that it has for it.
const COMPONENTS: [&str; 2] = ["ssh", "pkcs11"];
const NO_BUS: &str = "there is no session bus here; it takes effect at the next login";

/// All that steps need.
pub(crate) struct Carrier<'a> {
    pub(crate) place: &'a Place,
    pub(crate) record: Record,
    pub(crate) manner: Manner,
    bus: Option<Bus>,
    units: bool,
    /// The components of gnome-keyring that were there at the beginning.
    components: Vec<&'static str>,
    /// Whether gnome-keyring was ended, and its other components with it.
    ended: bool,
}

impl<'a> Carrier<'a> {
    /// For files only.
    pub(crate) fn of_files(place: &'a Place, record: Record, manner: Manner) -> Self {
        Self { place, record, manner, bus: None, units: false, components: Vec::new(), ended: false }
    }

    /// With what of the session there is here.
    pub(crate) async fn of_session(place: &'a Place, record: Record, manner: Manner) -> Self {
        let (bus, units) = smol::future::zip(Bus::connect(), units::there()).await;
        let has = |component: &&str| place.sockets.as_ref().is_some_and(|dir| dir.join(component).exists());
        let components = COMPONENTS.into_iter().filter(has).collect();
        Self { place, record, manner, bus, units, components, ended: false }
    }

    /// Carries a step out.
    pub(crate) async fn carry(&mut self, step: &Step, way: Way) -> Ended {
        match (&step.act, way) {
            (Act::File { path, wanted }, Way::Takeover) => {
                files::put(self.place, &mut self.record, &step.name, path, wanted, self.manner)
            }
            (Act::File { path, .. }, Way::Release) => {
                files::put_back(self.place, &mut self.record, path, self.manner)
            }
            (Act::Reload, _) => self.reload().await,
            (Act::Owner, Way::Takeover) => self.note().await,
            (Act::Owner, Way::Release) => self.bring_back().await,
            (Act::End, _) => self.end().await,
            (Act::Rest, _) => self.rest().await,
            (Act::Agent, Way::Takeover) => self.start_agent().await,
            (Act::Agent, Way::Release) => self.stop_agent().await,
        }
    }

    async fn reload(&self) -> Ended {
        let Some(bus) = &self.bus else { return Ended::Skipped(NO_BUS.to_owned()) };
        if self.manner.dry {
            return Ended::Would;
        }
        let units = if self.units { units::systemctl("daemon-reload", &[]).await } else { Ok(()) };
        match bus.reload().await.and(units) {
            Err(why) => Ended::Failed(why),
            Ok(()) if self.units => Ended::Done(None),
            Ok(()) => Ended::Done(Some(
                "there is no service manager of this user here; it sees the files at its next start"
                    .to_owned(),
            )),
        }
    }

    async fn note(&mut self) -> Ended {
        if self.bus.is_none() {
            return Ended::Skipped(NO_BUS.to_owned());
        }
        let former = match Owner::now().await {
            Owner::Other(_, name) => name,
            // What was noted by an earlier takeover still holds.
            Owner::Agent(_) | Owner::Startable | Owner::Nobody | Owner::NoBus => return Ended::Already,
        };
        if self.record.owner.is_some() {
            return Ended::Already;
        }
        if self.manner.dry {
            return Ended::Would;
        }
        let unit = self.units && units::runs(units::KEYRING[1]).await;
        let agent_ran = self.units && units::runs(units::AGENT).await;
        let words = former.clone().unwrap_or_else(|| "a process that cannot be looked at".to_owned());
        self.record.owner = Some(Former { name: former, unit, agent_ran });
        match self.record.save(&self.place.record) {
            Ok(()) => Ended::Done(Some(words)),
            Err(e) => Ended::Failed(format!("{} could not be written: {e}", self.place.record.display())),
        }
    }

    async fn end(&mut self) -> Ended {
        let Some(bus) = &self.bus else { return Ended::Skipped(NO_BUS.to_owned()) };
        let pid = match Owner::now().await {
            Owner::Other(pid, name) if is_keyring(name.as_deref()) => pid,
            Owner::Other(pid, name) => return Ended::Refused(switch_off(pid, name.as_deref())),
            _ => return Ended::Already,
        };
        if self.manner.dry {
            return Ended::Would;
        }
        if self.units
            && let Err(why) = units::systemctl("stop", &units::KEYRING).await
            // Where it has no units, it is ended below.
            && units::runs(units::KEYRING[1]).await
        {
            return Ended::Failed(why);
        }
        if let Owner::Other(still, name) = Owner::now().await
            && still == pid
            && is_keyring(name.as_deref())
            && let Err(why) = units::end(pid)
        {
            return Ended::Failed(why);
        }
        match bus.until(|owner| !matches!(owner, Owner::Other(..))).await {
            Owner::Other(pid, name) if is_keyring(name.as_deref()) => {
                Ended::Failed(format!("{KEYRING} (pid {pid}) did not end; end it, and try again"))
            }
            Owner::Other(pid, name) => Ended::Refused(switch_off(pid, name.as_deref())),
            _ => {
                self.ended = true;
                Ended::Done(None)
            }
        }
    }

    async fn rest(&self) -> Ended {
        let asked = self.manner.dry
            && matches!(Owner::now().await, Owner::Other(_, name) if is_keyring(name.as_deref()));
        if self.components.is_empty() || !(self.ended || asked) {
            return Ended::Already;
        }
        if self.manner.dry {
            return Ended::Would;
        }
        match self.start_rest().await {
            Ok(components) => Ended::Done(Some(format!(
                "{components}; SSH keys that were added by hand are to be added again"
            ))),
            Err(why) => Ended::Skipped(format!("{why}; SSH and PKCS#11 come back at the next login")),
        }
    }

    async fn start_rest(&self) -> Result<String, String> {
        let components = self.components.join(",");
        units::run(KEYRING, &["--start", &format!("--components={components}")]).await?;
        Ok(components)
    }

    async fn start_agent(&self) -> Ended {
        let Some(bus) = &self.bus else { return Ended::Skipped(NO_BUS.to_owned()) };
        if let Owner::Agent(_) = Owner::now().await {
            return Ended::Already;
        }
        if self.manner.dry {
            return Ended::Would;
        }
        let by_unit = self.units && units::systemctl("start", &[units::AGENT]).await.is_ok();
        // The bus starts nobody for a name that somebody owns.
        let started = if by_unit { Ok(()) } else { bus.start().await };
        match bus.until(|owner| matches!(owner, Owner::Agent(_) | Owner::Other(..))).await {
            Owner::Agent(pid) => Ended::Done(Some(format!("pid {pid}"))),
            Owner::Other(pid, name) => Ended::Failed(format!(
                "{} (pid {pid}) is the Secret Service; sd-agent becomes it when that one ends",
                name.as_deref().unwrap_or("another process")
            )),
            _ => Ended::Failed(started.err().unwrap_or_else(|| {
                "sd-agent did not become the Secret Service; see `journalctl --user -u sd-agent.service`"
                    .to_owned()
            })),
        }
    }

    async fn stop_agent(&self) -> Ended {
        let Some(bus) = &self.bus else { return Ended::Skipped(NO_BUS.to_owned()) };
        let running = self.units && units::runs(units::AGENT).await;
        let owner = Owner::now().await;
        if !running && !matches!(owner, Owner::Agent(_)) {
            return Ended::Already;
        }
        if self.manner.dry {
            return Ended::Would;
        }
        if running && let Err(why) = units::systemctl("stop", &[units::AGENT]).await {
            return Ended::Failed(why);
        }
        if let Owner::Agent(pid) = Owner::now().await
            && let Err(why) = units::end(pid)
        {
            return Ended::Failed(why);
        }
        match bus.until(|owner| !matches!(owner, Owner::Agent(_))).await {
            Owner::Agent(pid) => {
                Ended::Failed(format!("sd-agent (pid {pid}) did not end; end it, and try again"))
            }
            _ => Ended::Done(None),
        }
    }

    /// gnome-keyring as a unit, and not as the process that has served its other components since; these are its again.
    async fn by_unit(&self, bus: &Bus) -> bool {
        if let Some(pid) = bus.keyring().await
            && is_keyring(looks_like(pid).as_deref())
        {
            let _ = units::end(pid);
            bus.until_no_keyring().await;
        }
        let started = units::systemctl("start", &units::KEYRING).await.is_ok();
        if started && !self.components.is_empty() {
            bus.until(|owner| matches!(owner, Owner::Other(..))).await;
            // Without them the next login has them.
            let _ = self.start_rest().await;
        }
        started
    }

    async fn bring_back(&mut self) -> Ended {
        let Some(former) = self.record.owner.clone() else { return Ended::Already };
        let Some(bus) = &self.bus else { return Ended::Skipped(NO_BUS.to_owned()) };
        if self.manner.dry {
            return Ended::Would;
        }
        let name = former.name.as_deref().unwrap_or("what was the Secret Service before");
        let by_unit = former.unit && self.units && self.by_unit(bus).await;
        let there = |owner: &Owner| matches!(owner, Owner::Other(..));
        let mut owner = if by_unit { bus.until(there).await } else { Owner::now().await };
        let mut why = None;
        if !there(&owner) {
            why = bus.start().await.err();
            owner = Owner::now().await;
        }
        if former.agent_ran && self.units {
            // As before: without the name, for the sake of its notifications.
            let _ = units::systemctl("start", &[units::AGENT]).await;
        }
        match owner {
            Owner::Other(pid, looks) if is_keyring(looks.as_deref()) => Ended::Done(Some(format!(
                "{KEYRING}, pid {pid}; it asks for its password until the next login opens it"
            ))),
            Owner::Other(pid, looks) => Ended::Done(looks.map(|looks| format!("{looks}, pid {pid}"))),
            _ => Ended::Skipped(format!(
                "{name} did not start ({}); log out and in",
                why.as_deref().unwrap_or("nobody is the Secret Service now")
            )),
        }
    }
}
