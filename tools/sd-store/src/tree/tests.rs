use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Instant;

use super::*;

fn tree() -> (tempfile::TempDir, Tree) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("store");
    DirBuilder::new().mode(0o700).create(&root).unwrap();
    (place, Tree::at(root))
}

fn names(tree: &Tree) -> Vec<String> {
    tree.entries().unwrap().files.into_keys().collect()
}

#[test]
fn an_entry_is_there_after_it_was_written_and_its_folders_go_with_the_last_one() {
    let (_place, tree) = tree();
    tree.write("web/example/ada", b"one").unwrap();
    tree.write("web/b", b"two").unwrap();
    assert_eq!(names(&tree), ["web/b", "web/example/ada"]);
    assert_eq!(tree.read("web/b").unwrap().0, b"two");
    let before = tree.stamp("web/b").unwrap();
    tree.write("web/b", b"six").unwrap();
    assert_ne!(tree.stamp("web/b").unwrap(), before, "as long as before, and another");
    tree.remove("web/example/ada").unwrap();
    assert!(!tree.root().join("web/example").exists());
    tree.remove("web/b").unwrap();
    assert!(!tree.root().join("web").exists() && tree.root().exists());
    let mode = tree.root().metadata().unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn what_others_could_write_to_is_not_worked_with() {
    let (_place, tree) = tree();
    tree.write("web/a", b"x").unwrap();
    let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (folder, mode) in [("web", 0o720), ("web", 0o702), ("", 0o710), ("", 0o701)] {
        let path = tree.root().join(folder);
        chmod(&path, mode);
        assert!(matches!(tree.entries(), Err(Fault::Unfit(..))), "{folder} {mode:o}");
        assert!(matches!(tree.write("web/b", b"x"), Err(Fault::Unfit(..))), "{folder} {mode:o}");
        chmod(&path, 0o700);
    }
    chmod(&tree.root().join("web/a.gpg"), 0o620);
    assert!(matches!(tree.read("web/a"), Err(Fault::Unfit(..))));
}

#[test]
fn a_file_that_comes_or_goes_is_seen() {
    let (_place, tree) = tree();
    tree.write("web/a", b"x").unwrap();
    // What was looked at just now may change unseen by so coarse a clock. A slow machine has to look more than once to
    // look that soon.
    let looked_at_once = (0..100).any(|n| {
        let began = Instant::now();
        fs::write(tree.root().join(format!("web/{n}")), "x").unwrap();
        let believed = tree.entries().unwrap().are_still_all();
        let at_once = began.elapsed() < COARSE / 2;
        assert!(!(at_once && believed));
        at_once
    });
    assert!(looked_at_once);
    std::thread::sleep(COARSE * 2);
    let entries = tree.entries().unwrap();
    assert!(entries.are_still_all());
    tree.write("web/b", b"x").unwrap();
    assert!(!entries.are_still_all());
    std::thread::sleep(COARSE * 2);
    let entries = tree.entries().unwrap();
    fs::set_permissions(tree.root(), fs::Permissions::from_mode(0o750)).unwrap();
    assert!(!entries.are_still_all());
}

#[test]
fn links_are_not_followed_and_dots_are_left_alone() {
    let (place, tree) = tree();
    fs::write(place.path().join("outside.gpg"), "x").unwrap();
    symlink(place.path().join("outside.gpg"), tree.root().join("in.gpg")).unwrap();
    symlink(place.path(), tree.root().join("folder")).unwrap();
    for dot in [".git", ".extensions"] {
        fs::create_dir(tree.root().join(dot)).unwrap();
        fs::write(tree.root().join(dot).join("a.gpg"), "x").unwrap();
    }
    assert!(names(&tree).is_empty());
    assert!(tree.read("in").is_err() && tree.stamp("in").is_err());
    assert!(tree.write("folder/x", b"x").is_err());
}

#[test]
fn no_name_leads_out_of_the_store() {
    let (place, tree) = tree();
    fs::write(place.path().join("outside.gpg"), "x").unwrap();
    for name in ["../outside", "a/../../outside", "", "/etc/passwd", "a//b", ".git/x", "a\0b", "."] {
        assert!(matches!(tree.read(name), Err(Fault::NotFound)), "{name:?}");
        assert!(matches!(tree.write(name, b"x"), Err(Fault::NotFound)), "{name:?}");
        assert!(matches!(tree.remove(name), Err(Fault::NotFound)), "{name:?}");
    }
}

#[test]
fn recipients_are_those_of_the_nearest_folder() {
    let (_place, tree) = tree();
    assert!(matches!(tree.recipients("a"), Err(Fault::Unfit(..))));
    let write = |name: &str, text: &str| {
        let path = tree.root().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    write(".gpg-id", "AAAA # ada\n\n  # nobody\n");
    tree.write("web/x", b"").unwrap();
    assert_eq!(tree.recipients("web/x").unwrap(), ["AAAA"]);
    write("web/.gpg-id", "BBBB\r\nCCCC");
    assert_eq!(tree.recipients("web/x").unwrap(), ["BBBB", "CCCC"]);
    assert_eq!(tree.recipients("x").unwrap(), ["AAAA"]);
    write("web/.gpg-id", "# nobody\n");
    assert!(tree.recipients("web/x").is_err());
}

#[test]
fn what_was_left_unfinished_is_removed() {
    let (_place, tree) = tree();
    tree.write("web/x", b"").unwrap();
    let left = tree.root().join("web").join(format!("{UNFINISHED}abc"));
    fs::write(&left, "x").unwrap();
    assert_eq!(names(&tree), ["web/x"]);
    tree.tidy();
    assert!(!left.exists());
    assert_eq!(names(&tree), ["web/x"]);
}
