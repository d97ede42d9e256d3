//! A change of something that is no secret: a label, attributes, an alias, a collection.

use serde::{Deserialize, Serialize};

use crate::bounded::{Attributes, Text};
use crate::description::{CollectionShown, Description, MAX_LABEL};
use crate::digest::Digest;
use crate::path::{CollectionPath, ItemPath};

/// The longest name of an alias in bytes.
pub const MAX_ALIAS: usize = 64;

/// What is to be changed, and into what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// The label of an item.
    ItemLabel {
        /// Which.
        item: ItemPath,
        /// Into this.
        label: Text<MAX_LABEL>,
    },
    /// The attributes of an item, all of them.
    ItemAttributes {
        /// Which.
        item: ItemPath,
        /// Into these.
        attributes: Attributes,
    },
    /// The label of a collection.
    CollectionLabel {
        /// Which.
        collection: CollectionPath,
        /// Into this.
        label: Text<MAX_LABEL>,
    },
    /// Where an alias points.
    Alias {
        /// Its name, such as `default`.
        name: Text<MAX_ALIAS>,
        /// To this collection, or nowhere any more.
        collection: Option<CollectionPath>,
    },
    /// A new collection.
    CreateCollection {
        /// Its label.
        label: Text<MAX_LABEL>,
        /// An alias that is to point to it; empty for none.
        alias: Text<MAX_ALIAS>,
    },
    /// A collection is deleted, and every item in it.
    DeleteCollection {
        /// Which.
        collection: CollectionPath,
    },
}

/// What would be changed, as the backend describes it before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Before {
    /// An item.
    Item(Description),
    /// A collection.
    Collection(CollectionShown),
    /// An alias: where it points, and where it would.
    Alias {
        /// Now.
        now: Option<CollectionShown>,
        /// Then.
        then: Option<CollectionShown>,
    },
    /// Nothing: something new is made; and where the alias that it is to have points now.
    Nothing {
        /// Where the alias points now.
        alias: Option<CollectionShown>,
    },
}

impl Change {
    /// Whether a description is one of what this changes.
    #[must_use]
    pub fn is_of(&self, before: &Before) -> bool {
        matches!(
            (self, before),
            (Self::ItemLabel { .. } | Self::ItemAttributes { .. }, Before::Item(_))
                | (Self::CollectionLabel { .. } | Self::DeleteCollection { .. }, Before::Collection(_))
                | (Self::Alias { .. }, Before::Alias { .. })
                | (Self::CreateCollection { .. }, Before::Nothing { .. })
        )
    }
}

impl Before {
    /// The digest of what was shown: the order that follows a yes carries it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let shown = |shown: &Option<CollectionShown>| {
            shown.as_ref().map_or_else(String::new, |shown| shown.digest().as_str().to_owned())
        };
        match self {
            Self::Item(description) => description.digest(),
            Self::Collection(collection) => collection.digest(),
            Self::Alias { now, then } => {
                let (now, then) = (shown(now), shown(then));
                Digest::of([b"alias".as_slice(), now.as_bytes(), then.as_bytes()])
            }
            Self::Nothing { alias } => Digest::of([b"nothing".as_slice(), shown(alias).as_bytes()]),
        }
    }
}
