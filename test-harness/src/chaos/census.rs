//! What a process holds, by the kernel's count.

use std::fmt;
use std::fs;

/// What a process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Open descriptors.
    pub fds: usize,
    /// Threads.
    pub threads: usize,
    /// Memory of its own, in KiB: what is not backed by a file.
    pub memory: usize,
    /// Processor time that it has used, in clock ticks.
    pub ticks: u64,
}

impl Census {
    /// Of this process, if it lives and may be looked at.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, after) = stat.rsplit_once(')')?;
        let used = |n| after.split_whitespace().nth(n).and_then(|word| word.parse::<u64>().ok());
        Some(Self {
            fds,
            threads: field("Threads:")?,
            memory: field("RssAnon:")?,
            ticks: used(11)?.saturating_add(used(12)?),
        })
    }

    /// In what this one has grown over another by more than it may; `None` when in nothing.
    #[must_use]
    pub fn grown_over(&self, before: &Self, may: &Self) -> Option<String> {
        let over = |now: usize, then: usize, may: usize| now > then.saturating_add(may);
        let fds = over(self.fds, before.fds, may.fds);
        let threads = over(self.threads, before.threads, may.threads);
        let memory = over(self.memory, before.memory, may.memory);
        (fds || threads || memory).then(|| format!("{before} became {self}"))
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fds, {} threads, {} KiB", self.fds, self.threads, self.memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_more_is_counted() {
        let me = i32::try_from(std::process::id()).unwrap();
        let before = Census::of(me).unwrap();
        let _held: Vec<_> = (0..64).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        let after = Census::of(me).unwrap();
        let may = Census { fds: 32, threads: 1000, memory: usize::MAX / 2, ticks: 0 };
        assert!(after.grown_over(&before, &may).is_some_and(|words| words.contains("fds")));
        assert_eq!(before.grown_over(&before, &may), None);
    }
}
