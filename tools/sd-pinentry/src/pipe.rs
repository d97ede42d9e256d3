//! Standard input and output without the buffers of the standard library, and never for longer than a while.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::error::Error;
use crate::input::Lines;

/// How long gpg-agent may think between two commands: it tries a passphrase in between.
const COMMAND: Duration = Duration::from_secs(60);
/// How long gpg-agent may take to make room for a reply.
const REPLY: Duration = Duration::from_secs(5);

/// Our two ends of the talk with gpg-agent.
#[derive(Debug)]
pub(crate) struct Pipe {
    input: File,
    output: File,
}

impl Pipe {
    pub(crate) fn standard() -> Result<Self, Error> {
        Ok(Self {
            input: File::from(io::stdin().as_fd().try_clone_to_owned()?),
            output: File::from(io::stdout().as_fd().try_clone_to_owned()?),
        })
    }

    /// What gpg-agent says.
    pub(crate) fn commands(&self) -> Lines<impl Read> {
        Lines::new(Patient { file: &self.input, events: PollFlags::POLLIN, patience: COMMAND })
    }

    /// What it is told.
    pub(crate) fn replies(&self) -> impl Write {
        Patient { file: &self.output, events: PollFlags::POLLOUT, patience: REPLY }
    }

    /// Whether nobody listens any more: gpg-agent ends its pinentry's pipes when its own client is gone.
    pub(crate) fn hung_up(&self) -> bool {
        let gone = |file: &File| {
            found(file, PollFlags::empty(), Duration::ZERO)
                .map_or(true, |found| found.intersects(PollFlags::POLLHUP | PollFlags::POLLERR))
        };
        gone(&self.input) || gone(&self.output)
    }
}

/// A file that is waited for, but not for ever.
struct Patient<'a> {
    file: &'a File,
    events: PollFlags,
    patience: Duration,
}

impl Patient<'_> {
    fn wait(&self) -> io::Result<()> {
        if found(self.file, self.events, self.patience)?.is_empty() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.wait()?;
        self.file.read(room)
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait()?;
        // At most what a pipe that is ready takes without waiting (pipe(7), PIPE_BUF).
        self.file.write(bytes.get(..bytes.len().min(4096)).unwrap_or_default())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn found(file: &File, events: PollFlags, patience: Duration) -> io::Result<PollFlags> {
    let mut asked = PollFd::new(file.as_fd(), events);
    loop {
        match poll(
            std::slice::from_mut(&mut asked),
            PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX),
        ) {
            Ok(0) => return Ok(PollFlags::empty()),
            // A flag that nix does not know is as good as an error on the file.
            Ok(_) => return Ok(asked.revents().unwrap_or(PollFlags::POLLERR)),
            Err(Errno::EINTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
}
