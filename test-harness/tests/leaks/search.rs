//! The search: memory, files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use test_harness::people::People;

use crate::canaries::Canaries;

/// Files that are longer are none of the chain's.
const LONGEST: u64 = 32 * 1024 * 1024;

/// The flows whose canaries are in a process's memory; `None` when the kernel does not let us look.
pub(crate) fn memory(pid: i32, canaries: &Canaries) -> Option<Vec<String>> {
    let mut memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let maps = File::open(format!("/proc/{pid}/maps")).ok()?;
    let (mut looked, mut found) = (false, Vec::new());
    for line in BufReader::new(maps).lines() {
        let line = line.ok()?;
        let mut words = line.split_whitespace();
        let (range, access, _, _, inode) =
            (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        // What cannot be written and has a file behind it is that file.
        if !access.starts_with('r') || line.ends_with("[vvar]") || (inode != "0" && !access.contains('w')) {
            continue;
        }
        let (from, to) = range.split_once('-')?;
        let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        memory.seek(SeekFrom::Start(from)).ok()?;
        // Some mappings cannot be read even so, memfd_secret among them: that is their purpose.
        if memory.read_exact(&mut bytes).is_ok() {
            looked = true;
            found.extend(canaries.among(&bytes));
        }
    }
    found.sort();
    found.dedup();
    looked.then_some(found)
}

/// What is in the memory of these and may not be there.
pub(crate) fn processes(
    all: &[(String, i32)],
    canaries: &Canaries,
    may_hold: fn(&str, &str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, pid) in all {
        for flow in memory(*pid, canaries).unwrap_or_default() {
            if !may_hold(&flow, name) {
                found.push(format!("{flow}: in the memory of {name} ({pid})"));
            }
        }
    }
    found
}

/// What is in files below these folders.
pub(crate) fn files(places: &[PathBuf], canaries: &Canaries) -> Vec<String> {
    let mut found = Vec::new();
    for place in places {
        each_file(place, &mut |path| {
            let flows = fs::read(path).map(|bytes| canaries.among(&bytes)).unwrap_or_default();
            found.extend(flows.into_iter().map(|flow| format!("{flow}: in the file {}", path.display())));
        });
    }
    found
}

/// What is in files elsewhere that the people of the run have written since.
pub(crate) fn outside(began: SystemTime, canaries: &Canaries) -> Vec<String> {
    let people = People::here();
    let uids: Vec<u32> = people.roles().into_iter().map(|(_, uid)| uid).collect();
    let mut found = Vec::new();
    for place in ["/tmp", "/var/tmp", "/dev/shm", "/run", "/var/lib/systemd/coredump"] {
        each_file(Path::new(place), &mut |path| {
            let is_theirs = |it: &fs::Metadata| {
                uids.contains(&it.uid()) && it.len() < LONGEST && it.modified().is_ok_and(|at| at >= began)
            };
            if path.symlink_metadata().is_ok_and(|it| is_theirs(&it)) && !crate::flows::is_of_a_test(path) {
                let flows = fs::read(path).map(|bytes| canaries.among(&bytes)).unwrap_or_default();
                found.extend(flows.into_iter().map(|flow| format!("{flow}: in the file {}", path.display())));
            }
        });
    }
    found
}

fn each_file(dir: &Path, take: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if kind.is_dir() {
            // Builds and checkouts are no places of the chain's.
            if !["/tmp/wt", "/tmp/bash_jobs.0"].contains(&path.to_str().unwrap_or_default()) {
                each_file(&path, take);
            }
        } else if kind.is_file() {
            take(&path);
        }
    }
}
