//! A tree as git writes it, and as nothing else.
//!
//! The walk of two trees side by side relies on their order, so a tree that is out of order, or names something twice,
//! could hide a file. git's own `fsck` finds the same faults.

use std::collections::HashSet;

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::bstr::{BStr, BString};
use gix_object::tree::name_order;
use gix_object::{TreeRefIter, tree};

use crate::change::{File, Mode};

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: BString,
    pub(crate) leads_to: To,
}

/// What an entry leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Tree(ObjectId),
    File(File),
}

impl Entry {
    pub(crate) fn is_tree(&self) -> bool {
        matches!(self.leads_to, To::Tree(_))
    }

    /// In the order of trees: where two of the same name are a file and a tree, the file is first.
    pub(crate) fn order(&self, other: &Self) -> std::cmp::Ordering {
        name_order(&self.name, self.is_tree(), &other.name, other.is_tree())
    }
}

/// Reads all of it, or says what is wrong.
pub(crate) fn read(untrusted: &[u8], hash: Hash) -> Result<Vec<Entry>, &'static str> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut names = HashSet::new();
    for entry in TreeRefIter::from_bytes(untrusted, hash) {
        let entry = entry.map_err(|_| "is no tree")?;
        if !is_name(entry.filename) {
            return Err("has an entry with an impossible name");
        }
        if !names.insert(entry.filename) {
            return Err("names an entry twice");
        }
        let entry = Entry {
            name: entry.filename.to_owned(),
            leads_to: to(entry.mode, entry.oid.to_owned()).ok_or("has an entry of no known mode")?,
        };
        if entries.last().is_some_and(|last| last.order(&entry).is_ge()) {
            return Err("is not in git's order");
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn is_name(untrusted: &BStr) -> bool {
    !untrusted.is_empty() && !untrusted.contains(&b'/')
}

/// As git reads modes (`canon_mode`), but nothing is a submodule only because it is nothing else.
fn to(mode: tree::EntryMode, id: ObjectId) -> Option<To> {
    let value = mode.value();
    let file = |mode| Some(To::File(File { mode, id }));
    match value & 0o170_000 {
        0o040_000 => Some(To::Tree(id)),
        0o100_000 if value & 0o100 != 0 => file(Mode::Executable),
        0o100_000 => file(Mode::Plain),
        0o120_000 => file(Mode::Link),
        0o160_000 => file(Mode::Submodule),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (mode, name) in entries {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend_from_slice(&[7; 20]);
        }
        bytes
    }

    fn of(entries: &[(&str, &str)]) -> Result<Vec<Entry>, &'static str> {
        read(&tree(entries), Hash::Sha1)
    }

    #[test]
    fn every_kind_of_entry_is_read() {
        let entries = of(&[
            ("100644", "a"),
            ("100755", "b"),
            ("120000", "c"),
            ("160000", "d"),
            ("40000", "e"),
            ("100664", "f"),
        ]);
        let id = ObjectId::from([7; 20]);
        let file = |mode| To::File(File { mode, id });
        let to: Vec<To> = entries.unwrap().iter().map(|entry| entry.leads_to).collect();
        let expected = [
            file(Mode::Plain),
            file(Mode::Executable),
            file(Mode::Link),
            file(Mode::Submodule),
            To::Tree(id),
            file(Mode::Plain),
        ];
        assert_eq!(to, expected);
        assert_eq!(of(&[]).unwrap(), []);
    }

    #[test]
    fn a_tree_is_sorted_as_if_a_slash_ended_the_names_of_trees() {
        assert!(of(&[("100644", "a.b"), ("40000", "a"), ("100644", "a0")]).is_ok());
        assert_eq!(of(&[("40000", "a"), ("100644", "a.b")]), Err("is not in git's order"));
        assert_eq!(of(&[("100644", "b"), ("100644", "a")]), Err("is not in git's order"));
    }

    #[test]
    fn what_could_hide_a_file_is_refused() {
        assert_eq!(of(&[("100644", "a"), ("100644", "a")]), Err("names an entry twice"));
        assert_eq!(of(&[("100644", "a"), ("100644", "a.b"), ("40000", "a")]), Err("names an entry twice"));
        assert_eq!(of(&[("100644", "a/b")]), Err("has an entry with an impossible name"));
        assert_eq!(of(&[("100644", "")]), Err("has an entry with an impossible name"));
        assert_eq!(of(&[("10644", "a")]), Err("has an entry of no known mode"));
        assert_eq!(of(&[("0", "a")]), Err("has an entry of no known mode"));
        assert_eq!(of(&[("170000", "a")]), Err("has an entry of no known mode"));
        assert_eq!(of(&[("1006x4", "a")]), Err("is no tree"));
    }

    #[test]
    fn a_tree_that_is_cut_off_is_none() {
        let whole = tree(&[("100644", "a"), ("40000", "b")]);
        for cut in 1..whole.len() {
            assert_eq!(read(&whole[..cut], Hash::Sha1).is_ok(), cut == 29, "{cut}");
        }
    }
}
