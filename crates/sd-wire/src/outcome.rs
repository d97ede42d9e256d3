//! Into the sink, to the requester: how its request ended.
//!
//! A requester reads lines from its end of the sink until one of them [ends](Outcome::ends) the request. A sink
//! that closes before that means *failed*: every crash fails closed without any code for it. It believes a line only
//! from the uid of the [role](What::role) that may say so.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bounded::{Attributes, Text};
use crate::description::{Description, MAX_LABEL};
use crate::fault::{Fault, Stage};
use crate::id::AskId;
use crate::import::Fate;
use crate::line::{Malformed, Words};
use crate::metadata::Metadata;
use crate::parties::Role;
use crate::path::{CollectionPath, ItemPath};

/// The most items that a search describes: what one client looks at, and described well within a call's time.
pub const MAX_DESCRIBED: usize = 64;
/// The most bytes that may follow a line: a signature, a list of paths or of descriptions. 10,000 items of 800 bytes
/// fit.
pub const MAX_BODY: u32 = 8 * 1024 * 1024;
/// The most bytes of descriptions that follow an approval: what a sink takes at once, so that nobody waits.
pub const MAX_SHOWN: u32 = 96 * 1024;
/// The most bytes of one secret.
pub const MAX_SECRET: u32 = 1024 * 1024;
/// The bytes that follow a line come in packets of at most this many bytes.
pub const BODY_PACKET: usize = 32 * 1024;

/// A line in the sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The ask that it belongs to.
    pub id: AskId,
    /// What is said.
    pub what: What,
}

impl Words for Outcome {
    const NAME: &'static str = "outcome";
}

impl Outcome {
    /// The line that says this of an ask.
    ///
    /// # Errors
    /// [`Malformed::TooLong`], for which every other outcome is too short.
    pub fn line(id: &AskId, what: What) -> Result<Vec<u8>, Malformed> {
        Self { id: id.clone(), what }.to_line()
    }
}

/// What may be said in a sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Done; what it yields follows. Only from the companion.
    Granted(Granted),
    /// For a store, before anything is settled: send the secret into the one descriptor beside this line. Only from
    /// the companion.
    Invited {},
    /// What became of one item of an import, at once. Only from the companion.
    Settled {
        /// Which item of the manifest, the first being 0.
        n: u32,
        /// What became of it.
        fate: Fate,
    },
    /// A person said yes to a prompt: for `seconds` the reads it covers need no further keypress. The descriptions
    /// that the person saw follow: `len` bytes, a [`Listed`] as JSON. Only from `sd-decide`.
    Approved {
        /// How long the grant lives, in seconds.
        seconds: u32,
        /// Length in bytes, at most [`MAX_SHOWN`]; 0 when it would be more.
        len: u32,
    },
    /// Passphrases are forgotten and the store is locked. Only from `sd-decide`, which has it from both workers.
    Locked {},
    /// Store and key are open again. Only from `sd-decide`, which has it from both workers.
    Unlocked {},
    /// A person said no: just now, to the same a moment ago, to this process, or to everything. Only from `sd-decide`.
    Denied {},
    /// Nobody answered in time. Only from `sd-decide`.
    Expired {},
    /// The desktop user withdrew it. Only from `sd-decide`.
    Cancelled {},
    /// The gate did not let it in. Only from `sd-gate`.
    Rejected {
        /// Why.
        why: Fault,
    },
    /// It could not be done. From `sd-decide` or a worker, each for its own stage.
    Failed {
        /// Where it failed.
        stage: Stage,
        /// Why.
        why: Fault,
    },
}

/// What a granted request yields. Bytes announced by `len` follow the line as raw packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Granted {
    /// A secret of `len` bytes.
    Secret {
        /// Its length in bytes, at most [`MAX_SECRET`].
        len: u32,
        /// Its media type, such as `text/plain`.
        content_type: Text<256>,
    },
    /// The paths that matched a search: `len` bytes, a [`Found`] as JSON.
    Found {
        /// Length in bytes, at most [`MAX_BODY`].
        len: u32,
    },
    /// The collections: `len` bytes, a [`Collections`] as JSON.
    Collections {
        /// Length in bytes, at most [`MAX_BODY`].
        len: u32,
    },
    /// The secret was stored under this path.
    Stored {
        /// The item made or replaced.
        item: ItemPath,
    },
    /// Every item of the import was settled, and said so before.
    Imported {},
    /// The item was deleted.
    Deleted {},
    /// Labels and attributes: `len` bytes, a [`Listed`] as JSON.
    Listed {
        /// Length in bytes, at most [`MAX_BODY`].
        len: u32,
    },
    /// The change was made; a new collection is at this path.
    Changed {
        /// The collection that was made, if one was.
        collection: Option<CollectionPath>,
    },
    /// An armoured detached signature of `len` bytes.
    Signature {
        /// Its length in bytes.
        len: u32,
        /// The lines that gpg's `--status-fd` would have shown, without `[GNUPG:] ` before them.
        status: Text<4096>,
    },
}

/// The requester's answer to [`What::Invited`], into the socket that came with it: how many raw bytes follow. Without
/// it a requester that dies half way would leave half a secret behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The secret's length in bytes, at most [`MAX_SECRET`]; for an import that of all of them, at most
    /// [`crate::import::MAX_SECRETS`].
    pub len: u32,
}

impl Words for Upload {
    const NAME: &'static str = "upload";
}

/// The items that match a search: as paths only (promise 2: nothing that the searcher did not already know), unless
/// the setting is [`Metadata::Open`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Items that the backend holds unlocked.
    pub unlocked: Vec<ItemPath>,
    /// Items that the backend holds locked.
    pub locked: Vec<ItemPath>,
    /// Labels and attributes of the first [`MAX_DESCRIBED`] of them, where the setting is [`Metadata::Open`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub described: Vec<Description>,
    /// The names of their accounts, for searchers that cannot do without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
}

/// What the searcher is told of an item beside what it has searched by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The item.
    pub item: ItemPath,
    /// Its label, where that names the account's server; else empty.
    #[serde(default)]
    pub label: Text<MAX_LABEL>,
    /// Those of its attributes that say whose account it is for.
    pub attributes: Attributes,
}

/// Items with labels and attributes, which a person allowed to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Every item.
    pub items: Vec<Description>,
}

/// The collections' names, labels and lock state (promise 2), and what the aliases point to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collections {
    /// Every collection.
    pub collections: Vec<Collection>,
    /// Where the alias `default` points.
    pub default: Option<CollectionPath>,
    /// What is told of items without a key.
    #[serde(default)]
    pub metadata: Metadata,
}

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Its object path.
    pub path: CollectionPath,
    /// Its label.
    pub label: String,
    /// Whether it is locked at the backend.
    pub locked: bool,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// When it was last changed, in seconds since 1970.
    pub modified: u64,
}

impl What {
    /// Whether this ends the request. All but an invitation and what became of one item of many do.
    #[must_use]
    pub fn ends(&self) -> bool {
        !matches!(self, Self::Invited {} | Self::Settled { .. })
    }

    /// The only role whose uid may write this line into a sink.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Granted(_) | Self::Invited {} | Self::Settled { .. } => Role::Companion,
            Self::Approved { .. }
            | Self::Locked {}
            | Self::Unlocked {}
            | Self::Denied {}
            | Self::Expired {}
            | Self::Cancelled {} => Role::Decide,
            Self::Rejected { .. } => Role::Gate,
            Self::Failed { stage, .. } => match stage {
                Stage::Gate => Role::Gate,
                Stage::Decide => Role::Decide,
                Stage::Fetch | Stage::Sign => Role::Companion,
            },
        }
    }

    /// How many bytes follow the line.
    #[must_use]
    pub fn body_len(&self) -> u32 {
        match self {
            Self::Granted(
                Granted::Secret { len, .. }
                | Granted::Found { len }
                | Granted::Collections { len }
                | Granted::Listed { len }
                | Granted::Signature { len, .. },
            )
            | Self::Approved { len, .. } => *len,
            _ => 0,
        }
    }
}

/// The outcome as a sentence for a person, lower case and without a full stop.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(_) => f.write_str("granted"),
            Self::Invited {} => f.write_str("approved, waiting for the secret to be stored"),
            Self::Settled { n, .. } => write!(f, "item {n} is settled"),
            Self::Approved { seconds, .. } => write!(f, "approved for {seconds} seconds"),
            Self::Locked {} => f.write_str("locked"),
            Self::Unlocked {} => f.write_str("unlocked"),
            Self::Denied {} => f.write_str("denied on the approval screen"),
            Self::Expired {} => {
                f.write_str("nobody answered on the approval screen in time; look there and try again")
            }
            Self::Cancelled {} => f.write_str("cancelled from the desktop"),
            Self::Rejected { why } => write!(f, "rejected by sd-gate: {why}"),
            Self::Failed { stage, why } => write!(f, "failed at {stage}: {why}"),
        }
    }
}
