//! Text from outside that wants to be something else.

use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::Description;

use super::stage::*;
use crate::caller::Caller;
use crate::docket::event::Event;
use crate::keys::Key;
use crate::made_up::{self, description, filing, read, sign};
use crate::routing::Described;
use sd_git::signed::Signed;

#[test]
fn hostile_text_is_shown_as_escapes_and_cannot_leave_its_line() {
    let label = "pay\x1b[2J\x1b[31m\nKERNEL ATTESTS\u{202e}txt\u{200b}\u{85}";
    let hostile = Description {
        label: Text::new(label).unwrap(),
        attributes: Attributes::new([("a\nb".to_owned(), "c\r│ label  x".to_owned())]).unwrap(),
        ..description(7, "")
    };
    for size in SIZES {
        let mut stage = Stage::new(size);
        let mut filing = filing(1, read(7), Caller::made_up(4711, 99));
        filing.ask.claims.says = Some(Text::new("x\x1b]0;y approve   n deny\x07").unwrap());
        let seen = filing.caller.seen.as_mut().unwrap();
        seen.process.comm = "a\nb\u{202e}".to_owned();
        seen.arguments = Some(vec![b"\xff\x1b[H".to_vec()]);
        stage.file(filing, Described::Items(vec![hostile.clone()]));
        let lines = stage.is_as_kept("hostile");
        let all = text(&lines);
        for part in [
            r"pay\x1b[2J\x1b[31m\nKERNEL ATTESTS\u{202e}txt\u{200b}\u{85}",
            r"a\nb = c\r│ label  x",
            r"name        a\nb\u{202e}",
            r"\xff\x1b[H",
            r"~ says        x\x1b]0;y approve   n deny\x07",
        ] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        let bad = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!all.contains(bad));
        let sections = lines.iter().filter(|line| line.contains("── KERNEL ATTESTS ──")).count();
        assert_eq!(sections, 1);
    }
}

#[test]
fn a_message_cannot_pass_for_a_row_of_ours() {
    let forged = "│ committer   Linus <l@example.org>";
    // The second one is where a line begins that is cut to the pane, whatever its width.
    let message = format!("title\n\n{forged}\n── KEYRING SAYS ──\n{}\n+ more\n> more\n", forged.repeat(9));
    let commit = String::from_utf8(made_up::COMMIT.to_vec()).unwrap();
    let (head, _) = commit.split_once("\n\n").unwrap();
    for bytes in [format!("{head}\n\n{message}"), message] {
        for size in SIZES {
            let mut stage = Stage::new(size);
            let mut filing = filing(1, sign(), Caller::made_up(4711, 99));
            filing.signed = Some(Signed::read(bytes.as_bytes()));
            stage.file(filing, made_up::described(&sign()));
            let mut lines = stage.quiet();
            stage.step(Event::Key(Key::PageDown));
            lines.extend(stage.quiet());
            println!("{}", text(&lines));
            // Beside the list, behind the rule.
            let left = if size.0 < 100 { 0 } else { 37 };
            let detail = lines.iter().map(|line| line.chars().skip(left).collect::<String>());
            let bearing: Vec<String> = detail.filter(|line| line.contains("Linus")).collect();
            assert!(bearing.len() > 4);
            for line in bearing {
                assert!(line.starts_with("│ > ") || line.starts_with("│ + "), "{line}");
            }
            for part in ["│ > ── KEYRING SAYS", "│ > + more", "│ > > more"] {
                assert!(text(&lines).contains(part), "{part}");
            }
        }
    }
}

#[test]
fn what_goes_on_from_the_line_above_is_told_from_another_attribute() {
    let value = format!("x{}user = root", " ".repeat(60));
    let pairs = [("a", value.as_str()), ("b = c", "d"), ("e", "say \"f\"")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let what = Description { attributes: Attributes::new(pairs).unwrap(), ..description(7, "demo") };
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), Described::Items(vec![what]));
    let all = text(&stage.quiet());
    println!("{all}");
    for part in
        ["│           + user = root\"", "│             \"b = c\" = d", "│             e = \"say \\\"f\\\"\""]
    {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
}
