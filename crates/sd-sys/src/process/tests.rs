use std::os::fd::AsFd;

use super::*;
use crate::identity::{own_pid, own_uid};

#[test]
fn this_process_looks_like_itself() {
    let me = Process::look(own_pid()).unwrap();
    assert_eq!((me.pid, me.uid), (own_pid(), Some(own_uid())));
    assert_eq!(me.ppid, nix::unistd::getppid().as_raw());
    let first: Vec<u8> = std::os::unix::ffi::OsStringExt::into_vec(std::env::args_os().next().unwrap());
    assert_eq!(cmdline(me.pid, me.start).unwrap()[0], first);
    assert_eq!(cmdline(me.pid, me.start + 1).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(me.start, start_of(own_pid()).unwrap());
    assert!(me.start > 0 && !me.comm.is_empty());
}

#[test]
fn the_parents_follow_one_another_and_are_never_younger() {
    let chain = Look::default().ancestors(own_pid(), 16);
    assert_eq!(chain[0].pid, nix::unistd::getppid().as_raw());
    for pair in chain.windows(2) {
        assert_eq!(pair[0].ppid, pair[1].pid);
        assert!(pair[0].start >= pair[1].start);
    }
    assert_eq!(Look::default().ancestors(own_pid(), 1).len(), 1);
    assert!(Look::default().ancestors(own_pid(), 0).is_empty());
}

#[test]
fn a_process_that_is_not_there_is_not_found() {
    for pid in [0, -1, i32::MIN, i32::MAX] {
        assert_eq!(Process::look(pid).unwrap_err().kind(), io::ErrorKind::NotFound, "{pid}");
        assert!(Look::default().ancestors(pid, 3).is_empty());
    }
}

#[test]
fn a_name_that_mimics_the_kernel_misleads_nobody() {
    let hostile = b"4242 (a) R 1 (b) S 77 4242 4242 34816 4242 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 0 0\n";
    let found = stat(hostile).unwrap();
    assert_eq!(found.comm, "a) R 1 (b");
    assert_eq!((found.ppid, found.start), (77, 987_654));
    assert_eq!(found.tty.as_deref(), Some("pts/0"));
}

#[test]
fn whatever_a_process_calls_itself_its_parent_and_start_are_read_right() {
    let pieces = [b"(".as_slice(), b")", b" ", b"\n", b"\0", b"\xff", b"R 1 2 3", b") S 1 1 1 0 "];
    for one in pieces {
        for two in pieces {
            for three in pieces {
                let comm = [one, two, three].concat();
                let line =
                    [b"9 (", comm.as_slice(), b") S 77 9 9 1026 9 0 1 2 3 4 5 6 7 8 20 0 1 0 987 1 2\n"];
                let found = stat(&line.concat()).unwrap();
                assert_eq!(found.comm, String::from_utf8_lossy(&comm));
                assert_eq!((found.ppid, found.start, found.tty.as_deref()), (77, 987, Some("tty2")));
            }
        }
    }
}

#[test]
fn names_with_line_breaks_and_broken_utf8_are_taken_as_they_are() {
    let found = stat(b"1 (\n\xff)\x1b[2J) S 1 1 1 0 1 1 1 1 1 1 1 1 1 1 20 0 1 0 5 0").unwrap();
    assert_eq!(found.comm, "\n\u{fffd})\u{1b}[2J");
    assert_eq!((found.ppid, found.start, found.tty), (1, 5, None));
}

#[test]
fn what_is_not_a_stat_line_is_not_read_as_one() {
    let whole = b"1 (sh) S 1 1 1 0 1 1 1 1 1 1 1 1 1 1 20 0 1 0 5 0";
    assert!(stat(whole).is_some());
    // Cut before the start time, whose last digit is the third byte from the end.
    for end in 0..whole.len() - 3 {
        assert!(stat(&whole[..end]).is_none(), "{end}");
    }
    for wrong in [b")(".as_slice(), b"1 )sh( S", b"", b"(((((", b"1 (sh) S x 1 1 0", b"\xff(\xff)\xff"] {
        assert!(stat(wrong).is_none());
    }
}

#[test]
fn a_real_process_with_a_hostile_name_is_read_right() {
    let _ = nix::sys::prctl::set_name(c"x) Z 1 (\n0 0");
    // The name is the thread's; the process' stat shows the first thread's, so look at our own.
    let thread = nix::unistd::gettid().as_raw();
    let found = look_at_stat(thread).unwrap();
    assert_eq!(found.comm, "x) Z 1 (\n0 0");
    assert_eq!(found.ppid, nix::unistd::getppid().as_raw());
}

#[test]
fn terminals_have_the_names_that_a_person_knows() {
    let named = [
        (0, None),
        (0x0402, Some("tty2")),
        (0x0440, Some("ttyS0")),
        (0x0501, Some("console")),
        (0x8803, Some("pts/3")),
        (0x0010_8801, Some("pts/257")),
        (0xcc00, Some("204:0")),
    ];
    for (number, name) in named {
        assert_eq!(terminal(number).as_deref(), name, "{number:#x}");
    }
    for number in [i32::MIN, -1, i32::MAX] {
        assert!(terminal(number).is_some());
    }
}

#[test]
fn root_is_believed_of_a_process_that_is_there_and_of_none_that_is_gone() {
    // Whoever runs the tests, the first process is root's.
    let mut look = Look::default();
    assert_eq!(look.at(1).unwrap().uid(), Some(0));
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let gone = look.at(i32::try_from(child.id()).unwrap()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(gone.uid(), None);
}

#[test]
fn arguments_are_split_at_zeros_and_empty_ones_are_kept() {
    let none: [&[u8]; 0] = [];
    assert_eq!(arguments(b""), none);
    assert_eq!(arguments(b"sh\0-c\0\0x y\0"), [b"sh".as_slice(), b"-c", b"", b"x y"]);
    assert_eq!(arguments(b"rewritten by itself"), [b"rewritten by itself"]);
    assert_eq!(arguments(b"\0\0"), [b"", b""]);
}

#[test]
fn the_unified_control_group_is_taken_before_the_old_ones() {
    assert_eq!(control_group(b"0::/user.slice\n").as_deref(), Some("/user.slice"));
    assert_eq!(control_group(b"2:cpu:/x\n1:name=systemd:/y\n0::/z\n").as_deref(), Some("/z"));
    assert_eq!(control_group(b"2:cpu:/x\n1:name=systemd:/y\n0::/\n").as_deref(), Some("/y"));
    assert_eq!(control_group(b"0::/\n").as_deref(), Some("/"));
    assert_eq!(control_group(b"2:cpu:/x\n"), None);
    assert_eq!(control_group(b""), None);
}

#[test]
fn a_session_is_believed_only_where_logind_puts_it() {
    assert_eq!(session("/user.slice/user-1000.slice/session-2.scope").as_deref(), Some("2"));
    assert_eq!(session("/user.slice/user-1000.slice/session-c7.scope/sub").as_deref(), Some("c7"));
    for forged in [
        "/user.slice/user-1000.slice/user@1000.service/session-1.scope",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/user-0.slice/session-1.scope",
        "/system.slice/user-1000.slice/session-1.scope",
        "user.slice/user-1000.slice/session-1.scope",
        "/user.slice/user-x.slice/session-1.scope",
        "/user.slice/user-.slice/session-1.scope",
        "/user.slice/user-1000.slice/session-.scope",
        "/user.slice/user-1000.slice/session-1 (seat0).scope",
        "/",
        "",
    ] {
        assert_eq!(session(forged), None, "{forged}");
    }
}

#[test]
fn a_handle_tells_of_the_end_of_exactly_that_process() {
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let start = Process::look(pid).unwrap().start;
    assert!(handle(pid, start + 1).is_none(), "another process had this number");
    let handle = handle(pid, start).unwrap();
    assert!(crate::wait::glance(handle.as_fd(), nix::poll::PollFlags::POLLIN).unwrap().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!crate::wait::glance(handle.as_fd(), nix::poll::PollFlags::POLLIN).unwrap().is_empty());
}

#[test]
fn a_unit_is_where_the_users_manager_put_it_and_not_what_is_made_below() {
    let manager = "/user.slice/user-1000.slice/user@1000.service";
    let family = |tail: &str| family::unit(&format!("{manager}{tail}")).map(str::to_owned);
    let firefox = format!("{manager}/app.slice/app-firefox-77.scope");
    assert_eq!(family("/app.slice/app-firefox-77.scope"), Some(firefox.clone()));
    assert_eq!(family("/app.slice/app-firefox-77.scope/a/b.scope"), Some(firefox));
    assert_eq!(family("/session.slice/x.service").unwrap(), format!("{manager}/session.slice/x.service"));
    assert_eq!(family("/init.scope"), None);
    assert_eq!(family("/init.scope/x.scope"), None);
    assert_eq!(family::unit("/user.slice/user-1000.slice/session-2.scope"), None);
    assert_eq!(family::unit("/"), None);
}

#[test]
fn to_fork_or_to_start_a_session_of_ones_own_within_one_is_to_stay_in_the_family() {
    use std::io::BufRead;
    // Each line is the number of a process of the same hostile session, deeper and deeper.
    let inner = "echo $$; setsid --wait sh -c 'echo $$; sleep 60; :'; :";
    let mut child = std::process::Command::new("setsid")
        .args(["sh", "-c", "echo $$; (sh -c \"$INNER\"; :); :"])
        .env("INNER", inner)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().take(3);
    let pids: Vec<i32> = lines.map(|line| line.unwrap().trim().parse().unwrap()).collect();
    let families: Vec<_> = pids.iter().map(|pid| Family::of(*pid).unwrap()).collect();
    // From the outside in: whose child has ended ends by itself, and may be gone before its turn.
    for pid in &pids {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(*pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    }
    child.wait().unwrap();
    assert_eq!(families[0], families[1]);
    assert_eq!(families[0], families[2]);
}

#[test]
fn what_a_look_has_read_of_a_process_it_does_not_read_again() {
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let mut look = Look::default();
    let all = |look: &mut Look| (look.process(pid).ok(), look.ancestors(pid, 8), look.family(pid));
    let seen = all(&mut look);
    assert!(seen.0.is_some() && seen.2.is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    // Now there is nothing of it to be read: what is said of it all the same was read before.
    assert_eq!(all(&mut look), seen);
    assert_eq!(all(&mut Look::default()), (None, Vec::new(), None));
}

#[test]
fn of_a_process_that_ends_during_a_look_nothing_is_made_up() {
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let mut look = Look::default();
    let start = look.at(pid).unwrap().stat().unwrap().start;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(look.process(pid).unwrap_err().kind(), io::ErrorKind::NotFound, "it started at {start}");
    assert_eq!(look.family(pid), None);
}

#[test]
fn a_process_that_is_not_there_has_no_family() {
    assert_eq!(Family::of(i32::MAX), None);
}
