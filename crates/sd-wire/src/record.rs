//! `sd-decide` → `sd-audit`, and the notes back: one connection for as long as both live.
//!
//! Several packets may be under way: each is answered in order. What a [`Record`] tells is never a secret's value, and its
//! text is clipped: it says what was decided, and is not where anything is kept.
//!
//! The socket belongs to systemd, so its `SO_PEERCRED` says nothing of `sd-audit`: a note is believed by its own
//! `SCM_CREDENTIALS`, from the uid of [`crate::parties::Parties::audit`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ask::Resolution;
use crate::bounded::{List, Text};
use crate::claims::App;
use crate::digest::Digest;
use crate::fault::Fault;
use crate::id::AskId;
use crate::line::Words;
use crate::path::{CollectionPath, ItemPath};
use crate::print::Print;

/// The most items that a record names; how many more there were, it says.
pub const MAX_NAMED: usize = 24;
/// The most records that are told of the past.
pub const MAX_RECENT: u32 = 1000;
/// The most packets under way on one connection: whoever sends more than is answered waits at the socket.
pub const MAX_UNDER_WAY: usize = 256;

/// What `sd-decide` may say. No descriptors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Packet {
    /// Write this down. Answered by one [`Note::Written`] or [`Note::Unwritten`] with the same number.
    Record {
        /// The sender's number for it.
        n: u64,
        /// What is to be written.
        record: Box<Record>,
    },
    /// What was written last? Answered by at most so many [`Note::Past`], the oldest first, and one [`Note::End`].
    Recent {
        /// The most records, at most [`MAX_RECENT`].
        most: u32,
    },
}

impl Words for Packet {
    const NAME: &'static str = "record";
}

/// What `sd-audit` may say back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// It is on the disk.
    Written {
        /// The sender's number.
        n: u64,
        /// The line's number in the record.
        seq: u64,
    },
    /// It is not, and will not be.
    Unwritten {
        /// The sender's number.
        n: u64,
        /// Why.
        why: Unwritten,
    },
    /// One record of the past.
    Past {
        /// The line's number in the record.
        seq: u64,
        /// When it was written, in milliseconds since 1970.
        at: u64,
        /// What was written.
        record: Box<Record>,
    },
    /// That was all of the past that is told.
    End {},
}

impl Words for Note {
    const NAME: &'static str = "note of sd-audit";
}

/// Why a record could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unwritten {
    /// The disk is full, or the quota is.
    Full,
    /// Writing failed otherwise, or was not confirmed by the disk.
    Broken,
    /// What is on the disk is not what was written last: somebody changed the record.
    Changed,
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the disk of the audit record is full; make room below /var/log",
            Self::Broken => "the audit record cannot be written; see the log of sd-audit",
            Self::Changed => "the audit record was changed by somebody else; run `sd-audit verify` as root",
        })
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What happened.
    pub event: Event,
    /// The ask that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<AskId>,
    /// The kind of ask or of chore, such as `read`; empty for none.
    #[serde(default, skip_serializing_if = "str_is_empty")]
    pub kind: Text<16>,
    /// What decided it, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
    /// How it ended, when it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Resolution>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Fault>,
    /// Who asked, by the kernel's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<Attested>,
    /// Who asked, as it looked and by its own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Box<Claimed>>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<Box<Matter>>,
}

impl Record {
    /// A record of this, and nothing more yet.
    #[must_use]
    pub fn of(event: Event) -> Self {
        Self {
            event,
            ask: None,
            kind: Text::default(),
            how: None,
            ended: None,
            why: None,
            attested: None,
            claimed: None,
            what: None,
        }
    }
}

fn str_is_empty<const MAX: usize>(text: &Text<MAX>) -> bool {
    text.is_empty()
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// `sd-decide` has started.
    Started,
    /// It was decided that this be done: the order goes to the worker once this is written, and not before.
    Released,
    /// It was decided that a grant live: by `g`, or by a yes to a prompt. Without effect before this is written.
    Allowed,
    /// A grant, a mute or all of them were taken back, or ended.
    Revoked,
    /// An ask has ended: released before, or not at all.
    Ended,
    /// A passphrase was typed on the screen and is handed on.
    Entered,
    /// Something else that a person did on the screen, such as to mute a process: the record's kind says what.
    Changed,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Started,
        Self::Released,
        Self::Allowed,
        Self::Revoked,
        Self::Ended,
        Self::Entered,
        Self::Changed,
    ];

    /// The word for it, as on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Released => "released",
            Self::Allowed => "allowed",
            Self::Revoked => "revoked",
            Self::Ended => "ended",
            Self::Entered => "entered",
            Self::Changed => "changed",
        }
    }
}

/// What decided something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum How {
    /// A key: `y` or `n`.
    Key {},
    /// The code was copied.
    Code {},
    /// `g`: and a grant for so many seconds.
    KeyAndGrant {
        /// How long it lives.
        seconds: u64,
    },
    /// `m`: and a mute for so many seconds.
    KeyAndMute {
        /// How long it lasts.
        seconds: u64,
    },
    /// A grant that was given before.
    Grant {
        /// Its number on the screen.
        number: u64,
    },
    /// The code was wrong too often.
    WrongCode {},
    /// Its process was muted.
    Muted {},
    /// The same was denied a moment ago.
    Remembered {},
    /// Everything was denied.
    Everything {},
    /// A rule.
    Rule {
        /// Its name.
        name: Text<256>,
    },
    /// Time: nobody answered.
    Expiry {},
    /// Nobody had to: its kind needs no key.
    Free {},
    /// Nobody did: it ended before.
    Nobody {},
}

impl How {
    /// The word for it, as on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Key {} => "key",
            Self::Code {} => "code",
            Self::KeyAndGrant { .. } => "key_and_grant",
            Self::KeyAndMute { .. } => "key_and_mute",
            Self::Grant { .. } => "grant",
            Self::WrongCode {} => "wrong_code",
            Self::Muted {} => "muted",
            Self::Remembered {} => "remembered",
            Self::Everything {} => "everything",
            Self::Rule { .. } => "rule",
            Self::Expiry {} => "expiry",
            Self::Free {} => "free",
            Self::Nobody {} => "nobody",
        }
    }
}

/// The maker of a sink, by the kernel's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// Its process id.
    pub pid: i32,
    /// Its uid.
    pub uid: u32,
    /// Its gid.
    pub gid: u32,
    /// When it started, in clock ticks since boot; `None` when it was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// Whether the start time is certainly that process's, and not that of a later one with its number.
    pub pinned: bool,
    /// The process ids of its parents, nearest first.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub parents: List<i32, 8>,
}

/// What nobody has checked: a process's looks, and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claimed {
    /// What it looks like in a few words, as the screen shows it.
    #[serde(default, skip_serializing_if = "str_is_empty")]
    pub looks: Text<256>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Text<512>>,
    /// The application for which it says that it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// What it calls the thing it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Text<256>>,
    /// For a signature: the repository's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Text<512>>,
    /// For a signature: the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Text<128>>,
}

/// What something is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// In a few words, as the screen shows it.
    #[serde(default, skip_serializing_if = "str_is_empty")]
    pub words: Text<512>,
    /// The items, as the backend describes them.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub items: List<Item, MAX_NAMED>,
    /// How many more items there are than `items` names.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
    /// The collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionPath>,
    /// For a signature: what is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// An item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its path.
    pub path: ItemPath,
    /// Its label.
    pub label: Text<128>,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The key's fingerprint; `None` before it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Print>,
    /// What it is: `commit`, `tag`, `push certificate`, `data`.
    pub sort: Text<32>,
    /// The SHA-256 of the signed bytes: [`Digest::of_bytes`]. A commit's own id is known only after it is signed, as the
    /// signature is a part of it.
    pub payload: Digest,
    /// A commit's tree, a tag's object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Text<64>>,
    /// A commit's first parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Text<64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As long as its type allows, and as long as JSON can write that.
    fn worst<const MAX: usize>() -> Text<MAX> {
        Text::new("\u{1}".repeat(MAX)).unwrap()
    }

    #[test]
    fn the_longest_record_fits_into_a_packet_there_and_back() {
        let path = format!("/org/freedesktop/secrets/collection/{}/i", "c".repeat(473));
        let item = Item { path: ItemPath::parse(&path).unwrap(), label: worst() };
        let record = Record {
            event: Event::Released,
            ask: Some(AskId::from_random([7; 8])),
            kind: worst(),
            how: Some(How::Rule { name: worst() }),
            ended: Some(Resolution::Withdrawn),
            why: Some(Fault::Unrecorded),
            attested: Some(Attested {
                pid: i32::MAX,
                uid: u32::MAX,
                gid: u32::MAX,
                start: Some(u64::MAX),
                pinned: false,
                parents: List::new(vec![i32::MAX; 8]).unwrap(),
            }),
            claimed: Some(Box::new(Claimed {
                looks: worst(),
                arguments: Some(worst()),
                app: Some(App { pid: u32::MAX, start: u64::MAX, exe: Some(worst()) }),
                says: Some(worst()),
                repository: Some(worst()),
                branch: Some(worst()),
            })),
            what: Some(Box::new(Matter {
                words: worst(),
                items: List::new(vec![item; MAX_NAMED]).unwrap(),
                more: u32::MAX,
                collection: Some(CollectionPath::parse(path.trim_end_matches("/i")).unwrap()),
                signed: Some(Signed {
                    key: None,
                    sort: worst(),
                    payload: Digest::of_bytes(b""),
                    object: Some(worst()),
                    parent: Some(worst()),
                }),
            })),
        };
        let packet = Packet::Record { n: u64::MAX, record: Box::new(record.clone()) };
        assert_eq!(Packet::from_line(&packet.to_line().unwrap()).unwrap(), packet);
        let past = Note::Past { seq: u64::MAX, at: u64::MAX, record: Box::new(record) };
        assert!(
            past.to_line().unwrap().len() < crate::line::MAX_LINE - 2048,
            "the record's own line is longer yet"
        );
    }

    #[test]
    fn an_event_and_a_how_are_called_as_they_are_written() {
        for event in Event::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
        }
        for how in [How::Key {}, How::KeyAndGrant { seconds: 1 }, How::Rule { name: Text::default() }] {
            assert!(serde_json::to_value(&how).unwrap().get(how.as_str()).is_some(), "{how:?}");
        }
    }
}
