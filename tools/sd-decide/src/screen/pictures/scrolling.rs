//! What is longer than its place.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sd_wire::bounded::{List, Text};
use sd_wire::description::Description;

use super::lists::to_the_end;
use super::stage::*;
use crate::caller::Caller;
use crate::docket::event::Event;
use crate::keys::Key;
use crate::made_up::{self, access, description, filing, read, sign};
use crate::routing::Described;
use sd_git::signed::Signed;

#[test]
fn a_detail_longer_than_the_pane_has_to_be_scrolled_to_its_end() {
    let mut stage = Stage::new((80, 25));
    let items: Vec<u64> = (1..=20).collect();
    stage.file(filing(1, access(&items), Caller::made_up(4711, 99)), made_up::described(&access(&items)));
    let bottom = stage.quiet().last().unwrap().clone();
    assert!(bottom.contains("scroll to the end before approving: PageDown"), "{bottom}");
    assert!(!bottom.contains("y approve"));
    let mut pages = 0;
    while !stage.quiet().last().unwrap().contains("y approve   n deny") {
        stage.step(Event::Key(Key::PageDown));
        pages += 1;
        assert!(pages < 20);
    }
    assert!(pages > 3, "every page has been on the screen");
}

/// The first and the last line of the detail that are there, as its title says.
fn lines_shown(lines: &[String]) -> (usize, usize) {
    let all = text(lines);
    let (_, range) = all.split_once(" left   lines ").unwrap();
    let (range, _) = range.split_once(" of ").unwrap();
    let (first, last) = range.split_once('-').unwrap();
    (first.parse().unwrap(), last.parse().unwrap())
}

#[test]
fn several_page_downs_before_a_picture_are_one() {
    let items: Vec<u64> = (1..=20).collect();
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, access(&items), Caller::made_up(4711, 99)), made_up::described(&access(&items)));
    stage.step(Event::Key(Key::PageDown));
    let (first, mut end) = lines_shown(&stage.quiet());
    assert_eq!(first, 1, "not before the first page was there");
    while !stage.quiet().last().unwrap().contains("y approve   n deny") {
        for _ in 0..9 {
            stage.step(Event::Key(Key::PageDown));
        }
        let lines = stage.quiet();
        let (first, last) = lines_shown(&lines);
        assert!(first <= end && last > end, "{end}\n{}", text(&lines));
        end = last;
    }
}

#[test]
fn on_another_width_the_detail_begins_anew() {
    let items: Vec<u64> = (1..=20).collect();
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, access(&items), Caller::made_up(4711, 99)), made_up::described(&access(&items)));
    stage.quiet();
    stage.step(Event::Key(Key::PageDown));
    assert!(!text(&stage.quiet()).contains("lines 1-"));
    stage.terminal = Terminal::new(TestBackend::new(90, 25)).unwrap();
    // The picture in between was not on the terminal yet.
    stage.step(Event::Key(Key::PageDown));
    assert!(text(&stage.quiet()).contains("lines 1-"));
}

#[test]
fn a_long_text_wraps_and_nothing_of_it_is_left_out() {
    let label: String = (0..40).map(|n| format!("<{n:03}>")).collect();
    let label = format!("{label}{}", "漢字".repeat(60));
    let mut stage = Stage::new((80, 25));
    let what = Description { label: Text::new(label.clone()).unwrap(), ..description(7, "") };
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), Described::Items(vec![what]));
    let lines = stage.quiet();
    let part = |line: &String| {
        let line = line.trim_start_matches('│').trim();
        line.strip_prefix("+ ").unwrap_or(line).to_owned()
    };
    let all: String = lines.iter().map(part).collect();
    // A wide character fills two cells, and the second one reads as a blank.
    let all: String = all.chars().filter(|c| *c != ' ').collect();
    assert!(all.contains(&label), "{all}");
}

#[test]
fn five_hundred_changed_files_stand_with_their_status_and_the_others_are_counted() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        let mut filing = filing(1, sign(), Caller::made_up(4711, 99));
        let files = (0..500).map(|n| file(["M", "A", "D"][n % 3], &format!("src/mill/wheel-{n}.rs")));
        filing.ask.claims.files = List::new(files.collect::<Vec<_>>()).unwrap();
        filing.ask.claims.files_omitted = 20;
        stage.file(filing, made_up::described(&sign()));
        let lines = stage.is_as_kept("files-first");
        assert!(text(&lines).contains(" more lines: PageDown or space"));
        let mut all = text(&lines);
        for _ in 0..100 {
            stage.key(Key::PageDown);
            all.push_str(&text(&stage.quiet()));
        }
        for n in 0..500 {
            assert!(all.contains(&format!("{} src/mill/wheel-{n}.rs", ["M", "A", "D"][n % 3])), "{n}");
        }
        let lines = stage.is_as_kept("files-last");
        assert!(text(&lines).contains("+20 more files") && text(&lines).contains("y approve"));
    }
}

#[test]
fn a_message_of_a_mebibyte_is_shown_to_its_end() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        let mut filing = filing(1, sign(), Caller::made_up(4711, 99));
        let commit = String::from_utf8(made_up::COMMIT.to_vec()).unwrap();
        let (head, _) = commit.split_once("\n\n").unwrap();
        let message: String =
            (0..16_384).map(|n| format!("{:>63}\n", format!("line {n} of a message"))).collect();
        assert_eq!(message.len(), 1024 * 1024);
        filing.signed = Some(Signed::read(format!("{head}\n\n{message}").as_bytes()));
        stage.file(filing, made_up::described(&sign()));
        let lines = stage.is_as_kept("mebibyte-first");
        assert!(lines.last().unwrap().contains("scroll to the end before approving"));
        for _ in 0..1400 {
            stage.key(Key::PageDown);
            stage.draw();
        }
        let lines = stage.is_as_kept("mebibyte-last");
        assert!(lines.last().unwrap().starts_with(" y approve   n deny"));
    }
}

#[test]
fn a_label_of_ten_thousand_characters_is_shown_to_its_end() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        // As many as the wire lets through, and what it lets through of another sort in the arguments.
        let label = Text::new("\u{202e}".repeat(sd_wire::description::MAX_LABEL / 3)).unwrap();
        let mut filing = filing(1, read(7), Caller::made_up(4711, 99));
        filing.caller.seen.as_mut().unwrap().arguments = Some(vec![vec![b'x'; 10_000]]);
        let what = Description { label, ..description(7, "") };
        stage.file(filing, Described::Items(vec![what]));
        stage.is_as_kept("long-first");
        to_the_end(&mut stage);
        stage.is_as_kept("long-last");
    }
}
