//! What was chosen and made for a desktop user, and what was there before: written before each change, so that a run
//! that was interrupted can be completed, and taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::setup::choice::Choice;
use crate::setup::put::{self, Wanted};

/// The version of both formats.
const VERSION: u32 = 1;

/// `/etc/secrets-dispatcher/<user>/provision.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    v: u32,
    /// The version of this program that wrote it last.
    pub(crate) version: String,
    /// The desktop user.
    pub(crate) user: String,
    /// Its uid.
    pub(crate) uid: u32,
    /// What was chosen.
    pub(crate) choice: Choice,
    /// Whether it is being taken back: a run that was interrupted then is completed by `--remove` only.
    pub(crate) removing: bool,
    /// Every path that was written, by the step that did.
    pub(crate) paths: BTreeMap<String, PathBuf>,
    /// What has to be told of files that were changed, and was not yet: `manager`, `bus`, or a unit to be started anew.
    pub(crate) pending: BTreeSet<String>,
    /// Whether the desktop's Secret Service was taken over by us, and not by the user before.
    pub(crate) took_over: bool,
}

/// `/etc/secrets-dispatcher/machine.json`: what all desktop users of the machine share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    v: u32,
    /// The folders that were made, the outermost first.
    pub(crate) folders: BTreeSet<PathBuf>,
    /// Values of the kernel's switches before they were set, by their path.
    pub(crate) switches: BTreeMap<PathBuf, String>,
    /// Whether the PAM profile was switched on by us.
    pub(crate) pam: bool,
    #[serde(default)]
    /// Whether pam-auth-update knew the profile before, as one that was off.
    pub(crate) pam_known: bool,
}

impl Record {
    /// A new one.
    pub(crate) fn new(user: &str, uid: u32, choice: Choice) -> Self {
        Self {
            v: VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            user: user.to_owned(),
            uid,
            choice,
            removing: false,
            paths: BTreeMap::new(),
            pending: BTreeSet::new(),
            took_over: false,
        }
    }

    /// The record at a path, if there is one. Errors: it cannot be read or is not understood.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        let record: Option<Self> = load(path)?;
        if let Some(v) = record.as_ref().map(|record| record.v).filter(|v| *v != VERSION) {
            return Err(io::Error::other(format!("it has version {v}, and not {VERSION}")));
        }
        Ok(record)
    }

    /// Writes it; it is on the disk when this returns.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        save(self, path)
    }
}

impl Machine {
    /// The record at a path, or an empty one.
    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        Ok(load(path)?.unwrap_or_else(|| Self { v: VERSION, ..Self::default() }))
    }

    /// Writes it; it is on the disk when this returns.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        save(self, path)
    }
}

fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match put::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        text => Ok(Some(serde_json::from_str(&text?)?)),
    }
}

fn save<T: Serialize>(record: &T, path: &Path) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(record)?;
    text.push('\n');
    Wanted::file(text).put(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::choice::Backend;

    #[test]
    fn a_record_comes_back_as_it_was_and_one_that_is_not_understood_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provision.json");
        assert_eq!(Record::load(&path).unwrap(), None);
        let choice = Choice { vt: 8, backend: Backend::Store, plain_name: true };
        let mut record = Record::new("nb", 1000, choice);
        record.pending.insert("manager".into());
        record.paths.insert("policy".into(), "/etc/x".into());
        record.save(&path).unwrap();
        assert_eq!(Record::load(&path).unwrap(), Some(record.clone()));
        record.v = 2;
        record.save(&path).unwrap();
        assert!(Record::load(&path).unwrap_err().to_string().contains("version 2"));
        std::fs::write(&path, "{}").unwrap();
        assert!(Record::load(&path).is_err());
    }
}
