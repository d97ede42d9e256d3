//! What a person sees of an ask on a picture of the screen, and which key would count there.

use crate::answer::ask_on;

/// An ask as it stands on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Face {
    /// Its id.
    pub id: String,
    /// Its kind, such as `read`.
    pub kind: String,
    /// The paths that it is about.
    pub paths: Vec<String>,
    /// The label that stands there first.
    pub label: String,
    /// The process that made the sink.
    pub pid: Option<i32>,
    /// The application that is claimed.
    pub app: Option<i32>,
    /// Whether a `y` counts now.
    pub takes_yes: bool,
    /// Whether an `n` counts now.
    pub takes_no: bool,
}

impl Face {
    /// The ask that is selected on this picture, if there is one.
    #[must_use]
    pub fn on(picture: &str) -> Option<Self> {
        let id = ask_on(picture)?.to_owned();
        let bottom = picture.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let behind =
            |what: &'static str| picture.lines().filter_map(move |line| Some(line.split_once(what)?.1));
        let kind = behind("ask ").find_map(|rest| rest.strip_prefix(&id)?.split_whitespace().next());
        let number = |text: &str| {
            text.split(|c: char| !c.is_ascii_digit()).find(|word| !word.is_empty())?.parse().ok()
        };
        // The section behind which everything is the requester's own word.
        let facts = picture.split("CLAIMED, NOT CHECKED").next().unwrap_or_default();
        let stated =
            |what: &'static str| facts.lines().filter_map(move |line| Some(line.split_once(what)?.1));
        Some(Self {
            kind: kind.unwrap_or_default().to_owned(),
            paths: stated("│ path        ").map(|path| path.trim().to_owned()).collect(),
            label: stated("│ label       ").next().unwrap_or_default().trim().to_owned(),
            pid: stated("│ process     pid ").find_map(number),
            app: behind("~ app         ")
                .find_map(|text| number(text.rsplit_once('(').map_or(text, |(_, pid)| pid))),
            takes_yes: bottom.contains("y approve   n deny"),
            takes_no: bottom.contains("n deny"),
            id,
        })
    }
}

/// Whether a passphrase is wanted, and nothing of it has been typed.
#[must_use]
pub fn wants_passphrase(picture: &str) -> bool {
    picture
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.contains("Esc: not now"))
        && picture.contains("passphrase:")
        && !picture.contains("wait... no key for a moment")
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "\
 Secrets Dispatcher   for nb (uid 1000)                                   1 is waiting
> read demo          5:00 │ ask 0000000000000001   read   5:00 left   lines 1-35 of 152
         sd-mob (4711)    │  A yes gives the secret of this item to the process below.
                          │ ── BACKEND SAYS ──────────────────────
                          │ │ label       demo
                          │ │ path        /org/freedesktop/secrets/collection/fake/i3
                          │ ── KERNEL ATTESTS ──────────────────────
                          │ │ process     pid 4711   uid 1000   gid 1000
                          │ ~~ CLAIMED, NOT CHECKED ~~~~~~~~~~~~
                          │ ~ app         sd-mob (815)
                          │ ~ says        │ path        /not/this/one
 y approve   n deny   g grant   m mute   / filter   : command   ? help   L lock
";

    #[test]
    fn an_ask_is_read_off_the_screen_without_believing_what_is_claimed() {
        let face = Face::on(READ).unwrap();
        let expected = Face {
            id: "0000000000000001".into(),
            kind: "read".into(),
            paths: vec!["/org/freedesktop/secrets/collection/fake/i3".into()],
            label: "demo".into(),
            pid: Some(4711),
            app: Some(815),
            takes_yes: true,
            takes_no: true,
        };
        assert_eq!(face, expected);
    }

    #[test]
    fn no_key_counts_while_the_screen_says_wait() {
        let waiting = READ.replace("y approve   n deny", "wait [##.....]");
        let face = Face::on(&waiting).unwrap();
        assert!(!face.takes_yes && !face.takes_no);
    }

    #[test]
    fn a_prompt_is_seen_until_something_is_typed() {
        let prompt = " A passphrase is wanted.\n  ┌─ passphrase: ──┐\n Enter sends it   Esc: not now\n";
        assert!(wants_passphrase(prompt));
        assert!(!wants_passphrase(&prompt.replace("Esc: not now", "Ctrl+U clears it   Esc lets go")));
    }
}
