//! The processes whose end ends something: each by a handle that tells of it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use sd_sys::process;

use crate::caller::Pinned;

/// The most processes that are watched; each of the most grants has two.
const MOST: usize = 128;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Watches(Vec<(Pinned, OwnedFd)>);

impl Watches {
    /// Watches a process. `false` when it has ended already, or too many are watched.
    pub(crate) fn add(&mut self, process: Pinned) -> bool {
        if self.0.iter().any(|(watched, _)| *watched == process) {
            return true;
        }
        if self.0.len() >= MOST {
            return false;
        }
        let handle = process::handle(process.pid, process.start);
        self.0.extend(handle.map(|handle| (process, handle)));
        self.0.iter().any(|(watched, _)| *watched == process)
    }

    /// Their handles: readable when the process has ended.
    pub(crate) fn handles(&self) -> impl Iterator<Item = (Pinned, BorrowedFd<'_>)> {
        self.0.iter().map(|(process, handle)| (*process, handle.as_fd()))
    }

    /// Keeps those that still matter.
    pub(crate) fn keep(&mut self, matters: impl Fn(Pinned) -> bool) {
        self.0.retain(|(process, _)| matters(*process));
    }
}
