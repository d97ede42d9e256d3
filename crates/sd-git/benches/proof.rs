//! How much time of a processor a proof takes, beside git's own list of the same commit: `just bench`.

// A bench fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use sd_git::proof;

#[path = "../tests/with_git/repository.rs"]
#[allow(dead_code)]
mod repository;

use repository::{FORMATS, Repository, Stream};

const FILES: usize = 5000;
const ROUNDS: u32 = 20;

fn main() {
    println!("{FILES} changed files; milliseconds of processor time, and proof : git diff-tree");
    for format in FORMATS {
        let repository = changed(format);
        let (commit, objects) = (repository.commit("new"), repository.gathered("new"));
        let proving = spent(UsageWho::RUSAGE_SELF, || {
            let proved = proof::check(&commit, &objects).unwrap().unwrap();
            assert_eq!(proved[0].changes.len(), FILES);
        });
        let listing = spent(UsageWho::RUSAGE_CHILDREN, || {
            repository.git(&["diff-tree", "-r", "--find-renames=100%", "old", "new"]);
        });
        let ratio = proving.as_secs_f64() / listing.as_secs_f64();
        println!(
            "{format}: proof {:.1}, git diff-tree {:.1}, ratio {ratio:.2}; {} KiB of objects",
            proving.as_secs_f64() * 1e3,
            listing.as_secs_f64() * 1e3,
            objects.len() / 1024
        );
    }
}

/// A commit that changes so many files, a hundred a folder.
fn changed(format: &str) -> Repository {
    let repository = Repository::new(format);
    let mut stream = Stream::default();
    for (name, parents) in [("old", &[][..]), ("new", &["old"])] {
        stream.commit(name, parents);
        for n in 0..FILES {
            let path = format!("some/folder-{}/file-with-a-name-{n}.rs", n / 100);
            stream.file("100644", path.as_bytes(), format!("{name} {n}").as_bytes());
        }
    }
    repository.import(stream.bytes());
    repository
}

/// The least time of a processor that it took, of so many rounds.
fn spent(whose: UsageWho, mut work: impl FnMut()) -> Duration {
    let used = |usage: Usage| {
        let time = |value: nix::sys::time::TimeVal| {
            Duration::from_secs(value.tv_sec().try_into().unwrap())
                + Duration::from_micros(value.tv_usec().try_into().unwrap())
        };
        time(usage.user_time()) + time(usage.system_time())
    };
    let round = |_| {
        let before = used(getrusage(whose).unwrap());
        work();
        used(getrusage(whose).unwrap()) - before
    };
    (0..ROUNDS).map(round).min().unwrap()
}
