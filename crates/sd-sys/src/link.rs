//! A connected `AF_UNIX` `SOCK_SEQPACKET` socket: one packet is one line, with its descriptors.
//!
//! A link never blocks, is closed on exec, and asks the kernel to name the writer of each packet.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use nix::poll::PollFlags;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect, setsockopt, socket, socketpair, sockopt,
};

pub use crate::message::Writer;
use crate::message::{Received, receive_into, send_one};
use crate::option::{Shape, shape, tame};
use crate::parting::Parting;
use crate::peer::Peer;
use crate::wait;

/// The longest packet that is sent or received, in bytes.
pub const MAX_PACKET: usize = 64 * 1024;

/// The most file descriptors that travel with one packet.
pub const MAX_FDS: usize = 3;

thread_local! {
    /// Where a packet comes in, before it is known how long it is. One for all: with room of its own for each, cut to its
    /// length, the heap fills with holes that are a little too small for the next (1.4 MiB by 40,000 searches).
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One end of a connection that carries packets.
#[derive(Debug)]
pub struct Link {
    fd: Parting,
}

/// One packet as it came.
#[derive(Debug)]
pub struct Packet {
    /// Its bytes, unchecked; a hostile writer can make them empty.
    pub bytes: Vec<u8>,
    /// The descriptors that came with it, at most [`MAX_FDS`], closed on exec; of any kind.
    pub fds: Vec<OwnedFd>,
    /// Who wrote it, by the kernel's word.
    pub writer: Option<Writer>,
}

/// Why there is no packet.
#[derive(Debug)]
pub enum ReceiveError {
    /// The system call failed; `WouldBlock` when nothing is there yet, `TimedOut` at a deadline.
    Io(io::Error),
    /// The packet was longer than [`MAX_PACKET`] and is lost.
    Truncated,
    /// More than [`MAX_FDS`] descriptors came (or more than this process may open); all are closed.
    TooManyFds,
}

impl ReceiveError {
    /// Whether nothing was there yet: not an error, but a reason to wait.
    pub fn is_would_block(&self) -> bool {
        matches!(self, ReceiveError::Io(why) if why.kind() == io::ErrorKind::WouldBlock)
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReceiveError::Io(why) if why.kind() == io::ErrorKind::TimedOut => {
                f.write_str("no packet came in time")
            }
            ReceiveError::Io(why) => write!(f, "a packet could not be received: {why}"),
            ReceiveError::Truncated => write!(f, "a packet was longer than {MAX_PACKET} bytes"),
            ReceiveError::TooManyFds => write!(
                f,
                "a packet carried more than {MAX_FDS} file descriptors, or more than this process may open"
            ),
        }
    }
}

impl std::error::Error for ReceiveError {}

impl From<io::Error> for ReceiveError {
    fn from(why: io::Error) -> Self {
        ReceiveError::Io(why)
    }
}

/// Why a file descriptor is not a link.
#[derive(Debug)]
pub enum NotALink {
    /// It is not a socket.
    NotASocket,
    /// Its family is not `AF_UNIX`.
    NotUnix,
    /// Its type is not `SOCK_SEQPACKET`.
    NotSeqpacket,
    /// It listens.
    Listening,
    /// It could not be examined or prepared.
    Io(io::Error),
}

impl fmt::Display for NotALink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotALink::NotASocket => f.write_str("the file descriptor is not a socket"),
            NotALink::NotUnix => f.write_str("the socket is not AF_UNIX"),
            NotALink::NotSeqpacket => f.write_str("the socket is not SOCK_SEQPACKET"),
            NotALink::Listening => f.write_str("the socket is a listening one"),
            NotALink::Io(why) => write!(f, "the socket could not be examined: {why}"),
        }
    }
}

impl std::error::Error for NotALink {}

impl Link {
    /// Two links that are each other's peer.
    pub fn pair() -> io::Result<(Link, Link)> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (one, other) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        Ok((Link::listening_for_writers(one)?, Link::listening_for_writers(other)?))
    }

    /// Connects to the listening socket at `path` without waiting: `WouldBlock` when its queue is full.
    pub fn connect(path: &Path) -> io::Result<Link> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
        // Before the connection stands, so that not even its first packet comes without a writer.
        let link = Link::listening_for_writers(fd)?;
        connect(link.as_fd().as_raw_fd(), &UnixAddr::new(path)?)?;
        Ok(link)
    }

    /// Takes a descriptor that someone handed over, if it is a socket of the right kind.
    pub fn adopt(fd: OwnedFd) -> Result<Link, NotALink> {
        match shape(fd.as_fd()).map_err(NotALink::Io)? {
            Shape::NotASocket => return Err(NotALink::NotASocket),
            Shape::NotUnix => return Err(NotALink::NotUnix),
            Shape::NotSeqpacket => return Err(NotALink::NotSeqpacket),
            Shape::Listening => return Err(NotALink::Listening),
            Shape::Seqpacket => {}
        }
        tame(fd.as_fd()).map_err(NotALink::Io)?;
        Link::listening_for_writers(fd).map_err(NotALink::Io)
    }

    pub(crate) fn listening_for_writers(fd: OwnedFd) -> io::Result<Link> {
        setsockopt(&fd, sockopt::PassCred, &true)?;
        Ok(Link { fd: Parting::new(fd) })
    }

    /// Sends one packet now, or not at all: `WouldBlock` when there is no room, `BrokenPipe` when
    /// the peer is gone, `InvalidInput` for an empty or too long packet or too many descriptors.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        // An empty packet would read as the end of the connection on the other side.
        if bytes.is_empty() || bytes.len() > MAX_PACKET || fds.len() > MAX_FDS {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a packet holds 1 to 65536 bytes and at most 3 descriptors",
            ));
        }
        send_one(self.as_fd(), bytes, fds)
    }

    /// As [`Link::send`], but waits for room; `TimedOut` at the deadline.
    pub fn send_by(&self, bytes: &[u8], fds: &[BorrowedFd<'_>], deadline: Instant) -> io::Result<()> {
        loop {
            match self.send(bytes, fds) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    wait::until(self, PollFlags::POLLOUT, deadline)?;
                }
                other => return other,
            }
        }
    }

    /// The next packet, or `None` when the peer is gone and everything it wrote has been read.
    ///
    /// A peer that closed before it read all of ours shows as `ConnectionReset` once, and then
    /// what it had written can still be received (unix(7) does not say so; the kernel does).
    pub fn receive(&self) -> Result<Option<Packet>, ReceiveError> {
        ROOM.with_borrow_mut(|room| {
            room.resize(MAX_PACKET, 0);
            self.receive_by_way_of(room)
        })
    }

    fn receive_by_way_of(&self, room: &mut [u8]) -> Result<Option<Packet>, ReceiveError> {
        let got = receive_into(self.as_fd(), room)?;
        if got.is_end() {
            return Ok(None);
        }
        let Received { length, fds, writer, truncated, control_truncated } = got;
        // Whatever is refused here, `fds` is dropped with it: nothing leaks.
        if control_truncated || fds.len() > MAX_FDS {
            return Err(ReceiveError::TooManyFds);
        }
        if truncated {
            return Err(ReceiveError::Truncated);
        }
        let bytes = room.get(..length).unwrap_or_default().to_vec();
        Ok(Some(Packet { bytes, fds, writer }))
    }

    /// As [`Link::receive`], but waits for the packet; `TimedOut` at the deadline.
    pub fn receive_by(&self, deadline: Instant) -> Result<Option<Packet>, ReceiveError> {
        loop {
            match self.receive() {
                Err(why) if why.is_would_block() => {
                    wait::until(self, PollFlags::POLLIN, deadline)?;
                }
                other => return other,
            }
        }
    }

    /// Who is at the other end, as [`Peer::of`] says.
    pub fn peer(&self) -> io::Result<Peer> {
        Peer::of(self)
    }

    /// Whether the peer has closed its end, without waiting; packets may still be unread.
    pub fn hung_up(&self) -> bool {
        // A descriptor that cannot even be polled is as good as hung up.
        wait::glance(self.as_fd(), PollFlags::empty())
            .map_or(true, |found| found.intersects(PollFlags::POLLHUP | PollFlags::POLLERR))
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.get()
    }
}

impl From<Link> for OwnedFd {
    fn from(link: Link) -> OwnedFd {
        link.fd.into_fd()
    }
}

#[cfg(test)]
mod tests;
