//! Trees made at random: whatever they are, the list is git's.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::repository::{FORMATS, Repository, Stream};

/// Few names, so that paths collide, nest and sort around each other; few contents, so that files are alike.
fn path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "a.b", "a-b", "a0", "c"]);
    vec(name, 1..4).prop_map(|names| names.join("/"))
}

fn files() -> impl Strategy<Value = Vec<(String, &'static str, &'static str)>> {
    let mode = prop::sample::select(vec!["100644", "100755", "120000"]);
    let content = prop::sample::select(vec!["", "1", "2", "3"]);
    btree_map(path(), (mode, content), 0..14)
        .prop_map(|files| files.into_iter().map(|(path, (mode, content))| (path, mode, content)).collect())
}

#[test]
fn whatever_the_trees_are_the_proved_list_is_gits() {
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    let commits = vec(files(), 2..6);
    runner
        .run(&(commits, prop::sample::select(FORMATS.to_vec())), |(commits, format)| {
            let repository = Repository::new(format);
            let mut stream = Stream::default();
            let mut parent = None;
            let names: Vec<String> = (0..commits.len()).map(|n| format!("c{n}")).collect();
            for (name, files) in names.iter().zip(&commits) {
                stream.commit(name, parent.as_slice()).delete_all();
                for (path, mode, content) in files {
                    // A path that goes through another file takes its place, as in an index.
                    stream.file(mode, path.as_bytes(), content.as_bytes());
                }
                parent = Some(name.as_str());
            }
            repository.import(stream.bytes());
            for name in &names {
                repository.agrees_on(name);
            }
            Ok(())
        })
        .unwrap();
}
