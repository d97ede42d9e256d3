//! Nobody else opens, reads or writes the terminal, by its name or by an old descriptor.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use nix::errno::Errno;

use crate::stage::OnTheVt;
use crate::terminal::{TTY, as_the_desktop, open, screen};

#[test]
fn the_screen_stands_on_the_vt_and_nobody_else_reaches_it() {
    let vt = OnTheVt::start();
    let mode = fs::metadata(TTY).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(as_the_desktop("echo painted > /dev/tty8").contains("Permission denied"));
    assert!(as_the_desktop("cat < /dev/tty8").contains("Permission denied"));
    // Also were the mode laxer: the terminal is exclusive.
    fs::set_permissions(TTY, PermissionsExt::from_mode(0o666)).unwrap();
    assert!(as_the_desktop("echo painted > /dev/tty8").contains("busy"));
    assert!(as_the_desktop("cat < /dev/tty8").contains("busy"));
    assert!(as_the_desktop("cat /dev/vcs8").contains("Permission denied"));
    assert!(!screen().contains("painted"));
    drop(vt);
}

#[test]
fn a_descriptor_from_before_neither_paints_nor_reads() {
    let mut old = open();
    let vt = OnTheVt::start();
    let refused = old.write(b"painted").unwrap_err();
    assert_eq!(refused.raw_os_error().map(Errno::from_raw), Some(Errno::EIO));
    assert_eq!(old.read(&mut [0; 16]).unwrap(), 0);
    assert!(!screen().contains("painted"));
    drop(vt);
}
