use std::os::unix::fs::symlink;

use proptest::prelude::*;

use std::io::Write;

use super::files::new_file;
use super::*;
use crate::key::{Key, LEN};
use crate::verify::{Report, verify};

pub(crate) const FIRST: [u8; LEN] = [7; LEN];
const WIDE: Bounds = Bounds { file: 1 << 20, full: 1 << 30 };

fn told(n: u64) -> Told {
    Told { event: "ended".into(), kind: format!("k{n}"), ..Told::default() }
}

/// A folder as provisioning leaves it.
pub(crate) fn provisioned() -> tempfile::TempDir {
    // In memory where there is such a place: what a disk takes for each line is not what is tried here.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = folder.path().join(FIRST_KEY);
    let mut file = new_file(&path).unwrap();
    file.write_all(format!("{}\n", key::hex(&FIRST)).as_bytes()).unwrap();
    folder
}

/// A record of so many lines.
pub(crate) fn of_lines(lines: u64, bounds: Bounds) -> tempfile::TempDir {
    let folder = provisioned();
    let mut chain = Chain::open(folder.path(), bounds).unwrap();
    while chain.seq() < lines {
        chain.write(vec![told(chain.seq())]).unwrap();
    }
    folder
}

pub(crate) fn verified(folder: &Path) -> Report {
    verify(folder, Some(Key::from_bytes(FIRST))).unwrap()
}

fn is_whole(folder: &Path, lines: u64) {
    let report = verified(folder);
    assert_eq!((report.findings.as_slice(), report.good, report.unfinished), ([].as_slice(), lines, 0));
}

fn text(folder: &Path) -> String {
    fs::read_to_string(folder.join(CURRENT)).unwrap()
}

#[test]
fn a_record_goes_on_where_it_ended() {
    let folder = of_lines(5, WIDE);
    let mut chain = Chain::open(folder.path(), WIDE).unwrap();
    assert_eq!(chain.write(vec![told(1), told(2), told(3)]).unwrap(), 6);
    assert_eq!(chain.seq(), 8);
    drop(chain);
    is_whole(folder.path(), 8);
    assert!(!folder.path().join(FIRST_KEY).exists());
}

#[test]
fn without_a_key_nothing_begins() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Chain::open(folder.path(), WIDE), Err(Closed::NoKey)));
    symlink("/etc/passwd", folder.path().join(FIRST_KEY)).unwrap();
    assert!(Chain::open(folder.path(), WIDE).is_err());
    fs::remove_file(folder.path().join(FIRST_KEY)).unwrap();
    fs::write(folder.path().join(FIRST_KEY), "x\n").unwrap();
    assert!(Chain::open(folder.path(), WIDE).is_err());
}

#[test]
fn a_full_file_is_followed_by_the_next_and_the_chain_goes_through() {
    let bounds = Bounds { file: 2000, full: 1 << 20 };
    let folder = of_lines(60, bounds);
    assert!(folder::full(folder.path()).unwrap().len() > 3);
    let report = verified(folder.path());
    assert!(report.is_good(), "{:?}", report.findings);
    assert_eq!(report.dropped, 0);
    assert!(report.good >= 60);
}

#[test]
fn the_oldest_files_go_when_there_are_too_many_and_the_record_says_so() {
    let bounds = Bounds { file: 2000, full: 6000 };
    let folder = of_lines(100, bounds);
    let report = verified(folder.path());
    assert!(report.is_good(), "{:?}", report.findings);
    assert!(report.dropped > 20 && report.good + report.dropped >= 100, "{report:?}");
    let bytes: u64 =
        folder::full(folder.path()).unwrap().iter().map(|(_, path)| path.metadata().unwrap().len()).sum();
    assert!(bytes <= 6000 + 2500, "{bytes}");
    // Somebody else deletes one more.
    fs::remove_file(&folder::full(folder.path()).unwrap()[0].1).unwrap();
    assert!(!verified(folder.path()).is_good());
}

#[test]
fn a_rename_that_power_was_cut_behind_is_finished() {
    let folder = of_lines(9, WIDE);
    fs::rename(folder.path().join(CURRENT), folder.path().join(folder::full_name(9))).unwrap();
    let mut chain = Chain::open(folder.path(), WIDE).unwrap();
    chain.write(vec![told(1)]).unwrap();
    drop(chain);
    is_whole(folder.path(), 10);
}

#[test]
fn lines_that_nobody_was_told_of_are_kept_when_they_are_whole() {
    let folder = of_lines(5, WIDE);
    let state = fs::read(folder.path().join(crate::state::NAME)).unwrap();
    let mut chain = Chain::open(folder.path(), WIDE).unwrap();
    chain.write(vec![told(1), told(2)]).unwrap();
    drop(chain);
    // The lines reached the disk, the state did not.
    fs::write(folder.path().join(crate::state::NAME), state).unwrap();
    let chain = Chain::open(folder.path(), WIDE).unwrap();
    assert_eq!(chain.seq(), 7);
    drop(chain);
    is_whole(folder.path(), 7);
}

#[test]
fn another_record_that_is_there_already_is_put_aside_and_not_deleted() {
    let folder = of_lines(5, WIDE);
    let before = text(folder.path());
    fs::remove_file(folder.path().join(crate::state::NAME)).unwrap();
    fs::write(folder.path().join(FIRST_KEY), format!("{}\n", key::hex(&[9; LEN]))).unwrap();
    let mut chain = Chain::open(folder.path(), WIDE).unwrap();
    chain.write(vec![told(1)]).unwrap();
    drop(chain);
    let report = verify(folder.path(), Some(Key::from_bytes([9; LEN]))).unwrap();
    assert_eq!((report.is_good(), report.good), (true, 2));
    let aside =
        fs::read_dir(folder.path()).unwrap().map(Result::unwrap).find(|entry| entry.path().is_dir()).unwrap();
    assert_eq!(fs::read_to_string(aside.path().join(CURRENT)).unwrap(), before);
}

#[test]
fn what_somebody_else_did_while_it_was_open_stops_it_until_it_is_opened_anew() {
    let folder = of_lines(3, WIDE);
    let mut chain = Chain::open(folder.path(), WIDE).unwrap();
    fs::write(folder.path().join(CURRENT), "").unwrap();
    assert_eq!(chain.write(vec![told(1)]), Err(Unwritten::Changed));
    drop(chain);
    let mut chain = Chain::open(folder.path(), WIDE).unwrap();
    assert_eq!(chain.own_news().first().unwrap().is_own(), Some(Own::Broken));
    chain.write(vec![told(1)]).unwrap();
    drop(chain);
    let report = verified(folder.path());
    assert_eq!(report.findings, [crate::verify::Finding::Missing(1, 3)]);
    assert_eq!((report.good, report.notices.len()), (2, 1));
}

#[test]
fn a_file_that_is_deleted_while_it_is_open_is_noticed() {
    let folder = of_lines(3, WIDE);
    let mut chain = Chain::open(folder.path(), WIDE).unwrap();
    fs::remove_file(folder.path().join(CURRENT)).unwrap();
    assert_eq!(chain.write(vec![told(1)]), Err(Unwritten::Changed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Power is cut: of what was written since the state was kept, any part is there, and perhaps something else.
    #[test]
    fn however_the_end_is_torn_the_record_goes_on_and_nothing_that_was_told_is_lost(
        cut in 0usize..2000,
        rubbish in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let folder = of_lines(4, WIDE);
        let kept = fs::read(folder.path().join(crate::state::NAME)).unwrap();
        let whole = text(folder.path()).len();
        let mut chain = Chain::open(folder.path(), WIDE).unwrap();
        chain.write(vec![told(1), told(2), told(3)]).unwrap();
        drop(chain);
        let mut bytes = text(folder.path()).into_bytes();
        bytes.truncate(whole + cut % (bytes.len() - whole + 1));
        bytes.extend(rubbish);
        fs::write(folder.path().join(CURRENT), bytes).unwrap();
        fs::write(folder.path().join(crate::state::NAME), kept).unwrap();
        let mut chain = Chain::open(folder.path(), WIDE).unwrap();
        prop_assert!(chain.seq() >= 4);
        chain.write(vec![told(9)]).unwrap();
        drop(chain);
        let report = verified(folder.path());
        prop_assert!(report.is_good(), "{:?}", report.findings);
        prop_assert!(report.good >= 5);
    }

    /// Whatever is done to the files, the service comes up again, or says why not; it never panics, and never takes a
    /// changed record for whole.
    #[test]
    fn whatever_was_done_to_the_files_it_goes_on_and_verify_tells(
        at in 0usize..4000,
        bytes in proptest::collection::vec(any::<u8>(), 1..40),
        truncate in any::<bool>(),
    ) {
        let folder = of_lines(8, WIDE);
        let path = folder.path().join(CURRENT);
        let before = fs::read(&path).unwrap();
        let mut now = before.clone();
        let at = at % now.len();
        if truncate {
            now.truncate(at);
        } else {
            let end = (at + bytes.len()).min(now.len());
            now.splice(at..end, bytes);
        }
        prop_assume!(now != before);
        fs::write(&path, &now).unwrap();
        let mut chain = Chain::open(folder.path(), WIDE).unwrap();
        chain.write(vec![told(1)]).unwrap();
        drop(chain);
        let report = verified(folder.path());
        prop_assert!(!report.is_good());
        prop_assert!(report.good >= 1);
    }
}
