//! The files that a commit changes: gathered on one side, proved on the other.

use std::borrow::Cow;
use std::collections::HashSet;

use gix_hash::{Kind as Hash, ObjectId, oid};
use gix_object::Kind;

use crate::bundle::{Bundle, Writer};
use crate::change::Change;
use crate::commit::{Leads, leads};
use crate::gap::Gap;
use crate::objects::Objects;
use crate::{rename, walk};

/// The most parents that are compared.
const MOST_PARENTS: usize = 64;

/// A commit's changes against one of its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The parent, or `None` for a first commit, which adds all that it has.
    pub parent: Option<ObjectId>,
    /// In the order of their paths' bytes.
    pub changes: Vec<Change>,
}

/// What a commit changes against each of its parents, or why that is not proved.
pub type Changes = Result<Vec<Against>, Gap>;

/// Proves from a commit's bytes and the objects that somebody sent what it changes against each of its parents.
/// `None` when the bytes are no commit.
///
/// # Errors
/// The first [`Gap`]: then nothing is proved.
#[must_use]
pub fn check(commit: &[u8], untrusted: &[u8]) -> Option<Changes> {
    let commit = read(commit)?;
    Some(
        Bundle::read(untrusted, commit.tree.kind())
            .and_then(|mut bundle| against_parents(&mut bundle, &commit)),
    )
}

/// Gathers the objects that [`check`] needs for this commit, as a [`Bundle`]. `None` when the bytes are no commit.
///
/// # Errors
/// A [`Gap`] when `objects` lacks something, or when it is more than is proved.
#[must_use]
pub fn collect(commit: &[u8], objects: &mut impl Objects) -> Option<Result<Vec<u8>, Gap>> {
    let commit = read(commit)?;
    let mut gathering = Gathering { objects, writer: Writer::default(), had: HashSet::new() };
    Some(against_parents(&mut gathering, &commit).map(|_| gathering.writer.into_bytes()))
}

fn read(commit: &[u8]) -> Option<Leads> {
    [Hash::Sha1, Hash::Sha256].into_iter().find_map(|hash| leads(commit, hash))
}

fn against_parents(objects: &mut impl Objects, commit: &Leads) -> Changes {
    if commit.parents.is_empty() {
        return Ok(vec![Against { parent: None, changes: changes(objects, None, commit.tree)? }]);
    }
    if commit.parents.len() > MOST_PARENTS {
        return Err(Gap::TooMuch { what: "parents", most: MOST_PARENTS });
    }
    let hash = commit.tree.kind();
    commit
        .parents
        .iter()
        .map(|id| {
            let bytes = objects.object(Kind::Commit, id)?;
            let malformed = Gap::Malformed { kind: Kind::Commit, id: *id, why: "is no commit" };
            let tree = leads(&bytes, hash).ok_or(malformed)?.tree;
            Ok(Against { parent: Some(*id), changes: changes(objects, Some(tree), commit.tree)? })
        })
        .collect()
}

fn changes(objects: &mut impl Objects, old: Option<ObjectId>, new: ObjectId) -> Result<Vec<Change>, Gap> {
    walk::differences(objects, old, new).map(rename::find)
}

/// Objects on their way through, written down as they pass.
struct Gathering<'a, O> {
    objects: &'a mut O,
    writer: Writer,
    had: HashSet<ObjectId>,
}

impl<O: Objects> Objects for Gathering<'_, O> {
    fn object(&mut self, kind: Kind, id: &oid) -> Result<Cow<'_, [u8]>, Gap> {
        let bytes = self.objects.object(kind, id)?;
        if self.had.insert(id.to_owned()) {
            self.writer.add(kind, &bytes)?;
        }
        Ok(bytes)
    }
}
