//! Names: of objects on the bus for whatever is in the store, and of folders and files for whatever a caller says.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// The folder of all that came by the Secret Service, as gopass-secret-service has it.
pub(crate) const PREFIX: &str = "secret-service";
/// The entry that says which alias is which collection, and the one that says what a collection is called.
pub(crate) const ALIASES: &str = "_aliases";
pub(crate) const META: &str = "_meta";
/// The collection of all that did not, which has no folder of its own.
pub(crate) const PASS: &str = "pass";
/// What gopass-secret-service calls the one that it keeps in memory only.
const SESSION: &str = "session";

/// The longest element of an object path, so that a whole path stays within the 512 bytes that it may have.
const MAX_ELEMENT: usize = 200;
/// The longest name of a folder of ours.
const MAX_FOLDER: usize = 64;

/// The element of an object path for a name, which has letters of all kinds: the name itself where it can stand there,
/// else each other byte as `_2e`.
pub(crate) fn element(name: &str) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric();
    let as_it_is = !name.is_empty() && name.bytes().all(|byte| allowed(byte) || byte == b'_');
    let element = if as_it_is {
        name.to_owned()
    } else {
        name.bytes().fold(String::new(), |element, byte| match byte {
            byte if allowed(byte) => element + char::from(byte).encode_utf8(&mut [0; 4]),
            byte => element + &format!("_{byte:02x}"),
        })
    };
    if element.is_empty() || element.len() > MAX_ELEMENT { digest(name) } else { element }
}

/// As [`element`], of a name whose element another name has taken.
pub(crate) fn other_element(name: &str) -> String {
    digest(name)
}

fn digest(name: &str) -> String {
    let hash = Sha256::digest(name.as_bytes());
    hash.iter().take(16).fold("x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether an entry or a folder is about the store itself: gopass-secret-service shows none that begins so.
pub(crate) fn is_own(name: &str) -> bool {
    name.starts_with('_')
}

/// The name of a folder for a collection of this label, which none of `taken` has. Only what can stand in an object path
/// as well, because gopass-secret-service puts it there as it is.
pub(crate) fn folder(label: &str, taken: &BTreeSet<String>) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = label.trim().chars().map(safe).take(MAX_FOLDER).collect();
    let name = name.trim_matches('_');
    let name = if name.is_empty() { "collection" } else { name };
    let free = |name: &String| !taken.contains(name) && name != PASS && name != SESSION;
    let numbered = (2_u32..).map(|n| format!("{name}_{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(free).unwrap_or_else(|| digest(label))
}

/// The name of a new item, as gopass-secret-service has it; none when there are no random numbers to be had.
pub(crate) fn item() -> Option<String> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).ok()?;
    Some(random.iter().fold("i".to_owned(), |text, byte| text + &format!("{byte:02x}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_stands_in_a_path_as_it_is_where_it_can() {
        assert_eq!(element("login"), "login");
        assert_eq!(element("my_keys"), "my_keys");
        assert_eq!(element("web/example.org"), "web_2fexample_2eorg");
        assert_eq!(element("ä"), "_c3_a4");
        assert_eq!(element("_x/"), "_5fx_2f");
    }

    #[test]
    fn a_label_never_leads_out_of_the_store() {
        let none = BTreeSet::new();
        for (label, name) in [
            ("../../etc/passwd", "etc_passwd"),
            ("..", "collection"),
            ("", "collection"),
            ("/", "collection"),
            (".git", "git"),
            ("_meta", "meta"),
            ("My Keys", "my_keys"),
            ("pass", "pass_2"),
            ("session", "session_2"),
            ("a\0b\nc", "a_b_c"),
        ] {
            assert_eq!(folder(label, &none), name, "{label:?}");
        }
        assert_eq!(folder("a", &BTreeSet::from(["a".to_owned(), "a_2".to_owned()])), "a_3");
    }

    proptest! {
        #[test]
        fn whatever_a_name_is_it_has_an_element(name in ".{0,300}") {
            let element = element(&name);
            prop_assert!(!element.is_empty() && element.len() <= MAX_ELEMENT);
            prop_assert!(element.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        }

        #[test]
        fn whatever_a_label_is_it_has_a_folder(label in ".{0,300}") {
            let name = folder(&label, &BTreeSet::new());
            prop_assert!(!name.is_empty() && name.len() <= MAX_FOLDER + 2 && !is_own(&name));
            prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        }
    }
}
