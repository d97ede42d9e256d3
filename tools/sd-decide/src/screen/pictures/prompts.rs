//! The prompt for a passphrase.

use sd_wire::bounded::{List, Text};
use sd_wire::passphrase::{Unlocks, Wanted};

use super::stage::*;
use crate::docket::event::Event;
use crate::docket::prompts::PromptId;
use crate::keys::Key;
use crate::made_up;

fn prompted(size: (u16, u16), wanted: Wanted) -> Stage {
    let mut stage = Stage::new(size);
    stage.command("unlock");
    stage.step(Event::PassphraseWanted { prompt: PromptId(1), wanted: Box::new(wanted) });
    stage
}

#[test]
fn a_prompt_says_what_for_and_waits_for_quiet() {
    for size in SIZES {
        let mut stage = prompted(size, made_up::wanted());
        stage.draw();
        stage.step(Event::Key(Key::Other));
        let all = text(&stage.is_now_as_kept("prompt-wait"));
        assert!(all.contains("wait..."), "{all}");
        let lines = stage.is_as_kept("prompt");
        let all = text(&lines);
        for part in ["to unlock", "Ada Lovelace", "│ _", "2:00 left", "Enter sends it   Esc: not now"] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        let shows = stage.draw().0;
        assert_eq!(shows.face, stage.docket.prompt().map(|prompt| prompt.face()));
    }
}

#[test]
fn a_passphrase_is_stars_and_a_wrong_one_is_said_to_be() {
    for size in SIZES {
        let wanted = Wanted {
            wrong: Some(Text::new("Bad Passphrase").unwrap()),
            tries: Some((2, 3)),
            ..made_up::wanted()
        };
        let mut stage = prompted(size, wanted);
        stage.quiet();
        stage.step(Event::Typed { characters: 11 });
        let all = text(&stage.is_now_as_kept("prompt-typed"));
        for part in ["WRONG: Bad Passphrase", "2 of 3", "***********_", "until then this screen stays"] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        stage.step(Event::Typed { characters: 1000 });
        assert!(text(&stage.draw().1).contains("*_ │"), "no longer than the field");
    }
}

#[test]
fn a_prompt_of_a_collection_and_one_with_too_much_to_say_have_their_field() {
    for size in SIZES {
        let hostile = "x\u{1b}[2J\u{202e}y\n".repeat(60);
        let wanted = Wanted {
            unlocks: Unlocks::Collection { label: Text::new("Login\nKERNEL ATTESTS").unwrap() },
            lines: List::new(vec![Text::new(hostile.chars().take(400).collect::<String>()).unwrap(); 16])
                .unwrap(),
            wrong: None,
            tries: None,
        };
        let mut stage = prompted(size, wanted);
        let all = text(&stage.is_as_kept("prompt-long"));
        assert!(all.contains("more lines, for which there is no room") && all.contains("│ _"), "{all}");
        assert!(!all.contains(['\u{1b}', '\u{202e}']));
    }
}
