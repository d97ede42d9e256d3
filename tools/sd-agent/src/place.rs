//! Which object a path names. The paths of collections and items are the backend's, one to one.

use sd_wire::path::{CollectionPath, ItemPath, ROOT};

/// An object of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A node on the way down, with nothing but the names below it.
    Above(&'static [&'static str]),
    /// `/org/freedesktop/secrets`.
    Service,
    /// A collection, or an alias of one. Whether it exists only the backend knows.
    Collection(CollectionPath),
    /// An item. Whether it exists only the backend knows.
    Item(ItemPath),
    /// A session, by its number. Whether it is the caller's only the desk knows.
    Session(u64),
    /// A prompt, by its number. Whether it is the caller's only the desk knows.
    Prompt(u64),
}

impl Place {
    /// The object at a path, or `None` where nothing of ours can be.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let Some(below) = path.strip_prefix(ROOT) else {
            return above(path).map(Self::Above);
        };
        match below {
            "" => return Some(Self::Service),
            "/collection" | "/aliases" | "/session" | "/prompt" => return Some(Self::Above(&[])),
            _ => {}
        }
        if let Some(session) = below.strip_prefix("/session/") {
            return number(session, 's').map(Self::Session);
        }
        if let Some(prompt) = below.strip_prefix("/prompt/") {
            return number(prompt, 'p').map(Self::Prompt);
        }
        if let Ok(collection) = CollectionPath::parse(path) {
            return Some(Self::Collection(collection));
        }
        ItemPath::parse(path).ok().map(Self::Item)
    }
}

/// The path of a session.
pub(crate) fn session(number: u64) -> String {
    format!("{ROOT}/session/s{number}")
}

/// The path of a prompt.
pub(crate) fn prompt(number: u64) -> String {
    format!("{ROOT}/prompt/p{number}")
}

fn above(path: &str) -> Option<&'static [&'static str]> {
    match path {
        "/" => Some(&["org"]),
        "/org" => Some(&["freedesktop"]),
        "/org/freedesktop" => Some(&["secrets"]),
        _ => None,
    }
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
    fn each_path_names_one_kind_of_object() {
        let collection = |path| Some(Place::Collection(CollectionPath::parse(path).unwrap()));
        let item = |path| Some(Place::Item(ItemPath::parse(path).unwrap()));
        assert_eq!(Place::of("/org/freedesktop/secrets"), Some(Place::Service));
        let login = "/org/freedesktop/secrets/collection/login";
        assert_eq!(Place::of(login), collection(login));
        let alias = "/org/freedesktop/secrets/aliases/default";
        assert_eq!(Place::of(alias), collection(alias));
        let first = "/org/freedesktop/secrets/collection/login/1";
        assert_eq!(Place::of(first), item(first));
        assert_eq!(Place::of(&session(7)), Some(Place::Session(7)));
        assert_eq!(Place::of(&prompt(u64::MAX)), Some(Place::Prompt(u64::MAX)));
        assert_eq!(Place::of("/org"), Some(Place::Above(&["freedesktop"])));
        assert_eq!(Place::of("/org/freedesktop/secrets/aliases"), Some(Place::Above(&[])));
    }

    #[test]
    fn other_paths_name_nothing() {
        for path in [
            "/org/freedesktop/secretsother",
            "/org/freedesktop/secrets/session/s07",
            "/org/freedesktop/secrets/session/7",
            "/org/freedesktop/secrets/prompt/s7",
            "/org/freedesktop/secrets/session/s99999999999999999999",
            "/org/freedesktop/secrets/collection/login/1/2",
            "/net/mowaka",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
