//! Which object a path names.

use sd_wire::path::ROOT;

/// An object of ours, by the elements of its path. Whether there is such a one only the store, or the desk, knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Service,
    Collection(String),
    /// An alias, in the place of its collection.
    Alias(String),
    Item(String, String),
    /// An item, its collection by an alias.
    AliasItem(String, String),
    Session(u64),
    Prompt(u64),
}

impl Place {
    /// The object at a path; none where nothing of ours can be.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let below = path.strip_prefix(ROOT)?;
        if below.is_empty() {
            return Some(Self::Service);
        }
        let mut parts = below.strip_prefix('/')?.split('/');
        let found = match (parts.next()?, parts.next()?, parts.next()) {
            ("collection", collection, None) => Self::Collection(collection.to_owned()),
            ("collection", collection, Some(item)) => Self::Item(collection.to_owned(), item.to_owned()),
            ("aliases", alias, None) => Self::Alias(alias.to_owned()),
            ("aliases", alias, Some(item)) => Self::AliasItem(alias.to_owned(), item.to_owned()),
            ("session", session, None) => Self::Session(number(session, 's')?),
            ("prompt", prompt, None) => Self::Prompt(number(prompt, 'p')?),
            _ => return None,
        };
        parts.next().is_none().then_some(found)
    }
}

/// The path of the service itself.
pub(crate) const SERVICE: &str = ROOT;

pub(crate) fn collection(element: &str) -> String {
    format!("{ROOT}/collection/{element}")
}

pub(crate) fn item(collection: &str, element: &str) -> String {
    format!("{ROOT}/collection/{collection}/{element}")
}

pub(crate) fn session(number: u64) -> String {
    format!("{ROOT}/session/s{number}")
}

pub(crate) fn prompt(number: u64) -> String {
    format!("{ROOT}/prompt/p{number}")
}

fn number(element: &str, letter: char) -> Option<u64> {
    let digits = element.strip_prefix(letter)?;
    let number = digits.parse().ok()?;
    // One path an object: neither `+7` nor `007`.
    (digits == format!("{number}")).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_names_one_object() {
        let of = |below: &str| Place::of(&format!("{ROOT}{below}"));
        assert_eq!(of(""), Some(Place::Service));
        assert_eq!(of("/collection/login"), Some(Place::Collection("login".into())));
        assert_eq!(of("/aliases/default/i1"), Some(Place::AliasItem("default".into(), "i1".into())));
        assert_eq!(of("/collection/login/i1"), Some(Place::Item("login".into(), "i1".into())));
        assert_eq!(of("/session/s7"), Some(Place::Session(7)));
        assert_eq!(Place::of(&prompt(8)), Some(Place::Prompt(8)));
        for below in ["other", "/", "/collection", "/session/s07", "/session/7", "/collection/a/b/c", "/x/y"]
        {
            assert_eq!(of(below), None, "{below}");
        }
    }
}
