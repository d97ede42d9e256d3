use super::*;
use crate::Link;
use crate::identity::{own_pid, own_uid};

#[test]
fn the_peer_of_a_pair_is_who_made_it() {
    let (here, there) = Link::pair().unwrap();
    for link in [&here, &there] {
        let peer = link.peer().unwrap();
        assert_eq!((peer.pid, peer.uid), (own_pid(), own_uid()));
        assert!(peer.alive());
    }
}

#[test]
fn a_pidfd_of_a_peer_is_closed_on_exec() {
    let (here, _there) = Link::pair().unwrap();
    let peer = here.peer().unwrap();
    let flags = nix::fcntl::fcntl(peer.pidfd.as_ref().unwrap(), nix::fcntl::FcntlArg::F_GETFD).unwrap();
    assert_eq!(flags & 1, 1);
}

#[test]
fn a_kernel_with_peer_pidfds_pins_the_peer() {
    let (here, _there) = Link::pair().unwrap();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap(), numbers.next().unwrap());
    assert_eq!(here.peer().unwrap().pinned(), version >= (6, 5), "kernel {release}");
}

#[test]
fn a_socket_without_a_peer_has_none() {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let alone = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::empty(), None).unwrap();
    assert_eq!(Peer::of(&alone).unwrap_err().kind(), io::ErrorKind::NotConnected);
    let file = std::fs::File::open("/proc/self/stat").unwrap();
    assert_eq!(Peer::of(&file).unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
}

#[test]
fn the_way_of_older_kernels_finds_the_process_too() {
    let pidfd = open_pidfd(own_pid());
    let peer = Peer { pid: own_pid(), uid: own_uid(), gid: 0, pidfd, pinned: false };
    assert!(peer.alive() && !peer.pinned());
    assert!(open_pidfd(-1).is_none());
    assert!(!Peer { pid: 1, uid: 0, gid: 0, pidfd: None, pinned: true }.alive());
}
