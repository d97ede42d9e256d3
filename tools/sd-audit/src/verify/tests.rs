use std::fs;

use proptest::prelude::*;

use super::*;
use crate::chain::Bounds;
use crate::chain::tests::{FIRST, of_lines, verified};

const WIDE: Bounds = Bounds { file: 1 << 20, full: 1 << 30 };
const LINES: u64 = 12;

/// A record, changed line by line; what is found with the key, and without.
fn after(change: impl FnOnce(&mut Vec<String>)) -> [Vec<Finding>; 2] {
    let folder = of_lines(LINES, WIDE);
    let path = folder.path().join(folder::CURRENT);
    let mut lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 12);
    change(&mut lines);
    fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    [verified(folder.path()).findings, verify(folder.path(), None).unwrap().findings]
}

fn at(number: u64) -> Place {
    Place { file: folder::CURRENT.into(), number }
}

#[test]
fn a_whole_record_is_whole_with_the_key_and_without() {
    assert_eq!(after(|_| {}), [vec![], vec![]]);
}

#[test]
fn a_changed_word_is_named_with_its_line() {
    let found = after(|lines| lines[4] = lines[4].replace("\"kind\":\"k4\"", "\"kind\":\"k0\""));
    // Without the key the next line tells.
    assert_eq!(found, [vec![Finding::Changed(at(5), 5)], vec![Finding::Torn(at(6), 6)]]);
}

#[test]
fn a_changed_last_line_is_named() {
    let found = after(|lines| lines[11] = lines[11].replace("\"kind\":\"k11\"", "\"kind\":\"k99\""));
    assert_eq!(found, [vec![Finding::Changed(at(12), 12)], vec![Finding::Torn(at(12), 12)]]);
}

#[test]
fn a_deleted_line_is_named() {
    let found = after(|lines| drop(lines.remove(4)));
    assert_eq!(found, [vec![Finding::Missing(5, 5)], vec![Finding::Missing(5, 5)]]);
}

#[test]
fn a_cut_tail_is_named() {
    let found = after(|lines| lines.truncate(9));
    assert_eq!(found, [vec![Finding::Cut(10, 12)], vec![Finding::Cut(10, 12)]]);
    let found = after(Vec::clear);
    assert_eq!(found, [vec![Finding::Cut(1, 12)], vec![Finding::Cut(1, 12)]]);
}

#[test]
fn a_cut_beginning_is_named() {
    let found = after(|lines| drop(lines.drain(..3)));
    assert_eq!(found, [vec![Finding::Missing(1, 3)], vec![Finding::Missing(1, 3)]]);
}

#[test]
fn swapped_lines_are_named() {
    let found = after(|lines| lines.swap(4, 5));
    assert_eq!(found, [vec![Finding::Moved(at(6), 5)], vec![Finding::Moved(at(6), 5)]]);
    let found = after(|lines| lines.swap(2, 9));
    assert_eq!(found[0].len(), 7, "{found:?}");
    assert!(found[0].contains(&Finding::Moved(at(10), 3)));
}

#[test]
fn a_line_that_stands_twice_is_named() {
    let found = after(|lines| lines.insert(7, lines[4].clone()));
    assert_eq!(found, [vec![Finding::Repeated(at(8), 5)], vec![Finding::Repeated(at(8), 5)]]);
}

#[test]
fn a_line_in_place_of_another_is_named() {
    let found = after(|lines| lines[7] = lines[4].clone());
    assert_eq!(found[0], [Finding::Repeated(at(8), 5), Finding::Missing(8, 8)]);
}

#[test]
fn what_is_no_line_is_named_and_what_stood_there_is_not_missing_twice() {
    let found = after(|lines| lines[4] = "garbage".into());
    assert_eq!(found, [vec![Finding::Damaged(at(5))], vec![Finding::Damaged(at(5))]]);
    let found = after(|lines| lines.insert(4, "{}".into()));
    assert_eq!(found[0], [Finding::Damaged(at(5))]);
}

#[test]
fn lines_of_another_record_are_no_lines_of_this_one() {
    let other = of_lines(LINES, WIDE);
    let report = verify(other.path(), Some(Key::from_bytes([8; LEN]))).unwrap();
    assert!(report.findings.iter().any(|found| matches!(found, Finding::State(_))));
    let changed = report.findings.iter().filter(|found| matches!(found, Finding::Changed(..))).count();
    assert_eq!((changed, report.good), (12, 0));
}

#[test]
fn a_record_that_was_written_anew_with_a_later_key_is_found_out() {
    // Who breaks in after line 12 has the key of line 13, and makes lines with it as it likes.
    let folder = of_lines(LINES, WIDE);
    let state = state::look(folder.path()).unwrap().unwrap();
    let path = folder.path().join(folder::CURRENT);
    let text = fs::read_to_string(&path).unwrap();
    let mut entry = line::open(text.lines().nth(4).unwrap().as_bytes()).unwrap().entry;
    entry.told.kind = "other".into();
    let forged = String::from_utf8(line::seal(&entry, &state.key).unwrap()).unwrap();
    let lines: Vec<&str> =
        text.lines().enumerate().map(|(n, line)| if n == 4 { forged.as_str() } else { line }).collect();
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    assert_eq!(verified(folder.path()).findings, [Finding::Changed(at(5), 5)]);
}

#[test]
fn a_state_that_was_put_back_with_the_lines_is_found_out() {
    // Who cuts the tail cannot make the state of an earlier line: its key is gone.
    let folder = of_lines(LINES, WIDE);
    let path = folder.path().join(folder::CURRENT);
    let text = fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.lines().take(6).collect();
    fs::write(&path, kept.join("\n") + "\n").unwrap();
    let latest = state::look(folder.path()).unwrap().unwrap();
    fs::remove_file(folder.path().join(state::NAME)).unwrap();
    let (mut store, _) = state::Store::open(folder.path()).unwrap();
    store.keep(&State { seq: 6, hash: key::hash(kept[5].as_bytes()), ..latest }).unwrap();
    drop(store);
    let found = verified(folder.path()).findings;
    assert!(matches!(found.as_slice(), [Finding::State(_)]), "{found:?}");
    fs::remove_file(folder.path().join(state::NAME)).unwrap();
    let found = verified(folder.path()).findings;
    assert!(matches!(found.as_slice(), [Finding::State(_)]), "{found:?}");
}

#[test]
fn a_made_up_number_costs_no_time() {
    let folder = of_lines(3, WIDE);
    let key = state::look(folder.path()).unwrap().unwrap().key;
    let path = folder.path().join(folder::CURRENT);
    let mut text = fs::read_to_string(&path).unwrap();
    let mut entry = line::open(text.lines().next().unwrap().as_bytes()).unwrap().entry;
    for seq in [0, u64::MAX, u64::MAX - 1] {
        entry.seq = seq;
        text.push_str(&String::from_utf8(line::seal(&entry, &key).unwrap()).unwrap());
        text.push('\n');
    }
    fs::write(&path, text).unwrap();
    for key in [Some(Key::from_bytes(FIRST)), None] {
        assert_eq!(verify(folder.path(), key).unwrap().findings.len(), 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_flipped_byte_is_overlooked(which in any::<prop::sample::Index>(), flip in 1u8..) {
        let folder = of_lines(LINES, WIDE);
        let path = folder.path().join(folder::CURRENT);
        let mut bytes = fs::read(&path).unwrap();
        let which = which.index(bytes.len());
        bytes[which] ^= flip;
        let line = u64::try_from(bytes[..which].iter().filter(|byte| **byte == b'\n').count()).unwrap() + 1;
        fs::write(&path, &bytes).unwrap();
        let report = verified(folder.path());
        // The last newline alone can be lost without a word being lost: the line is then unfinished, and so missing.
        prop_assert!(!report.is_good());
        let near = |place: &Place| place.number == line || place.number == line + 1;
        let named = report.findings.iter().any(|found| match found {
            Finding::Cut(first, last) | Finding::Missing(first, last) => (*first..=*last + 1).contains(&line),
            other => other.place().is_some_and(near),
        });
        prop_assert!(named, "line {line}: {:?}", report.findings);
        prop_assert!(report.good >= LINES - 2, "{:?}", report.findings);
    }

    #[test]
    fn no_other_order_or_choice_of_lines_is_overlooked(
        order in proptest::collection::vec(0usize..12, 0..14),
    ) {
        let same: Vec<usize> = (0..12).collect();
        prop_assume!(order != same);
        let [with, without] = after(|lines| {
            *lines = order.iter().map(|place| lines[*place].clone()).collect();
        });
        prop_assert!(!with.is_empty() && !without.is_empty());
    }

    #[test]
    fn a_folder_of_rubbish_is_read_without_a_panic(
        current in proptest::collection::vec(any::<u8>(), 0..500),
        state in proptest::collection::vec(any::<u8>(), 0..1100),
        lines in proptest::collection::vec("(\\PC{0,30}|\\{\"v\":1,\"seq\":[0-9]{1,20},.{0,40},\"mac\":\"[0-9a-f]{64}\"\\})", 0..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(folder::CURRENT), current).unwrap();
        fs::write(folder.path().join(folder::full_name(3)), lines.join("\n")).unwrap();
        fs::write(folder.path().join(state::NAME), state).unwrap();
        prop_assert!(!verified(folder.path()).is_good());
    }
}
