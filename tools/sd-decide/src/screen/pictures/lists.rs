//! The list, the filter, and the screen without an ask.

use super::stage::*;
use crate::caller::Caller;
use crate::docket::event::Event;
use crate::keys::Key;
use crate::made_up::{self, filing, read, sign, store};
use crate::routing::Described;
use crate::rules::Rules;

#[test]
fn an_idle_screen_waits_for_what_comes() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.around.phrase = None;
        let lines = stage.is_as_kept("idle-new");
        assert!(lines[0].contains("nothing is waiting") && lines[1].contains("no phrase set"));
        assert!(!text(&lines).contains("y approve"));
    }
}

#[test]
fn another_signing_key_than_before_is_loud_with_both_fingerprints() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        let print = |digit: &str| (&sd_wire::sign::Fingerprint::parse(&digit.repeat(40)).unwrap()).into();
        let why = sd_wire::fault::Fault::KeyChanged { trusted: print("A"), found: print("B") };
        stage.step(Event::Filed(Box::new(filing(1, sign(), Caller::made_up(4711, 99)))));
        stage.step(Event::DescribeFailed { id: made_up::id(1), why });
        let lines = stage.is_now_as_kept("key-changed");
        let notice = lines.iter().position(|line| line.starts_with(" ! THE SIGNING KEY")).unwrap();
        let notice = lines[notice..].join("\n");
        for digit in ["A", "B"] {
            assert!(notice.contains(&digit.repeat(40)), "{notice}");
            assert!(text(&lines).matches(&digit.repeat(40)).count() >= 2, "{lines:#?}");
        }
        assert!(text(&lines).contains("sd-provision key trust"), "{lines:#?}");
    }
}

#[test]
fn an_idle_screen_tells_what_lasts_and_what_was_decided() {
    for size in SIZES {
        let mut stage = decided(size);
        let lines = stage.is_as_kept("idle-decided");
        for part in ["LOCKED", "y: granted", "m 5 min: denied", "muted: denied", "u unlock"] {
            assert!(text(&lines).contains(part), "{part}");
        }
    }
}

/// A docket on which something of each kind was decided.
pub(super) fn decided(size: (u16, u16)) -> Stage {
    let mut stage = Stage::under(size, Rules::parse(RULES).unwrap());
    stage.step(Event::Started);
    stage.chores_end([Some(false), Some(false)]);
    for (n, keys) in [(1, "y"), (2, "n"), (3, "g9"), (4, "m")] {
        let mut filing = filing(
            n,
            if n == 3 { sign() } else { read(n) },
            Caller::made_up(4710 + 2 * i32::try_from(n).unwrap(), n),
        );
        let seen = filing.caller.seen.as_mut().unwrap();
        if n == 3 {
            seen.parents[0].comm = "git".to_owned();
        } else {
            // Not all of one shell.
            seen.parents.clear();
        }
        let what = made_up::described(&filing.ask.want);
        stage.file(filing, what);
        to_the_end(&mut stage);
        stage.type_in(keys);
        stage.key(Key::Enter);
        stage.step(Event::WorkerDone { id: made_up::id(n) });
        stage.now += 61_000;
    }
    // Muted: denied unasked.
    let mut again = filing(5, read(9), Caller::made_up(4718, 4));
    again.caller.seen.as_mut().unwrap().parents.clear();
    stage.file(again, made_up::described(&read(9)));
    // The key's cache is cold by now.
    stage.step(Event::Active(true));
    stage.chores_end([Some(true), Some(false)]);
    stage
}

/// Turns pages until a yes would count.
pub(super) fn to_the_end(stage: &mut Stage) -> Vec<String> {
    for _ in 0..500 {
        let lines = stage.quiet();
        if lines.last().unwrap().contains("y approve") {
            return lines;
        }
        stage.key(Key::PageDown);
    }
    panic!("no end");
}

#[test]
fn several_asks_stand_in_order_of_arrival_and_one_is_selected() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.step(made_up::filed(1, read(1)));
        stage.ask(2, read(2));
        stage.ask(3, sign());
        stage.ask(4, store());
        let lines = stage.is_as_kept("list-few");
        let place = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap_or(99);
        assert!(place("being looked up") < place("> read "));
        assert!(lines[0].contains("4 are waiting"));
        assert!(text(&lines).contains("ask 0000000000000002"));
        if size.0 >= 100 {
            assert!(place("> read ") < place("engine: count") && place("new password") < 99);
        } else {
            assert!(text(&lines).contains("  +2 more below"));
        }
    }
}

#[test]
fn of_two_hundred_asks_those_that_do_not_fit_are_counted() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        for n in 1..=200 {
            let caller = Caller::made_up(4000 + i32::try_from(n).unwrap(), n);
            stage.file(filing(n, read(n), caller), made_up::described(&read(n)));
        }
        stage.is_as_kept("list-200-first");
        (0..100).for_each(|_| stage.key(Key::Down));
        let lines = stage.is_as_kept("list-200-middle");
        assert!(text(&lines).contains("ask 0000000000000065"), "the one hundred and first");
        let (above, below) = more(&text(&lines));
        let rows = lines.iter().filter(|line| line.contains("read   demo")).count();
        assert_eq!(above + rows + below, 200);
    }
}

fn more(text: &str) -> (usize, usize) {
    let number = |end: &str| {
        let (before, _) = text.split_once(end).unwrap();
        before.rsplit_once('+').unwrap().1.parse().unwrap()
    };
    (number(" more above"), number(" more below"))
}

#[test]
fn the_selected_ask_stays_on_its_line_when_one_above_it_goes() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        let from = |n: u64| filing(n, read(n), Caller::made_up(4000 + i32::try_from(n).unwrap(), n));
        (1..=60).for_each(|n| stage.file(from(n), made_up::described(&read(n))));
        (0..40).for_each(|_| stage.key(Key::Down));
        let place = |lines: &[String]| lines.iter().position(|line| line.starts_with('>')).unwrap();
        let before = place(&stage.quiet());
        (1..=3).for_each(|n| stage.step(Event::Withdrawn { id: made_up::id(n) }));
        stage.file(from(61), made_up::described(&read(61)));
        let lines = stage.quiet();
        assert_eq!(place(&lines), before);
        assert!(text(&lines).contains("ask 0000000000000029"), "the same as before");
    }
}

#[test]
fn a_flood_has_one_line_with_a_count_and_says_which_key_ends_it() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        (1..=64).for_each(|n| stage.ask(n, read(n)));
        let other = filing(100, sign(), Caller::made_up(99, 7));
        stage.file(other, made_up::described(&sign()));
        let lines = stage.is_as_kept("flood");
        assert_eq!(text(&lines).matches(" asks]").count(), 1);
        assert!(text(&lines).contains("[64 asks] demo") && text(&lines).contains("sign   "));
        stage.key(Key::Char('M'));
        let lines = stage.is_as_kept("flood-muted");
        assert!(text(&lines).contains("64 denied") && !text(&lines).contains("read   demo"));
    }
}

#[test]
fn the_detail_stays_where_it_is_while_others_go() {
    let mut stage = Stage::new((80, 25));
    stage.ask(1, read(1));
    stage.ask(2, read(2));
    let place = |lines: &[String]| lines.iter().position(|line| line.starts_with("ask ")).unwrap();
    let before = place(&stage.quiet());
    stage.step(Event::Withdrawn { id: made_up::id(2) });
    assert_eq!(place(&stage.quiet()), before);
}

#[test]
fn a_filter_says_what_it_hides() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        (1..=4).for_each(|n| stage.ask(n, read(n)));
        stage.ask(5, sign());
        stage.type_in("/eng");
        let lines = stage.is_as_kept("filter-typing");
        assert!(lines.last().unwrap().starts_with("/eng"));
        stage.key(Key::Enter);
        let lines = stage.is_as_kept("filter");
        assert!(text(&lines).contains("filter 'eng': 1 of 5; Esc shows"));
        stage.type_in("/nowhere");
        stage.key(Key::Enter);
        let lines = stage.is_as_kept("filter-nothing");
        assert!(lines[0].contains("5 are waiting") && text(&lines).contains("no ask fits the filter"));
    }
}

#[test]
fn repeats_that_were_denied_unasked_are_counted() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.ask(1, read(1));
        stage.ask(2, read(2));
        stage.quiet();
        stage.type_in("n");
        (3..=5).for_each(|n| stage.ask(n, read(1)));
        let lines = stage.is_as_kept("list-repeats");
        assert!(text(&lines).contains("3 denied unasked, last"));
        stage.now += 60_000;
        assert!(!text(&stage.quiet()).contains("denied unasked"));
    }
}

#[test]
fn an_ask_that_needs_its_code_is_marked_in_the_list() {
    for size in SIZES {
        let mut stage = Stage::under(size, Rules::parse(RULES).unwrap());
        stage.ask(1, read(1));
        let what = Described::Items(vec![made_up::description(2, "bank")]);
        stage.file(filing(2, read(2), Caller::made_up(4711, 99)), what);
        stage.key(Key::Down);
        let lines = stage.is_as_kept("list-code");
        assert!(text(&lines).contains("[code] bank"));
        assert!(lines.last().unwrap().starts_with(" y approve by code   n deny"));
        assert!(!text(&lines).contains("ACDE"), "the code stands there only while it is typed");
    }
}

#[test]
fn the_detail_can_have_the_screen() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        (1..=4).for_each(|n| stage.ask(n, read(n)));
        stage.key(Key::Char('d'));
        let lines = stage.is_as_kept("wide");
        assert!(lines[2].starts_with("ask 0000000000000001"));
    }
}
