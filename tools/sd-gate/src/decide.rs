//! The hop to sd-decide: one connection a packet, and the note that comes back on it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_io::{Async, Timer};
use sd_sys::link::Link;
use sd_wire::ask::{Note, Packet};
use sd_wire::fault::Fault;
use sd_wire::line::{Malformed, Words};
use smol::future::FutureExt;

use crate::error::Refusal;

/// Where sd-decide listens, and the uid that it must have.
#[derive(Debug, Clone)]
pub(crate) struct Decide {
    path: PathBuf,
    uid: u32,
}

impl Decide {
    pub(crate) fn at(path: &Path, uid: u32) -> Self {
        Self { path: path.to_owned(), uid }
    }

    /// Sends one packet. The connection that comes back brings the note.
    ///
    /// # Errors
    /// [`Unsaid`].
    pub(crate) fn say(&self, packet: &Packet, fds: &[BorrowedFd<'_>]) -> Result<Link, Unsaid> {
        let line = packet.to_line().map_err(Unsaid::TooLong)?;
        let link = Link::connect(&self.path).map_err(Unsaid::Unavailable)?;
        link.send(&line, fds).map_err(Unsaid::Unavailable)?;
        Ok(link)
    }

    /// Waits for the note. `None`: sd-decide is gone, took too long, or it was not sd-decide who spoke.
    pub(crate) async fn note(&self, link: Link, patience: Duration) -> Option<Note> {
        let link = Async::new(link).ok()?;
        let arrived = async {
            loop {
                link.readable().await.ok()?;
                match link.get_ref().receive() {
                    // Woken for nothing: there is no packet yet.
                    Err(e) if e.is_would_block() => {}
                    received => return received.ok().flatten(),
                }
            }
        };
        let tired = async {
            Timer::after(patience).await;
            None
        };
        let packet = arrived.or(tired).await?;
        if packet.writer.map(|w| w.uid) != Some(self.uid) || !packet.fds.is_empty() {
            sd_journal::warning("a note that is not from sd-decide was dropped");
            return None;
        }
        match Note::from_line(&packet.bytes) {
            Ok(note) => Some(note),
            Err(e) => {
                sd_journal::warning(e);
                None
            }
        }
    }
}

/// The descriptors that travel beside an ask.
pub(crate) fn beside<'a>(sink: &'a impl AsFd, payloads: &'a [impl AsFd]) -> Vec<BorrowedFd<'a>> {
    std::iter::once(sink.as_fd()).chain(payloads.iter().map(AsFd::as_fd)).collect()
}

/// Why a packet did not reach sd-decide.
#[derive(Debug)]
pub(crate) enum Unsaid {
    /// It would be longer than a packet may be.
    TooLong(Malformed),
    /// sd-decide is not there.
    Unavailable(io::Error),
}

impl Unsaid {
    /// The same in the words of a sink.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::TooLong(_) => Fault::TooLarge,
            Self::Unavailable(_) => Fault::Unavailable,
        }
    }
}

impl From<Unsaid> for Refusal {
    fn from(why: Unsaid) -> Self {
        match why {
            Unsaid::TooLong(e) => Self::BadArgument(format!("the request is too long in all: {e}")),
            Unsaid::Unavailable(e) => Self::Unavailable(format!(
                "the approval screen is not running ({e}); log in again, or ask an administrator to start \
                 secrets-dispatcher@<user>.target"
            )),
        }
    }
}
