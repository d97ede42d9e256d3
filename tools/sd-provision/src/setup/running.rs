//! What runs: started now if the desktop user is logged in, else at the next login.

use crate::failure::Failure;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// The target, with all that it pulls.
#[derive(Debug)]
pub(crate) struct Running;

/// Whether the desktop user has a session that counts, as `sd-session begun` has it: one of a person, not of a job, and
/// not one that is closing.
pub(crate) fn is_logged_in(site: &Site) -> bool {
    if !site.live {
        return false;
    }
    let ask = |arguments: &[&str]| run::success(run::root("loginctl", arguments)).unwrap_or_default();
    ask(&["show-user", site.user(), "--property=Sessions", "--value"]).split_whitespace().any(|id| {
        let said = ask(&["show-session", id, "--property=Class", "--property=State"]);
        said.contains("Class=user\n") && !said.contains("State=closing\n")
    })
}

impl Step for Running {
    fn name(&self) -> &'static str {
        "running"
    }

    fn says(&self, site: &Site) -> String {
        format!("{} is started, if {} is logged in", site.target(), site.user())
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        if !is_logged_in(&work.site) {
            return Ok(Found::Skipped(format!(
                "{} is not logged in: it starts at the login",
                work.site.user()
            )));
        }
        let target = work.site.target();
        let done = run::output(run::root("systemctl", &["is-active", &target]))?;
        if done.status.success() {
            return Ok(Found::Good);
        }
        Ok(Found::Lacking(format!("{target} is {}", String::from_utf8_lossy(&done.stdout).trim())))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let user = work.site.user();
        let (gate, decide) = (format!("sd-gate@{user}.service"), format!("sd-decide@{user}.service"));
        // By name, to wait until they are ready: the target is there before them.
        run::success(run::root("systemctl", &["start", &work.site.target(), &decide, &gate])).map(drop)
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        if !work.site.live {
            return Ok(());
        }
        run::success(run::root("systemctl", &["stop", &work.site.target()]))?;
        if let Some(companion) = work.site.companion() {
            // Stays while anything of it runs: the user could not be removed.
            let uid = companion.uid;
            let (manager, slice) = (format!("user@{uid}.service"), format!("user-{uid}.slice"));
            run::success(run::root("systemctl", &["stop", &manager, &slice]))?;
        }
        Ok(())
    }

    fn mend(&self, site: &Site) -> String {
        format!("systemctl start {}; journalctl -b -u '*@{}*' says what is wrong", site.target(), site.user())
    }
}
