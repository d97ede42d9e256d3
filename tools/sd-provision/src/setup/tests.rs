//! The steps that write files, below a folder of the test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::choice::{Backend, Choice};
use super::files::{AFTER, BEFORE, FIRST, Settings};
use super::record::{Machine, Record};
use super::site::Site;
use super::step::{Found, Step, Work, machine_of, record_of, users};
use super::{forget, put, sweep, vt};
use crate::account::Account;

/// Everybody who serves is there, the companion with this uid.
fn all(name: &str) -> Option<Account> {
    let uid = if name.starts_with("secrets-") { 991 } else { 990 };
    Some(Account::former(name, uid))
}

fn with_another_uid(name: &str) -> Option<Account> {
    Some(Account::former(name, 995))
}

fn nobody(_: &str) -> Option<Account> {
    None
}

fn site(root: &Path, user: &str, lookup: fn(&str) -> Option<Account>) -> Site {
    let choice = Choice { vt: 8, backend: Backend::Store, plain_name: true };
    Site::below(root, Account::former(user, 1000), choice, lookup)
}

fn work(site: Site) -> Work {
    let record = Record::new(site.user(), site.desktop.uid, site.choice);
    Work { site, record, machine: Machine::default(), keep_data: false, renewing: false }
}

fn steps() -> impl DoubleEndedIterator<Item = Settings> {
    BEFORE.into_iter().chain(AFTER).chain([FIRST])
}

fn make(work: &mut Work) {
    for step in steps() {
        if step.look(work).unwrap() != Found::Good {
            step.apply(work).unwrap();
        }
    }
}

fn lacking(work: &Work) -> Vec<&'static str> {
    steps().filter(|step| step.look(work).unwrap() != Found::Good).map(|step| step.name()).collect()
}

fn everything(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            found.push(entry.path());
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found
}

fn root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/tmpfiles.d")).unwrap();
    root
}

#[test]
fn what_was_made_is_there_and_what_is_taken_back_leaves_what_was_there_before() {
    let root = root();
    let mut work = work(site(root.path(), "nb", all));
    work.save().unwrap();
    make(&mut work);
    assert!(lacking(&work).is_empty(), "{:?}", lacking(&work));
    assert_eq!(users(&root.path().join("etc/secrets-dispatcher")), ["nb"]);
    for step in steps().rev() {
        step.undo(&mut work).unwrap();
    }
    forget(&work).unwrap();
    let mut left = everything(root.path());
    left.sort();
    assert_eq!(left, [root.path().join("etc"), root.path().join("etc/tmpfiles.d")]);
}

#[test]
fn interrupted_before_any_step_a_second_run_completes_it() {
    for reached in 0..=steps().count() {
        let root = root();
        let mut first = work(site(root.path(), "nb", all));
        first.save().unwrap();
        for step in steps().take(reached) {
            step.apply(&mut first).unwrap();
        }
        // Half a file, where the next one would have been written.
        fs::write(root.path().join("etc/secrets-dispatcher/nb/.rules.toml.sd-provision-part"), "half")
            .unwrap();
        let record = Record::load(&record_of(&first.site)).unwrap().unwrap();
        assert_eq!(record, first.record, "{reached}");
        let mut second = Work { record, ..work(first.site.clone()) };
        second.machine = Machine::load(&machine_of(&second.site)).unwrap();
        assert_eq!(second.machine, first.machine, "{reached}");
        make(&mut second);
        assert!(lacking(&second).is_empty(), "{reached}: {:?}", lacking(&second));
        for step in steps().rev() {
            step.undo(&mut second).unwrap();
        }
        forget(&second).unwrap();
        assert_eq!(everything(root.path()).len(), 2, "{reached}: {:?}", everything(root.path()));
    }
}

#[test]
fn a_folder_is_written_down_before_it_is_made() {
    let root = root();
    let mut work = work(site(root.path(), "nb", all));
    // Where none can be made, as if it was interrupted just before.
    fs::write(root.path().join("file"), "").unwrap();
    let folder = root.path().join("file/folder");
    assert!(work.folders(&folder.join("x.conf")).is_err());
    assert!(Machine::load(&machine_of(&work.site)).unwrap().folders.contains(&folder));
}

#[test]
fn interrupted_before_or_after_its_records_it_leaves_no_folder_behind() {
    let root = root();
    let mut work = work(site(root.path(), "nb", all));
    let configuration = root.path().join("etc/secrets-dispatcher");
    // Made by a run that could not say so any more.
    fs::create_dir_all(configuration.join("nb")).unwrap();
    work.save().unwrap();
    forget(&work).unwrap();
    assert!(!configuration.exists());
    // Left by one that had only this still to do.
    work.save().unwrap();
    put::remove(&record_of(&work.site)).unwrap();
    sweep(&configuration, "nb");
    assert!(!configuration.exists());
}

#[test]
fn another_terminal_is_one_changed_file_and_one_unit_to_be_started_anew() {
    let root = root();
    let mut work = work(site(root.path(), "nb", all));
    work.save().unwrap();
    make(&mut work);
    work.record.pending.clear();
    work.site = work.site.on(9);
    assert_eq!(lacking(&work), ["unit-decide"]);
    make(&mut work);
    let pending: Vec<&str> = work.record.pending.iter().map(String::as_str).collect();
    assert_eq!(pending, ["manager", "sd-decide@nb.service"]);
}

#[test]
fn a_drop_in_that_names_a_companion_of_before_goes() {
    let root = root();
    let mut before = work(site(root.path(), "nb", all));
    before.save().unwrap();
    make(&mut before);
    let old = root.path().join("etc/systemd/system/user@991.service.d");
    assert!(old.is_dir());
    let mut now = Work { record: before.record, ..work(site(root.path(), "nb", with_another_uid)) };
    make(&mut now);
    assert!(!old.exists());
    assert!(root.path().join("etc/systemd/system/user@995.service.d/10-provision.conf").is_file());
}

#[test]
fn what_a_person_may_change_stays_and_only_its_permissions_are_mended() {
    let root = root();
    let mut work = work(site(root.path(), "nb", all));
    work.save().unwrap();
    make(&mut work);
    let (rules, phrase) = (work.site.configured("rules.toml"), work.site.configured("phrase"));
    fs::write(&rules, "version = 1\n").unwrap();
    let words = fs::read_to_string(&phrase).unwrap();
    fs::set_permissions(&phrase, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(lacking(&work), ["phrase"]);
    make(&mut work);
    assert!(lacking(&work).is_empty());
    assert_eq!(fs::read_to_string(&phrase).unwrap(), words);
    assert_eq!(fs::read_to_string(&rules).unwrap(), "version = 1\n");
}

#[test]
fn what_somebody_else_has_put_beside_it_stays() {
    let root = root();
    let mut work = work(site(root.path(), "nb", all));
    work.save().unwrap();
    make(&mut work);
    let theirs = root.path().join("etc/systemd/system/sd-gate@nb.service.d");
    let beside = root.path().join("etc/systemd/system/sd-decide@nb.service.d/50-mine.conf");
    fs::create_dir(&theirs).unwrap();
    fs::write(&beside, "").unwrap();
    for step in steps().rev() {
        step.undo(&mut work).unwrap();
    }
    forget(&work).unwrap();
    assert!(theirs.is_dir() && beside.is_file());
}

#[test]
fn without_the_users_nothing_that_names_them_is_written() {
    let root = root();
    let mut work = work(site(root.path(), "nb", nobody));
    work.save().unwrap();
    for step in AFTER {
        let named = ["parties", "unit-target", "unit-fetch", "unit-manager"].contains(&step.name());
        assert_eq!(
            step.apply(&mut work).is_err(),
            named || step.name().starts_with("unit-"),
            "{}",
            step.name()
        );
    }
}

#[test]
fn the_second_user_gets_another_terminal_than_the_first() {
    let root = root();
    let mut first = work(site(root.path(), "ada", all));
    first.save().unwrap();
    make(&mut first);
    let second = site(root.path(), "nb", all);
    assert_eq!(vt::free(&second), Some(9));
    let why = vt::Terminal.look(&work(second)).unwrap();
    assert!(matches!(&why, Found::Lacking(why) if why.contains("ada")), "{why:?}");
    put::remove(&record_of(&first.site)).unwrap();
    assert_eq!(vt::free(&site(root.path(), "nb", all)), Some(8));
}
