use std::mem::{offset_of, size_of};
use std::process::Command;

use super::*;

/// What the kernel's own headers say, by way of the compiler that every build here needs anyway.
fn kernel_facts(expressions: &[&str]) -> Vec<usize> {
    let dir = tempfile::tempdir().unwrap();
    let (source, program) = (dir.path().join("facts.c"), dir.path().join("facts"));
    let mut text = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <linux/vt.h>\n#include <linux/kd.h>\nint main(void) {\n",
    );
    for one in expressions {
        text.push_str(&format!("printf(\"%zu\\n\", (size_t)({one}));\n"));
    }
    text.push_str("return 0; }\n");
    std::fs::write(&source, text).unwrap();
    let compiled = Command::new("cc").arg("-o").arg(&program).arg(&source).status();
    assert!(compiled.expect("cc is needed for this test").success());
    let output = Command::new(&program).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn our_layouts_are_those_of_the_kernel_headers() {
    let facts = kernel_facts(&[
        "sizeof(struct vt_mode)",
        "offsetof(struct vt_mode, waitv)",
        "offsetof(struct vt_mode, relsig)",
        "offsetof(struct vt_mode, acqsig)",
        "offsetof(struct vt_mode, frsig)",
        "sizeof(struct vt_stat)",
        "offsetof(struct vt_stat, v_signal)",
        "offsetof(struct vt_stat, v_state)",
        "sizeof(struct winsize)",
    ]);
    let ours = [
        size_of::<RawMode>(),
        offset_of!(RawMode, waitv),
        offset_of!(RawMode, relsig),
        offset_of!(RawMode, acqsig),
        offset_of!(RawMode, frsig),
        size_of::<RawState>(),
        offset_of!(RawState, signal),
        offset_of!(RawState, state),
        size_of::<libc::winsize>(),
    ];
    assert_eq!(facts, ours);
    assert_eq!((size_of::<RawMode>(), size_of::<RawState>()), (8, 6));
}

#[test]
fn our_numbers_are_those_of_the_kernel_headers() {
    let pairs: [(&str, u64); 20] = [
        ("VT_GETMODE", VT_GETMODE),
        ("VT_SETMODE", VT_SETMODE),
        ("VT_GETSTATE", VT_GETSTATE),
        ("VT_RELDISP", VT_RELDISP),
        ("VT_ACTIVATE", VT_ACTIVATE),
        ("VT_WAITACTIVE", VT_WAITACTIVE),
        ("KDSETMODE", KDSETMODE),
        ("KDGETMODE", KDGETMODE),
        ("KDGKBMODE", KDGKBMODE),
        ("KDSKBMODE", KDSKBMODE),
        ("VT_AUTO", u64::from(VT_AUTO)),
        ("VT_PROCESS", u64::from(VT_PROCESS)),
        ("VT_ACKACQ", 2),
        ("K_RAW", 0),
        ("K_XLATE", 1),
        ("K_MEDIUMRAW", 2),
        ("K_UNICODE", 3),
        ("K_OFF", 4),
        ("KD_TEXT", 0),
        ("KD_GRAPHICS", 1),
    ];
    let names: Vec<&str> = pairs.iter().map(|pair| pair.0).collect();
    for (fact, (name, ours)) in kernel_facts(&names).into_iter().zip(pairs) {
        assert_eq!(fact, usize::try_from(ours).unwrap(), "{name}");
    }
    let terminal = kernel_facts(&["TIOCSCTTY", "TIOCEXCL", "TIOCVHANGUP", "TIOCGWINSZ", "TIOCSWINSZ"]);
    let ours = [libc::TIOCSCTTY, libc::TIOCEXCL, libc::TIOCVHANGUP, libc::TIOCGWINSZ, libc::TIOCSWINSZ];
    assert_eq!(terminal, ours.map(|one| usize::try_from(one).unwrap()));
}

#[test]
fn a_pty_is_no_virtual_terminal_and_says_so() {
    let pty = nix::pty::openpty(None, None).unwrap();
    let refused = [
        mode(&pty.slave).err(),
        set_mode(&pty.slave, Switching::Automatic).err(),
        active(&pty.slave).err(),
        answer(&pty.slave, Answer::Refuse).err(),
        activate(&pty.slave, 1).err(),
        activate_by(&pty.slave, 1, Instant::now()).err(),
        wait_active(&pty.slave, 1).err(),
        display(&pty.slave).err(),
        set_display(&pty.slave, Display::Text).err(),
        keyboard(&pty.slave).err(),
        set_keyboard(&pty.slave, Keyboard::Unicode).err(),
    ];
    for why in refused {
        assert_eq!(why.unwrap().raw_os_error(), Some(libc::ENOTTY));
    }
}
