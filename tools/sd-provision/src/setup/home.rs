//! The companion's home: filled by a child of ours that is the companion. Root opens nothing in it.

pub(crate) mod inside;

use sd_sys::exit;

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::home::inside::Task;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// The home's files.
#[derive(Debug)]
pub(crate) struct Home;

/// What the child says, for its task: the first thing that is wrong, or nothing.
pub(crate) fn child(site: &Site, companion: &Account, task: Task) -> Result<Option<String>, Failure> {
    let own = std::env::current_exe()
        .map_err(|e| Failure::Unavailable(format!("this program's own file cannot be found: {e}")))?;
    let task = task.word();
    let arguments = ["companion-home", task, "--backend", site.choice.backend.word()];
    let done = run::output(run::apart(companion, &own.to_string_lossy(), &arguments))?;
    match done.status.code() {
        Some(0) => Ok(None),
        Some(code) if code == i32::from(exit::DATA) => {
            Ok(Some(String::from_utf8_lossy(&done.stdout).trim().to_owned()))
        }
        _ => Err(Failure::Unavailable(format!(
            "as {}, `{} companion-home {task}` failed ({}): {}",
            companion.name,
            own.display(),
            done.status,
            String::from_utf8_lossy(&done.stderr).trim()
        ))),
    }
}

impl Step for Home {
    fn name(&self) -> &'static str {
        "home"
    }

    fn says(&self, site: &Site) -> String {
        format!(
            "the companion's settings: gpg with our pinentry, {} as the Secret Service",
            site.choice.backend
        )
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let Some(companion) = work.site.companion() else {
            return Ok(Found::Lacking("there is no companion".into()));
        };
        if !companion.home.is_dir() {
            return Ok(Found::Lacking(format!("{} is not there", companion.home.display())));
        }
        Ok(child(&work.site, &companion, Task::Look)?.map_or(Found::Good, Found::Lacking))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let companion = work.site.companion();
        let companion = companion.ok_or_else(|| Failure::Misconfigured("there is no companion".into()))?;
        // Its session begins anew with the other backend or the other settings, if it is there; with it the target does.
        work.record.pending.insert(format!("user@{}.service", companion.uid));
        work.save()?;
        match child(&work.site, &companion, Task::Fill)? {
            None => Ok(()),
            Some(why) => {
                Err(Failure::Unavailable(format!("the companion's home could not be filled: {why}")))
            }
        }
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        // It goes with the folders.
        Ok(())
    }
}
