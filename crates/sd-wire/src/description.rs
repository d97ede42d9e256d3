//! An item as the backend describes it: what the screen shows, and what a digest ties the release to.

use serde::{Deserialize, Serialize};

use crate::bounded::{Attributes, Text};
use crate::digest::Digest;
use crate::path::{CollectionPath, ItemPath};

/// The longest label in bytes. An item with a longer one cannot be shown, so it cannot be released.
pub const MAX_LABEL: usize = 16 * 1024;

/// The attribute that says as much as none.
const NO_SCHEMA: (&str, &str) = ("xdg:schema", "org.freedesktop.Secret.Generic");

/// What the backend says about one item, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The item's object path at the backend.
    pub item: ItemPath,
    /// The label of the collection it is in.
    pub collection: Text<MAX_LABEL>,
    /// Its label.
    pub label: Text<MAX_LABEL>,
    /// Its attributes.
    pub attributes: Attributes,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// When it was last changed, in seconds since 1970.
    pub modified: u64,
    /// Whether the backend holds it locked just now.
    pub locked: bool,
}

impl Description {
    /// The digest of everything that identifies the item and its state: all fields but `locked`, which an unlock
    /// between the screen and the release may change, the collection's label, and the generic schema, which
    /// gnome-keyring gives an item without one as soon as it reads its file again.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let created = self.created.to_be_bytes();
        let modified = self.modified.to_be_bytes();
        let mut fields: Vec<&[u8]> =
            vec![b"item", self.item.as_str().as_bytes(), self.label.as_bytes(), &created, &modified];
        let told = |(name, value): &(&String, &String)| (name.as_str(), value.as_str()) != NO_SCHEMA;
        for (name, value) in self.attributes.iter().filter(told) {
            fields.push(name.as_bytes());
            fields.push(value.as_bytes());
        }
        Digest::of(fields)
    }
}

/// What the backend says about one collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionShown {
    /// Its own object path.
    pub collection: CollectionPath,
    /// Its label.
    pub label: Text<MAX_LABEL>,
    /// How many items are in it.
    pub items: u32,
}

impl CollectionShown {
    /// The digest of all of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let items = self.items.to_be_bytes();
        Digest::of([
            b"collection".as_slice(),
            self.collection.as_str().as_bytes(),
            self.label.as_bytes(),
            &items,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(attributes: &[(&str, &str)]) -> Digest {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let description = Description {
            item: ItemPath::parse("/org/freedesktop/secrets/collection/login/1").unwrap(),
            collection: Text::default(),
            label: Text::default(),
            attributes: Attributes::new(attributes).unwrap(),
            created: 1,
            modified: 1,
            locked: false,
        };
        description.digest()
    }

    #[test]
    fn the_generic_schema_is_as_good_as_none_and_any_other_is_not() {
        let plain = with(&[("service", "demo")]);
        assert_eq!(plain, with(&[("service", "demo"), NO_SCHEMA]));
        assert_ne!(plain, with(&[("service", "demo"), ("xdg:schema", "net.example.Mine")]));
        assert_ne!(plain, with(&[("service", "demo"), ("schema", NO_SCHEMA.1)]));
        assert_ne!(plain, with(&[("service", "other")]));
    }
}
