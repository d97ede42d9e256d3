//! `sd-provision --user NAME`: makes, checks, renews and takes back everything of one desktop user.

mod anew;
mod audit;
mod check;
pub(crate) mod choice;
mod files;
mod folders;
pub(crate) mod home;
mod lock;
mod package;
mod pam;
mod phrase;
mod plan;
mod put;
mod record;
pub(crate) mod run;
mod running;
mod say;
mod site;
mod step;
mod store;
mod switches;
mod takeover;
mod tell;
#[cfg(test)]
mod tests;
mod texts;
mod users;
mod vt;

use std::path::Path;

use sd_sys::identity::own_uid;

use crate::account::Account;
use crate::cli::Setup;
use crate::failure::Failure;
use choice::{Backend, Choice};
use record::{Machine, Record};
use say::{Ended, say};
use site::{CONFIGURATION, Site};
use step::{Found, Step, Work, machine_of, others, record_of};
pub(crate) use store::store_of;

/// Does what is wanted.
pub(crate) fn run(wish: &Setup) -> Result<(), Failure> {
    if own_uid() != 0 {
        return Err(Failure::Permission("it takes root: run it by sudo".into()));
    }
    // Files that others shall read get their permissions by name; nothing else is for them.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    let users = match &wish.user {
        Some(user) => vec![user.clone()],
        None if wish.check || wish.upgrade => step::users(Path::new(CONFIGURATION)),
        None => return Err(Failure::Usage("for whom? say --user NAME".into())),
    };
    if wish.check {
        return check::run(&users, wish.json);
    }
    if !wish.dry_run {
        lock::take()?;
    }
    users.iter().try_for_each(|user| if wish.remove { remove(user, wish) } else { make(user, wish) })
}

fn make(user: &str, wish: &Setup) -> Result<(), Failure> {
    choice::fit_for_a_companion(user)?;
    let desktop = Account::named(user)?;
    if desktop.uid == 0 || desktop.desktop().is_some() {
        return Err(Failure::Usage(format!(
            "{user} is no desktop user: choose the one that logs in and works there"
        )));
    }
    let mut work = work(desktop, wish)?;
    go(&mut work, wish.dry_run)?;
    if !wish.dry_run && !wish.upgrade {
        say::next(&work.site)?;
    }
    Ok(())
}

/// What is written down of this user, with what is chosen now.
fn work(desktop: Account, wish: &Setup) -> Result<Work, Failure> {
    let mut choice = Choice {
        vt: wish.vt.unwrap_or(vt::USUAL),
        backend: wish.backend.unwrap_or(Backend::Store),
        plain_name: true,
    };
    let mut site = Site::here(desktop, choice);
    let record = load(&site)?;
    if let Some(record) = &record {
        if record.removing {
            return Err(Failure::Misconfigured(format!(
                "{} --remove did not come to its end: run it again first",
                site.command()
            )));
        }
        choice = Choice {
            vt: wish.vt.unwrap_or(record.choice.vt),
            backend: wish.backend.unwrap_or(record.choice.backend),
            plain_name: record.choice.plain_name,
        };
    } else {
        choice.plain_name = false;
    }
    // The first has it; when that one is gone, whoever is next set up or upgraded.
    choice.plain_name |= !others(&site).iter().any(|other| other.choice.plain_name);
    site.choice = choice;
    if record.is_none() && wish.vt.is_none() {
        // The usual one may be that of another companion.
        site.choice.vt = vt::free(&site).unwrap_or(vt::USUAL);
    }
    let machine = load_machine(&site)?;
    let mut record = record.unwrap_or_else(|| Record::new(&site.desktop.name, site.desktop.uid, site.choice));
    record.choice = site.choice;
    env!("CARGO_PKG_VERSION").clone_into(&mut record.version);
    Ok(Work { site, record, machine, keep_data: false, renewing: wish.upgrade })
}

/// The backend that was chosen for this desktop user.
pub(crate) fn backend_of(desktop: &str) -> Result<Backend, Failure> {
    let path = Path::new(CONFIGURATION).join(desktop).join("provision.json");
    let record = Record::load(&path).map_err(|e| unreadable(&path, &e))?;
    let lack = || {
        Failure::Misconfigured(format!("{desktop} is not set up: run `sd-provision --user {desktop}` first"))
    };
    Ok(record.ok_or_else(lack)?.choice.backend)
}

fn load(site: &Site) -> Result<Option<Record>, Failure> {
    Record::load(&record_of(site)).map_err(|e| unreadable(&record_of(site), &e))
}

fn load_machine(site: &Site) -> Result<Machine, Failure> {
    Machine::load(&machine_of(site)).map_err(|e| unreadable(&machine_of(site), &e))
}

fn unreadable(path: &Path, e: &std::io::Error) -> Failure {
    Failure::Misconfigured(format!("{}, which says what was made, cannot be used: {e}", path.display()))
}

/// Goes through the requirements, and then through the steps, no further than to one that fails.
fn go(work: &mut Work, dry: bool) -> Result<(), Failure> {
    for requirement in plan::requirements() {
        requirement.apply(work)?;
    }
    if !dry {
        work.save()?;
    }
    for step in plan::steps(work.site.choice) {
        let ended = match step.look(work)? {
            Found::Good => Ended::Already,
            Found::Skipped(why) => Ended::Skipped(why),
            Found::Left(_) => Ended::Left(step.mend(&work.site)),
            Found::Lacking(_) if dry => Ended::Would,
            Found::Lacking(_) => {
                step.apply(work)?;
                Ended::Done
            }
        };
        say(step.name(), &ended, &step.says(&work.site))?;
    }
    Ok(())
}

fn remove(user: &str, wish: &Setup) -> Result<(), Failure> {
    choice::fit_for_a_companion(user)?;
    let record = Record::load(&Path::new(CONFIGURATION).join(user).join("provision.json"))
        .map_err(|e| unreadable(Path::new(CONFIGURATION), &e))?;
    let Some(mut record) = record else {
        // What one that was interrupted at its very end has left.
        sweep(Path::new(CONFIGURATION), user);
        return say::nothing(user);
    };
    // The desktop user may be gone by now.
    let desktop = Account::named(user).unwrap_or_else(|_| Account::former(user, record.uid));
    let site = Site::here(desktop, record.choice);
    let machine = load_machine(&site)?;
    record.removing = true;
    let mut work = Work { site, record, machine, keep_data: wish.keep_data, renewing: false };
    let mut steps = plan::steps(work.site.choice);
    steps.reverse();
    if wish.dry_run {
        return steps.iter().try_for_each(|step| say(step.name(), &Ended::Would, &step.says(&work.site)));
    }
    work.save()?;
    for step in steps {
        step.undo(&mut work)?;
        say(step.name(), &Ended::Removed, &step.says(&work.site))?;
    }
    tell::Manager.apply(&mut work)?;
    tell::Bus.apply(&mut work)?;
    forget(&work)?;
    if wish.keep_data {
        say::kept(&work.site)?;
    }
    Ok(())
}

/// Takes the records away, and the folders that were made for them.
fn forget(work: &Work) -> Result<(), Failure> {
    let site = &work.site;
    let cannot = |e| Failure::Unavailable(format!("what was made cannot be forgotten: {e}"));
    if work.is_last() {
        for folder in work.machine.folders.iter().rev() {
            // What somebody else has put something into stays; that of the records is empty only after them.
            let _ = std::fs::remove_dir(folder);
        }
    }
    // The signing keys are named by a person, where they are.
    put::remove(&site.configured("signing_keys")).map_err(cannot)?;
    put::remove(&record_of(site)).map_err(cannot)?;
    sweep(&site.at(CONFIGURATION), site.user());
    Ok(())
}

/// Takes away what is left of a desktop user's records when they are gone, and after the last user the machine's.
fn sweep(all: &Path, user: &str) {
    let _ = std::fs::remove_dir(all.join(user));
    if step::users(all).is_empty() {
        let _ = put::remove(&all.join("machine.json"));
        let _ = std::fs::remove_dir(all);
    }
}
