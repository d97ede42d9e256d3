use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("parties");
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (dir, path)
}

#[test]
fn a_file_of_ones_own_that_only_the_owner_writes_is_read() {
    for mode in [0o400, 0o600, 0o644, 0o444] {
        let (_dir, path) = file(b"{}\n", mode);
        assert_eq!(read_trusted(&path, 16).unwrap(), b"{}\n");
    }
}

#[test]
fn a_file_that_group_or_others_may_write_is_refused() {
    for mode in [0o620, 0o602, 0o666] {
        let (_dir, path) = file(b"{}\n", mode);
        let why = read_trusted(&path, 16).unwrap_err();
        assert!(matches!(why.reason, Reason::Writable(found) if found == mode));
        assert!(why.to_string().contains(path.to_str().unwrap()), "{why}");
    }
}

#[test]
fn a_file_that_is_too_long_is_refused_and_one_that_just_fits_is_not() {
    let (_dir, path) = file(b"12345", 0o600);
    assert_eq!(read_trusted(&path, 5).unwrap(), b"12345");
    assert!(matches!(read_trusted(&path, 4).unwrap_err().reason, Reason::TooLong(4)));
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let (dir, path) = file(b"{}", 0o600);
    let link = dir.path().join("link");
    symlink(&path, &link).unwrap();
    let why = read_trusted(&link, 16).unwrap_err();
    assert!(matches!(why.reason, Reason::Io(ref e) if e.raw_os_error() == Some(libc::ELOOP)), "{why}");
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    for path in [pipe.as_path(), dir.path(), Path::new("/dev/null")] {
        assert!(matches!(read_trusted(path, 16).unwrap_err().reason, Reason::NotRegular), "{path:?}");
    }
}

#[test]
fn a_file_of_another_owner_is_refused() {
    // As root a file given away; else one of root's is fine, which is the other half of the rule.
    let (_dir, path) = file(b"{}", 0o644);
    if own_uid() == 0 {
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        assert!(matches!(read_trusted(&path, 16).unwrap_err().reason, Reason::Owner(12345)));
    } else {
        assert!(read_trusted(Path::new("/etc/passwd"), 1 << 20).is_ok());
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let why = read_trusted(Path::new("/nonexistent/parties"), 16).unwrap_err();
    assert!(why.to_string().starts_with("/nonexistent/parties could not be read"), "{why}");
}
