//! `sdctl takeover` and `sdctl release`: the session's Secret Service from gnome-keyring to sd-agent, and back.

mod bus;
mod carry;
mod files;
mod others;
mod pam;
mod place;
mod plan;
mod record;
mod say;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod units;

use std::path::Path;

use sd_client::Gate;

use crate::cli::Handover;
use crate::failure::Failure;
use crate::paper::Paper;
use carry::Carrier;
use files::Manner;
use place::Place;
use record::Record;
use say::Story;
use step::{Act, Ended, Step, Way};

/// `sdctl takeover`.
pub(crate) async fn takeover(how: &Handover, paper: &mut Paper) -> Result<(), Failure> {
    if how.system {
        return of_machine(how, Way::Takeover, paper).await;
    }
    not_by_sudo()?;
    let mut place = Place::of_user(&how.agent)?;
    if let Some(bus) = bus::Bus::connect().await
        && let Some(data) = bus.data_home().await
    {
        place.data = data;
    }
    let manner = Manner { dry: how.dry_run, force: how.force };
    let lack = lack(&place).await;
    if let Some(lack) = &lack
        && !how.force
        && !how.dry_run
    {
        return Err(Failure::Undone(format!(
            "{lack}; nothing was changed (`--force` takes over all the same)"
        )));
    }
    let mut carrier = Carrier::of_session(&place, load(&place)?.unwrap_or_default(), manner).await;
    let mut story = go(&mut carrier, &plan::around(plan::files(&place)), Way::Takeover).await;
    story.notes = lack.into_iter().chain(plan::notes(&place)).collect();
    story.tell(Way::Takeover, how.dry_run, paper)
}

/// `sdctl release`.
pub(crate) async fn release(how: &Handover, paper: &mut Paper) -> Result<(), Failure> {
    if how.system {
        return of_machine(how, Way::Release, paper).await;
    }
    not_by_sudo()?;
    let place = Place::of_user(&how.agent)?;
    let Some(record) = load(&place)? else { return nothing(paper, how) };
    let manner = Manner { dry: how.dry_run, force: how.force };
    let steps = plan::around(recorded(&record));
    let mut carrier = Carrier::of_session(&place, record, manner).await;
    let mut story = go(&mut carrier, &steps, Way::Release).await;
    if !how.dry_run {
        forget(&mut carrier, &story)?;
    }
    story.notes = stays(&place, &carrier.record);
    story.tell(Way::Release, how.dry_run, paper)
}

/// Whether a takeover is recorded for the desktop user.
pub(crate) fn is_recorded() -> bool {
    place::record_of_user().is_some_and(|path| path.exists())
}

async fn of_machine(how: &Handover, way: Way, paper: &mut Paper) -> Result<(), Failure> {
    let root = how.root.as_deref().unwrap_or(Path::new("/"));
    let place = Place::of_machine(root);
    let may = how.root.is_some() || sd_sys::identity::own_uid() == 0;
    let dry = how.dry_run || !may;
    let manner = Manner { dry, force: how.force };
    let verb = if way == Way::Takeover { "takeover" } else { "release" };
    let rootless = || {
        Failure::Forbidden(format!(
            "nothing was changed, for that takes root: run `sudo sdctl {verb} --system`"
        ))
    };
    // The record is root's, to read as well.
    let record = load(&place).map_err(|why| if may { why } else { rootless() })?;
    let (steps, mut notes) = match way {
        Way::Takeover => pam::files(&place)
            .map_err(|e| Failure::Undone(format!("the folder /etc/pam.d could not be read: {e}")))?,
        Way::Release => match &record {
            Some(record) => (recorded(record), Vec::new()),
            None => return nothing(paper, how),
        },
    };
    let mut carrier = Carrier::of_files(&place, record.unwrap_or_default(), manner);
    let mut story = go(&mut carrier, &steps, way).await;
    if way == Way::Release && !dry {
        forget(&mut carrier, &story)?;
    }
    if way == Way::Takeover {
        notes.push("it holds for every user of this machine, from the next login on".to_owned());
    }
    story.notes = notes;
    story.tell(way, dry, paper)?;
    if may || how.dry_run { Ok(()) } else { Err(rootless()) }
}

/// Goes through the steps, and no further than to one that went wrong on the way forth. On the way back each step counts
/// for itself: what can be put back is.
async fn go(carrier: &mut Carrier<'_>, steps: &[Step], way: Way) -> Story {
    let mut order: Vec<&Step> = steps.iter().filter(|step| step.words(way).is_some()).collect();
    if way == Way::Release {
        order.reverse();
    }
    let mut story = Story::default();
    for step in order {
        let ended = carrier.carry(step, way).await;
        let refused = matches!(step.act, Act::File { .. }) && ended.is_bad();
        let stop = way == Way::Takeover && (refused || matches!(ended, Ended::Failed(_)));
        story.steps.push((step.name.clone(), step.words(way).unwrap_or_default().to_owned(), ended));
        if stop {
            break;
        }
    }
    story
}

/// The steps for the files that a record has.
fn recorded(record: &Record) -> Vec<Step> {
    let step = |entry: &record::Entry| {
        Step::file(&entry.step, entry.path.clone(), entry.after.clone(), String::new())
    };
    record.files.iter().map(step).collect()
}

/// Takes the record away, once nothing of it is left to be put back.
fn forget(carrier: &mut Carrier<'_>, story: &Story) -> Result<(), Failure> {
    if carrier.record.files.is_empty() && !story.has_failed() {
        carrier.record.owner = None;
    }
    let (path, record) = (&carrier.place.record, &mut carrier.record);
    let ended = if record.is_empty() { record.remove(path) } else { record.save(path) };
    ended.map_err(|e| Failure::Undone(format!("{} could not be written: {e}", path.display())))
}

/// What lets sd-agent be the Secret Service also after a release.
fn stays(place: &Place, record: &Record) -> Vec<String> {
    let everybody = Path::new("/etc/systemd/user/graphical-session.target.wants").join(units::AGENT);
    let mut notes = Vec::new();
    if everybody.symlink_metadata().is_ok() {
        notes.push(format!(
            "sd-agent still starts with each session of every user ({}); `systemctl --user mask {}` keeps it away",
            everybody.display(),
            units::AGENT
        ));
    }
    if !record.is_empty() {
        notes.push(format!("what is left to be put back is in {}", place.record.display()));
    }
    notes
}

fn load(place: &Place) -> Result<Option<Record>, Failure> {
    Record::load(&place.record).map_err(|e| {
        let path = place.record.display();
        Failure::Undone(format!("{path}, which says what was there before a takeover, cannot be used: {e}"))
    })
}

fn nothing(paper: &mut Paper, how: &Handover) -> Result<(), Failure> {
    let mut story = Story::default();
    story.notes.push("no takeover is recorded here: there is nothing to be put back".to_owned());
    story.tell(Way::Release, how.dry_run, paper)
}

/// It is about the session of whoever calls, and by sudo that is nobody's.
fn not_by_sudo() -> Result<(), Failure> {
    if sd_sys::identity::own_uid() == 0 && std::env::var_os("SUDO_UID").is_some() {
        return Err(Failure::Undone(
            "it is about the session of whoever calls: run it without sudo, or with --system for the login"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Why sd-agent could serve nobody.
async fn lack(place: &Place) -> Option<String> {
    if !place.agent.is_file() {
        return Some(format!(
            "{} is not there: install sd-agent, or name it by --agent",
            place.agent.display()
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.+".contains(c);
    if !place.agent.is_absolute() || !place.agent.to_string_lossy().chars().all(plain) {
        return Some(
            "the path of sd-agent has to be absolute and plain, to stand in files of the session bus"
                .to_owned(),
        );
    }
    let asked = async { Gate::connect().await?.version().await };
    asked.await.err().map(|e| e.to_string())
}
