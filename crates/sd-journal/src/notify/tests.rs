use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use super::*;

#[test]
fn what_is_said_reaches_the_socket_that_systemd_named() {
    const MARK: &str = "SD_JOURNAL_TEST_SPEAKS";
    if std::env::var_os(MARK).is_some() {
        assert!(ready() && watchdog() && stopping());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let name = "notify::tests::what_is_said_reaches_the_socket_that_systemd_named";
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(MARK, "1")
        .env("NOTIFY_SOCKET", &path)
        .output()
        .unwrap()
        .status;
    assert!(status.success());
    for expected in ["READY=1\n", "WATCHDOG=1\n", "STOPPING=1\n"] {
        let mut found = [0; 64];
        let n = socket.recv(&mut found).unwrap();
        assert_eq!(&found[..n], expected.as_bytes());
    }
}

#[test]
fn without_systemd_nobody_is_told_and_nothing_fails() {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        assert!(!ready() && !watchdog() && !stopping());
        assert_eq!(watchdog_interval(), None);
    }
}
