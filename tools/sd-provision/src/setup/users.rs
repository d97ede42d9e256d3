//! The users that serve one desktop user: made by systemd-sysusers, from the list that was written before.

use std::process::Output;

use crate::account::{Account, NO_LOGIN};
use crate::failure::Failure;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// The users.
#[derive(Debug)]
pub(crate) struct Users;

impl Step for Users {
    fn name(&self) -> &'static str {
        "users"
    }

    fn says(&self, site: &Site) -> String {
        format!("the users {}", site.servants().join(", "))
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let site = &work.site;
        let missing: Vec<String> =
            site.servants().into_iter().filter(|name| site.named(name).is_none()).collect();
        if !missing.is_empty() {
            return Ok(Found::Lacking(format!("there is no user {}", missing.join(", "))));
        }
        if let Some(open) = with_a_shell(site).first() {
            return Ok(Found::Lacking(format!(
                "{} may log in: its shell is {}",
                open.name,
                open.shell.display()
            )));
        }
        let home = site.companion().map(|companion| companion.home);
        Ok(match home {
            Some(home) if home == std::path::Path::new(&site.home()) => Found::Good,
            home => Found::Lacking(format!(
                "the companion's home is {}, not {}",
                home.unwrap_or_default().display(),
                site.home()
            )),
        })
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let site = &work.site;
        let list = format!("/etc/sysusers.d/secrets-dispatcher-{}.conf", site.user());
        run::success(run::root("systemd-sysusers", &[&list]))?;
        for open in with_a_shell(site) {
            run::success(run::root("usermod", &["--shell", NO_LOGIN, &open.name]))?;
        }
        if let Some(companion) = site.companion().filter(|it| it.home != std::path::Path::new(&site.home())) {
            return Err(Failure::Misconfigured(format!(
                "there was a user {} before, whose home is {}: rename it or remove it, and run this again",
                companion.name,
                companion.home.display()
            )));
        }
        Ok(())
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        let site = &work.site;
        for name in site.servants() {
            if site.named(&name).is_some() {
                // Its group goes with it.
                gone(&run::output(run::root("userdel", &[&name]))?, &name)?;
            }
            // Unless it was left over.
            let group = run::output(run::root("getent", &["group", &name]))?;
            if group.status.success() {
                gone(&run::output(run::root("groupdel", &[&name]))?, &name)?;
            }
        }
        Ok(())
    }
}

/// Those of them that somebody could log in as.
fn with_a_shell(site: &Site) -> Vec<Account> {
    let all = site.servants().into_iter().filter_map(|name| site.named(&name));
    all.filter(|it| !matches!(it.shell.to_str(), Some(NO_LOGIN | "/sbin/nologin" | "/bin/false"))).collect()
}

/// userdel(8): 6 is that there was none, by now.
fn gone(done: &Output, name: &str) -> Result<(), Failure> {
    if matches!(done.status.code(), Some(0 | 6)) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(Failure::Unavailable(format!("the user {name} cannot be removed: {}", said.trim())))
}
