//! Which record is meant, and where it is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Which;
use crate::failure::Failure;
use crate::folder;

/// Below it each desktop user's record has its folder.
const LOGS: &str = "/var/log/secrets-dispatcher";
/// Below it each desktop user's settings have theirs, and the first key.
const SETTINGS: &str = "/etc/secrets-dispatcher";

/// The folder of a record that is there.
pub(crate) fn of(which: &Which) -> Result<PathBuf, Failure> {
    let folder = match (&which.folder, &which.user) {
        (Some(folder), _) => folder.clone(),
        (None, Some(user)) if is_a_name(user) => Path::new(LOGS).join(user),
        (None, Some(user)) => return Err(Failure::Word("name of a user", user.clone())),
        (None, None) => Path::new(LOGS).join(only_user()?),
    };
    // Says what is wrong before anything is read.
    let files = folder::all(&folder).map_err(Failure::reading(&folder))?;
    if files.is_empty() && fs::symlink_metadata(folder.join(crate::state::NAME)).is_err() {
        return Err(Failure::NoRecord(folder.join(folder::CURRENT)));
    }
    Ok(folder)
}

/// Where the first key of the record in this folder is.
pub(crate) fn key(folder: &Path) -> PathBuf {
    let user = folder.file_name().unwrap_or_default();
    Path::new(SETTINGS).join(user).join("audit.key")
}

fn only_user() -> Result<String, Failure> {
    let logs = Path::new(LOGS);
    let found = match fs::read_dir(logs) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        found => found.map_err(Failure::reading(logs))?.filter_map(Result::ok).collect(),
    };
    let mut users: Vec<String> =
        found.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    users.sort();
    match users.as_slice() {
        [user] => Ok(user.clone()),
        _ => Err(Failure::Which(users)),
    }
}

fn is_a_name(user: &str) -> bool {
    !user.is_empty() && !user.starts_with('.') && !user.contains('/')
}
