use nix::pty::openpty;

use super::*;

#[test]
fn a_size_that_was_set_is_the_size_that_is_found() {
    let pty = openpty(None, None).unwrap();
    assert_eq!(size(&pty.slave).unwrap(), (0, 0));
    set_size(&pty.master, 132, 43).unwrap();
    assert_eq!(size(&pty.slave).unwrap(), (132, 43));
}

#[test]
fn what_was_typed_and_not_read_is_forgotten() {
    let pty = openpty(None, None).unwrap();
    nix::unistd::write(&pty.master, b"yyy\n").unwrap();
    flush_input(&pty.slave).unwrap();
    nix::unistd::write(&pty.master, b"n\n").unwrap();
    let mut found = [0; 16];
    let n = nix::unistd::read(&pty.slave, &mut found).unwrap();
    assert_eq!(&found[..n], b"n\n");
}

#[test]
fn what_is_no_terminal_says_so() {
    let file = std::fs::File::open("/proc/self/stat").unwrap();
    for refused in [
        size(&file).err(),
        set_size(&file, 1, 1).err(),
        flush_input(&file).err(),
        set_exclusive(&file).err(),
        make_controlling(&file).err(),
    ] {
        assert_eq!(refused.unwrap().raw_os_error(), Some(libc::ENOTTY));
    }
}

#[test]
fn an_exclusive_terminal_is_still_readable_by_who_has_it() {
    let pty = openpty(None, None).unwrap();
    set_exclusive(&pty.slave).unwrap();
    set_size(&pty.slave, 80, 25).unwrap();
    assert_eq!(size(&pty.slave).unwrap(), (80, 25));
}
