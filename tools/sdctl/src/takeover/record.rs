//! What was there before a takeover: written before each step is taken, and read by the release.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::state::{self, State};

/// What was there before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// The version of this format.
    v: u32,
    /// Who was the Secret Service, if anybody was.
    pub(crate) owner: Option<Former>,
    /// The files that are another's now.
    pub(crate) files: Vec<Entry>,
    /// How many of the folders above the record were made for it.
    made: usize,
}

/// Who was the Secret Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Former {
    /// What its process looked like.
    pub(crate) name: Option<String>,
    /// Whether it was the user's service manager that ran it.
    pub(crate) unit: bool,
    /// Whether sd-agent ran as well, without the name.
    pub(crate) agent_ran: bool,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The step's name.
    pub(crate) step: String,
    /// The file's path, below the root that was given.
    pub(crate) path: PathBuf,
    /// What was there.
    pub(crate) before: State,
    /// What the takeover has put there.
    pub(crate) after: State,
    /// The folders that were made for it, the outermost first.
    pub(crate) made: Vec<PathBuf>,
}

const VERSION: u32 = 1;

impl Record {
    /// The record at a path, if there is one. Errors: it cannot be read or is not understood.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        match State::at(path)? {
            State::Absent {} => Ok(None),
            State::File { text, .. } => {
                let record: Self = serde_json::from_str(&text)?;
                if record.v != VERSION {
                    return Err(io::Error::other(format!("it has version {}, and not {VERSION}", record.v)));
                }
                Ok(Some(record))
            }
            State::Link { .. } => Err(io::Error::other("it is a link")),
        }
    }

    /// Writes it; it is on the disk when this returns.
    pub(crate) fn save(&mut self, path: &Path) -> io::Result<()> {
        self.v = VERSION;
        let missing = state::missing(path);
        state::make(&missing)?;
        self.made += missing.len();
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        State::File { text, mode: 0o600, owner: None }.put(path)
    }

    /// Takes it away, and what was made for it.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        State::Absent {}.put(path)?;
        state::unmake(path.ancestors().skip(1).take(self.made).map(Path::to_owned));
        Ok(())
    }

    /// What is known of a file.
    pub(crate) fn entry(&self, path: &Path) -> Option<&Entry> {
        self.files.iter().find(|entry| entry.path == path)
    }

    /// Whether nothing is left to be put back.
    pub(crate) fn is_empty(&self) -> bool {
        self.owner.is_none() && self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was_and_one_that_is_not_understood_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("state/secrets-dispatcher/takeover.json");
        assert_eq!(Record::load(&path).unwrap(), None);
        let entry = Entry {
            step: "unit".into(),
            path: "/x".into(),
            before: State::Absent {},
            after: State::link("/dev/null"),
            made: vec!["/y".into()],
        };
        let mut record = Record { files: vec![entry], ..Record::default() };
        record.save(&path).unwrap();
        assert_eq!(Record::load(&path).unwrap().as_ref(), Some(&record));
        record.remove(&path).unwrap();
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        record.save(&path).unwrap();
        for bad in [
            "",
            "{}",
            r#"{"v":2,"owner":null,"files":[],"made":0}"#,
            r#"{"v":1,"owner":null,"files":[],"made":0,"x":1}"#,
        ] {
            std::fs::write(&path, bad).unwrap();
            assert!(Record::load(&path).is_err(), "{bad}");
        }
    }
}
