//! What is in the store, as objects: which entry is which item of which collection.

use std::collections::BTreeMap;

use crate::names::{self, ALIASES, META, PASS, PREFIX};
use crate::tree::Stamp;

/// Everything, by the elements of object paths.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) collections: BTreeMap<String, Collection>,
}

/// A collection and its items.
pub(crate) struct Collection {
    /// Its folder below [`PREFIX`]; none of what is not ours.
    pub(crate) folder: Option<String>,
    /// The names of its entries.
    pub(crate) items: BTreeMap<String, String>,
}

impl Shelf {
    pub(crate) fn of(entries: &BTreeMap<String, Stamp>) -> Self {
        let mut folders: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        let mut rest = BTreeMap::new();
        for name in entries.keys() {
            let Some(below) = name.strip_prefix(PREFIX).and_then(|below| below.strip_prefix('/')) else {
                rest.insert(name.as_str(), name.as_str());
                continue;
            };
            match below.split_once('/') {
                Some((folder, item)) if !names::is_own(folder) => {
                    let items = folders.entry(folder).or_default();
                    if !names::is_own(item) {
                        items.insert(item, name);
                    }
                }
                None if below != ALIASES => drop(rest.insert(name, name)),
                _ => {}
            }
        }
        let mut collections = BTreeMap::new();
        for (folder, items) in folders {
            let collection = Collection { folder: Some(folder.to_owned()), items: elements(&items) };
            insert(&mut collections, folder, collection);
        }
        if !rest.is_empty() {
            insert(&mut collections, PASS, Collection { folder: None, items: elements(&rest) });
        }
        Self { collections }
    }

    /// The element of the collection in this folder.
    pub(crate) fn element_of(&self, folder: &str) -> Option<&str> {
        let fits = |one: &Collection| one.folder.as_deref() == Some(folder);
        self.collections.iter().find(|(_, one)| fits(one)).map(|(element, _)| element.as_str())
    }
}

/// The entry that says what the collection in a folder is called.
pub(crate) fn meta(folder: &str) -> String {
    format!("{PREFIX}/{folder}/{META}")
}

/// The entry that says which alias is which collection.
pub(crate) fn aliases() -> String {
    format!("{PREFIX}/{ALIASES}")
}

fn elements(items: &BTreeMap<&str, &str>) -> BTreeMap<String, String> {
    let mut elements = BTreeMap::new();
    for (item, name) in items {
        insert(&mut elements, item, (*name).to_owned());
    }
    elements
}

/// Two names may want one element: then the second gets another.
fn insert<T>(into: &mut BTreeMap<String, T>, name: &str, what: T) {
    let element = names::element(name);
    let element = if into.contains_key(&element) { names::other_element(name) } else { element };
    into.insert(element, what);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(entries: &[&str]) -> Shelf {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("store");
        std::fs::create_dir(&file).unwrap();
        std::os::unix::fs::chown(&file, None, None).unwrap();
        let tree = crate::tree::Tree::at(file.clone());
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        for entry in entries {
            tree.write(entry, b"").map(drop).unwrap();
        }
        Shelf::of(&tree.entries().unwrap().files)
    }

    #[test]
    fn folders_below_the_prefix_are_collections_and_all_else_is_one() {
        let shelf = shelf(&[
            "secret-service/_aliases",
            "secret-service/default/_meta",
            "secret-service/default/i00ff",
            "secret-service/my-keys/sub/one",
            "secret-service/_hidden/x",
            "secret-service/stray",
            "web/example.org",
        ]);
        let names: Vec<&str> = shelf.collections.keys().map(String::as_str).collect();
        assert_eq!(names, ["default", "my_2dkeys", "pass"]);
        let items = |name: &str| shelf.collections[name].items.clone().into_iter().collect::<Vec<_>>();
        let pair = |element: &str, name: &str| (element.to_owned(), name.to_owned());
        assert_eq!(items("default"), [pair("i00ff", "secret-service/default/i00ff")]);
        assert_eq!(items("my_2dkeys"), [pair("sub_2fone", "secret-service/my-keys/sub/one")]);
        assert_eq!(
            items("pass"),
            [
                pair("secret_2dservice_2fstray", "secret-service/stray"),
                pair("web_2fexample_2eorg", "web/example.org")
            ]
        );
        assert_eq!(shelf.element_of("my-keys"), Some("my_2dkeys"));
    }

    #[test]
    fn two_names_of_one_element_are_two_items() {
        let shelf = shelf(&["a_2eb", "a.b", "secret-service/pass/x"]);
        assert_eq!(shelf.collections["pass"].folder.as_deref(), Some("pass"));
        let other = shelf.collections.keys().find(|name| *name != "pass").unwrap();
        assert_eq!(shelf.collections[other].items.len(), 2);
    }

    #[test]
    fn an_empty_store_has_no_collection() {
        assert!(shelf(&[]).collections.is_empty());
    }
}
