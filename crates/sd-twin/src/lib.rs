//! The stable twin of a fuzz target: the same entry, fed with the target's seeds and with what becomes of them.
//!
//! Each crate that reads hostile bytes has a module `hostile` with its entries, which is there in tests and for the
//! fuzzer only. `scripts/fuzz.sh` runs them by libFuzzer, a unit test runs them by [`feed`]: without coverage to guide
//! it, but with any compiler, in seconds, and what it finds is made small.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// The most bytes of an input; libFuzzer is told the same by `scripts/fuzz.sh`.
pub const MOST: usize = 64 * 1024;

/// Feeds the entry of a target with each file of `fuzz/seeds/<target>` and of `fuzz/found/<target>`, then with as many
/// inputs made of these as `PROPTEST_CASES` says, or 512. To be called from a unit test of a crate of this workspace.
///
/// # Panics
/// As the entry does: with the smallest input for which it still does. And where there is no seed.
pub fn feed(target: &str, entry: fn(&[u8])) {
    feed_times(target, entry, 512);
}

/// As [`feed`], with less: for what is slow.
pub fn feed_few(target: &str, entry: fn(&[u8])) {
    feed_times(target, entry, 24);
}

#[allow(clippy::panic, reason = "a test's panic is its result")]
fn feed_times(target: &str, entry: fn(&[u8]), times: u32) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "fuzz/seeds/{target} has no file");
    for (name, seed) in &seeds {
        if std::panic::catch_unwind(|| entry(seed)).is_err() {
            panic!("the entry of {target} panicked on {}", name.display());
        }
    }
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(times);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let ran = runner.run(&inputs(seeds), |input| {
        let bytes = input.0.clone();
        std::panic::catch_unwind(move || entry(&bytes)).map_err(|_| TestCaseError::fail("the entry panicked"))
    });
    if let Err(why) = ran {
        panic!("{target}: {why}");
    }
}

/// Bytes that are shown as a literal of Rust, to become a test or a seed.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// The seeds of a target with their paths, in their order: `fuzz/` stands two folders above each crate and tool.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let fuzz = Path::new(&manifest).join("../../fuzz");
    let files =
        |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let mut paths: Vec<PathBuf> =
        ["seeds", "found"].into_iter().flat_map(|kind| files(fuzz.join(kind).join(target))).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| fs::read(&path).ok().map(|bytes| (path, bytes))).collect()
}

/// One change of an input.
#[derive(Clone, Debug)]
enum Change {
    /// Another byte at a place.
    Set(prop::sample::Index, u8),
    /// One bit turned.
    Flip(prop::sample::Index, u8),
    /// Bytes put in.
    Insert(prop::sample::Index, Vec<u8>),
    /// Bytes taken out.
    Remove(prop::sample::Index, usize),
    /// A part said again, so many times.
    Again(prop::sample::Index, usize, usize),
    /// The rest of another seed from some place on.
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    /// Nothing behind that place.
    Cut(prop::sample::Index),
}

/// What parsers trip over: ends, signs, the largest numbers, what a terminal acts on.
const TELLING: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"%00",
    b"%",
    b"=",
    b":",
    b"/",
    b"..",
    b"-",
    b"-1",
    b"0",
    b"4294967296",
    b"18446744073709551616",
    b"\x1b[",
    b"\x1b",
    b"\xff",
    b"\xc3\x28",
    "\u{202e}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{301}".as_bytes(),
    b"{}",
    b"[",
    b"null",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
];

fn changes() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..9),
        prop::sample::select(TELLING).prop_map(<[u8]>::to_vec),
        (any::<u8>(), 1..3000usize).prop_map(|(byte, times)| vec![byte; times]),
    ];
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        3 => (at(), 0..8u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        4 => (at(), bytes).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (at(), 1..64usize).prop_map(|(at, many)| Change::Remove(at, many)),
        1 => (at(), 1..64usize, 1..64usize).prop_map(|(at, many, times)| Change::Again(at, many, times)),
        2 => (at(), at(), at()).prop_map(|(at, seed, from)| Change::Splice(at, seed, from)),
        1 => at().prop_map(Change::Cut),
    ]
}

fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Input> {
    let of_seeds = (any::<prop::sample::Index>(), prop::collection::vec(changes(), 0..8)).prop_map(
        move |(seed, changes)| {
            let mut bytes = seed.get(&seeds).clone();
            for change in changes {
                apply(&mut bytes, change, &seeds);
            }
            bytes.truncate(MOST);
            Input(bytes)
        },
    );
    prop_oneof![
        15 => of_seeds,
        1 => prop::collection::vec(any::<u8>(), 0..300).prop_map(Input),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: Change, seeds: &[Vec<u8>]) {
    // One more than the last: what is put in may stand at the end.
    let place = |at: &prop::sample::Index, bytes: &[u8]| at.index(bytes.len() + 1);
    let end = |at: usize, many: usize, bytes: &[u8]| at.saturating_add(many).min(bytes.len());
    match change {
        Change::Set(at, byte) => {
            let at = place(&at, bytes);
            bytes.get_mut(at).into_iter().for_each(|one| *one = byte);
        }
        Change::Flip(at, bit) => {
            let at = place(&at, bytes);
            bytes.get_mut(at).into_iter().for_each(|one| *one ^= 1 << bit);
        }
        Change::Insert(at, new) => {
            let at = place(&at, bytes);
            bytes.splice(at..at, new);
        }
        Change::Remove(at, many) => {
            let at = place(&at, bytes);
            bytes.drain(at..end(at, many, bytes));
        }
        Change::Again(at, many, times) => {
            let at = place(&at, bytes);
            let part = bytes.get(at..end(at, many, bytes)).unwrap_or_default().repeat(times);
            bytes.splice(at..at, part);
        }
        Change::Splice(at, seed, from) => {
            let other = seed.get(seeds);
            let at = place(&at, bytes);
            bytes.truncate(at);
            bytes.extend_from_slice(other.get(place(&from, other)..).unwrap_or_default());
        }
        Change::Cut(at) => bytes.truncate(place(&at, bytes)),
    }
}
