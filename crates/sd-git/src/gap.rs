//! Why a list of changed files is not proved.

use std::fmt;

use gix_hash::ObjectId;
use gix_object::Kind;

/// What is missing or wrong. None of it makes a list shorter: with a gap there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The caller sent no objects at all.
    Nothing,
    /// An object on the way to the changed files was not sent, or what was sent in its place has another hash.
    Missing {
        /// Commit or tree.
        kind: Kind,
        /// The hash that the signed bytes lead to.
        id: ObjectId,
    },
    /// The object has the right hash, and git would not write it so.
    Malformed {
        /// Commit or tree.
        kind: Kind,
        /// Its hash.
        id: ObjectId,
        /// What is wrong with it, as `names a file twice`.
        why: &'static str,
    },
    /// An object was made to have the same SHA-1 as another: somebody attacks.
    Collision,
    /// What was sent is not a list of objects.
    NotABundle(&'static str),
    /// More than is proved: `most` of `what`.
    TooMuch {
        /// Of what, in the plural: `changed files`.
        what: &'static str,
        /// How many are proved at most.
        most: usize,
    },
    /// The objects could not be had. Only on the side that gathers them.
    Unreadable(String),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("the caller sent no objects of the repository"),
            Self::Missing { kind, id } => write!(f, "the caller left out {kind} {}", id.to_hex_with_len(12)),
            Self::Malformed { kind, id, why } => write!(f, "{kind} {} {why}", id.to_hex_with_len(12)),
            Self::Collision => f.write_str("an object was forged to have the SHA-1 of another one"),
            Self::NotABundle(why) => write!(f, "what the caller sent is no list of objects: {why}"),
            Self::TooMuch { what, most } => write!(f, "more than {most} {what}"),
            Self::Unreadable(why) => write!(f, "git gave no objects: {why}"),
        }
    }
}

impl std::error::Error for Gap {}
