//! One line of gpg-agent as a command. Pure, and total: every line is something.

/// What gpg-agent may want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Something that changes nothing here: options, titles, labels of buttons.
    Decoration,
    /// The text of the prompt.
    Description(String),
    /// What was wrong with the last passphrase.
    Complaint(String),
    /// Which key it is about.
    Key(String),
    /// How many seconds it may take; 0 for as long as we like.
    Timeout(u64),
    /// Which process waits for gpg-agent.
    Owner(i32),
    /// That the next passphrase is a new one.
    New,
    /// A passphrase.
    Passphrase,
    /// That a person confirm or read something.
    Show,
    /// A word about us.
    About(About),
    /// To forget what was set.
    Reset,
    /// The end.
    Bye,
    /// A comment or an empty line, which has no answer.
    Nothing,
    /// A command that takes no such parameter.
    Wrong,
    /// Anything else.
    Unknown,
}

/// What `GETINFO` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Pid,
    Version,
    Flavor,
    Terminal,
}

impl Command {
    /// Reads a line without its end.
    pub(crate) fn of(line: &[u8]) -> Self {
        if line.is_empty() || line.starts_with(b"#") {
            return Self::Nothing;
        }
        let mut parts = line.splitn(2, |byte| *byte == b' ');
        let word = parts.next().unwrap_or_default().to_ascii_uppercase();
        let rest = parts.next().unwrap_or_default();
        match word.as_slice() {
            b"SETDESC" => Self::Description(text(rest)),
            b"SETERROR" => Self::Complaint(text(rest)),
            b"SETKEYINFO" => Self::Key(key(rest)),
            b"SETTIMEOUT" => text(rest).trim().parse().map_or(Self::Wrong, Self::Timeout),
            b"SETREPEAT" | b"SETGENPIN" | b"SETQUALITYBAR" => Self::New,
            b"GETPIN" => Self::Passphrase,
            b"CONFIRM" | b"MESSAGE" => Self::Show,
            b"GETINFO" => match rest {
                b"pid" => Self::About(About::Pid),
                b"version" => Self::About(About::Version),
                b"flavor" => Self::About(About::Flavor),
                b"ttyinfo" => Self::About(About::Terminal),
                _ => Self::Wrong,
            },
            b"OPTION" => owner(rest).map_or(Self::Decoration, Self::Owner),
            b"NOP" | b"SETTITLE" | b"SETPROMPT" | b"SETOK" | b"SETCANCEL" | b"SETNOTOK"
            | b"SETQUALITYBAR_TT" | b"SETGENPIN_TT" | b"SETREPEATERROR" | b"SETREPEATOK"
            | b"CLEARPASSPHRASE" => Self::Decoration,
            b"RESET" => Self::Reset,
            b"BYE" => Self::Bye,
            _ => Self::Unknown,
        }
    }
}

/// A keygrip without the letter before it that says how long gpg-agent keeps its passphrase; empty for `--clear`.
fn key(rest: &[u8]) -> String {
    let said = text(rest);
    let said = said.trim();
    if said == "--clear" {
        return String::new();
    }
    match said.split_once('/') {
        Some((kind, grip)) if kind.len() == 1 => grip.to_owned(),
        _ => said.to_owned(),
    }
}

/// The process in `owner=PID HOST`, or, since gpg-agent 2.3, `owner=PID/UID HOST`.
fn owner(rest: &[u8]) -> Option<i32> {
    let said = text(rest.strip_prefix(b"owner=")?);
    said.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A parameter with its `%XX` read; what is not UTF-8 becomes U+FFFD. Signs behind a `%` that are no two hexadecimal
/// digits stay as they are.
fn text(rest: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.iter().copied();
    while let Some(byte) = left.next() {
        let mut ahead = left.clone();
        let pair = (ahead.next().and_then(digit), ahead.next().and_then(digit));
        match (byte, pair) {
            (b'%', (Some(high), Some(low))) => {
                bytes.push(high << 4 | low);
                left = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_gpg_agent_says_is_understood() {
        // As gpg-agent 2.2.40 said it.
        let desc = b"SETDESC Unlock:%0A%22Ada <ada@example.org>%22%0A100%25";
        assert_eq!(
            Command::of(desc),
            Command::Description("Unlock:\n\"Ada <ada@example.org>\"\n100%".into())
        );
        assert_eq!(Command::of(b"SETKEYINFO n/998CCEF4"), Command::Key("998CCEF4".into()));
        assert_eq!(Command::of(b"SETKEYINFO --clear"), Command::Key(String::new()));
        assert_eq!(
            Command::of(b"SETERROR Bad Passphrase (try 2 of 3)"),
            Command::Complaint("Bad Passphrase (try 2 of 3)".into())
        );
        assert_eq!(Command::of(b"OPTION touch-file=/run/S.gpg-agent"), Command::Decoration);
        assert_eq!(Command::of(b"OPTION owner=30601 vm"), Command::Owner(30601));
        assert_eq!(Command::of(b"OPTION owner=30601/1000 vm"), Command::Owner(30601));
        assert_eq!(Command::of(b"OPTION owner=x"), Command::Decoration);
        assert_eq!(Command::of(b"getpin"), Command::Passphrase);
        assert_eq!(Command::of(b"GETINFO pid"), Command::About(About::Pid));
    }

    #[test]
    fn what_this_pinentry_cannot_show_is_recognised() {
        for (line, command) in [
            (&b"CONFIRM --one-button"[..], Command::Show),
            (b"MESSAGE", Command::Show),
            (b"SETREPEAT Repeat:", Command::New),
            (b"SETGENPIN Suggest", Command::New),
            (b"SETQUALITYBAR", Command::New),
        ] {
            assert_eq!(Command::of(line), command);
        }
    }

    #[test]
    fn half_an_escape_stays_as_it_is() {
        assert_eq!(Command::of(b"SETDESC 100% of %4"), Command::Description("100% of %4".into()));
        assert_eq!(Command::of(b"SETDESC %zz%+1%25"), Command::Description("%zz%+1%".into()));
    }

    #[test]
    fn a_timeout_that_is_no_number_is_refused() {
        assert_eq!(Command::of(b"SETTIMEOUT 30"), Command::Timeout(30));
        for wrong in [&b"SETTIMEOUT"[..], b"SETTIMEOUT -1", b"SETTIMEOUT 99999999999999999999999"] {
            assert_eq!(Command::of(wrong), Command::Wrong);
        }
    }

    proptest! {
        #[test]
        fn every_line_is_something(line in proptest::collection::vec(any::<u8>(), 0..1000)) {
            let _ = Command::of(&line);
        }

        #[test]
        fn every_parameter_is_something(word in "SET(DESC|ERROR|KEYINFO|TIMEOUT)", rest in ".{0,200}") {
            let _ = Command::of(format!("{word} {rest}").as_bytes());
        }
    }
}
