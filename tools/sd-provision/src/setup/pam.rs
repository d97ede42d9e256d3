//! The PAM profile that tells systemd of logins, for all users of the machine: theirs who are not set up it does nothing.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// The profile, in /usr/share/pam-configs.
const PROFILE: &str = "secrets-dispatcher";
const FOLDER: &str = "/usr/share/pam-configs";
/// Where pam-auth-update puts its line, and what is in it.
const SESSION: &str = "/etc/pam.d/common-session";
const LINE: &str = "/usr/libexec/secrets-dispatcher/sd-bell";
/// The profiles that pam-auth-update knows.
const KNOWN: &str = "/var/lib/pam/seen";

/// The profile.
#[derive(Debug)]
pub(crate) struct Pam;

fn is_on(site: &Site) -> bool {
    let text = fs::read_to_string(site.at(SESSION)).unwrap_or_default();
    text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(LINE))
}

impl Step for Pam {
    fn name(&self) -> &'static str {
        "pam"
    }

    fn says(&self, _: &Site) -> String {
        format!("the line in {SESSION} that tells systemd of logins, by pam-auth-update")
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        if is_on(&work.site) {
            return Ok(Found::Good);
        }
        if !work.site.at("/usr/sbin/pam-auth-update").exists() {
            return Ok(Found::Lacking(format!(
                "{SESSION} does not tell of logins, and there is no pam-auth-update here that could add it"
            )));
        }
        Ok(Found::Lacking(format!("{SESSION} does not tell of logins: {PROFILE} is not switched on")))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let profile = Path::new(FOLDER).join(PROFILE);
        if !profile.exists() {
            return Err(Failure::Misconfigured(format!(
                "{} is not there: install the package secrets-dispatcher",
                profile.display()
            )));
        }
        if !work.machine.pam {
            let known = fs::read_to_string(work.site.at(KNOWN)).unwrap_or_default();
            work.machine.pam_known = known.lines().any(|line| line == PROFILE);
        }
        work.machine.pam = true;
        work.save()?;
        run::success(run::root("pam-auth-update", &["--enable", PROFILE]))?;
        if is_on(&work.site) {
            return Ok(());
        }
        Err(Failure::Unavailable(format!(
            "pam-auth-update did not change {SESSION}, perhaps because somebody edited it: run `pam-auth-update` on a \
             terminal and say yes to Secrets Dispatcher"
        )))
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        // What was on before we came stays on: it was the package that did it, or the administrator.
        if !work.machine.pam || !work.is_last() {
            return Ok(());
        }
        // Off, and known or not, as it was.
        let off: &[&str] = if work.machine.pam_known {
            &["--disable", PROFILE]
        } else {
            &["--package", "--remove", PROFILE]
        };
        run::success(run::root("pam-auth-update", off))?;
        work.machine.pam = false;
        work.save()
    }

    fn mend(&self, _: &Site) -> String {
        format!("pam-auth-update --enable {PROFILE}")
    }
}
