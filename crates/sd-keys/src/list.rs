//! The list of keys, as a person writes it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use sd_sys::trusted::read_trusted;
use sd_wire::sign::Fingerprint;

/// The most bytes that such a file may have.
pub const MAX_FILE: usize = 16 * 1024;
/// The most keys that it may name.
pub const MAX_KEYS: usize = 64;
/// What stands in it instead of keys where none are fixed.
const FIRST_USE: &str = "first-use";

/// What the file `signing_keys` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// These keys and no other; none at all if it is empty.
    Keys(Vec<Fingerprint>),
    /// The key with which was first signed.
    FirstUse,
}

/// A list that is not followed, in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct BadList(pub String);

impl fmt::Display for BadList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadList {}

impl List {
    /// The list in this file, which must belong to root or to this process' uid, and be writable by nobody else.
    ///
    /// # Errors
    /// [`BadList`] names the file, and the line if it is one.
    pub fn read(path: &Path) -> Result<Self, BadList> {
        let bytes = read_trusted(path, MAX_FILE).map_err(|why| BadList(why.to_string()))?;
        Self::parse(&bytes).map_err(|why| BadList(format!("{}: {why}", path.display())))
    }

    /// The list that these bytes are: one fingerprint of a primary key a line, or the only word `first-use`; `#` begins
    /// a comment. Small letters and blanks among the digits, as gpg prints them, are no matter.
    ///
    /// # Errors
    /// [`BadList`] names the line.
    pub fn parse(untrusted: &[u8]) -> Result<Self, BadList> {
        let text = std::str::from_utf8(untrusted).map_err(|_| BadList("it is no text".into()))?;
        let (mut keys, mut first_use) = (Vec::new(), false);
        for (number, line) in text.lines().enumerate() {
            let wanted = line.split('#').next().unwrap_or_default().trim();
            if wanted.is_empty() {
                continue;
            }
            if wanted == FIRST_USE {
                first_use = true;
                continue;
            }
            let key = fingerprint(wanted)
                .map_err(|why| BadList(format!("line {}: {why}", number.saturating_add(1))))?;
            keys.push(key);
        }
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.as_str().to_owned()));
        match (keys.len(), first_use) {
            (0, true) => Ok(Self::FirstUse),
            (_, true) => {
                Err(BadList(format!("it names keys and says {FIRST_USE} too; take out one of both")))
            }
            (0..=MAX_KEYS, false) => Ok(Self::Keys(keys)),
            (many, false) => Err(BadList(format!("it names {many} keys, it may name {MAX_KEYS}"))),
        }
    }
}

/// A fingerprint as a person writes it: in small letters too, and with blanks, as gpg prints it.
///
/// # Errors
/// A sentence, when it is none.
pub fn fingerprint(untrusted: &str) -> Result<Fingerprint, &'static str> {
    let digits: String = untrusted.split_ascii_whitespace().collect();
    Fingerprint::parse(&digits.to_ascii_uppercase())
        .map_err(|_| "a fingerprint is 40 or 64 hexadecimal digits, see `sd-provision key list`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    fn keys(text: &str) -> Vec<String> {
        match List::parse(text.as_bytes()) {
            Ok(List::Keys(keys)) => keys.iter().map(|key| key.as_str().to_owned()).collect(),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_list_names_a_key_a_line_as_gpg_prints_it() {
        let text = format!(
            "# mine\n\n{A}\r\n  0123 4567 89ab cdef 0123  4567 89AB CDEF 0123 4567 # again\n{}",
            "F".repeat(64)
        );
        assert_eq!(keys(&text), [A.to_owned(), "F".repeat(64)]);
    }

    #[test]
    fn an_empty_list_names_no_key_and_is_not_the_first_use() {
        assert_eq!(keys(""), [""; 0]);
        assert_eq!(keys("# first-use\n"), [""; 0]);
        assert_eq!(List::parse(b"# none is fixed\nfirst-use\n"), Ok(List::FirstUse));
    }

    #[test]
    fn what_is_no_fingerprint_names_its_line_and_spoils_the_list() {
        let bad = List::parse(format!("{A}\nABCD1234\n").as_bytes()).unwrap_err();
        assert!(bad.0.starts_with("line 2: a fingerprint is 40 or 64"), "{bad}");
        for bad in
            ["any", "*", "first-use yes", "ada@example.org", "0x0123456789ABCDEF0123456789ABCDEF01234567"]
        {
            assert!(List::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(List::parse(&[0xff, 0xfe]).is_err());
        assert!(List::parse(format!("first-use\n{A}\n").as_bytes()).is_err());
        assert!(List::parse(format!("{A}\0\n").as_bytes()).is_err());
    }

    #[test]
    fn a_list_is_bounded() {
        let many = |count: usize| (0..count).map(|n| format!("{n:040X}\n")).collect::<String>();
        assert_eq!(keys(&many(MAX_KEYS)).len(), MAX_KEYS);
        assert!(List::parse(many(MAX_KEYS + 1).as_bytes()).is_err());
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("signing_keys");
        std::fs::write(&file, "#".repeat(MAX_FILE + 1)).unwrap();
        assert!(List::read(&file).unwrap_err().0.contains("longer than"));
    }

    #[test]
    fn a_list_that_others_may_write_is_not_followed() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("signing_keys");
        std::fs::write(&file, A).unwrap();
        for (mode, followed) in [(0o600, true), (0o644, true), (0o620, false), (0o602, false)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(List::read(&file).is_ok(), followed, "{mode:o}");
        }
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(List::read(&link).is_err());
        assert!(List::read(place.path()).is_err());
    }
}
