//! The first line of what a commit or a tag says about itself: a claim, for the desktop's notification. The screen on
//! VT8 reads the message out of the signed bytes instead.

use sd_wire::bounded::Text;

/// Longer than any first line that is meant to be read at a glance.
const MOST: usize = 200;

/// The first line of the message, or nothing for what has none (a push certificate).
pub(crate) fn of<const MAX: usize>(payload: &[u8]) -> Option<Text<MAX>> {
    if !payload.starts_with(b"tree ") && !payload.starts_with(b"object ") {
        return None;
    }
    let mut lines = payload.split(|b| *b == b'\n').skip_while(|line| !line.is_empty());
    let line = lines.find(|line| !line.is_empty())?;
    let text: String = String::from_utf8_lossy(line).chars().take(MOST).collect();
    Some(Text::clipped(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(payload: &str) -> Option<String> {
        super::of::<1024>(payload.as_bytes()).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn a_commit_and_a_tag_are_called_by_the_first_line_of_their_message() {
        let commit = "tree 1\nparent 2\nauthor x\n\n\nthe subject\n\nthe body";
        assert_eq!(of(commit).as_deref(), Some("the subject"));
        assert_eq!(of("object 1\ntype commit\ntag v1\n\nfirst\nsecond").as_deref(), Some("first"));
    }

    #[test]
    fn what_has_no_message_is_called_nothing() {
        for payload in ["", "tree 1\nauthor x", "tree 1\n\n", "certificate version 0.1\n\nold new ref"] {
            assert_eq!(of(payload), None, "{payload:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let long = format!("tree 1\n\n{}", "ä".repeat(100_000));
        assert_eq!(of(&long).unwrap().chars().count(), MOST);
    }
}
