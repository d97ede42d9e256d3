//! A named pipe as a keyboard: for tests that type more than a key an ask.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

use crate::failure::{Doing, Failure};

/// The pipe.
#[derive(Debug)]
pub struct Keyboard(File);

impl Keyboard {
    /// Opens the pipe, which must be there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        // Also for writing: so it does not end with the first writer.
        let mut options = File::options();
        options.read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits());
        Ok(Self(options.open(path).doing(format_args!("open the keyboard {}", path.display()))?))
    }

    /// What was typed since; maybe nothing.
    pub fn typed(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 4096];
        let read = self.0.read(&mut bytes).unwrap_or_default();
        bytes.truncate(read);
        bytes
    }
}

impl AsFd for Keyboard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
