//! Descriptors of every kind, right and wrong, for what a message may carry beside it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use nix::sys::memfd::{MFdFlags, memfd_create};
use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_sys::payload::Payload;

/// How a program asks itself, in its only argument, to be the other process of [`Kind::Foreign`].
pub const PAIR_WORD: &str = "make-a-pair-for-another";

/// How long the other process has.
const PATIENCE: Duration = Duration::from_secs(10);

/// A kind of descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// One end of a SEQPACKET socketpair, as it should be.
    Sink,
    /// One end of a SEQPACKET socketpair that another process of the same uid made.
    Foreign,
    /// One end of a STREAM socketpair.
    Stream,
    /// One end of a DGRAM socketpair.
    Datagram,
    /// The writing end of a pipe.
    Pipe,
    /// An ordinary file.
    File,
    /// A SEQPACKET connection to a listener instead of a pair.
    Connected,
    /// A sealed memfd, as it should be.
    Payload,
    /// A memfd that can still change.
    Unsealed,
}

/// A descriptor to be sent.
#[derive(Debug)]
pub struct Made {
    /// What is sent.
    pub fd: OwnedFd,
    /// Our end, where an outcome would come home.
    pub home: Option<Link>,
    /// What must stay open for the descriptor to be what it is.
    pub kept: Option<OwnedFd>,
}

impl Kind {
    /// A new one of this kind.
    ///
    /// # Errors
    /// When the kernel refuses, or the other process fails; that one is this program itself, called with
    /// [`PAIR_WORD`], which must then call [`make_a_pair_for_another`].
    pub fn make(self) -> io::Result<Made> {
        let sole = |fd: OwnedFd| Made { fd, home: None, kept: None };
        let beside = |fd: OwnedFd, kept: OwnedFd| Made { fd, home: None, kept: Some(kept) };
        Ok(match self {
            Self::Sink => {
                let (ours, theirs) = Link::pair()?;
                Made { fd: theirs.into(), home: Some(ours), kept: None }
            }
            Self::Foreign => foreign()?,
            Self::Stream => {
                let (ours, theirs) = UnixStream::pair()?;
                beside(theirs.into(), ours.into())
            }
            Self::Datagram => {
                let (ours, theirs) = UnixDatagram::pair()?;
                beside(theirs.into(), ours.into())
            }
            Self::Pipe => {
                let (reader, writer) = io::pipe()?;
                beside(writer.into(), reader.into())
            }
            Self::File => sole(File::open("/dev/null")?.into()),
            Self::Connected => {
                let place = tempfile::tempdir()?;
                let path = place.path().join("s");
                let listener = Listener::bind(&path, 0o600)?;
                beside(Link::connect(&path)?.into(), listener.into())
            }
            Self::Payload => sole(Payload::seal(b"tree 0\n\nmessage\n").map_err(io::Error::other)?.into()),
            Self::Unsealed => {
                let mut file = File::from(memfd_create("unsealed", MFdFlags::MFD_ALLOW_SEALING)?);
                file.write_all(b"tree 0\n\nmessage\n")?;
                sole(file.into())
            }
        })
    }
}

fn foreign() -> io::Result<Made> {
    let (ours, theirs) = Link::pair()?;
    let theirs: OwnedFd = theirs.into();
    let mut child =
        Command::new(std::env::current_exe()?).arg(PAIR_WORD).stdin(Stdio::from(theirs)).spawn()?;
    let packet = ours.receive_by(Instant::now() + PATIENCE).map_err(io::Error::other)?;
    child.wait()?;
    let mut fds = packet.map(|packet| packet.fds).unwrap_or_default();
    match (fds.pop(), fds.pop()) {
        (Some(fd), Some(home)) => {
            Ok(Made { fd, home: Some(Link::adopt(home).map_err(io::Error::other)?), kept: None })
        }
        _ => Err(io::Error::other("the other process sent no pair")),
    }
}

/// The other process: makes a pair, and hands both ends to whoever holds the other end of fd 0.
///
/// # Errors
/// When fd 0 is no such socket.
pub fn make_a_pair_for_another() -> io::Result<()> {
    let home = Link::adopt(io::stdin().as_fd().try_clone_to_owned()?).map_err(io::Error::other)?;
    let (one, other) = Link::pair()?;
    home.send(b"a pair\n", &[one.as_fd(), other.as_fd()])
}

/// Prints a line `NAME …` for each packet that comes, and `NAME: end` when the link is closed, or why there is no
/// more.
pub fn print_packets(name: &str, link: &Link, until: Instant) {
    loop {
        match link.receive_by(until) {
            Ok(Some(packet)) => print!("{name} {}", String::from_utf8_lossy(&packet.bytes)),
            Ok(None) => return println!("{name}: end"),
            Err(e) => {
                println!("{name}: {e}");
                // A reset connection may still hold what was said before; a time-out holds nothing.
                if !e.to_string().contains("reset") {
                    return;
                }
            }
        }
    }
}
