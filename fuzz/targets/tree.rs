//! Two trees of one commit and its parent, as somebody may send them.
#![no_main]

use gix_hash::Kind as Hash;
use gix_object::{Kind, compute_hash};
use libfuzzer_sys::fuzz_target;
use sd_git::bundle::Writer;
use sd_git::proof;

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let (old, new) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    let id = |kind, bytes| compute_hash(Hash::Sha1, kind, bytes).unwrap();
    let person = "A <a@example.org> 1 +0000";
    let people = format!("author {person}\ncommitter {person}\n\nm\n");
    let parent = format!("tree {}\n{people}", id(Kind::Tree, old));
    let commit = format!("tree {}\nparent {}\n{people}", id(Kind::Tree, new), id(Kind::Commit, parent.as_bytes()));
    let mut writer = Writer::default();
    writer.add(Kind::Commit, parent.as_bytes()).unwrap();
    writer.add(Kind::Tree, old).unwrap();
    writer.add(Kind::Tree, new).unwrap();
    let proved = proof::check(commit.as_bytes(), &writer.into_bytes()).unwrap();
    if let Ok(all) = proved {
        // A proof leaves nothing out: where nothing changed the trees are the same.
        assert_eq!(all[0].changes.is_empty(), old == new || same_files(old, new), "{old:?} {new:?}");
    }
});

/// Whether two trees that differ in their bytes differ only in how a mode is written, or in empty folders.
fn same_files(old: &[u8], new: &[u8]) -> bool {
    let files = |tree: &[u8]| {
        let entries = gix_object::TreeRefIter::from_bytes(tree, Hash::Sha1).map(|entry| entry.unwrap());
        let kept = entries.filter(|entry| !(entry.mode.is_tree() && entry.oid == Hash::Sha1.empty_tree()));
        let canonical = |mode: u16| if mode & 0o170_000 == 0o100_000 { 0o100_000 | (mode & 0o100) } else { mode & 0o170_000 };
        kept.map(|entry| (canonical(entry.mode.value()), entry.filename.to_vec(), entry.oid.to_owned())).collect::<Vec<_>>()
    };
    files(old) == files(new)
}
