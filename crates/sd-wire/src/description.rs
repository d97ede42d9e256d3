//! An item as the backend describes it: what the screen shows, and what a digest ties the release to.

use serde::{Deserialize, Serialize};

use crate::bounded::{Attributes, Text};
use crate::digest::Digest;
use crate::path::{CollectionPath, ItemPath};

/// The longest label in bytes. An item with a longer one cannot be shown, so it cannot be released.
pub const MAX_LABEL: usize = 16 * 1024;

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
    /// between the screen and the release may change, and the collection's label.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let created = self.created.to_be_bytes();
        let modified = self.modified.to_be_bytes();
        let mut fields: Vec<&[u8]> =
            vec![b"item", self.item.as_str().as_bytes(), self.label.as_bytes(), &created, &modified];
        for (name, value) in self.attributes.iter() {
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
