//! A step of the plan: what it makes, whether that is so, how it is made and taken away.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::setup::put;
use crate::setup::record::{Machine, Record};
use crate::setup::site::{CONFIGURATION, Site};

/// Whether all is as a step wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is.
    Good,
    /// It is not; why.
    Lacking(String),
    /// It cannot be so here, or need not; why.
    Skipped(String),
    /// It is not, and a person has to make it so; why.
    Left(String),
}

/// One step. Each can be taken twice, and be interrupted at any point: taken again it comes to its end.
pub(crate) trait Step {
    /// Its name, for scripts.
    fn name(&self) -> &'static str;
    /// What it makes.
    fn says(&self, site: &Site) -> String;
    /// Whether that is so.
    fn look(&self, work: &Work) -> Result<Found, Failure>;
    /// Makes it so.
    fn apply(&self, work: &mut Work) -> Result<(), Failure>;
    /// Takes it away, and puts back what was there before; also when it was never made.
    fn undo(&self, work: &mut Work) -> Result<(), Failure>;
    /// The command that mends it.
    fn mend(&self, site: &Site) -> String {
        site.command()
    }
}

/// What the steps work on, and what is written down of it.
#[derive(Debug)]
pub(crate) struct Work {
    /// The desktop user.
    pub(crate) site: Site,
    /// What was made for it.
    pub(crate) record: Record,
    /// What all users share.
    pub(crate) machine: Machine,
    /// What is kept when all is taken away.
    pub(crate) keep_data: bool,
    /// Whether what was made is brought to this version, and not made by a person's word.
    pub(crate) renewing: bool,
}

impl Work {
    /// Writes both records.
    pub(crate) fn save(&mut self) -> Result<(), Failure> {
        let path = record_of(&self.site);
        // The folders that the records are in can be written down only once they are there. They are ours whoever made
        // them: a run that was interrupted in between has not said so.
        self.machine.folders.extend(path.ancestors().skip(1).take(2).map(Path::to_owned));
        make(&put::missing_above(&path), &path)?;
        let saved = self.record.save(&path).and_then(|()| self.machine.save(&machine_of(&self.site)));
        saved.map_err(|e| Failure::Unavailable(format!("{} cannot be written: {e}", path.display())))
    }

    /// Writes down which folders above a path are missing, and then makes them: so that a run that is interrupted here
    /// is known to have made them.
    pub(crate) fn folders(&mut self, path: &Path) -> Result<(), Failure> {
        let missing = put::missing_above(path);
        if missing.is_empty() {
            return Ok(());
        }
        self.machine.folders.extend(missing.iter().cloned());
        self.save()?;
        make(&missing, path)
    }

    /// Whether no other desktop user is set up on this machine.
    pub(crate) fn is_last(&self) -> bool {
        others(&self.site).is_empty()
    }
}

fn make(folders: &[PathBuf], path: &Path) -> Result<(), Failure> {
    put::make(folders)
        .map_err(|e| Failure::Unavailable(format!("the folder of {} cannot be made: {e}", path.display())))
}

/// Where it is written down what was made for this user.
pub(crate) fn record_of(site: &Site) -> PathBuf {
    site.configured("provision.json")
}

/// Where it is written down what all users share.
pub(crate) fn machine_of(site: &Site) -> PathBuf {
    site.at(CONFIGURATION).join("machine.json")
}

/// What is written down of the other desktop users of this machine.
pub(crate) fn others(site: &Site) -> Vec<Record> {
    let users = users(&site.at(CONFIGURATION));
    let others = users.into_iter().filter(|name| name != site.user());
    let path = |name: String| site.at(CONFIGURATION).join(name).join("provision.json");
    others.filter_map(|name| Record::load(&path(name)).ok().flatten()).collect()
}

/// The desktop users that are set up, by their configuration.
pub(crate) fn users(configuration: &Path) -> Vec<String> {
    let Ok(folders) = std::fs::read_dir(configuration) else { return Vec::new() };
    let mut users: Vec<String> = folders
        .filter_map(Result::ok)
        .filter(|folder| folder.path().join("provision.json").is_file())
        .filter_map(|folder| folder.file_name().into_string().ok())
        .collect();
    users.sort();
    users
}
