//! Waiting for one file descriptor, never without an end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What is true of `fd` now, without waiting. `POLLHUP` and `POLLERR` need not be asked for.
pub(crate) fn glance(fd: BorrowedFd<'_>, events: PollFlags) -> io::Result<PollFlags> {
    one_poll(fd, events, PollTimeout::ZERO)
}

/// Waits until one of `events` (or a hang-up) is true of `fd`; `TimedOut` at the deadline.
pub(crate) fn until(fd: impl AsFd, events: PollFlags, deadline: Instant) -> io::Result<PollFlags> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up: a wait of half a millisecond must not become a busy loop of zeros.
        let ceiling = left.saturating_add(Duration::from_micros(999));
        let timeout = PollTimeout::try_from(ceiling).unwrap_or(PollTimeout::MAX);
        let found = one_poll(fd.as_fd(), events, timeout)?;
        if !found.is_empty() {
            return Ok(found);
        }
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
    }
}

fn one_poll(fd: BorrowedFd<'_>, events: PollFlags, timeout: PollTimeout) -> io::Result<PollFlags> {
    let mut asked = PollFd::new(fd, events);
    match poll(std::slice::from_mut(&mut asked), timeout) {
        // Unknown bits are as good as an error on the fd: something happened, let the caller look.
        Ok(n) if n > 0 => Ok(asked.revents().unwrap_or(PollFlags::POLLERR)),
        Ok(_) | Err(Errno::EINTR) => Ok(PollFlags::empty()),
        Err(why) => Err(why.into()),
    }
}
