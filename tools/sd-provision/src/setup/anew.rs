//! What runs with what was there before is started anew: units whose files were changed, and programs that the package
//! has replaced.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::failure::Failure;
use crate::setup::package::AUDIT;
use crate::setup::run;
use crate::setup::site::{LIBEXEC, Site};
use crate::setup::step::{Found, Step, Work};

/// What the desktop user's manager runs, and what the companion's: the rest is systemd's own.
const DESKTOP: &str = "desktop/";
const COMPANION: &str = "companion/";
/// What the kernel says behind the path of a program whose file was replaced.
const GONE: &str = " (deleted)";

/// The step.
#[derive(Debug)]
pub(crate) struct Anew;

impl Step for Anew {
    fn name(&self) -> &'static str {
        "restart"
    }

    fn says(&self, _: &Site) -> String {
        "that what runs is what is installed".into()
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let units = due(work);
        Ok(if units.is_empty() {
            Found::Good
        } else {
            Found::Lacking(format!("{} runs with what was there before", units.join(", ")))
        })
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let due = due(work);
        work.record.pending.extend(due.iter().cloned());
        work.save()?;
        for unit in due {
            if work.site.live {
                restart(&work.site, &unit)?;
            }
            work.record.pending.remove(&unit);
            work.save()?;
        }
        Ok(())
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }

    fn mend(&self, site: &Site) -> String {
        format!("{} --upgrade", site.command())
    }
}

/// All units that have to be started anew, in that order. With the target all of its members are.
fn due(work: &Work) -> Vec<String> {
    let pending = work.record.pending.iter().filter(|word| word.contains('@') || word.contains('/')).cloned();
    let mut units: Vec<String> = pending.chain(replaced(&work.site)).collect();
    units.sort_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
    units.dedup();
    units
}

/// Against the flow of a request: a decider that begins has its workers ask for passphrases, and one of them that was
/// restarted then would take the question along.
fn rank(unit: &str) -> usize {
    const LAST: [&str; 5] = ["sd-fetch@", "sd-sign@", "sd-decide@", "sd-gate@", DESKTOP];
    LAST.iter().position(|start| unit.starts_with(start)).map_or(0, |place| place + 1)
}

fn restart(site: &Site, unit: &str) -> Result<(), Failure> {
    let user = |account, unit| {
        run::success(run::apart(account, "systemctl", &["--user", "try-restart", unit])).map(drop)
    };
    if let Some(unit) = unit.strip_prefix(DESKTOP) {
        return user(&site.desktop, unit);
    }
    match (unit.strip_prefix(COMPANION), site.companion()) {
        (Some(unit), Some(companion)) => user(&companion, unit),
        (Some(_), None) => Ok(()),
        (None, _) => run::success(run::root("systemctl", &["try-restart", unit])).map(drop),
    }
}

/// The units of the programs of this user that run from a file which is not there any more.
fn replaced(site: &Site) -> Vec<String> {
    let Some(parties) = site.parties().filter(|_| site.live) else { return Vec::new() };
    let ours = [parties.desktop, parties.gate, parties.decide, parties.companion];
    let ours = ours.into_iter().chain(parties.audit).collect::<Vec<_>>();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let programs = processes.filter_map(Result::ok).filter_map(|process| {
        let program = fs::read_link(process.path().join("exe")).ok()?;
        let path = program.to_str()?.strip_suffix(GONE)?;
        let name = match path {
            AUDIT => "sd-audit",
            path => path.strip_prefix(LIBEXEC)?.strip_prefix('/')?,
        };
        let name = name.to_owned();
        let owner = fs::symlink_metadata(process.path()).ok()?.uid();
        ours.contains(&owner).then_some(name)
    });
    programs.filter_map(|name| unit(&name, site.user())).collect()
}

/// The unit that runs a program.
fn unit(program: &str, user: &str) -> Option<String> {
    match program {
        "sd-agent" => Some(format!("{DESKTOP}sd-agent.service")),
        "sd-store" => Some(format!("{COMPANION}sd-backend-store.service")),
        "sd-gate" | "sd-decide" | "sd-fetch" | "sd-sign" | "sd-audit" => {
            Some(format!("{program}@{user}.service"))
        }
        // Each ends with what it was started for.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_that_stays_is_restarted_by_the_manager_that_runs_it() {
        assert_eq!(unit("sd-gate", "nb").as_deref(), Some("sd-gate@nb.service"));
        assert_eq!(unit("sd-agent", "nb").as_deref(), Some("desktop/sd-agent.service"));
        assert_eq!(unit("sd-store", "nb").as_deref(), Some("companion/sd-backend-store.service"));
        assert_eq!(unit("sd-pinentry", "nb"), None);
    }

    #[test]
    fn the_workers_are_restarted_before_the_decider_that_makes_them_ask() {
        let mut units =
            ["desktop/sd-agent.service", "sd-decide@nb.service", "sd-sign@nb.service", "companion/x.service"];
        units.sort_by_key(|unit| rank(unit));
        let order =
            ["companion/x.service", "sd-sign@nb.service", "sd-decide@nb.service", "desktop/sd-agent.service"];
        assert_eq!(units, order);
    }
}
