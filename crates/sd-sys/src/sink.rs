//! The sink: the write end that a requester hands in, and that carries the outcome home.
//!
//! It is owned and cannot be cloned: to settle it consumes it, and so does moving it on. Whoever
//! drops it unsettled has denied it, since the requester then sees the end without an outcome.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use crate::link::{Link, NotALink};
use crate::peer::{Peer, unnamed};

/// The longest packet of a body, in bytes.
const MAX_BODY_PACKET: usize = 32 * 1024;

/// The way home of one outcome.
#[derive(Debug)]
pub struct Sink {
    link: Link,
    maker: Peer,
}

/// Which check a would-be sink failed.
#[derive(Debug)]
pub enum SinkRefused {
    /// It is not a socket of the right kind.
    NotALink(NotALink),
    /// It is a socket without a peer.
    NotConnected,
    /// It was connected to a listener: then its maker would be someone who asked for nothing.
    NotAPair,
    /// Another uid made it.
    WrongMaker {
        /// The uid that may make sinks here.
        expected: u32,
        /// The uid that made this one.
        found: u32,
    },
    /// It could not be examined.
    Io(io::Error),
}

impl fmt::Display for SinkRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SinkRefused::NotALink(why) => write!(f, "the sink is refused: {why}"),
            SinkRefused::NotConnected => f.write_str("the sink is refused: nobody is at its other end"),
            SinkRefused::NotAPair => f.write_str("the sink is refused: it does not come from socketpair"),
            SinkRefused::WrongMaker { expected, found } => {
                write!(f, "the sink is refused: uid {found} made it, not uid {expected}")
            }
            SinkRefused::Io(why) => write!(f, "the sink could not be examined: {why}"),
        }
    }
}

impl std::error::Error for SinkRefused {}

impl Sink {
    /// Takes a descriptor as a sink if it is one end of a `SOCK_SEQPACKET` socketpair that a
    /// process of `expected_uid` made; else closes it and says what is wrong.
    pub fn admit(fd: OwnedFd, expected_uid: u32) -> Result<Sink, SinkRefused> {
        let link = Link::adopt(fd).map_err(SinkRefused::NotALink)?;
        let refused = |why: io::Error| match why.kind() {
            io::ErrorKind::NotConnected => SinkRefused::NotConnected,
            _ => SinkRefused::Io(why),
        };
        let maker = link.peer().map_err(refused)?;
        // On a connected client socket SO_PEERCRED names whoever listens: a requester could pass
        // off a connection to some other program's socket as that program's own request.
        if !unnamed(link.as_fd()).map_err(refused)? {
            return Err(SinkRefused::NotAPair);
        }
        if maker.uid != expected_uid {
            return Err(SinkRefused::WrongMaker { expected: expected_uid, found: maker.uid });
        }
        Ok(Sink { link, maker })
    }

    /// The process that made the sink, and so the request: attested, whatever it has become since.
    pub fn maker(&self) -> &Peer {
        &self.maker
    }

    /// Writes the outcome, now or not at all, and closes the sink. `WouldBlock` when its maker
    /// lets it overflow.
    pub fn settle(self, line: &[u8]) -> io::Result<()> {
        self.link.send(line, &[])
    }

    /// Writes the outcome and then `body` in raw packets of at most 32 KiB, and closes the sink.
    /// `TimedOut` when the maker does not read in time.
    pub fn settle_with(self, line: &[u8], body: &[u8], deadline: Instant) -> io::Result<()> {
        self.link.send_by(line, &[], deadline)?;
        for packet in body.chunks(MAX_BODY_PACKET) {
            self.link.send_by(packet, &[], deadline)?;
        }
        Ok(())
    }

    /// Writes a line with one end of an upload and keeps the sink open for the outcome.
    /// Our copy of that end is closed, so that the end of the upload shows on the other.
    pub fn invite(&self, line: &[u8], upload: Link) -> io::Result<()> {
        self.link.send(line, &[upload.as_fd()])
    }

    /// Writes a line that ends nothing, and keeps the sink open. `TimedOut` when the maker does not read in time.
    pub fn tell(&self, line: &[u8], deadline: Instant) -> io::Result<()> {
        self.link.send_by(line, &[], deadline)
    }

    /// Whether the maker has gone: there is nobody left to answer.
    pub fn abandoned(&self) -> bool {
        self.link.hung_up()
    }

    /// Moves the sink out, to hand it to the next stage.
    pub fn into_fd(self) -> OwnedFd {
        self.link.into()
    }
}

impl AsFd for Sink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}

#[cfg(test)]
mod tests;
