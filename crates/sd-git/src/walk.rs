//! Which files differ between two trees.

use std::cmp::Ordering;

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::Kind;
use gix_object::bstr::{BStr, BString};

use crate::change::{Change, File, What};
use crate::gap::Gap;
use crate::objects::Objects;
use crate::tree::{self, Entry, To};

/// The most files in one list.
pub(crate) const MOST_FILES: usize = 50_000;
/// The most trees that are opened: a few small ones can be nested into endless many.
const MOST_TREES: usize = 200_000;
/// The deepest folder. git's own limit (core.maxTreeDepth) is 2048, on a larger stack.
const DEEPEST: usize = 256;

/// The files that differ, in the order of their paths' bytes. `None` for the old tree is that of a first commit.
pub(crate) fn differences(
    objects: &mut impl Objects,
    old: Option<ObjectId>,
    new: ObjectId,
) -> Result<Vec<Change>, Gap> {
    let mut walk = Walk { objects, hash: new.kind(), found: Vec::new(), trees: 0 };
    if old != Some(new) {
        walk.trees(BStr::new(b""), 0, old, Some(new))?;
    }
    Ok(walk.found)
}

struct Walk<'a, O> {
    objects: &'a mut O,
    hash: Hash,
    found: Vec<Change>,
    trees: usize,
}

impl<O: Objects> Walk<'_, O> {
    /// Two trees at one path, of which one may not be there.
    fn trees(
        &mut self,
        folder: &BStr,
        depth: usize,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
    ) -> Result<(), Gap> {
        if depth > DEEPEST {
            return Err(Gap::TooMuch { what: "folders inside of each other", most: DEEPEST });
        }
        let (old, new) = (self.open(old)?, self.open(new)?);
        let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.order(new),
            };
            let (was, is) = match order {
                Ordering::Less => (old.next(), None),
                Ordering::Greater => (None, new.next()),
                Ordering::Equal => (old.next(), new.next()),
            };
            self.entries(folder, depth, was, is)?;
        }
    }

    /// Two entries of one name and of one sort, either both trees or both none.
    fn entries(
        &mut self,
        folder: &BStr,
        depth: usize,
        old: Option<Entry>,
        new: Option<Entry>,
    ) -> Result<(), Gap> {
        let Some(name) = old.as_ref().or(new.as_ref()).map(|entry| entry.name.as_ref()) else {
            return Ok(());
        };
        let path = within(folder, name);
        let (old, new) = (old.map(|entry| entry.leads_to), new.map(|entry| entry.leads_to));
        if old == new {
            return Ok(());
        }
        let tree = |to: Option<To>| match to {
            Some(To::Tree(id)) => Some(id),
            _ => None,
        };
        let file = |to: Option<To>| match to {
            Some(To::File(file)) => Some(file),
            _ => None,
        };
        if tree(old).is_some() || tree(new).is_some() {
            return self.trees(path.as_ref(), depth.saturating_add(1), tree(old), tree(new));
        }
        if let Some(what) = what(file(old), file(new)) {
            if self.found.len() >= MOST_FILES {
                return Err(Gap::TooMuch { what: "changed files", most: MOST_FILES });
            }
            self.found.push(Change { path, what });
        }
        Ok(())
    }

    fn open(&mut self, id: Option<ObjectId>) -> Result<Vec<Entry>, Gap> {
        let Some(id) = id else { return Ok(Vec::new()) };
        self.trees = self.trees.saturating_add(1);
        if self.trees > MOST_TREES {
            return Err(Gap::TooMuch { what: "folders", most: MOST_TREES });
        }
        // The empty tree is one whether or not a repository has it.
        if id == self.hash.empty_tree() {
            return Ok(Vec::new());
        }
        let bytes = self.objects.object(Kind::Tree, &id)?;
        tree::read(&bytes, self.hash).map_err(|why| Gap::Malformed { kind: Kind::Tree, id, why })
    }
}

fn what(old: Option<File>, new: Option<File>) -> Option<What> {
    match (old, new) {
        (None, None) => None,
        (None, Some(new)) => Some(What::Added(new)),
        (Some(old), None) => Some(What::Deleted(old)),
        (Some(old), Some(new)) if old.mode.is_another_type(new.mode) => Some(What::Retyped(old, new)),
        (Some(old), Some(new)) => Some(What::Modified(old, new)),
    }
}

fn within(folder: &BStr, name: &BStr) -> BString {
    let mut path = BString::from(folder.to_vec());
    if !folder.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
