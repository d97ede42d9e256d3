//! One `recvmsg` and one `sendmsg`.
//!
//! Not nix's `recvmsg`: when the control data was truncated it withholds all of it, and the
//! descriptors that the kernel had already installed would stay open for ever.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

/// Who wrote a packet: attested by the kernel at the moment of writing (`SCM_CREDENTIALS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// The process, in our pid namespace; 0 when it has no number there.
    pub pid: i32,
    /// The effective uid (a privileged writer may name another).
    pub uid: u32,
    /// The effective gid.
    pub gid: u32,
}

/// What one `recvmsg` brought.
pub(crate) struct Received {
    pub(crate) length: usize,
    pub(crate) fds: Vec<OwnedFd>,
    pub(crate) writer: Option<Writer>,
    /// The packet was longer than the room for it.
    pub(crate) truncated: bool,
    /// There was more control data than there was room for it, or than this process may open.
    pub(crate) control_truncated: bool,
}

impl Received {
    /// A packet without bytes, writer and fds is the kernel's way to say that nobody is left.
    pub(crate) fn is_end(&self) -> bool {
        self.length == 0 && self.writer.is_none() && self.fds.is_empty()
    }
}

/// `CMSG_SPACE` of a `struct ucred` (32 bytes) and of three descriptors (32 bytes, which is room
/// for a fourth: the caller counts). No more room than that, so that no more gets installed.
const CONTROL_WORDS: usize = 8;

/// Receives one packet into `room` without waiting. Every descriptor that came is owned by the
/// result, whatever else is wrong with the packet.
pub(crate) fn receive_into(fd: BorrowedFd<'_>, room: &mut [u8]) -> io::Result<Received> {
    // u64: a cmsghdr wants the alignment of size_t.
    let mut control = [0u64; CONTROL_WORDS];
    let mut part = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
    // SAFETY: msghdr is plain data, for which all bits zero is a valid value.
    let mut header: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of::<[u64; CONTROL_WORDS]>();

    let length = loop {
        let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
        // SAFETY: header points to room and control, which outlive the call and are exclusively
        // ours; the lengths beside them are theirs.
        let n = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) };
        match usize::try_from(n) {
            Ok(length) => break length,
            Err(_) => {
                let why = io::Error::last_os_error();
                if why.kind() != io::ErrorKind::Interrupted {
                    return Err(why);
                }
            }
        }
    };

    let (fds, writer) = unpack(&header);
    Ok(Received {
        length,
        fds,
        writer,
        truncated: header.msg_flags & libc::MSG_TRUNC != 0,
        control_truncated: header.msg_flags & libc::MSG_CTRUNC != 0,
    })
}

/// Takes possession of everything in the control data of a `msghdr` that `recvmsg` has filled.
fn unpack(header: &libc::msghdr) -> (Vec<OwnedFd>, Option<Writer>) {
    let mut fds = Vec::new();
    let mut writer = None;
    // SAFETY: header was filled by recvmsg, so msg_control and msg_controllen delimit control data
    // that the kernel wrote.
    let mut at = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !at.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return only whole headers inside msg_controllen.
        let (one, data) = unsafe { (ptr::read_unaligned(at), libc::CMSG_DATA(at)) };
        // SAFETY: CMSG_LEN only computes.
        let empty = usize::try_from(unsafe { libc::CMSG_LEN(0) }).unwrap_or(usize::MAX);
        let size = one.cmsg_len.saturating_sub(empty);
        if one.cmsg_level == libc::SOL_SOCKET {
            match one.cmsg_type {
                // A pidfd comes only when another holder of this socket asked for it; it is
                // a descriptor like any other and must not leak.
                libc::SCM_RIGHTS | SCM_PIDFD => {
                    for n in 0..size / size_of::<RawFd>() {
                        // SAFETY: n is below the number of descriptors that fit in the size that
                        // the kernel wrote; data may be unaligned.
                        let raw = unsafe { ptr::read_unaligned(data.cast::<RawFd>().add(n)) };
                        if raw >= 0 {
                            // SAFETY: the kernel has just installed this descriptor for us, and
                            // nobody else knows its number.
                            fds.push(unsafe { OwnedFd::from_raw_fd(raw) });
                        }
                    }
                }
                libc::SCM_CREDENTIALS if size >= size_of::<libc::ucred>() => {
                    // SAFETY: the size was checked in the guard; data may be unaligned.
                    let who = unsafe { ptr::read_unaligned(data.cast::<libc::ucred>()) };
                    writer = Some(Writer { pid: who.pid, uid: who.uid, gid: who.gid });
                }
                _ => {}
            }
        }
        // SAFETY: as for CMSG_FIRSTHDR; at is a header inside this control data.
        at = unsafe { libc::CMSG_NXTHDR(header, at) };
    }
    (fds, writer)
}

/// Linux 6.5; not in libc yet.
const SCM_PIDFD: libc::c_int = 4;

/// Sends one packet without waiting and without a SIGPIPE. `WouldBlock` when there is no room.
pub(crate) fn send_one(fd: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    let part = [io::IoSlice::new(bytes)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    loop {
        match sendmsg::<()>(fd.as_raw_fd(), &part, control, flags, None) {
            Ok(n) if n == bytes.len() => return Ok(()),
            // SEQPACKET sends all or nothing; anything else is not such a socket.
            Ok(_) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
            Err(Errno::EINTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
}
