//! The folders of one desktop user: made by systemd-tmpfiles, from the list that was written before.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::setup::audit;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// The folders.
#[derive(Debug)]
pub(crate) struct Folders;

/// A folder, with its owner and its permissions.
fn wanted(site: &Site) -> Option<[(PathBuf, u32, u32); 4]> {
    let companion = site.companion()?;
    Some([
        (site.at(format!("/run/secrets-dispatcher/{}", site.user())), 0, 0o755),
        (site.kept(), 0, 0o755),
        (site.at(site.home()), companion.uid, 0o700),
        (audit::folder(site), site.parties()?.audit?, 0o750),
    ])
}

impl Step for Folders {
    fn name(&self) -> &'static str {
        "folders"
    }

    fn says(&self, site: &Site) -> String {
        format!("{}, and the companion's home below it, closed to all others", site.kept().display())
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let Some(wanted) = wanted(&work.site) else {
            return Ok(Found::Lacking("the users whose they are are not there".into()));
        };
        let wrong = wanted.iter().find_map(|(path, owner, mode)| wrong(path, *owner, *mode));
        Ok(wrong.map_or(Found::Good, Found::Lacking))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let site = &work.site;
        let list = format!("/etc/tmpfiles.d/secrets-dispatcher-{}.conf", site.user());
        let companion =
            site.companion().ok_or_else(|| Failure::Misconfigured("there is no companion".into()))?;
        let home = site.at(site.home());
        if fs::symlink_metadata(&home).is_ok_and(|about| about.is_dir() && about.uid() != companion.uid) {
            // Kept by an earlier --remove --keep-data, closed to all: the companion's number may be another one now.
            let owner = format!("{}:{}", companion.uid, companion.gid);
            run::success(run::root("chown", &["-hRP", &owner, "--", &home.to_string_lossy()]))?;
        }
        run::success(run::root("systemd-tmpfiles", &["--create", &list]))?;
        Ok(())
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        let site = &work.site;
        let user = site.user();
        let [run, log, kept] = ["/run", "/var/log", "/var/lib"]
            .map(|above| site.at(format!("{above}/secrets-dispatcher/{user}")));
        all_of(&run)?;
        // The key of the record has been put beside it, and the folder is closed.
        if !(work.keep_data && audit::holds_lines(&log)) {
            all_of(&log)?;
        }
        if !work.keep_data {
            all_of(&kept)?;
        } else if kept.is_dir() {
            // Nobody gets there by a number that another user has later.
            fs::set_permissions(&kept, Permissions::from_mode(0o700)).map_err(|e| cannot(&kept, &e))?;
        }
        for path in [run, log, kept] {
            if let Some(above) = path.parent() {
                // Stays while another user has something there.
                let _ = fs::remove_dir(above);
            }
        }
        Ok(())
    }
}

fn wrong(path: &Path, owner: u32, mode: u32) -> Option<String> {
    let shown = path.display();
    let about = match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => about,
        Ok(_) => return Some(format!("{shown} is no folder")),
        Err(e) => return Some(format!("{shown} cannot be looked at: {e}")),
    };
    if about.uid() != owner {
        return Some(format!("{shown} belongs to uid {}, not to {owner}", about.uid()));
    }
    let found = about.mode() & 0o7777;
    (found != mode).then(|| format!("{shown} has mode {found:03o}, not {mode:03o}"))
}

/// Everything in it; no link is followed.
fn all_of(path: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(cannot(path, &e)),
        _ => Ok(()),
    }
}

fn cannot(path: &Path, e: &io::Error) -> Failure {
    Failure::Unavailable(format!("{} cannot be removed: {e}", path.display()))
}
