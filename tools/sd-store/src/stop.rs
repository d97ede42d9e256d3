//! The signals that end the process, as something to wait for beside the bus.

use std::io;

use async_io::Async;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// SIGTERM and SIGINT, which from now on end nothing by themselves.
pub(crate) struct Stop(Async<SignalFd>);

impl Stop {
    /// Takes the signals over. To be called before there is a second thread: threads inherit what is blocked, and
    /// one that did not would still die of them.
    pub(crate) fn take() -> io::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTERM);
        signals.add(Signal::SIGINT);
        signals.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self(Async::new_nonblocking(SignalFd::with_flags(&signals, flags)?)?))
    }

    /// Waits for one of them.
    pub(crate) async fn asked(&self) {
        // Whatever is wrong with the descriptor: nobody could stop us any more, so stop.
        let _ = self.0.readable().await;
    }
}
