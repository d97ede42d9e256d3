//! Looking for a secret in the memory of a process.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Whether a process's memory holds the canary. `None` when the kernel does not let us look.
pub(crate) fn memory_holds(pid: i32, canary: &[u8]) -> Option<bool> {
    let mut memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let maps = File::open(format!("/proc/{pid}/maps")).ok()?;
    let mut looked = false;
    for line in BufReader::new(maps).lines() {
        let line = line.ok()?;
        let mut words = line.split_whitespace();
        let (range, access) = (words.next()?, words.next()?);
        if !access.starts_with('r') || line.ends_with("[vvar]") || line.ends_with("[vsyscall]") {
            continue;
        }
        let (from, to) = range.split_once('-')?;
        let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        memory.seek(SeekFrom::Start(from)).ok()?;
        // Some mappings cannot be read even so, memfd_secret among them: that is their purpose.
        if memory.read_exact(&mut bytes).is_ok() {
            looked = true;
            if contains(&bytes, canary) {
                return Some(true);
            }
        }
    }
    looked.then_some(false)
}
