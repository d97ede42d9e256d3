//! Every shape of commit that git makes, in both kinds of repository.

use sd_git::change::What;

use crate::repository::{FORMATS, Repository, Stream};

/// A repository with one commit `old` on which the test goes on.
fn with_old(format: &str) -> (Repository, Stream) {
    let mut stream = Stream::default();
    stream
        .commit("old", &[])
        .file("100644", b"a", b"one")
        .file("100755", b"bin/run", b"#!/bin/sh\n")
        .file("120000", b"link", b"a")
        .file("100644", b"deep/er/est/file", b"two")
        .file("100644", b"deep/er/other", b"three")
        .file("100644", b"empty", b"");
    (Repository::new(format), stream)
}

/// The letters of a commit's changes against its first parent, after they were held against git's.
fn letters(format: &str, change: impl Fn(&mut Stream)) -> String {
    let (repository, mut stream) = with_old(format);
    change(stream.commit("new", &["old"]));
    repository.import(stream.bytes());
    let proved = repository.agrees_on("new");
    proved[0].changes.iter().map(|change| change.what.letter()).collect()
}

fn each(expected: &str, change: impl Fn(&mut Stream)) {
    for format in FORMATS {
        assert_eq!(letters(format, &change), expected, "{format}");
    }
}

#[test]
fn a_first_commit_adds_all_that_it_has() {
    for format in FORMATS {
        let (repository, stream) = with_old(format);
        repository.import(stream.bytes());
        let proved = repository.agrees_on("old");
        assert_eq!((proved.len(), proved[0].parent, proved[0].changes.len()), (1, None, 6));
    }
}

#[test]
fn an_empty_commit_changes_nothing() {
    each("", |_| {});
}

#[test]
fn files_are_added_modified_and_deleted_at_any_depth() {
    each("MDAA", |new| {
        new.file("100644", b"a", b"other").delete(b"deep/er/other").file("100644", b"deep/new", b"x");
        new.file("100644", b"zz/top", b"y");
    });
}

#[test]
fn a_permission_is_a_modification_and_another_type_is_one_of_type() {
    each("MTT", |new| {
        new.file("100755", b"a", b"one").file("120000", b"empty", b"a").file("100644", b"link", b"a");
    });
}

#[test]
fn identical_files_are_renamed_and_the_same_name_wins() {
    each("RR", |new| {
        new.rename("deep/er/est/file", "moved/file").rename("a", "b");
    });
    each("RA", |new| {
        new.delete(b"a").file("100644", b"p/q", b"one").file("100644", b"p/a", b"one");
    });
}

#[test]
fn a_renamed_file_may_become_executable_but_a_link_stays_one() {
    each("R", |new| {
        new.delete(b"a").file("100755", b"run", b"one");
    });
    each("AD", |new| {
        new.delete(b"link").file("100644", b"aa", b"a");
    });
}

#[test]
fn an_empty_file_is_renamed_as_well() {
    each("R", |new| {
        new.rename("empty", "void");
    });
}

#[test]
fn a_folder_takes_the_place_of_a_file_and_the_other_way_round() {
    each("DAADD", |new| {
        new.delete(b"a").file("100644", b"a/b", b"new").delete(b"deep").file("100644", b"deep", b"flat");
    });
}

#[test]
fn names_that_sort_between_a_file_and_a_folder_of_one_name_stay_in_order() {
    each("DAAAA", |new| {
        new.delete(b"a").file("100644", b"a-b", b"1").file("100644", b"a.b", b"2");
        new.file("100644", b"a/b", b"3").file("100644", b"a0", b"4");
    });
}

#[test]
fn a_submodule_is_added_moved_on_and_replaced() {
    for format in FORMATS {
        let (repository, mut stream) = with_old(format);
        let (one, two) = match format {
            "sha1" => ("1".repeat(40), "2".repeat(40)),
            _ => ("1".repeat(64), "2".repeat(64)),
        };
        stream.commit("one", &["old"]).submodule("lib", &one);
        stream.commit("two", &["one"]).submodule("lib", &two);
        stream.commit("three", &["two"]).file("100644", b"lib", b"a file now");
        stream.commit("four", &["two"]).delete(b"lib").submodule("vendor/lib", &two);
        repository.import(stream.bytes());
        for (name, letter) in [("one", 'A'), ("two", 'M'), ("three", 'T'), ("four", 'R')] {
            let proved = repository.agrees_on(name);
            assert_eq!(proved[0].changes[0].what.letter(), letter, "{format} {name}");
        }
    }
}

#[test]
fn a_merge_is_compared_with_each_of_its_parents() {
    for format in FORMATS {
        let (repository, mut stream) = with_old(format);
        stream.commit("left", &["old"]).file("100644", b"l", b"1");
        stream.commit("right", &["old"]).file("100644", b"r", b"2").file("100644", b"s", b"3");
        stream.commit("third", &["old"]).delete(b"a");
        stream
            .commit("new", &["left", "right", "third"])
            .file("100644", b"r", b"2")
            .file("100644", b"s", b"3");
        repository.import(stream.bytes());
        let proved = repository.agrees_on("new");
        let counts: Vec<usize> = proved.iter().map(|against| against.changes.len()).collect();
        assert_eq!(counts, [2, 1, 4]);
    }
}

#[test]
fn names_of_any_bytes_come_through() {
    for format in FORMATS {
        let (repository, mut stream) = with_old(format);
        let names: [&[u8]; 6] =
            [b"\xff\xfe", b"new\nline", b"sp ace", b"\xc3\xa4", b"\x1b[2J", b"quote\"back\\slash"];
        stream.commit("new", &["old"]);
        for name in names {
            stream.file("100644", name, name);
        }
        repository.import(stream.bytes());
        let proved = repository.agrees_on("new");
        let mut found: Vec<&[u8]> = proved[0].changes.iter().map(|change| change.path.as_slice()).collect();
        let mut expected = names.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}

#[test]
fn five_thousand_changed_files_are_listed() {
    for format in FORMATS {
        let (repository, mut stream) = with_old(format);
        stream.commit("many", &["old"]);
        for n in 0..5000 {
            stream.file(
                "100644",
                format!("d{}/e{}/f{n}", n % 7, n % 53).as_bytes(),
                format!("{n}").as_bytes(),
            );
        }
        stream.commit("new", &["many"]);
        for n in 0..5000 {
            stream.file("100644", format!("d{}/e{}/f{n}", n % 7, n % 53).as_bytes(), b"changed");
        }
        stream.commit("gone", &["new"]).delete_all();
        repository.import(stream.bytes());
        for (name, letter) in [("many", 'A'), ("new", 'M'), ("gone", 'D')] {
            let proved = repository.agrees_on(name);
            let all = proved[0].changes.iter().filter(|change| change.what.letter() == letter);
            assert!(all.count() >= 5000, "{name}");
        }
    }
}

#[test]
fn more_than_a_hundred_alike_are_matched_as_git_matches_them() {
    for format in FORMATS {
        let (repository, mut stream) = with_old(format);
        stream.commit("many", &["old"]);
        for n in 0..150 {
            stream.file("100644", format!("from/f{n:03}").as_bytes(), b"all the same");
        }
        stream.commit("new", &["many"]).delete(b"from");
        for n in (0..150).rev().step_by(2) {
            stream.file("100644", format!("to/f{n:03}").as_bytes(), b"all the same");
        }
        repository.import(stream.bytes());
        let proved = repository.agrees_on("new");
        let renamed = proved[0].changes.iter().filter(|change| matches!(change.what, What::Renamed { .. }));
        assert_eq!(renamed.count(), 75);
    }
}
