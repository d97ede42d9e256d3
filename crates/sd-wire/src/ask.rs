//! `sd-gate` → `sd-decide`, and the notes back: one connection a packet.
//!
//! Beside [`Packet::Ask`] travel the sink, and for a signature the sealed payload, for an import the sealed manifest
//! behind it; beside the others nothing.
//! The end of the connection withdraws nothing: the ask has moved on.

use serde::{Deserialize, Serialize};

use crate::bounded::{Attributes, List, Text};
use crate::change::Change;
use crate::claims::Claims;
use crate::description::MAX_LABEL;
use crate::id::AskId;
use crate::line::Words;
use crate::path::{CollectionPath, ItemPath};

/// The most items of one [`Want::Access`]: what a program may unlock by one prompt. Their paths must fit into one packet
/// as well.
pub const MAX_ITEMS: usize = 512;

/// What the gate may say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Packet {
    /// Somebody asks for something. Descriptors: the sink; for [`Want::Sign`] also the payload and what proves it,
    /// for [`Want::Import`] the manifest.
    Ask(Box<Ask>),
    /// The desktop user takes an ask back.
    Cancel {
        /// Which.
        id: AskId,
    },
    /// How many asks wait, and is the store locked?
    Status {},
}

impl Words for Packet {
    const NAME: &'static str = "ask";
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Its id, made by the gate.
    pub id: AskId,
    /// What is wanted.
    pub want: Want,
    /// What the requester says about it. Shown as claims; decides nothing.
    #[serde(default)]
    pub claims: Claims,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Want {
    /// The secret of one item.
    Read {
        /// Which.
        item: ItemPath,
    },
    /// That reads of these items need no further keypress for a few seconds: a Secret Service prompt.
    Access {
        /// Which; at least one.
        items: List<ItemPath, MAX_ITEMS>,
    },
    /// The paths of the items that have these attributes.
    Search {
        /// Only in this collection, or in all.
        collection: Option<CollectionPath>,
        /// At least one: a search for nothing would be a list.
        attributes: Attributes,
    },
    /// The collections' names, labels and lock state.
    Collections {},
    /// That a secret be stored.
    Store {
        /// Where.
        collection: CollectionPath,
        /// Under which label.
        label: Text<MAX_LABEL>,
        /// With which attributes.
        attributes: Attributes,
        /// Instead of an item with the same attributes, if there is one.
        replace: bool,
        /// The secret's media type.
        content_type: Text<256>,
    },
    /// That the items of the manifest beside the ask be stored: [`crate::import::Manifest`].
    Import {
        /// Where.
        collection: CollectionPath,
        /// Instead of items with the same attributes and another secret, if there are any.
        replace: bool,
    },
    /// That an item be deleted.
    Delete {
        /// Which.
        item: ItemPath,
    },
    /// Labels and attributes of everything in a collection, or in all.
    List {
        /// Only this one, or all.
        collection: Option<CollectionPath>,
    },
    /// That an item get another secret.
    SetSecret {
        /// Which.
        item: ItemPath,
        /// The new secret's media type.
        content_type: Text<256>,
    },
    /// That something else than a secret be changed.
    Change {
        /// What, and into what.
        change: Change,
    },
    /// A signature of the payload beside the ask.
    Sign {
        /// The key as git names it: a fingerprint, an id, a user id; empty for the companion's default key.
        key: Text<512>,
        /// Whether the objects that prove a commit's files are beside the ask, behind the payload.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        objects: bool,
    },
    /// That gpg-agent forget its passphrases and the backend lock its collections, at once.
    Lock {},
    /// That both be open again; whatever passphrase that takes is typed on the approval screen.
    Unlock {},
}

impl Want {
    /// The kind of ask, as logs, signals and the screen name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Access { .. } => "access",
            Self::Search { .. } => "search",
            Self::Collections {} => "collections",
            Self::Store { .. } => "store",
            Self::Import { .. } => "import",
            Self::Delete { .. } => "delete",
            Self::List { .. } => "list",
            Self::SetSecret { .. } => "set",
            Self::Change { .. } => "change",
            Self::Sign { .. } => "sign",
            Self::Lock {} => "lock",
            Self::Unlock {} => "unlock",
        }
    }

    /// How many descriptors travel beside the ask: the sink, and a payload for a signature and what proves it, a manifest
    /// for an import.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        match self {
            Self::Sign { objects: true, .. } => 3,
            Self::Sign { .. } | Self::Import { .. } => 2,
            _ => 1,
        }
    }
}

/// What `sd-decide` may say back to the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// The ask that this connection brought is settled.
    Resolved {
        /// Which.
        id: AskId,
        /// How.
        how: Resolution,
    },
    /// The cancel that this connection brought was carried out, or there was no such ask.
    Cancelled {
        /// Whether such an ask was waiting.
        found: bool,
    },
    /// The answer to [`Packet::Status`].
    Status {
        /// How many asks wait for a key.
        pending: u32,
        /// Whether the store is locked. `None`: the worker could not say.
        locked: Option<bool>,
    },
}

impl Words for Note {
    const NAME: &'static str = "note to the gate";
}

/// How an ask ended, for signals and logs. Tells nothing that the requester does not learn by its sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Released, signed, stored, deleted, found, locked or unlocked.
    Granted,
    /// Approved by a prompt.
    Approved,
    /// A person said no.
    Denied,
    /// Nobody answered.
    Expired,
    /// The desktop user took it back.
    Cancelled,
    /// The requester went away.
    Withdrawn,
    /// It could not be done.
    Failed,
}

impl Resolution {
    /// The word for it, as on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
            Self::Failed => "failed",
        }
    }
}
