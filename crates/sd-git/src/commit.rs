//! The tree and the parents that a commit names. How a person reads a commit stands in [`crate::signed`].

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::CommitRef;

/// What the bytes of a commit lead to.
pub(crate) struct Leads {
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
}

/// `None` when the bytes are no commit of this kind of hash.
pub(crate) fn leads(untrusted: &[u8], hash: Hash) -> Option<Leads> {
    let commit = CommitRef::from_bytes(untrusted, hash).ok()?;
    Some(Leads { tree: commit.tree(), parents: commit.parents().collect() })
}
