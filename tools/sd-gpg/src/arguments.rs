//! Whether gpg is asked for what the gate can give: a detached signature.
//!
//! git asks with `--status-fd=2 -bsau KEY`; people and scripts sign files as well. An option that is not in the tables
//! makes it gpg's own affair: a wrong guess there means that gpg fails for lack of a key, and never that something gets
//! signed unseen.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What gpg was called for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A signature through the gate.
    Signature(Request),
    /// Anything else.
    Gpg,
}

/// A signature as it is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The key as git names it; empty when it names none.
    pub(crate) key: String,
    /// Where the status lines go, if anywhere.
    pub(crate) status_fd: Option<u32>,
    /// As text, and not as bytes.
    pub(crate) armour: bool,
    /// What is signed; `None` for standard input.
    pub(crate) file: Option<PathBuf>,
    /// Where the signature goes; `None` for standard output, or beside the file.
    pub(crate) output: Option<PathBuf>,
    /// Whether a file that is there may be written over.
    pub(crate) overwrite: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Detach,
    Sign,
    Armour,
    /// The key to sign with.
    Key,
    /// The key to sign with, where no other is named.
    DefaultKey,
    StatusFd,
    Output,
    Overwrite,
    /// Changes nothing about the signature.
    Nothing,
    /// So does this, and has a value. A home directory too: there is no secret key in it, and gpg only reads there
    /// what the companion's gpg has to say.
    NothingWithValue,
}

const LONG: &[(&str, Meaning)] = &[
    ("detach-sign", Meaning::Detach),
    ("sign", Meaning::Sign),
    ("armor", Meaning::Armour),
    ("armour", Meaning::Armour),
    ("local-user", Meaning::Key),
    ("default-key", Meaning::DefaultKey),
    ("status-fd", Meaning::StatusFd),
    ("output", Meaning::Output),
    ("yes", Meaning::Overwrite),
    ("batch", Meaning::Nothing),
    ("no-batch", Meaning::Nothing),
    ("no-tty", Meaning::Nothing),
    ("no-greeting", Meaning::Nothing),
    ("no-permission-warning", Meaning::Nothing),
    ("no-secmem-warning", Meaning::Nothing),
    ("openpgp", Meaning::Nothing),
    ("quiet", Meaning::Nothing),
    ("use-agent", Meaning::Nothing),
    ("utf8-strings", Meaning::Nothing),
    ("verbose", Meaning::Nothing),
    ("no-verbose", Meaning::Nothing),
    ("charset", Meaning::NothingWithValue),
    ("display-charset", Meaning::NothingWithValue),
    ("homedir", Meaning::NothingWithValue),
    ("keyid-format", Meaning::NothingWithValue),
    ("pinentry-mode", Meaning::NothingWithValue),
    ("trust-model", Meaning::NothingWithValue),
];

const SHORT: &[(char, Meaning)] = &[
    ('b', Meaning::Detach),
    ('s', Meaning::Sign),
    ('a', Meaning::Armour),
    ('u', Meaning::Key),
    ('o', Meaning::Output),
    ('q', Meaning::Nothing),
    ('v', Meaning::Nothing),
];

impl Meaning {
    fn takes_value(self) -> bool {
        matches!(self, Self::Key | Self::DefaultKey | Self::StatusFd | Self::Output | Self::NothingWithValue)
    }
}

/// What these arguments, without the program's name, ask for.
pub(crate) fn wanted(arguments: &[OsString]) -> Wanted {
    signature(arguments).map_or(Wanted::Gpg, Wanted::Signature)
}

fn signature(arguments: &[OsString]) -> Option<Request> {
    let mut request = Request::default();
    let (mut detach, mut default_key) = (false, String::new());
    let mut rest = arguments.iter().map(OsString::as_os_str);
    while let Some(argument) = rest.next() {
        if argument == "--" {
            // What follows is a file, whatever it looks like.
            request.file = rest.next().map(PathBuf::from);
            break;
        }
        if argument == "-" || !argument.as_bytes().starts_with(b"-") {
            request.file = Some(argument.into());
            break;
        }
        for (meaning, value) in options(argument)? {
            let value = match value {
                Some(value) => Some(value),
                None if meaning.takes_value() => Some(rest.next()?),
                None => None,
            };
            match (meaning, value) {
                (Meaning::Detach, None) => detach = true,
                (Meaning::Armour, None) => request.armour = true,
                (Meaning::Overwrite, None) => request.overwrite = true,
                (Meaning::Sign | Meaning::Nothing, None) | (Meaning::NothingWithValue, Some(_)) => {}
                // Two keys would be two signatures.
                (Meaning::Key, Some(key)) if request.key.is_empty() => request.key = key.to_str()?.to_owned(),
                (Meaning::DefaultKey, Some(key)) => default_key = key.to_str()?.to_owned(),
                (Meaning::StatusFd, Some(fd)) => request.status_fd = Some(fd.to_str()?.parse().ok()?),
                (Meaning::Output, Some(path)) => request.output = Some(path.into()),
                _ => return None,
            }
        }
    }
    if request.key.is_empty() {
        request.key = default_key;
    }
    let dash = |path: &PathBuf| path.as_os_str() == "-";
    request.file = request.file.filter(|path| !dash(path));
    // gpg signs several files as one, or takes what follows the first as options.
    (detach && rest.next().is_none()).then_some(request)
}

/// The options in one argument: a long one, or a cluster of short ones of which the last may have its value behind it.
fn options(argument: &OsStr) -> Option<Vec<(Meaning, Option<&OsStr>)>> {
    let bytes = argument.as_bytes();
    if let Some(long) = bytes.strip_prefix(b"--") {
        let mut parts = long.splitn(2, |byte| *byte == b'=');
        let (name, value) = (parts.next()?, parts.next().map(OsStr::from_bytes));
        let (_, meaning) = LONG.iter().find(|(known, _)| known.as_bytes() == name)?;
        return Some(vec![(*meaning, value)]);
    }
    let mut cluster = bytes.strip_prefix(b"-").filter(|cluster| !cluster.is_empty())?;
    let mut found = Vec::new();
    while let Some((letter, more)) = cluster.split_first() {
        let (_, meaning) = SHORT.iter().find(|(known, _)| *known == char::from(*letter))?;
        if meaning.takes_value() {
            found.push((*meaning, Some(OsStr::from_bytes(more)).filter(|value| !value.is_empty())));
            break;
        }
        found.push((*meaning, None));
        cluster = more;
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
        Wanted::Signature(Request { key: key.to_owned(), status_fd, armour: true, ..Request::default() })
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
        assert_eq!(
            of(&["--homedir", "/h", "--keyid-format=long", "-bsau", "KEY", "-"]),
            signature("KEY", None)
        );
        assert_eq!(of(&["--default-key", "D", "-bsa"]), signature("D", None));
        assert_eq!(of(&["--default-key", "D", "-bsau", "KEY"]), signature("KEY", None));
    }

    #[test]
    fn people_and_scripts_sign_files_in_these_ways() {
        let request = || Request { key: "K".to_owned(), ..Request::default() };
        for (line, expected) in [
            (&["-bu", "K", "file"][..], Request { file: Some("file".into()), ..request() }),
            (
                &["-abu", "K", "--yes", "-o", "out", "--", "-file"],
                Request {
                    armour: true,
                    file: Some("-file".into()),
                    output: Some("out".into()),
                    overwrite: true,
                    ..request()
                },
            ),
            (&["-bsuK", "--output=-"], Request { output: Some("-".into()), ..request() }),
        ] {
            assert_eq!(of(line), Wanted::Signature(expected), "{line:?}");
        }
    }

    #[test]
    fn everything_else_is_gpgs_own() {
        for line in [
            &[][..],
            &["--version"],
            &["--help"],
            &["--keyid-format=long", "--status-fd=1", "--verify", "/tmp/sig", "-"],
            &["--list-secret-keys"],
            // Not detached, of two files, by two keys, encrypted too.
            &["-sau", "KEY"],
            &["--clear-sign", "-u", "KEY"],
            &["-bsau", "KEY", "file", "another"],
            &["-bsau", "KEY", "file", "--yes"],
            &["-bsau", "KEY", "-u", "OTHER"],
            &["-bseau", "KEY"],
            &["-bsa", "--digest-algo", "SHA1"],
            &["-bsa", "--passphrase-fd", "0"],
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
