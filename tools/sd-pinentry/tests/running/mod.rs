//! A running sd-pinentry, with gpg-agent played by the test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use crate::stage::{PATIENCE, Stage};

/// A running sd-pinentry.
pub(crate) struct Pinentry {
    pub(crate) child: Child,
    pub(crate) says: Option<ChildStdin>,
    hears: BufReader<ChildStdout>,
}

impl Pinentry {
    /// sd-pinentry after its greeting.
    pub(crate) fn of(stage: &Stage) -> Self {
        let mut child = stage
            .companion(env!("CARGO_BIN_EXE_sd-pinentry"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (says, hears) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut pinentry = Self { child, says, hears };
        assert!(pinentry.reply().starts_with("OK "));
        pinentry
    }

    pub(crate) fn tell(&mut self, line: &[u8]) {
        let says = self.says.as_mut().unwrap();
        says.write_all(line).unwrap();
        says.write_all(b"\n").unwrap();
    }

    /// The next line of it; empty at the end.
    pub(crate) fn reply(&mut self) -> String {
        let mut line = String::new();
        self.hears.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Its exit status, once it has ended.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Pinentry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
