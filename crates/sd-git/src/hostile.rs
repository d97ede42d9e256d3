//! What the fuzzer feeds, and a test with any compiler: signed bytes, and objects that somebody sends beside them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use gix_hash::Kind as Hash;
use gix_object::{Kind, TreeRefIter, compute_hash};

use crate::bundle::Writer;
use crate::proof;
use crate::signed::Signed;

/// A commit, and behind a line `--` whatever somebody sends as its objects.
pub fn commit(bytes: &[u8]) {
    let cut = bytes.windows(4).position(|four| four == b"\n--\n").unwrap_or(bytes.len());
    let (commit, objects) = bytes.split_at(cut);
    let objects = objects.get(4..).unwrap_or_default();
    let signed = Signed::read(commit);
    if let Some(Ok(all)) = proof::check(commit, objects) {
        // Nothing is proved of what is not shown as a commit, and each parent has its list.
        assert!(!all.is_empty());
        let first = all.len() == 1 && all[0].parent.is_none();
        assert_eq!(all.iter().filter(|against| against.parent.is_none()).count(), usize::from(first));
    }
    // All of it stands on the screen, or stands there as unknown data.
    assert!(signed.is_unknown() || signed.what.starts_with("git "));
}

/// An annotated tag.
pub fn tag(bytes: &[u8]) {
    let signed = Signed::read(bytes);
    assert_eq!(signed.is_unknown(), signed.what.starts_with("unknown data"));
}

/// A push certificate.
pub fn certificate(bytes: &[u8]) {
    let signed = Signed::read(bytes);
    if signed.what == "git push certificate" {
        let updates = bytes.split(|byte| *byte == b'\n').skip_while(|line| !line.is_empty()).skip(1);
        // Each line of its body is a line on the screen.
        assert_eq!(signed.text.len(), updates.filter(|line| !line.is_empty()).count());
    }
}

/// Two trees of one commit and its parent, as somebody may send them.
pub fn tree(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let (old, new) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    let id = |kind, bytes| compute_hash(Hash::Sha1, kind, bytes).unwrap();
    let person = "A <a@example.org> 1 +0000";
    let people = format!("author {person}\ncommitter {person}\n\nm\n");
    let parent = format!("tree {}\n{people}", id(Kind::Tree, old));
    let commit =
        format!("tree {}\nparent {}\n{people}", id(Kind::Tree, new), id(Kind::Commit, parent.as_bytes()));
    let mut writer = Writer::default();
    writer.add(Kind::Commit, parent.as_bytes()).unwrap();
    writer.add(Kind::Tree, old).unwrap();
    writer.add(Kind::Tree, new).unwrap();
    let proved = proof::check(commit.as_bytes(), &writer.into_bytes()).unwrap();
    if let Ok(all) = proved {
        // A proof leaves nothing out: where nothing changed the trees are the same.
        assert_eq!(all[0].changes.is_empty(), old == new || same_files(old, new), "{old:?} {new:?}");
    }
}

/// Whether two trees that differ in their bytes differ only in how a mode is written, or in empty folders.
fn same_files(old: &[u8], new: &[u8]) -> bool {
    let files = |tree: &[u8]| {
        let entries = TreeRefIter::from_bytes(tree, Hash::Sha1).map(|entry| entry.unwrap());
        let kept = entries.filter(|entry| !(entry.mode.is_tree() && entry.oid == Hash::Sha1.empty_tree()));
        let canonical = |mode: u16| {
            if mode & 0o170_000 == 0o100_000 { 0o100_000 | (mode & 0o100) } else { mode & 0o170_000 }
        };
        kept.map(|entry| (canonical(entry.mode.value()), entry.filename.to_vec(), entry.oid.to_owned()))
            .collect::<Vec<_>>()
    };
    files(old) == files(new)
}

#[cfg(test)]
mod tests {
    use sd_twin::feed;

    #[test]
    fn whatever_is_signed_as_a_commit_is_shown_or_is_unknown_data() {
        feed("commit", super::commit);
    }

    #[test]
    fn whatever_is_signed_as_a_tag_is_shown_or_is_unknown_data() {
        feed("tag", super::tag);
    }

    #[test]
    fn each_line_of_a_push_certificate_is_a_line_on_the_screen() {
        feed("certificate", super::certificate);
    }

    #[test]
    fn no_trees_prove_less_than_they_change() {
        feed("tree", super::tree);
    }
}
