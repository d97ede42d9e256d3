use super::*;
use crate::identity::{own_pid, own_uid};

fn here() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("listening.sock");
    (dir, path)
}

#[test]
fn a_connection_comes_in_and_carries_packets_with_their_writer() {
    let (_dir, path) = here();
    let listener = Listener::bind(&path, 0o600).unwrap();
    assert!(!listener.wait(Duration::from_millis(1)).unwrap());
    assert!(listener.accept().unwrap().is_none());
    let client = Link::connect(&path).unwrap();
    // Written before the connection is accepted: its writer must be known all the same.
    client.send(b"early\n", &[]).unwrap();
    assert!(listener.wait(Duration::from_secs(5)).unwrap());
    let server = listener.accept().unwrap().unwrap();
    let packet = server.receive().unwrap().unwrap();
    assert_eq!((packet.writer.unwrap().pid, packet.writer.unwrap().uid), (own_pid(), own_uid()));
    server.send(b"answer\n", &[]).unwrap();
    assert_eq!(client.receive().unwrap().unwrap().writer.unwrap().pid, own_pid());
    assert_eq!(server.peer().unwrap().pid, own_pid());
}

#[test]
fn a_bound_socket_has_exactly_the_mode_asked_for() {
    for mode in [0o600, 0o660, 0o666] {
        let (_dir, path) = here();
        let _listener = Listener::bind(&path, mode).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode);
    }
}

#[test]
fn binding_over_something_that_is_there_fails() {
    let (_dir, path) = here();
    std::fs::write(&path, "precious").unwrap();
    assert_eq!(Listener::bind(&path, 0o600).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn connecting_where_nobody_listens_fails_at_once() {
    let (_dir, path) = here();
    assert_eq!(Link::connect(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    drop(Listener::bind(&path, 0o600).unwrap());
    assert_eq!(Link::connect(&path).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_full_queue_does_not_hold_a_client() {
    let (_dir, path) = here();
    let listener = Listener::bind(&path, 0o600).unwrap();
    let mut clients = Vec::new();
    let why = loop {
        match Link::connect(&path) {
            Ok(link) => clients.push(link),
            Err(why) => break why,
        }
    };
    assert_eq!(why.kind(), io::ErrorKind::WouldBlock);
    assert!(listener.accept().unwrap().is_some());
}

#[test]
fn the_name_chooses_among_the_sockets_handed_over() {
    assert_eq!(choose("decide", "decide", 1).unwrap(), 0);
    assert_eq!(choose("decide", "other:decide", 2).unwrap(), 1);
    assert_eq!(choose("decide", "", 1).unwrap(), 0);
    assert!(matches!(choose("decide", "", 2), Err(ActivationError::Ambiguous(2))));
    assert!(matches!(choose("decide", "other", 1), Err(ActivationError::NoSuchName(_))));
    assert!(matches!(choose("decide", "other:decide", 1), Err(ActivationError::NoSuchName(_))));
    assert!(matches!(choose("decide", "decide", 0), Err(ActivationError::NoSocket)));
}

#[test]
fn only_a_listening_seqpacket_socket_becomes_a_listener() {
    let (_dir, path) = here();
    let (one, _other) = Link::pair().unwrap();
    assert!(matches!(Listener::adopt(one.into()), Err(ActivationError::WrongKind)));
    let stream = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(matches!(Listener::adopt(stream.into()), Err(ActivationError::WrongKind)));
    let file = std::fs::File::open("/proc/self/stat").unwrap();
    assert!(matches!(Listener::adopt(file.into()), Err(ActivationError::WrongKind)));
    let (_dir, path) = here();
    let made = Listener::bind(&path, 0o600).unwrap();
    assert!(Listener::adopt(made.into()).is_ok());
}

/// Runs the test `name` again in a process of its own, as systemd would start it: `fd` is its
/// descriptor 3.
fn activated(name: &str, fd: OwnedFd, names: &str) -> std::process::Output {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]);
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", names);
    let hand_over = move || {
        let done = if fd.as_raw_fd() == 3 {
            // dup2 onto itself would leave it closed on exec.
            // SAFETY: fcntl takes integers here, and may be called between fork and exec.
            unsafe { libc::fcntl(3, libc::F_SETFD, 0) }
        } else {
            // SAFETY: as above.
            unsafe { libc::dup2(fd.as_raw_fd(), 3) }
        };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(hand_over) };
    command.output().unwrap()
}

#[test]
fn a_socket_handed_over_by_name_is_taken_and_tamed() {
    let name = "listener::tests::a_socket_handed_over_by_name_is_taken_and_tamed";
    if std::env::var_os("LISTEN_FDS").is_some() {
        let listener = Listener::activated("decide").unwrap();
        assert_eq!(listener.as_fd().as_raw_fd(), 3);
        assert!(listener.wait(Duration::from_secs(5)).unwrap());
        listener.accept().unwrap().unwrap().send(b"welcome\n", &[]).unwrap();
        assert!(listener.accept().unwrap().is_none(), "it does not block");
        return;
    }
    let (_dir, path) = here();
    let listener = Listener::bind(&path, 0o600).unwrap();
    let client = Link::connect(&path).unwrap();
    let output = activated(name, listener.into(), "decide");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packet = client.receive().unwrap().unwrap();
    assert_eq!(packet.bytes, b"welcome\n");
    assert_ne!(packet.writer.unwrap().pid, own_pid(), "the other process wrote it");
}

#[test]
fn a_socket_of_another_kind_that_is_handed_over_is_refused() {
    let name = "listener::tests::a_socket_of_another_kind_that_is_handed_over_is_refused";
    if std::env::var_os("LISTEN_FDS").is_some() {
        assert!(matches!(Listener::activated("decide"), Err(ActivationError::WrongKind)));
        return;
    }
    let (_dir, path) = here();
    let stream = std::os::unix::net::UnixListener::bind(&path).unwrap();
    for fd in [stream.into(), Link::pair().unwrap().0.into()] {
        let output = activated(name, fd, "decide");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn without_activation_there_is_a_sentence_that_says_what_to_do() {
    // The runner of the tests is not socket-activated.
    let why = Listener::activated("decide").unwrap_err();
    assert!(why.to_string().contains("socket unit"), "{why}");
}
