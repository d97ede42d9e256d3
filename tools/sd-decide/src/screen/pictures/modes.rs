//! The bottom line in each mode, and what is loud.

use super::lists::to_the_end;
use super::stage::*;
use crate::caller::Caller;
use crate::docket::event::Event;
use crate::keys::Key;
use crate::made_up::{self, filing, read, sign};
use crate::routing::Described;
use crate::rules::Rules;
use crate::screen::Shows;

#[test]
fn a_line_that_is_typed_keeps_the_ask_in_sight() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.ask(1, read(7));
        stage.quiet();
        stage.type_in(":history 20");
        let lines = stage.is_as_kept("command");
        assert!(lines.last().unwrap().starts_with(":history 20_"));
        assert!(stage.draw().0.face.is_some());
        stage.type_in(&"x".repeat(150));
        let lines = stage.quiet();
        assert!(lines.last().unwrap().contains("xxx_"), "the end that is typed is in sight");
    }
}

#[test]
fn the_code_stands_on_the_screen_only_while_it_is_typed() {
    for size in SIZES {
        let mut stage = Stage::under(size, Rules::parse(RULES).unwrap());
        let what = Described::Items(vec![made_up::description(2, "bank")]);
        stage.file(filing(1, read(2), Caller::made_up(4711, 99)), what);
        to_the_end(&mut stage);
        stage.type_in("y");
        let lines = stage.is_as_kept("code");
        assert!(lines.last().unwrap().starts_with(" type  ACDE  to approve: ____   Esc: not now"));
        stage.type_in("wrngac");
        let lines = stage.is_as_kept("code-wrong");
        assert!(lines.last().unwrap().contains("to approve: ac__   Esc: not now   (1 wrong, 3 end it)"));
        stage.key(Key::Escape);
        assert!(!text(&stage.quiet()).contains("ACDE"));
    }
}

#[test]
fn minutes_are_asked_for_with_who_gets_them() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        let mut filing = filing(1, sign(), Caller::made_up(4711, 99));
        filing.caller.seen.as_mut().unwrap().parents[0].comm = "git".to_owned();
        stage.file(filing, Described::Key(made_up::key()));
        to_the_end(&mut stage);
        stage.type_in("g");
        let bottom = stage.is_as_kept("grant").pop().unwrap();
        assert!(bottom.starts_with(" grant git (1234) and what it starts for [2] min: "), "{bottom}");
        stage.type_in("99");
        assert!(stage.quiet().pop().unwrap().contains("[99] min: not from 1 to 15; Esc"));
        stage.key(Key::Escape);
        stage.quiet();
        stage.type_in("m12");
        let bottom = stage.is_as_kept("mute").pop().unwrap();
        assert!(bottom.contains("[12] min: "), "{bottom}");
    }
}

#[test]
fn a_notice_stands_above_the_keys_for_a_while() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.ask(1, sign());
        to_the_end(&mut stage);
        stage.type_in("g");
        let lines = stage.is_as_kept("notice");
        let [.., notice, keys] = lines.as_slice() else { panic!() };
        assert!(notice.starts_with(" ! no git stands behind this signature"), "{notice}");
        assert!(keys.starts_with(" y approve   n deny"), "{keys}");
        stage.now += 8_000;
        assert!(!text(&stage.quiet()).contains(" ! "));
    }
}

#[test]
fn a_locked_store_and_denying_all_are_loud() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.step(Event::Active(false));
        stage.now += 60_000;
        stage.step(Event::Active(true));
        stage.chores_end([Some(true), Some(true)]);
        stage.command("deny-all");
        stage.now += 9_000;
        let lines = stage.is_as_kept("loud");
        assert!(lines[0].contains(" LOCKED ") && lines[0].contains(" DENYING ALL "), "{}", lines[0]);
        stage.around.user = Some(sd_wire::printable::Printable::line(&"long-name".repeat(9)));
        let lines = stage.quiet();
        assert!(lines[0].ends_with(" LOCKED   DENYING ALL  nothing is waiting "), "{}", lines[0]);
    }
}

#[test]
fn help_and_a_small_terminal_show_no_ask_and_so_settle_none() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.ask(1, read(7));
        stage.quiet();
        stage.step(Event::Key(Key::Char('?')));
        assert_eq!(stage.draw().0, Shows::default());
        let lines = stage.is_as_kept("help");
        assert!(
            text(&lines).contains("any key closes this page") && text(&lines).contains("nothing is released")
        );
    }
    for size in [(40, 10), (59, 40), (200, 17), (1, 1)] {
        let mut stage = Stage::new(size);
        stage.ask(1, read(7));
        let lines = stage.quiet();
        assert_eq!(stage.draw().0, Shows::default());
        assert!(!text(&lines).contains("y approve"));
    }
    let mut stage = Stage::new((60, 18));
    stage.ask(1, read(7));
    stage.is_as_kept("smallest");
    stage.key(Key::Char('?'));
    assert!(text(&stage.is_as_kept("smallest-help")).contains(" more lines, for which there is no room"));
    let mut stage = Stage::new((40, 10));
    assert!(text(&stage.is_as_kept("small")).contains("the terminal is too small"));
}

#[test]
fn what_tab_offers_stands_above_the_line_and_moves_nothing() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.ask(1, read(7));
        let before = stage.quiet();
        stage.type_in(":");
        stage.key(Key::Tab);
        let lines = stage.is_as_kept("offers");
        assert!(text(&lines).contains("history") && text(&lines).contains("deny-all"));
        // The time left stands above these.
        assert_eq!(before[8..20], lines[8..20], "nothing moves");
        stage.key(Key::Escape);
        assert_eq!(stage.quiet().len(), before.len());
    }
}

#[test]
fn a_refused_switch_is_said_to_be() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        stage.command("unlock");
        let wanted = Box::new(made_up::wanted());
        stage.step(Event::PassphraseWanted { prompt: crate::docket::prompts::PromptId(1), wanted });
        stage.quiet();
        stage.step(Event::Typed { characters: 3 });
        stage.step(Event::SwitchRefused);
        let lines = stage.is_now_as_kept("prompt-switch");
        assert!(text(&lines).contains(" ! ") && text(&lines).contains("***_"));
    }
}
