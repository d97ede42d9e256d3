//! Whether gpg is asked for what the gate can give: an armoured detached signature of standard input.
//!
//! git asks with `--status-fd=2 -bsau KEY`. An option that is not in the tables, or a file to sign, makes it gpg's own
//! affair: a wrong guess there means that gpg fails for lack of a key, and never that something gets signed unseen.

use std::ffi::{OsStr, OsString};

/// What gpg was called for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A signature through the gate.
    Signature(Request),
    /// Anything else.
    Gpg,
}

/// A signature as git asks for it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The key as git names it; empty when it names none.
    pub(crate) key: String,
    /// Where the status lines go, if anywhere.
    pub(crate) status_fd: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Detach,
    Sign,
    Armour,
    Key,
    StatusFd,
    /// Changes nothing about the signature.
    Nothing,
}

const LONG: &[(&str, Meaning)] = &[
    ("detach-sign", Meaning::Detach),
    ("sign", Meaning::Sign),
    ("armor", Meaning::Armour),
    ("armour", Meaning::Armour),
    ("local-user", Meaning::Key),
    ("status-fd", Meaning::StatusFd),
    ("batch", Meaning::Nothing),
    ("no-tty", Meaning::Nothing),
    ("quiet", Meaning::Nothing),
    ("yes", Meaning::Nothing),
];

const SHORT: &[(char, Meaning)] = &[
    ('b', Meaning::Detach),
    ('s', Meaning::Sign),
    ('a', Meaning::Armour),
    ('u', Meaning::Key),
    ('q', Meaning::Nothing),
];

impl Meaning {
    fn takes_value(self) -> bool {
        matches!(self, Self::Key | Self::StatusFd)
    }
}

/// What these arguments, without the program's name, ask for.
pub(crate) fn wanted(arguments: &[OsString]) -> Wanted {
    signature(arguments).map_or(Wanted::Gpg, Wanted::Signature)
}

fn signature(arguments: &[OsString]) -> Option<Request> {
    let mut request = Request::default();
    let (mut detach, mut armour) = (false, false);
    let mut rest = arguments.iter().map(OsString::as_os_str);
    while let Some(argument) = rest.next() {
        for (meaning, value) in options(argument.to_str()?)? {
            let value = match value {
                Some(value) => Some(value),
                None if meaning.takes_value() => Some(rest.next().and_then(OsStr::to_str)?),
                None => None,
            };
            match (meaning, value) {
                (Meaning::Detach, None) => detach = true,
                (Meaning::Armour, None) => armour = true,
                (Meaning::Sign | Meaning::Nothing, None) => {}
                // Two keys would be two signatures.
                (Meaning::Key, Some(key)) if request.key.is_empty() => request.key = key.to_owned(),
                (Meaning::StatusFd, Some(fd)) => request.status_fd = Some(fd.parse().ok()?),
                _ => return None,
            }
        }
    }
    (detach && armour).then_some(request)
}

/// The options in one argument: a long one, or a cluster of short ones of which the last may have its value behind it.
fn options(argument: &str) -> Option<Vec<(Meaning, Option<&str>)>> {
    if let Some(long) = argument.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let (_, meaning) = LONG.iter().find(|(known, _)| *known == name)?;
        return Some(vec![(*meaning, value)]);
    }
    let mut cluster = argument.strip_prefix('-').filter(|cluster| !cluster.is_empty())?.chars();
    let mut found = Vec::new();
    while let Some(letter) = cluster.next() {
        let (_, meaning) = SHORT.iter().find(|(known, _)| *known == letter)?;
        if meaning.takes_value() {
            let value = Some(cluster.as_str()).filter(|value| !value.is_empty());
            found.push((*meaning, value));
            break;
        }
        found.push((*meaning, None));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &[&str]) -> Wanted {
        wanted(&line.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn signature(key: &str, status_fd: Option<u32>) -> Wanted {
        Wanted::Signature(Request { key: key.to_owned(), status_fd })
    }

    #[test]
    fn git_asks_for_a_signature_in_these_ways() {
        assert_eq!(of(&["--status-fd=2", "-bsau", "KEY"]), signature("KEY", Some(2)));
        assert_eq!(of(&["--status-fd", "2", "-bsauKEY"]), signature("KEY", Some(2)));
        assert_eq!(of(&["--status-fd=2", "-bsa"]), signature("", Some(2)));
        assert_eq!(of(&["-b", "-s", "-a", "-u", "A B <a@b>"]), signature("A B <a@b>", None));
        assert_eq!(of(&["--detach-sign", "--armor", "--local-user=KEY"]), signature("KEY", None));
        assert_eq!(of(&["--detach-sign", "--armor", "--local-user", "KEY"]), signature("KEY", None));
        assert_eq!(of(&["--batch", "--no-tty", "-qbsau", "KEY!"]), signature("KEY!", None));
    }

    #[test]
    fn everything_else_is_gpgs_own() {
        for line in [
            &[][..],
            &["--version"],
            &["--help"],
            &["--keyid-format=long", "--status-fd=1", "--verify", "/tmp/sig", "-"],
            &["--list-secret-keys"],
            // Not detached, not armoured, of a file, into a file, by two keys, encrypted too.
            &["-sau", "KEY"],
            &["-bsu", "KEY"],
            &["-bsau", "KEY", "file"],
            &["-bsau", "KEY", "-"],
            &["-bsao", "out"],
            &["-bsau", "KEY", "-u", "OTHER"],
            &["-bseau", "KEY"],
            &["-bsa", "--digest-algo", "SHA1"],
            // Nonsense, which gpg explains better.
            &["-bsau"],
            &["--status-fd=x", "-bsau", "KEY"],
            &["--armor=1", "-bs"],
            &["-"],
            &["--"],
        ] {
            assert_eq!(of(line), Wanted::Gpg, "{line:?}");
        }
    }
}
