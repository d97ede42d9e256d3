//! `--check`: every step looked at, what runs, and what undermines the promises.

mod audit;
mod chain;
mod desktop;
mod line;
mod machine;

use std::path::Path;

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::plan;
use crate::setup::record::{Machine, Record};
use crate::setup::site::{CONFIGURATION, Site};
use crate::setup::step::{Found, Step, Work, machine_of};
use line::{Line, Report};

/// Checks these users, or says that there is none.
pub(crate) fn run(users: &[String], json: bool) -> Result<(), Failure> {
    let mut reports = Vec::new();
    for user in users {
        reports.push(Report { user: user.clone(), lines: lines(user) });
    }
    let good = !reports.is_empty() && reports.iter().all(Report::is_good);
    if json {
        line::document(&reports, good)?;
    } else {
        line::table(&reports)?;
    }
    // It has been said, line by line.
    if good { Ok(()) } else { Err(Failure::OfChild(1)) }
}

fn lines(user: &str) -> Vec<Line> {
    let work = match known(user) {
        Ok(work) => work,
        Err(line) => return vec![*line],
    };
    let steps = plan::requirements().into_iter().chain(plan::steps(work.site.choice));
    let mut lines: Vec<Line> = steps.map(|step| of_step(step.as_ref(), &work)).collect();
    lines.extend(chain::lines(&work.site));
    lines.push(audit::line(&work.site));
    lines.extend(desktop::lines(&work.site));
    lines.extend(machine::lines(&work.site));
    lines
}

fn of_step(step: &dyn Step, work: &Work) -> Line {
    let found = step.look(work).unwrap_or_else(|e| Found::Lacking(e.to_string()));
    Line { name: step.name(), what: step.says(&work.site), found, mend: step.mend(&work.site) }
}

/// What is written down of a user; else the one line that says why nothing can be checked.
fn known(user: &str) -> Result<Work, Box<Line>> {
    let mend = format!("sd-provision --user {user}");
    let not = |why: String, mend: String| {
        let what = format!("{user} is set up");
        Box::new(Line { name: "record", what, found: Found::Lacking(why), mend })
    };
    super::choice::fit_for_a_companion(user).map_err(|e| not(e.to_string(), mend.clone()))?;
    let path = Path::new(CONFIGURATION).join(user).join("provision.json");
    let record = Record::load(&path)
        .map_err(|e| not(format!("{} cannot be used: {e}", path.display()), mend.clone()))?;
    let record = record.ok_or_else(|| not(format!("{} is not there", path.display()), mend.clone()))?;
    if record.removing {
        return Err(not("it is half taken away".into(), format!("{mend} --remove")));
    }
    let desktop = Account::named(user).map_err(|e| not(e.to_string(), format!("{mend} --remove")))?;
    if desktop.uid != record.uid {
        let why = format!("{user} has uid {} now, and had {} when it was set up", desktop.uid, record.uid);
        return Err(not(why, format!("{mend} --remove --keep-data; {mend}")));
    }
    let site = Site::here(desktop, record.choice);
    let machine = Machine::load(&machine_of(&site)).map_err(|e| not(e.to_string(), mend.clone()))?;
    Ok(Work { site, record, machine, keep_data: false, renewing: false })
}
