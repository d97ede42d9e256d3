//! The first key of the audit record: root keeps it for `sd-audit verify`, and `sd-audit` gets it once, to begin with.
//!
//! `sd-audit` makes another key of it with each line and keeps that only, so that whoever gets at it later can write no
//! line anew. With a record that is there, and no key for it, nothing can be verified: then a new one begins.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::put::{self, Wanted};
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// The step.
#[derive(Debug)]
pub(crate) struct Audit;

const NAME: &str = "audit-key";
const MODE: u32 = 0o600;

fn key(site: &Site) -> PathBuf {
    site.configured("audit.key")
}

/// Where the record is.
pub(crate) fn folder(site: &Site) -> PathBuf {
    site.at(format!("/var/log/secrets-dispatcher/{}", site.user()))
}

fn servant(site: &Site) -> Option<Account> {
    let [_, _, audit, _] = site.servants();
    site.named(&audit)
}

fn lacks(site: &Site) -> Option<String> {
    let Some(audit) = servant(site) else { return Some("there is no user for it".into()) };
    let key = key(site);
    match fs::symlink_metadata(&key) {
        Ok(about) => {
            if let Some(why) = put::permissions(&key, &about, MODE) {
                return Some(why);
            }
        }
        Err(e) => return Some(format!("{}: {e}", key.display())),
    }
    let folder = folder(site);
    // Either it has begun, or it is about to.
    let Some(begun) =
        ["state", "first.key"].iter().find_map(|name| fs::symlink_metadata(folder.join(name)).ok())
    else {
        return Some(format!("{} holds neither a record nor a key to begin one with", folder.display()));
    };
    let other = begun.uid() != audit.uid;
    other.then(|| format!("the record belongs to uid {}, not to {}", begun.uid(), audit.uid))
}

impl Step for Audit {
    fn name(&self) -> &'static str {
        NAME
    }

    fn says(&self, site: &Site) -> String {
        format!("the key by which root verifies the audit record: {}", key(site).display())
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        Ok(lacks(&work.site).map_or(Found::Good, Found::Lacking))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let site = work.site.clone();
        let audit =
            servant(&site).ok_or_else(|| Failure::Misconfigured("there is no user for the record".into()))?;
        let (key, folder) = (key(&site), folder(&site));
        let cannot = |e: io::Error| Failure::Unavailable(format!("the audit record cannot be set up: {e}"));
        work.record.paths.insert(NAME.to_owned(), key.clone());
        work.record.pending.insert(format!("sd-audit@{}.service", site.user()));
        work.folders(&key)?;
        // First, so that a run that is interrupted here is known to have written it.
        work.save()?;
        let kept = folder.join("audit.key");
        if !is_there(&key)
            && let Some(text) = kept_key(&kept).map_err(cannot)?
        {
            Wanted::File { text, mode: MODE }.put(&key).map_err(cannot)?;
        }
        put::remove(&kept).map_err(cannot)?;
        if is_there(&key) && (is_there(&folder.join("state")) || is_there(&folder.join("first.key"))) {
            put::give(&key, MODE).map_err(cannot)?;
            // Its user may have another number than before.
            let owner = format!("{}:{}", audit.uid, audit.gid);
            return run::success(run::root("chown", &["-hRP", &owner, "--", &folder.to_string_lossy()]))
                .map(drop);
        }
        begin(&key, &folder, &audit).map_err(cannot)
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        let (key, folder) = (key(&work.site), folder(&work.site));
        let cannot = |e: io::Error| Failure::Unavailable(format!("the audit record cannot be put away: {e}"));
        if work.keep_data && holds_lines(&folder) {
            // Nobody gets there by a number that another user has later.
            chown(&folder, Some(0), Some(0)).map_err(cannot)?;
            fs::set_permissions(&folder, Permissions::from_mode(0o700)).map_err(cannot)?;
            if is_there(&key) {
                let text = put::read(&key).map_err(cannot)?;
                Wanted::File { text, mode: MODE }.put(&folder.join("audit.key")).map_err(cannot)?;
            }
        }
        for path in [earlier(&key), key] {
            put::remove(&path).map_err(cannot)?;
        }
        Ok(())
    }
}

/// Whether there is a record in a folder, of which a line could be missed.
pub(crate) fn holds_lines(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let name = entry.file_name();
        let is_file = name.to_str().is_some_and(|name| name.starts_with("audit") && name.ends_with(".jsonl"));
        is_file && entry.metadata().is_ok_and(|about| about.len() > 0)
    })
}

/// A new key: for root, and for the one who begins with it.
fn begin(key: &Path, folder: &Path, audit: &Account) -> io::Result<()> {
    if is_there(key) && holds_lines(folder) {
        // What is verified by it is put aside by sd-audit.
        fs::rename(key, earlier(key))?;
    }
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random)
        .map_err(|e| io::Error::other(format!("there are no random numbers: {e}")))?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect();
    Wanted::File { text: text.clone(), mode: MODE }.put(key)?;
    let first = folder.join("first.key");
    put::remove(&folder.join("state"))?;
    put::remove(&first)?;
    // The folder is another's: nothing that is there is followed or written to, and what is made is given away when it is
    // whole.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&first)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fchown(&file, Some(audit.uid), Some(audit.gid))
}

/// The key of a record that was put aside.
fn earlier(key: &Path) -> PathBuf {
    key.with_extension("key.earlier")
}

/// The key that was kept with the record, if it is root's: the folder may be another's by now.
fn kept_key(path: &Path) -> io::Result<Option<String>> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() && about.uid() == sd_sys::identity::own_uid() => {
            put::read(path).map(Some)
        }
        _ => Ok(None),
    }
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::choice::{Backend, Choice};
    use crate::setup::record::{Machine, Record};

    /// Everybody is whoever runs this: only root can give a file away.
    fn work(root: &Path) -> Work {
        let choice = Choice { vt: 8, backend: Backend::Store, plain_name: true };
        let me = |name: &str| {
            Some(Account {
                gid: nix::unistd::getgid().as_raw(),
                ..Account::former(name, sd_sys::identity::own_uid())
            })
        };
        let site = Site::below(root, Account::former("nb", 1000), choice, me);
        let record = Record::new("nb", 1000, choice);
        Work { site, record, machine: Machine::default(), keep_data: false, renewing: false }
    }

    fn provisioned(root: &Path) -> Work {
        let mut work = work(root);
        fs::create_dir_all(folder(&work.site)).unwrap();
        assert!(matches!(Audit.look(&work).unwrap(), Found::Lacking(_)));
        Audit.apply(&mut work).unwrap();
        assert_eq!(Audit.look(&work).unwrap(), Found::Good);
        work
    }

    /// As sd-audit does with its first line.
    fn record_something(work: &Work) {
        let folder = folder(&work.site);
        fs::remove_file(folder.join("first.key")).unwrap();
        fs::write(folder.join("state"), "x").unwrap();
        fs::write(folder.join("audit.jsonl"), "{}\n").unwrap();
    }

    #[test]
    fn root_and_the_one_who_begins_get_the_same_key_and_nobody_else_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let work = provisioned(root.path());
        let first = folder(&work.site).join("first.key");
        let text = fs::read_to_string(key(&work.site)).unwrap();
        assert_eq!(text.len(), 65);
        assert_eq!(fs::read_to_string(&first).unwrap(), text);
        for path in [key(&work.site), first] {
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, MODE);
        }
    }

    #[test]
    fn a_record_that_has_begun_keeps_its_key() {
        let root = tempfile::tempdir().unwrap();
        let mut work = provisioned(root.path());
        let before = fs::read_to_string(key(&work.site)).unwrap();
        record_something(&work);
        assert_eq!(Audit.look(&work).unwrap(), Found::Good);
        Audit.apply(&mut work).unwrap();
        assert_eq!(fs::read_to_string(key(&work.site)).unwrap(), before);
        assert!(!folder(&work.site).join("first.key").exists());
    }

    #[test]
    fn a_record_whose_state_is_gone_is_followed_by_another_with_another_key() {
        let root = tempfile::tempdir().unwrap();
        let mut work = provisioned(root.path());
        let before = fs::read_to_string(key(&work.site)).unwrap();
        record_something(&work);
        fs::remove_file(folder(&work.site).join("state")).unwrap();
        assert!(matches!(Audit.look(&work).unwrap(), Found::Lacking(_)));
        Audit.apply(&mut work).unwrap();
        assert_eq!(Audit.look(&work).unwrap(), Found::Good);
        assert_ne!(fs::read_to_string(key(&work.site)).unwrap(), before);
        assert_eq!(fs::read_to_string(earlier(&key(&work.site))).unwrap(), before);
    }

    #[test]
    fn a_link_where_the_key_goes_leads_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let mut work = work(root.path());
        let folder = folder(&work.site);
        fs::create_dir_all(&folder).unwrap();
        let theirs = root.path().join("theirs");
        fs::write(&theirs, "theirs").unwrap();
        std::os::unix::fs::symlink(&theirs, folder.join("first.key")).unwrap();
        std::os::unix::fs::symlink(&theirs, folder.join("audit.key")).unwrap();
        Audit.apply(&mut work).unwrap();
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
        assert!(fs::symlink_metadata(folder.join("first.key")).unwrap().is_file());
    }

    #[test]
    fn what_is_kept_is_kept_with_its_key_and_taken_up_again() {
        let root = tempfile::tempdir().unwrap();
        let mut work = provisioned(root.path());
        let before = fs::read_to_string(key(&work.site)).unwrap();
        record_something(&work);
        work.keep_data = true;
        if sd_sys::identity::own_uid() != 0 {
            // Only root can close it.
            return;
        }
        Audit.undo(&mut work).unwrap();
        assert!(!key(&work.site).exists());
        assert_eq!(fs::metadata(folder(&work.site)).unwrap().mode() & 0o777, 0o700);
        assert!(matches!(Audit.look(&work).unwrap(), Found::Lacking(_)));
        Audit.apply(&mut work).unwrap();
        assert_eq!(fs::read_to_string(key(&work.site)).unwrap(), before);
        assert!(!folder(&work.site).join("audit.key").exists());
    }
}
