//! The login's files, of Debian 12's packages.

use std::fs;
use std::os::unix::fs::symlink;

use smol::block_on;
use tempfile::TempDir;

use super::{DO, FORCE, words};
use crate::takeover::carry::Carrier;
use crate::takeover::place::Place;
use crate::takeover::record::Record;
use crate::takeover::step::Way;
use crate::takeover::{go, pam, recorded};

/// gdm3 43.0-3, shortened at the end.
const GDM: &str = "#%PAM-1.0
auth    requisite       pam_nologin.so
auth\trequired\tpam_succeed_if.so user != root quiet_success
@include common-auth
auth    optional        pam_gnome_keyring.so
@include common-account
session [success=ok ignore=ignore module_unknown=ignore default=bad] pam_selinux.so close
session required        pam_loginuid.so
session optional        pam_keyinit.so force revoke
@include common-session
session optional        pam_gnome_keyring.so auto_start
@include common-password
";

/// lightdm 1.26.0-8, shortened.
const LIGHTDM: &str = "#%PAM-1.0\nauth      requisite pam_nologin.so\n@include common-auth\n\
    -auth  optional pam_gnome_keyring.so\n@include common-session\n\
    -session optional        pam_gnome_keyring.so auto_start\n@include common-password\n";

/// As pam-auth-update writes it of libpam-gnome-keyring's profile, which has a password line only.
const COMMON_PASSWORD: &str = "#\n# /etc/pam.d/common-password\n# To take advantage of this, use pam-auth-update\n\
    password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt\npassword\trequisite\tpam_deny.so\n\
    password\trequired\tpam_permit.so\npassword\toptional\tpam_gnome_keyring.so\n";

fn root(files: &[(&str, &str)]) -> (TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("etc/pam.d")).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join("etc/pam.d").join(name), text).unwrap();
    }
    let place = Place::of_machine(dir.path());
    (dir, place)
}

#[test]
fn the_login_no_longer_starts_the_keyring_and_after_a_release_its_files_are_what_they_were_to_the_byte() {
    let files = [
        ("gdm-password", GDM),
        ("lightdm", LIGHTDM),
        ("common-password", COMMON_PASSWORD),
        ("login", "auth required x\n"),
    ];
    let (dir, place) = root(&files);
    let read = |name: &str| fs::read_to_string(dir.path().join("etc/pam.d").join(name)).unwrap();
    let (steps, notes) = pam::files(&place).unwrap();
    assert_eq!((steps.len(), notes.len()), (2, 0), "{notes:?}");
    let mut carrier = Carrier::of_files(&place, Record::default(), DO);
    let story = block_on(go(&mut carrier, &steps, Way::Takeover));
    assert!(!story.has_failed(), "{story:?}");
    for (name, was) in &files[..2] {
        let now = read(name);
        let rules = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(rules(&now), rules(was));
        assert!(!now.lines().any(|line| !line.starts_with('#') && line.contains("keyring.so")), "{now}");
    }
    assert_eq!(
        (read("common-password").as_str(), read("login").as_str()),
        (COMMON_PASSWORD, "auth required x\n")
    );
    assert!(pam::files(&place).unwrap().0.is_empty(), "twice is once");

    let record = Record::load(&place.record).unwrap().unwrap();
    let kept = fs::read_to_string(&place.record).unwrap();
    assert!(!kept.contains(dir.path().to_str().unwrap()), "a root can be moved: {kept}");
    let mut carrier = Carrier::of_files(&place, record.clone(), DO);
    let story = block_on(go(&mut carrier, &recorded(&record), Way::Release));
    assert!(!story.has_failed(), "{story:?}");
    assert!(files.iter().all(|(name, was)| read(name) == *was));
}

#[test]
fn a_login_that_somebody_has_changed_since_keeps_the_change() {
    let (dir, place) = root(&[("gdm-password", GDM)]);
    let path = dir.path().join("etc/pam.d/gdm-password");
    let (steps, _) = pam::files(&place).unwrap();
    let mut carrier = Carrier::of_files(&place, Record::default(), DO);
    block_on(go(&mut carrier, &steps, Way::Takeover));
    let changed = fs::read_to_string(&path).unwrap() + "session required pam_new.so\n";
    fs::write(&path, changed).unwrap();
    let record = carrier.record.clone();
    let story = block_on(go(&mut carrier, &recorded(&record), Way::Release));
    assert_eq!(words(&story), [("pam", "refused")]);
    let mut carrier = Carrier::of_files(&place, record.clone(), FORCE);
    block_on(go(&mut carrier, &recorded(&record), Way::Release));
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{GDM}session required pam_new.so\n"));
}

#[test]
fn a_login_that_a_tool_writes_is_left_to_that_tool() {
    let generated = format!("{COMMON_PASSWORD}auth optional pam_gnome_keyring.so\n");
    let (dir, place) = root(&[("common-auth", &generated), ("gdm-password.dpkg-old", GDM)]);
    let linked = dir.path().join("etc/authselect");
    fs::create_dir_all(&linked).unwrap();
    fs::write(linked.join("system-auth"), GDM).unwrap();
    symlink("../authselect/system-auth", dir.path().join("etc/pam.d/system-auth")).unwrap();
    let (steps, notes) = pam::files(&place).unwrap();
    assert!(steps.is_empty(), "{steps:?}");
    assert!(
        notes.len() == 2 && notes[0].contains("pam-auth-update") && notes[1].contains("authselect"),
        "{notes:?}"
    );
}
