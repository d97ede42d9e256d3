//! Whatever the size, and whatever was pressed: what the screen says that it shows is there.

use proptest::collection::vec;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sd_wire::bounded::Attributes;
use sd_wire::description::Description;

use super::stage::*;
use crate::caller::Caller;
use crate::docket::event::Event;
use crate::docket::mode::Mode;
use crate::keys::Key;
use crate::made_up::{access, description, filing, read, sign};
use crate::routing::Described;

/// What a person may do.
#[derive(Clone, Debug)]
enum Act {
    Press(Key),
    Look,
    Wait(u64),
    Size(u16, u16),
}

fn acts(sizes: impl Strategy<Value = (u16, u16)> + 'static) -> impl Strategy<Value = Vec<Act>> {
    let keys = "gmd/:?yk\x01 q12";
    let key = proptest::sample::select(keys.chars().collect::<Vec<_>>()).prop_map(Key::Char);
    let others = [Key::PageDown, Key::PageUp, Key::Escape, Key::Enter, Key::Tab, Key::Up, Key::Down];
    let other = proptest::sample::select(others.to_vec());
    let act = prop_oneof![
        4 => key.prop_map(Act::Press),
        6 => other.prop_map(Act::Press),
        6 => Just(Act::Press(Key::PageDown)),
        8 => Just(Act::Look),
        2 => (0_u64..9_000).prop_map(Act::Wait),
        1 => sizes.prop_map(|(width, height)| Act::Size(width, height)),
    ];
    vec(act, 1..80)
}

/// Carries them out; each picture goes to `see`.
fn carry_out(stage: &mut Stage, acts: &[Act], mut see: impl FnMut(&mut Stage, &[String])) {
    for act in acts {
        match act {
            Act::Press(key) => stage.key(*key),
            Act::Look => {
                let (_, lines) = stage.draw();
                see(stage, &lines);
            }
            Act::Wait(milliseconds) => {
                stage.now += milliseconds;
                stage.step(Event::Tick);
            }
            Act::Size(width, height) => {
                stage.terminal = Terminal::new(TestBackend::new(*width, *height)).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_face_is_claimed_only_with_its_ask_on_the_screen(acts in acts((1_u16..220, 1_u16..70))) {
        let mut stage = Stage::new((80, 25));
        stage.ask(1, access(&[1, 2, 3]));
        stage.ask(2, sign());
        stage.ask(3, read(3));
        carry_out(&mut stage, &acts, |stage, _| {
            let (shows, lines) = stage.draw();
            let all = text(&lines);
            let selected = stage.docket.selected();
            if let Some(face) = shows.face {
                let entry = selected.unwrap();
                assert_eq!(entry.face(), Some(face));
                assert!(all.contains(&format!("ask {}", entry.id())), "{all}");
                assert!(!matches!(stage.docket.mode(), Mode::Help | Mode::Page(_)));
            } else {
                assert!(!shows.to_end);
                assert!(!all.contains("y approve   n deny"), "{all}");
            }
        });
    }

    #[test]
    fn nothing_can_be_approved_before_each_of_its_lines_was_there(acts in acts((60_u16..140, 18_u16..40))) {
        let fact = |n: usize| format!("fact-{n:03}");
        let pairs = (0..90).map(|n| (fact(n), "x".repeat(n)));
        let what = Description { attributes: Attributes::new(pairs).unwrap(), ..description(7, "demo") };
        let mut stage = Stage::new((80, 25));
        stage.file(filing(1, read(7), Caller::made_up(4711, 99)), Described::Items(vec![what]));
        let mut seen = [false; 90];
        carry_out(&mut stage, &acts, |stage, lines| {
            let all = text(lines);
            // Not those of a page that shows the ask as well.
            if !matches!(stage.docket.mode(), Mode::Page(_)) {
                (0..90).for_each(|n| seen[n] |= all.contains(&fact(n)));
            }
            if stage.docket.selected().is_some_and(|entry| entry.seen_to_end()) {
                assert_eq!(seen, [true; 90]);
            }
        });
    }
}
