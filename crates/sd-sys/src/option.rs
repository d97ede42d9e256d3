//! Socket options that nix does not wrap, and the questions about a socket that we ask twice.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The value of an integer option of level `SOL_SOCKET`; `ENOTSOCK` for anything but a socket.
fn number(fd: BorrowedFd<'_>, name: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(4);
    // SAFETY: value and length live through the call, and length is the size of value; the kernel
    // writes at most that many bytes.
    let rc = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            std::ptr::from_mut(&mut value).cast(),
            &raw mut length,
        )
    };
    if rc == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

/// What kind of thing a file descriptor is, as far as a link or a sink cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Not a socket at all.
    NotASocket,
    /// A socket of another family than `AF_UNIX`.
    NotUnix,
    /// An `AF_UNIX` socket of another type than `SOCK_SEQPACKET`.
    NotSeqpacket,
    /// A listening `SOCK_SEQPACKET` socket.
    Listening,
    /// What we want.
    Seqpacket,
}

/// Looks at the socket itself; nothing that its sender says is asked.
pub(crate) fn shape(fd: BorrowedFd<'_>) -> io::Result<Shape> {
    let family = match number(fd, libc::SO_DOMAIN) {
        Err(why) if why.raw_os_error() == Some(libc::ENOTSOCK) => return Ok(Shape::NotASocket),
        // An O_PATH descriptor is refused by the kernel with EBADF.
        Err(why) if why.raw_os_error() == Some(libc::EBADF) => return Ok(Shape::NotASocket),
        other => other?,
    };
    if family != libc::AF_UNIX {
        return Ok(Shape::NotUnix);
    }
    if number(fd, libc::SO_TYPE)? != libc::SOCK_SEQPACKET {
        return Ok(Shape::NotSeqpacket);
    }
    if number(fd, libc::SO_ACCEPTCONN)? != 0 { Ok(Shape::Listening) } else { Ok(Shape::Seqpacket) }
}

/// Sets close-on-exec and nonblocking: the first belongs to the descriptor, the second to the
/// open socket, which whoever passed it to us still shares.
pub(crate) fn tame(fd: BorrowedFd<'_>) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    let now = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    if !now.contains(OFlag::O_NONBLOCK) {
        fcntl(fd, FcntlArg::F_SETFL(now | OFlag::O_NONBLOCK))?;
    }
    Ok(())
}
