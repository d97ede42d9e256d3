use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::*;
use crate::identity::own_uid;
use crate::link::ReceiveError;
use crate::listener::Listener;

fn pair() -> (Link, Sink) {
    let (home, away) = Link::pair().unwrap();
    (home, Sink::admit(away.into(), own_uid()).unwrap())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// A program that makes a socketpair, sends one end here, and then becomes `sleep`: a decoy.
fn decoy(uid: Option<u32>) -> (Child, OwnedFd) {
    let (here, there) = Link::pair().unwrap();
    let mut command = Command::new("sleep");
    command.arg("60");
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    let made = move || {
        let (kept, sink) = Link::pair()?;
        there.send(b"sink\n", &[sink.as_fd()])?;
        // The decoy keeps its end across the exec, as a number that nobody will ever close.
        nix::fcntl::fcntl(&kept, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty()))?;
        std::mem::forget(kept);
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes a few system calls and one small allocation,
    // which glibc allows after fork.
    let child = unsafe { command.pre_exec(made) }.spawn().unwrap();
    let mut packet = here.receive_by(soon()).unwrap().unwrap();
    (child, packet.fds.remove(0))
}

#[test]
fn settling_sends_one_line_and_then_the_end() {
    let (home, sink) = pair();
    sink.settle(b"denied\n").unwrap();
    assert_eq!(home.receive().unwrap().unwrap().bytes, b"denied\n");
    assert!(home.receive().unwrap().is_none());
}

#[test]
fn a_sink_that_is_dropped_says_nothing_and_ends() {
    let (home, sink) = pair();
    drop(sink);
    assert!(home.receive().unwrap().is_none());
}

#[test]
fn a_body_follows_its_line_in_packets_of_its_own() {
    let (home, sink) = pair();
    let body: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let sent = body.clone();
    let writer = std::thread::spawn(move || sink.settle_with(b"granted\n", &sent, soon()));
    assert_eq!(home.receive_by(soon()).unwrap().unwrap().bytes, b"granted\n");
    let mut got = Vec::new();
    while let Some(packet) = home.receive_by(soon()).unwrap() {
        assert!(packet.bytes.len() <= 32 * 1024);
        got.extend(packet.bytes);
    }
    writer.join().unwrap().unwrap();
    assert_eq!(got, body);
}

#[test]
fn a_maker_that_does_not_read_cannot_hold_the_settling() {
    let (_home, sink) = pair();
    let deadline = Instant::now() + Duration::from_millis(50);
    let why = sink.settle_with(b"granted\n", &vec![0; 4 << 20], deadline).unwrap_err();
    assert_eq!(why.kind(), io::ErrorKind::TimedOut);
    let (_home, sink) = pair();
    while sink.link.send(&vec![0; 65536], &[]).is_ok() {}
    assert_eq!(sink.settle(b"x\n").unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn an_invitation_brings_the_upload_link_and_leaves_the_sink_open() {
    let (home, sink) = pair();
    let (ours, theirs) = Link::pair().unwrap();
    sink.invite(b"invited\n", theirs).unwrap();
    let mut packet = home.receive().unwrap().unwrap();
    let upload = Link::adopt(packet.fds.remove(0)).unwrap();
    assert_eq!(upload.peer().unwrap().uid, own_uid());
    upload.send(b"new secret", &[]).unwrap();
    drop(upload);
    assert_eq!(ours.receive().unwrap().unwrap().bytes, b"new secret");
    assert!(ours.receive().unwrap().is_none(), "no copy of the other end stays behind");
    sink.settle(b"granted\n").unwrap();
    assert_eq!(home.receive().unwrap().unwrap().bytes, b"granted\n");
}

#[test]
fn a_holder_of_the_sink_can_neither_read_what_was_written_nor_reopen_it() {
    let (home, sink) = pair();
    let copy = Link::adopt(sink.as_fd().try_clone_to_owned().unwrap()).unwrap();
    sink.settle(b"granted\n").unwrap();
    assert!(copy.receive().unwrap_err().is_would_block());
    let path = format!("/proc/self/fd/{}", copy.as_fd().as_raw_fd());
    let again = std::fs::OpenOptions::new().read(true).open(path);
    assert_eq!(again.unwrap_err().raw_os_error(), Some(libc::ENXIO));
    assert_eq!(home.receive().unwrap().unwrap().bytes, b"granted\n");
}

#[test]
fn a_maker_that_leaves_abandons_the_sink() {
    let (home, sink) = pair();
    assert!(!sink.abandoned());
    drop(home);
    assert!(sink.abandoned());
    assert_eq!(sink.settle(b"x\n").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_sink_of_another_kind_is_refused_by_name() {
    let refuse = |fd: OwnedFd| Sink::admit(fd, own_uid()).unwrap_err();
    let of = |kind| socketpair(AddressFamily::Unix, kind, None, SockFlag::empty()).unwrap().0;
    for kind in [SockType::Stream, SockType::Datagram] {
        assert!(matches!(refuse(of(kind)), SinkRefused::NotALink(NotALink::NotSeqpacket)));
    }
    let (read_end, write_end) = nix::unistd::pipe().unwrap();
    for fd in [read_end, write_end, std::fs::File::open("/proc/self/stat").unwrap().into()] {
        assert!(matches!(refuse(fd), SinkRefused::NotALink(NotALink::NotASocket)));
    }
    let alone = nix::sys::socket::socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::empty(), None);
    assert!(matches!(refuse(alone.unwrap()), SinkRefused::NotConnected));
}

#[test]
fn a_connection_to_a_listener_is_no_sink_from_either_side() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = Listener::bind(&path, 0o600).unwrap();
    let client = Link::connect(&path).unwrap();
    let server = listener.accept().unwrap().unwrap();
    for side in [client, server] {
        assert!(matches!(Sink::admit(side.into(), own_uid()), Err(SinkRefused::NotAPair)));
    }
}

#[test]
fn a_sink_that_another_uid_made_is_refused() {
    // As root by a process of another uid, else by expecting another uid than ours.
    let (expected, found, sink, child) = if own_uid() == 0 {
        let (child, sink) = decoy(Some(12345));
        (0, 12345, sink, Some(child))
    } else {
        let (home, away) = Link::pair().unwrap();
        std::mem::forget(home);
        (own_uid() + 1, own_uid(), away.into(), None)
    };
    match Sink::admit(sink, expected) {
        Err(SinkRefused::WrongMaker { expected: e, found: f }) => assert_eq!((e, f), (expected, found)),
        other => panic!("{other:?}"),
    }
    if let Some(mut child) = child {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn the_maker_stays_who_called_socketpair_whatever_it_becomes() {
    let (mut child, fd) = decoy(None);
    let copy = fd.try_clone().unwrap();
    let sink = Sink::admit(fd, own_uid()).unwrap();
    assert_eq!(sink.maker().pid, i32::try_from(child.id()).unwrap());
    assert!(sink.maker().alive() && !sink.abandoned());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!sink.maker().alive(), "a reaped maker is dead");
    assert!(sink.abandoned());
    let late = crate::Peer::of(&copy).unwrap();
    assert!(!late.alive(), "asked after its death it is dead as well");
    assert_eq!(late.pid, sink.maker().pid);
}

#[test]
fn a_moved_sink_is_the_same_sink() {
    let (home, sink) = pair();
    let again = Sink::admit(sink.into_fd(), own_uid()).unwrap();
    again.settle(b"expired\n").unwrap();
    assert_eq!(home.receive().unwrap().unwrap().bytes, b"expired\n");
    assert!(matches!(home.receive(), Ok(None) | Err(ReceiveError::Io(_))));
}

/// A TCP socket whose close takes a minute, unless a signal comes: what it has to send will never be read.
fn lingers() -> (std::net::TcpStream, (std::net::TcpListener, std::net::TcpStream)) {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut full = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (deaf, _) = listener.accept().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.write(&[0; 65536]).is_ok() {}
    full.set_nonblocking(false).unwrap();
    let linger = libc::linger { l_onoff: 1, l_linger: 60 };
    nix::sys::socket::setsockopt(&full, nix::sys::socket::sockopt::Linger, &linger).unwrap();
    (full, (listener, deaf))
}

#[test]
fn a_sink_that_was_loaded_with_a_lingering_socket_is_closed_at_once() {
    for settled in [true, false] {
        let (full, _others) = lingers();
        let (home, sink) = pair();
        home.send(b"x", &[full.as_fd()]).unwrap();
        home.send(b"x", &[full.as_fd()]).unwrap();
        drop(full);
        let began = Instant::now();
        if settled {
            sink.settle(b"line\n").unwrap();
        } else {
            drop(home);
            drop(sink);
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}
