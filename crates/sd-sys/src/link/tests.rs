use std::io::Read;
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::unistd::pipe;

use super::*;
use crate::identity::{own_pid, own_uid};

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(50)
}

/// Whether every copy of the write end is closed: reading then finds the end.
fn all_closed(read_end: OwnedFd) -> bool {
    fcntl(&read_end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let mut byte = [0];
    matches!(std::fs::File::from(read_end).read(&mut byte), Ok(0))
}

#[test]
fn a_packet_brings_its_bytes_its_fds_and_its_writer() {
    let (here, there) = Link::pair().unwrap();
    let (read_end, write_end) = pipe().unwrap();
    here.send(b"line\n", &[write_end.as_fd()]).unwrap();
    let packet = there.receive().unwrap().unwrap();
    assert_eq!(packet.bytes, b"line\n");
    assert_eq!(packet.fds.len(), 1);
    let who = packet.writer.unwrap();
    assert_eq!((who.pid, who.uid), (own_pid(), own_uid()));
    let flags = fcntl(&packet.fds[0], FcntlArg::F_GETFD).unwrap();
    assert_eq!(flags & FdFlag::FD_CLOEXEC.bits(), FdFlag::FD_CLOEXEC.bits());
    drop(write_end);
    drop(packet);
    assert!(all_closed(read_end));
}

#[test]
fn a_link_is_closed_on_exec_and_never_blocks() {
    let (here, there) = Link::pair().unwrap();
    for link in [&here, &there] {
        assert_ne!(fcntl(link, FcntlArg::F_GETFD).unwrap() & FdFlag::FD_CLOEXEC.bits(), 0);
        assert_ne!(fcntl(link, FcntlArg::F_GETFL).unwrap() & OFlag::O_NONBLOCK.bits(), 0);
        assert!(link.receive().unwrap_err().is_would_block());
    }
}

#[test]
fn two_lines_never_merge_and_each_keeps_its_own_fds() {
    let (here, there) = Link::pair().unwrap();
    here.send(b"one\n", &[]).unwrap();
    here.send(b"two\n", &[here.as_fd()]).unwrap();
    let (one, two) = (there.receive().unwrap().unwrap(), there.receive().unwrap().unwrap());
    assert_eq!((one.bytes.as_slice(), one.fds.len()), (b"one\n".as_slice(), 0));
    assert_eq!((two.bytes.as_slice(), two.fds.len()), (b"two\n".as_slice(), 1));
}

#[test]
fn the_end_comes_after_everything_that_was_written() {
    let (here, there) = Link::pair().unwrap();
    here.send(b"last words\n", &[]).unwrap();
    drop(here);
    assert!(there.hung_up());
    assert_eq!(there.receive().unwrap().unwrap().bytes, b"last words\n");
    assert!(there.receive().unwrap().is_none());
    assert!(there.receive_by(soon()).unwrap().is_none());
}

#[test]
fn an_empty_packet_of_a_hostile_writer_is_not_mistaken_for_the_end() {
    let (here, there) = Link::pair().unwrap();
    crate::message::send_one(here.as_fd(), b"", &[]).unwrap();
    let packet = there.receive().unwrap().unwrap();
    assert!(packet.bytes.is_empty() && packet.writer.is_some());
}

#[test]
fn a_packet_that_is_too_long_is_an_error_and_leaks_no_fd() {
    let (here, there) = Link::pair().unwrap();
    let (read_end, write_end) = pipe().unwrap();
    let long = vec![b'x'; MAX_PACKET + 1];
    crate::message::send_one(here.as_fd(), &long, &[write_end.as_fd()]).unwrap();
    drop(write_end);
    assert!(matches!(there.receive(), Err(ReceiveError::Truncated)));
    assert!(all_closed(read_end));
    here.send(b"next\n", &[]).unwrap();
    assert_eq!(there.receive().unwrap().unwrap().bytes, b"next\n", "the link goes on");
}

#[test]
fn too_many_fds_are_an_error_and_none_leaks() {
    // 4 fit in the padding of the control buffer, 5 do not, 253 are the kernel's limit.
    for count in [MAX_FDS + 1, MAX_FDS + 2, 253] {
        let (here, there) = Link::pair().unwrap();
        let (read_end, write_end) = pipe().unwrap();
        let many = vec![write_end.as_fd(); count];
        crate::message::send_one(here.as_fd(), b"line\n", &many).unwrap();
        drop(write_end);
        assert!(matches!(there.receive(), Err(ReceiveError::TooManyFds)), "{count}");
        assert!(all_closed(read_end), "{count}");
    }
}

#[test]
fn fds_in_several_control_messages_are_all_owned() {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    let (here, there) = Link::pair().unwrap();
    let (read_end, write_end) = pipe().unwrap();
    let raw = [write_end.as_raw_fd()];
    let control = [ControlMessage::ScmRights(&raw), ControlMessage::ScmRights(&raw)];
    let part = [io::IoSlice::new(b"line\n")];
    // The kernel joins them or refuses them; either way nothing may stay open.
    let _ = sendmsg::<()>(here.as_fd().as_raw_fd(), &part, &control, MsgFlags::empty(), None);
    drop(write_end);
    drop(there.receive());
    drop((here, there));
    assert!(all_closed(read_end));
}

#[test]
fn the_largest_packet_passes_and_a_larger_or_empty_one_is_not_sent() {
    let (here, there) = Link::pair().unwrap();
    let full = vec![7; MAX_PACKET];
    here.send(&full, &[]).unwrap();
    assert_eq!(there.receive().unwrap().unwrap().bytes, full);
    for wrong in [vec![], vec![7; MAX_PACKET + 1]] {
        assert_eq!(here.send(&wrong, &[]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
    let many = [here.as_fd(); MAX_FDS + 1];
    assert_eq!(here.send(b"x", &many).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_reader_that_does_not_read_cannot_hold_a_writer() {
    let (here, _there) = Link::pair().unwrap();
    let packet = vec![0; MAX_PACKET];
    while here.send(&packet, &[]).is_ok() {}
    assert_eq!(here.send(&packet, &[]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(here.send_by(&packet, &[], soon()).unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn a_writer_waits_for_room_and_a_reader_for_a_packet() {
    let (here, there) = Link::pair().unwrap();
    let reader = std::thread::spawn(move || {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut count = 0;
        while let Some(packet) = there.receive_by(deadline).unwrap() {
            count += packet.bytes.len();
        }
        count
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    for _ in 0..50 {
        here.send_by(&vec![1; MAX_PACKET], &[], deadline).unwrap();
    }
    drop(here);
    assert_eq!(reader.join().unwrap(), 50 * MAX_PACKET);
}

#[test]
fn waiting_for_a_packet_ends_at_the_deadline() {
    let (_here, there) = Link::pair().unwrap();
    let Err(ReceiveError::Io(why)) = there.receive_by(soon()) else { panic!("no packet was sent") };
    assert_eq!(why.kind(), io::ErrorKind::TimedOut);
    assert!(!there.hung_up());
}

#[test]
fn sending_to_a_peer_that_is_gone_is_an_error_and_no_signal() {
    let (here, there) = Link::pair().unwrap();
    drop(there);
    assert_eq!(here.send(b"x", &[]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(here.send_by(b"x", &[], soon()).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn what_a_peer_wrote_before_it_left_us_unread_still_arrives() {
    let (here, there) = Link::pair().unwrap();
    here.send(b"never read\n", &[]).unwrap();
    there.send(b"refused\n", &[]).unwrap();
    drop(there);
    let Err(ReceiveError::Io(why)) = here.receive() else { panic!("the kernel says reset first") };
    assert_eq!(why.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(here.receive().unwrap().unwrap().bytes, b"refused\n");
    assert!(here.receive().unwrap().is_none());
}

#[test]
fn only_a_connected_looking_seqpacket_unix_socket_becomes_a_link() {
    use nix::sys::socket::{Backlog, bind, listen};
    let make = |family, kind| socket(family, kind, SockFlag::empty(), None).unwrap();
    let stream = make(AddressFamily::Unix, SockType::Stream);
    assert!(matches!(Link::adopt(stream), Err(NotALink::NotSeqpacket)));
    let datagram = make(AddressFamily::Unix, SockType::Datagram);
    assert!(matches!(Link::adopt(datagram), Err(NotALink::NotSeqpacket)));
    let inet = make(AddressFamily::Inet, SockType::Stream);
    assert!(matches!(Link::adopt(inet), Err(NotALink::NotUnix)));
    let file = OwnedFd::from(std::fs::File::open("/proc/self/stat").unwrap());
    assert!(matches!(Link::adopt(file), Err(NotALink::NotASocket)));
    assert!(matches!(Link::adopt(pipe().unwrap().0), Err(NotALink::NotASocket)));
    let listening = make(AddressFamily::Unix, SockType::SeqPacket);
    bind(listening.as_raw_fd(), &UnixAddr::new_unnamed()).unwrap();
    listen(&listening, Backlog::new(1).unwrap()).unwrap();
    assert!(matches!(Link::adopt(listening), Err(NotALink::Listening)));
    let (one, _other) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::empty()).unwrap();
    let link = Link::adopt(one).unwrap();
    assert!(link.receive().unwrap_err().is_would_block(), "adopting makes it nonblocking");
}

#[test]
fn an_o_path_descriptor_is_refused_and_does_not_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let _listening = crate::listener::Listener::bind(&path, 0o600).unwrap();
    let fd = nix::fcntl::open(&path, OFlag::O_PATH, nix::sys::stat::Mode::empty()).unwrap();
    assert!(matches!(Link::adopt(fd), Err(NotALink::NotASocket)));
}

#[test]
fn every_error_has_a_sentence() {
    for why in
        [ReceiveError::Truncated, ReceiveError::TooManyFds, io::Error::from(io::ErrorKind::TimedOut).into()]
    {
        assert!(!why.to_string().is_empty());
    }
    for why in [NotALink::NotASocket, NotALink::NotUnix, NotALink::NotSeqpacket, NotALink::Listening] {
        assert!(why.to_string().starts_with("the "));
    }
}
