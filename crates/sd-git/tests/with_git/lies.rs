//! A caller that lies about the objects: nothing is proved then, and no list is shorter than it should be.

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::{Kind, compute_hash};
use sd_git::bundle::Writer;
use sd_git::gap::Gap;
use sd_git::proof;

use crate::repository::{FORMATS, Repository, Stream};

/// The objects of a bundle, taken apart.
fn objects(bundle: &[u8]) -> Vec<(Kind, Vec<u8>)> {
    let mut rest = bundle.strip_prefix(b"sd-objects 1\n").unwrap();
    let mut found = Vec::new();
    while let Some((letter, more)) = rest.split_first() {
        let kind = if *letter == b'c' { Kind::Commit } else { Kind::Tree };
        let (len, more) = more.split_first_chunk::<4>().unwrap();
        let (bytes, more) = more.split_at(usize::try_from(u32::from_be_bytes(*len)).unwrap());
        found.push((kind, bytes.to_vec()));
        rest = more;
    }
    found
}

fn bundle(objects: &[(Kind, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::default();
    for (kind, bytes) in objects {
        writer.add(*kind, bytes).unwrap();
    }
    writer.into_bytes()
}

fn repository(format: &str) -> Repository {
    let repository = Repository::new(format);
    let mut stream = Stream::default();
    stream
        .commit("old", &[])
        .file("100644", b"a/b/c", b"1")
        .file("100644", b"d/e", b"2")
        .file("100644", b"f", b"3");
    stream.commit("new", &["old"]).file("100644", b"a/b/c", b"4").delete(b"d").file("100644", b"g/h", b"5");
    repository.import(stream.bytes());
    repository
}

#[test]
fn whichever_object_is_left_out_is_named_and_nothing_is_proved() {
    for format in FORMATS {
        let repository = repository(format);
        let (commit, all) = (repository.commit("new"), objects(&repository.gathered("new")));
        assert!(all.len() >= 8, "{}", all.len());
        for left_out in 0..all.len() {
            let mut some = all.clone();
            let (kind, bytes) = some.remove(left_out);
            let hash = if format == "sha1" { Hash::Sha1 } else { Hash::Sha256 };
            let id = compute_hash(hash, kind, &bytes).unwrap();
            assert_eq!(proof::check(&commit, &bundle(&some)).unwrap(), Err(Gap::Missing { kind, id }));
        }
    }
}

#[test]
fn whichever_object_is_another_nothing_is_proved() {
    for format in FORMATS {
        let repository = repository(format);
        let (commit, all) = (repository.commit("new"), objects(&repository.gathered("new")));
        for changed in 0..all.len() {
            for place in [0, all[changed].1.len() / 2, all[changed].1.len() - 1] {
                let mut some = all.clone();
                some[changed].1[place] ^= 1;
                let proved = proof::check(&commit, &bundle(&some)).unwrap();
                assert!(matches!(proved, Err(Gap::Missing { .. })), "{proved:?}");
            }
        }
    }
}

#[test]
fn objects_of_another_commit_prove_nothing_and_more_than_is_needed_changes_nothing() {
    for format in FORMATS {
        let repository = repository(format);
        let commit = repository.commit("new");
        assert!(proof::check(&commit, &repository.gathered("old")).unwrap().is_err());
        let mut all = objects(&repository.gathered("old"));
        all.extend(objects(&repository.gathered("new")));
        all.reverse();
        let proved = proof::check(&commit, &bundle(&all)).unwrap().unwrap();
        assert_eq!(proved, repository.agrees_on("new"));
    }
}

#[test]
fn no_objects_and_garbage_are_told_apart() {
    let repository = repository("sha1");
    let commit = repository.commit("new");
    assert_eq!(proof::check(&commit, b"").unwrap(), Err(Gap::Nothing));
    assert!(matches!(proof::check(&commit, b"garbage").unwrap(), Err(Gap::NotABundle(_))));
    assert!(proof::check(b"no commit", b"").is_none());
}

/// A commit of which each tree was made up.
fn made_up(trees: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let all: Vec<_> = trees.iter().map(|tree| (Kind::Tree, tree.clone())).collect();
    let id = compute_hash(Hash::Sha1, Kind::Tree, trees.last().unwrap()).unwrap();
    let person = "A <a@example.org> 1 +0000";
    (format!("tree {id}\nauthor {person}\ncommitter {person}\n\nm\n").into_bytes(), bundle(&all))
}

fn entry(mode: &str, name: &str, id: ObjectId) -> Vec<u8> {
    [format!("{mode} {name}\0").as_bytes(), id.as_slice()].concat()
}

fn tree_id(tree: &[u8]) -> ObjectId {
    compute_hash(Hash::Sha1, Kind::Tree, tree).unwrap()
}

#[test]
fn a_tree_that_git_would_not_write_is_malformed() {
    let id = tree_id(b"");
    let tree = [entry("100644", "b", id), entry("100644", "a", id)].concat();
    let (commit, objects) = made_up(std::slice::from_ref(&tree));
    let malformed = Gap::Malformed { kind: Kind::Tree, id: tree_id(&tree), why: "is not in git's order" };
    assert_eq!(proof::check(&commit, &objects).unwrap(), Err(malformed));
}

#[test]
fn few_trees_that_unfold_into_endless_many_are_given_up() {
    // Each holds the one before ten times: ten to the twelfth folders in as many objects as that.
    for leaf in [entry("100644", "file", tree_id(b"")), entry("40000", "folder", tree_id(b""))] {
        let mut trees = vec![leaf];
        for _ in 0..12 {
            let id = tree_id(trees.last().unwrap());
            trees.push((0..10).flat_map(|n| entry("40000", &n.to_string(), id)).collect());
        }
        let (commit, objects) = made_up(&trees);
        assert!(matches!(proof::check(&commit, &objects).unwrap(), Err(Gap::TooMuch { .. })));
    }
}

#[test]
fn folders_within_folders_are_given_up_before_the_stack_ends() {
    let mut trees = vec![entry("100644", "file", tree_id(b""))];
    for _ in 0..5000 {
        let id = tree_id(trees.last().unwrap());
        trees.push(entry("40000", "d", id));
    }
    let (commit, objects) = made_up(&trees);
    let expected = Gap::TooMuch { what: "folders inside of each other", most: 256 };
    assert_eq!(proof::check(&commit, &objects).unwrap(), Err(expected));
}
