//! A file of a step: put there, put back, and never over what somebody else has written meanwhile.

use std::io;
use std::path::{Path, PathBuf};

use super::pam;
use super::place::Place;
use super::record::{Entry, Record};
use super::state::{self, State};
use super::step::Ended;

/// What a release leaves of a file that somebody had changed, beside it.
const KEPT: &str = ".before-release";

/// How files are to be treated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Nothing is changed.
    pub(crate) dry: bool,
    /// Also over what somebody has changed.
    pub(crate) force: bool,
}

/// Puts a file where a step wants it; what was there is in the record first.
pub(crate) fn put(
    place: &Place,
    record: &mut Record,
    step: &str,
    path: &Path,
    wanted: &State,
    manner: Manner,
) -> Ended {
    let real = place.real(path);
    let now = match State::at(&real) {
        Ok(now) => now,
        Err(e) => return Ended::Refused(format!("{} is left alone: {e}", path.display())),
    };
    if now.says_the_same(wanted) {
        return Ended::Already;
    }
    let known = record.entry(path);
    if let Some(entry) = known
        && !now.says_the_same(&entry.before)
        && !now.says_the_same(&entry.after)
        && !manner.force
    {
        return changed(path, "by `sdctl takeover --force`");
    }
    if manner.dry {
        return Ended::Would;
    }
    let made = state::missing(&real);
    match record.files.iter_mut().find(|entry| entry.path == path) {
        // What was there before the first takeover is what a release puts back.
        Some(entry) => {
            entry.after = wanted.clone();
            entry.made.extend(outside(place, &made));
        }
        None => record.files.push(Entry {
            step: step.to_owned(),
            path: path.to_owned(),
            before: now,
            after: wanted.clone(),
            made: outside(place, &made),
        }),
    }
    let put = record
        .save(&place.record)
        .map_err(|e| format!("{} could not be written: {e}", place.record.display()))
        .and_then(|()| {
            state::make(&made)
                .and_then(|()| wanted.put(&real))
                .map_err(|e| format!("{} could not be written: {e}", path.display()))
        });
    match put {
        Ok(()) => Ended::Done(None),
        Err(why) => Ended::Failed(why),
    }
}

/// Puts back what was there, and takes it out of the record.
pub(crate) fn put_back(place: &Place, record: &mut Record, path: &Path, manner: Manner) -> Ended {
    let Some(entry) = record.entry(path).cloned() else { return Ended::Already };
    let real = place.real(path);
    let now = match State::at(&real) {
        Ok(now) => now,
        Err(e) => return Ended::Refused(format!("{} is left alone: {e}", path.display())),
    };
    let is_back = now.says_the_same(&entry.before);
    let is_ours = now.says_the_same(&entry.after);
    if !is_back && !is_ours && !manner.force {
        return changed(path, "by `sdctl release --force`");
    }
    if manner.dry {
        return if is_back { Ended::Already } else { Ended::Would };
    }
    let ended = match (is_back, is_ours) {
        (true, _) => Ok(Ended::Already),
        (false, true) => entry.before.put(&real).map(|()| Ended::Done(None)),
        (false, false) => by_force(&real, &entry, now),
    };
    match ended {
        Err(e) => Ended::Failed(format!("{} could not be written: {e}", path.display())),
        Ok(ended) => {
            state::unmake(entry.made.iter().rev().map(|folder| place.real(folder)));
            record.files.retain(|known| known.path != path);
            match record.save(&place.record) {
                Ok(()) => ended,
                Err(e) => Ended::Failed(format!("{} could not be written: {e}", place.record.display())),
            }
        }
    }
}

/// Of the login's files only our own lines go. Of others what stands there is kept beside what was there.
fn by_force(real: &Path, entry: &Entry, now: State) -> io::Result<Ended> {
    if let (pam::STEP, State::File { text, mode, owner }) = (entry.step.as_str(), &now) {
        State::File { text: pam::put_back(text), mode: *mode, owner: *owner }.put(real)?;
        return Ok(Ended::Done(Some(
            "somebody has changed it since: only our lines were put back".to_owned(),
        )));
    }
    let mut kept = real.as_os_str().to_owned();
    kept.push(KEPT);
    now.put(Path::new(&kept))?;
    entry.before.put(real)?;
    Ok(Ended::Done(Some(format!("somebody had changed it since: that is in {} now", kept.display()))))
}

fn changed(path: &Path, how: &str) -> Ended {
    Ended::Refused(format!(
        "{} has been changed by somebody since the takeover: look at it, and put it back yourself or {how}",
        path.display()
    ))
}

/// Paths as they are without the root in front.
fn outside(place: &Place, folders: &[PathBuf]) -> Vec<PathBuf> {
    let below =
        |folder: &PathBuf| folder.strip_prefix(&place.root).map(|below| Path::new("/").join(below)).ok();
    folders.iter().filter_map(below).collect()
}
