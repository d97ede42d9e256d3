//! The pages of the command line.

use super::lists::decided;
use super::stage::*;
use crate::caller::Caller;
use crate::keys::Key;
use crate::made_up::{self, access, filing, read, sign};
use crate::screen::Shows;

#[test]
fn the_history_says_what_is_in_it_and_where_all_of_it_is() {
    for size in SIZES {
        let mut stage = decided(size);
        stage.command("history 20");
        let lines = stage.is_as_kept("page-history");
        for part in ["`sd-audit show` has all", "0000000000000004"] {
            assert!(text(&lines).contains(part), "{part}");
        }
        stage.key(Key::Escape);
        let all = text(&stage.command("history 1"));
        assert!(all.contains("0000000000000005") && !all.contains("0000000000000004"), "{all}");
    }
}

#[test]
fn one_ask_is_shown_pending_decided_or_not_at_all() {
    for size in SIZES {
        let mut stage = decided(size);
        stage.ask(7, access(&[1, 2, 3, 4, 5]));
        stage.command("show 0000000000000007");
        let lines = stage.is_as_kept("page-show-pending");
        assert!(text(&lines).contains("BACKEND SAYS") && !text(&lines).contains("y approve"));
        assert_eq!(Shows { view: None, ..stage.draw().0 }, Shows::default(), "nothing can be settled here");
        stage.key(Key::PageDown);
        assert!(text(&stage.quiet()).contains("KERNEL ATTESTS"));
        stage.key(Key::Escape);
        stage.command("show 0000000000000004");
        assert!(text(&stage.is_as_kept("page-show-decided")).contains("m 5 min: denied"));
        stage.key(Key::Escape);
        stage.command("show 00000000000000ff");
        stage.is_as_kept("page-show-nothing");
    }
}

#[test]
fn what_is_pending_and_what_lasts_is_listed() {
    for size in SIZES {
        let mut stage = decided(size);
        stage.command("grants");
        let all = text(&stage.is_as_kept("page-grants"));
        assert!(all.contains("number 1") && all.contains("git (1234) and what it starts"), "{all}");
        stage.key(Key::Escape);
        stage.ask(7, sign());
        (8..40).for_each(|n| {
            let caller = Caller::made_up(4000 + i32::try_from(n).unwrap(), n);
            stage.file(filing(n, read(n), caller), made_up::described(&read(n)));
        });
        stage.command("pending");
        let all = text(&stage.is_as_kept("page-pending"));
        assert!(all.contains("0000000000000007   sign") && all.contains(" more lines: PageDown"), "{all}");
    }
}

#[test]
fn rules_status_and_text_have_pages() {
    for size in SIZES {
        let mut stage = decided(size);
        stage.command("rules");
        let all = text(&stage.is_as_kept("page-rules"));
        assert!(all.contains("bank") && all.contains("denies delete"), "{all}");
        stage.key(Key::Escape);
        stage.command("status");
        stage.is_as_kept("page-status");
        stage.key(Key::Escape);
        let lines = stage.command("nonsense \u{1b}[2J");
        assert!(!text(&lines).contains('\u{1b}'));
        let mut stage = Stage::new(size);
        assert!(text(&stage.command("rules")).contains("There are no rules"));
    }
}
