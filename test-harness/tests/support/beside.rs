//! A tool that a test runs beside a rig's COMMAND.

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

/// A tool that runs on beside COMMAND, at most until the end of the test.
pub(crate) struct Beside {
    pub(super) child: Child,
    pub(super) file: tempfile::NamedTempFile,
}

impl Beside {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.file.path()).unwrap()
    }

    /// Waits until it has printed something that contains this, and gives the first such line.
    pub(crate) fn says(&self, what: &str) -> String {
        let found = || self.said().lines().find(|line| line.contains(what)).map(str::to_owned);
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(line) = found() {
                return line;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("waited in vain for {what:?} in what it printed: {}", self.said())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
