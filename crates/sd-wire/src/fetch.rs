//! `sd-decide` → `sd-fetch`, and the notes back: one connection an order.
//!
//! Orders that describe carry no descriptor, but for the manifest of an import, and are answered by notes alone. Orders that release carry the sink; the
//! requester's answer goes into it, and the note says only how that went. Those that only look may come ahead of their
//! sink: then they are carried out but for the answer, which waits for [`Sequel::Go`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ask::MAX_ITEMS;
use crate::bounded::{Attributes, List, Text};
use crate::change::{Before, Change};
use crate::description::{CollectionShown, Description, MAX_LABEL};
use crate::digest::Digest;
use crate::fault::Fault;
use crate::id::AskId;
use crate::import::Met;
use crate::line::Words;
use crate::metadata::Metadata;
use crate::path::{CollectionPath, ItemPath};
use crate::pattern::Pattern;

/// The most collections that a list tells of.
pub const MAX_COLLECTIONS: usize = 64;
/// The most kinds of items that an order can hide.
pub const MAX_HIDDEN: usize = 64;

/// What `sd-decide` may order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Describe these items. Answered by one [`Note::Described`] each, in order, or one [`Note::Failed`].
    Describe {
        /// For the log.
        id: AskId,
        /// Which.
        items: List<ItemPath, MAX_ITEMS>,
    },
    /// Describe where a store would go. Answered by one [`Note::Target`].
    DescribeTarget {
        /// For the log.
        id: AskId,
        /// The collection, or an alias of it.
        collection: CollectionPath,
        /// The attributes of the new item.
        attributes: Attributes,
        /// Whether an item with the same attributes would be replaced.
        replace: bool,
    },
    /// How much would a list of this collection, or of all, tell? Answered by one [`Note::Listing`].
    DescribeList {
        /// For the log.
        id: AskId,
        /// Only this one (or an alias of it), or all.
        collection: Option<CollectionPath>,
    },
    /// Describe where the items of the manifest would go, and what they would meet there. The manifest comes beside it.
    /// Answered by any number of [`Note::Met`] and one [`Note::Planned`].
    DescribeImport {
        /// For the log.
        id: AskId,
        /// The collection, or an alias of it.
        collection: CollectionPath,
    },
    /// Describe what a change would change. Answered by one [`Note::Before`].
    DescribeChange {
        /// For the log.
        id: AskId,
        /// The change.
        change: Change,
    },
    /// Is any collection locked? Answered by one [`Note::State`].
    State {},
    /// Lock every collection. Answered by one [`Note::Done`], also when there is none.
    Lock {
        /// For the log.
        id: AskId,
    },
    /// Unlock every collection; passphrases are asked for at `passphrase.sock`. Answered by one [`Note::Done`] when
    /// none is locked any more.
    Unlock {
        /// For the log.
        id: AskId,
    },
    /// Put the paths that match into the sink.
    Search {
        /// Whose sink it is.
        id: AskId,
        /// Only in this collection, or in all.
        collection: Option<CollectionPath>,
        /// At least one.
        attributes: Attributes,
        /// Items that are not to be found, whatever is searched for.
        #[serde(default)]
        hidden: List<Hidden, MAX_HIDDEN>,
        /// Whether what is found is described as well.
        #[serde(default)]
        describe: bool,
    },
    /// Put the collections into the sink.
    Collections {
        /// Whose sink it is.
        id: AskId,
        /// What the requester is told of the setting.
        #[serde(default)]
        metadata: Metadata,
    },
    /// Put labels and attributes of everything in these collections into the sink.
    List {
        /// Whose sink it is.
        id: AskId,
        /// The collections that were shown.
        collections: List<CollectionPath, MAX_COLLECTIONS>,
        /// Items that are not to be found, whatever is listed.
        #[serde(default)]
        hidden: List<Hidden, MAX_HIDDEN>,
    },
    /// Invite the secret through the sink and put it into the item, if that is still what was shown.
    SetSecret {
        /// Whose sink it is.
        id: AskId,
        /// Which item.
        item: ItemPath,
        /// What was shown.
        digest: Digest,
        /// The secret's media type.
        content_type: Text<256>,
    },
    /// Carry out a change, if what it changes is still what was shown.
    Change {
        /// Whose sink it is.
        id: AskId,
        /// The change.
        change: Change,
        /// Of the [`Before`] that was shown.
        digest: Digest,
    },
    /// Put the item's secret into the sink, if the item is still what was shown.
    Read {
        /// Whose sink it is.
        id: AskId,
        /// Which item.
        item: ItemPath,
        /// What was shown.
        digest: Digest,
    },
    /// Invite the secret through the sink and store it, if the target is still what was shown.
    Store {
        /// Whose sink it is.
        id: AskId,
        /// The collection that was shown.
        collection: CollectionPath,
        /// The label.
        label: Text<MAX_LABEL>,
        /// The attributes.
        attributes: Attributes,
        /// The secret's media type.
        content_type: Text<256>,
        /// The item that was shown as the one to be replaced, and what was shown of it.
        replaces: Option<Shown>,
    },
    /// Invite the secrets through the sink and store each, if what they meet is still what was shown. The manifest comes
    /// behind the sink.
    Import {
        /// Whose sink it is.
        id: AskId,
        /// The collection that was shown.
        collection: CollectionPath,
        /// Whether what has the same attributes and another secret is replaced.
        replace: bool,
        /// Of the [`crate::import::Plan`] that was shown.
        digest: Digest,
    },
    /// Delete the item, if it is still what was shown.
    Delete {
        /// Whose sink it is.
        id: AskId,
        /// Which item.
        item: ItemPath,
        /// What was shown.
        digest: Digest,
    },
}

/// Items that a rule hides: those of which all that is given here is true. With nothing given, all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    /// A pattern over the item's path.
    #[serde(default)]
    pub item: Option<Pattern>,
    /// A pattern over the item's label.
    #[serde(default)]
    pub label: Option<Pattern>,
    /// Attributes that the item has, each with a pattern over its value.
    #[serde(default)]
    pub attributes: BTreeMap<Text<256>, Pattern>,
}

/// An item and the digest of what was shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Which item.
    pub item: ItemPath,
    /// What was shown.
    pub digest: Digest,
}

impl Words for Order {
    const NAME: &'static str = "order to sd-fetch";
}

impl Order {
    /// How many descriptors travel beside the order: the sink, unless it only describes, and behind it the manifest of
    /// an import.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        usize::from(self.takes_sink()) + usize::from(self.takes_manifest())
    }

    /// Whether the manifest of an import travels beside the order.
    #[must_use]
    pub fn takes_manifest(&self) -> bool {
        matches!(self, Self::DescribeImport { .. } | Self::Import { .. })
    }

    /// Whether it may come ahead of its sink: it changes nothing, asks nobody, and leaves nothing behind when the sink
    /// never comes.
    #[must_use]
    pub fn may_go_ahead(&self) -> bool {
        matches!(self, Self::Search { .. } | Self::Collections { .. } | Self::Read { .. })
    }

    /// Whether the sink travels beside the order, and the answer goes into it.
    #[must_use]
    pub fn takes_sink(&self) -> bool {
        match self {
            Self::Describe { .. }
            | Self::DescribeTarget { .. }
            | Self::DescribeList { .. }
            | Self::DescribeChange { .. }
            | Self::DescribeImport { .. }
            | Self::State {}
            | Self::Lock { .. }
            | Self::Unlock { .. } => false,
            Self::Search { .. }
            | Self::Collections { .. }
            | Self::Read { .. }
            | Self::List { .. }
            | Self::SetSecret { .. }
            | Self::Change { .. }
            | Self::Store { .. }
            | Self::Import { .. }
            | Self::Delete { .. } => true,
        }
    }
}

/// What follows an order that came ahead of its sink, on the same connection. If the connection ends instead, nothing is
/// released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Sequel {
    /// The answer may go into the sink, which comes beside this.
    Go {},
}

impl Words for Sequel {
    const NAME: &'static str = "sequel of an order to sd-fetch";
}

/// What `sd-fetch` may say back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// One item, as the backend describes it.
    Described(Description),
    /// Where a store would go.
    Target {
        /// The collection's own path (an alias resolved).
        collection: CollectionPath,
        /// Its label.
        label: Text<MAX_LABEL>,
        /// The item that would be replaced.
        replaces: Option<Description>,
    },
    /// Something that an import would meet.
    Met(Met),
    /// Where an import would go; the last of its notes.
    Planned {
        /// The collection's own path (an alias resolved).
        collection: CollectionPath,
        /// Its label.
        label: Text<MAX_LABEL>,
        /// How many [`Note::Met`] there were.
        met: u32,
    },
    /// What a list would tell of.
    Listing {
        /// Each collection.
        collections: List<CollectionShown, MAX_COLLECTIONS>,
    },
    /// What a change would change.
    Before(Before),
    /// Whether an unlock would have anything to do.
    State {
        /// Some collection is locked.
        locked: bool,
    },
    /// The order was carried out, and the sink told so if one came with it.
    Done {},
    /// The order made an item or changed one, and this is what it is now. [`Note::Done`] follows, once the sink was told;
    /// so whoever reads the item as soon as it hears of it comes after this note.
    Made(Description),
    /// It was not carried out. If a sink came with the order, it was told so.
    Failed {
        /// Why.
        why: Fault,
    },
}

impl Words for Note {
    const NAME: &'static str = "note of sd-fetch";
}
