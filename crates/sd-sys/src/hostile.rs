//! What the fuzzer feeds, and a test with any compiler: packets with descriptors, and what `/proc` says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::identity::own_uid;
use crate::message::send_one;
use crate::process::{arguments, control_group, session, stat};
use crate::{Link, MAX_FDS, MAX_PACKET, Payload, ReceiveError, Sink};

/// A packet from somebody who does not keep to [`Link::send`]: the first byte says how many descriptors, the second of
/// which kinds, the rest is the packet. Whatever comes of it, no descriptor stays behind.
pub fn packet(bytes: &[u8]) {
    let [many, kinds, packet @ ..] = bytes else { return };
    let many = usize::from(many % 6);
    let (theirs, ours) = Link::pair().unwrap();
    // The other end of each descriptor of this pipe shows whether all of them are closed.
    let (end, told) = std::io::pipe().unwrap();
    let descriptors: Vec<OwnedFd> = (0..many)
        .map(|n| if n % 2 == 0 { told.try_clone().unwrap().into() } else { made(kinds >> (n % 4)) })
        .collect();
    drop(told);
    let borrowed: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    // A packet that the kernel itself does not take is none.
    let sent = send_one(theirs.as_fd(), packet, &borrowed).is_ok();
    drop(borrowed);
    drop(descriptors);
    match ours.receive() {
        Ok(Some(came)) => {
            assert!(sent && came.bytes == packet && came.fds.len() == many && many <= MAX_FDS);
            assert_eq!(came.writer.map(|writer| writer.uid), Some(own_uid()));
            for fd in came.fds {
                let flags = FdFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFD).unwrap());
                assert!(flags.contains(FdFlag::FD_CLOEXEC));
                admitted(fd);
            }
        }
        Ok(None) => panic!("the end, while the other side is there"),
        Err(ReceiveError::Truncated) => assert!(packet.len() > MAX_PACKET),
        Err(ReceiveError::TooManyFds) => assert!(many > MAX_FDS),
        Err(ReceiveError::Io(why)) => assert!(!sent, "{why}"),
    }
    let mut polled = [PollFd::new(end.as_fd(), PollFlags::empty())];
    // Not at once where a test beside this one forks.
    poll(&mut polled, PollTimeout::from(2000u16)).unwrap();
    let shut = polled[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP));
    assert!(shut, "a descriptor stayed open");
}

/// A descriptor of some kind that is none of what is wanted, or nearly so.
fn made(kind: u8) -> OwnedFd {
    let pair = |family, kind| socketpair(family, kind, None, SockFlag::SOCK_CLOEXEC).unwrap().0;
    match kind % 6 {
        0 => Payload::seal(b"tree 1").unwrap().into(),
        1 => {
            let memory = memfd_create(c"open", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING).unwrap();
            let mut file = File::from(memory);
            file.write_all(b"can still change").unwrap();
            file.into()
        }
        2 => pair(AddressFamily::Unix, SockType::SeqPacket),
        3 => pair(AddressFamily::Unix, SockType::Datagram),
        4 => UnixStream::pair().unwrap().0.into(),
        _ => File::open("/proc/self").unwrap().into(),
    }
}

/// Whoever takes it for a sink or for a payload is told what it is.
fn admitted(fd: OwnedFd) {
    let again = fd.try_clone().unwrap();
    let (sink, payload) = (Sink::admit(fd, own_uid()), Payload::admit(again, 1024));
    assert!(!(sink.is_ok() && payload.is_ok()));
    assert!(Sink::admit(payload.map_or_else(|_| made(2), OwnedFd::from), own_uid().wrapping_add(1)).is_err());
}

/// The files of `/proc/<pid>`, in which a process has a hand.
pub fn proc(bytes: &[u8]) {
    if let Some(stat) = stat(bytes) {
        // The kernel's own fields stand behind the last bracket.
        let last = bytes.iter().rposition(|byte| *byte == b')').unwrap();
        let rest = String::from_utf8_lossy(&bytes[last + 1..]);
        assert!(rest.split_ascii_whitespace().nth(1).is_some_and(|parent| parent.parse() == Ok(stat.ppid)));
        assert!(rest.split_ascii_whitespace().nth(19).is_some_and(|start| start.parse() == Ok(stat.start)));
    }
    let all = arguments(bytes);
    assert!(
        all.iter().map(Vec::len).sum::<usize>() <= bytes.len() && all.iter().all(|one| !one.contains(&0))
    );
    if let Some(session) = control_group(bytes).as_deref().and_then(session) {
        assert!(
            (1..=32).contains(&session.len()) && session.bytes().all(|byte| byte.is_ascii_alphanumeric())
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_packet_breaks_the_receiver_or_leaves_a_descriptor_behind() {
        sd_twin::feed("packet", super::packet);
    }

    #[test]
    fn nothing_that_a_process_makes_proc_say_is_taken_for_the_kernels_word() {
        sd_twin::feed("proc", super::proc);
    }
}
