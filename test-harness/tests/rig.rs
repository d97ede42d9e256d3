//! The rig itself, among fakes: what it starts, what it types, what it leaves behind.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::Command;
use support::{RIG, Rig, eventually, pid_in};

#[test]
fn a_usage_error_exits_with_64_and_says_what_is_wrong() {
    for (wrong, word) in [
        (&["--answer", "x", "--", "true"][..], "--answer"),
        (&["--backend", "external", "--", "true"], "--backend-bus"),
        (&["--backend-bus", "unix:path=/x", "--", "true"], "--backend-bus"),
        (&["--size", "1x1", "--", "true"], "--size"),
        (&[], "COMMAND"),
    ] {
        let output = Command::new(RIG).args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{wrong:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(word), "{wrong:?}: {said}");
    }
}

#[test]
fn the_status_of_the_command_is_the_status_of_the_rig() {
    let rig = Rig::among_fakes();
    let run = rig.run("echo out; echo err >&2; exit 7");
    assert_eq!(
        (run.status, run.stdout.as_str(), run.stderr.as_str()),
        (7, "out\n", "err\n"),
        "{}",
        run.all()
    );
    assert_eq!(rig.run("kill -9 $$").status, 137);
}

#[test]
fn a_command_that_is_not_there_gives_127() {
    let rig = Rig::among_fakes();
    let run = rig.run("exec /nonexistent/program");
    assert_eq!(run.status, 127, "{}", run.all());
}

#[test]
fn a_tool_that_is_not_there_is_named() {
    let rig = Rig::among_fakes();
    std::fs::remove_file(rig.place().join("sd-gate")).unwrap();
    let run = rig.run("true");
    assert_eq!(run.status, 69, "{}", run.all());
    assert!(run.stderr.contains("sd-gate is not there"), "{}", run.all());
}

#[test]
fn a_tool_that_does_not_come_up_is_named_with_its_last_words() {
    let rig = Rig::among_fakes();
    std::fs::remove_file(rig.place().join("sd-gate")).unwrap();
    support::script(&rig.place().join("sd-gate"), "echo 'the gate is rusty' >&2\nexit 78");
    let run = rig.run("true");
    assert_eq!(run.status, 69, "{}", run.all());
    assert!(run.stderr.contains("status 78") && run.stderr.contains("the gate is rusty"), "{}", run.all());
}

#[test]
fn the_desktop_bus_has_no_store() {
    let run = Rig::among_fakes().run("secret-tool lookup a b");
    assert_ne!(run.status, 0, "{}", run.all());
    assert!(run.stderr.contains("org.freedesktop.secrets"), "{}", run.all());
}

#[test]
fn a_run_that_takes_too_long_ends_with_124_and_leaves_nothing() {
    let rig = Rig::among_fakes().with(&["--timeout", "4"]);
    let child = rig.start("trap '' TERM INT HUP; setsid sleep 600 & while :; do sleep 600; done");
    let dir = rig.run_dir();
    let run = rig.finish(child);
    assert_eq!(run.status, 124, "{}", run.all());
    rig.is_all_gone(&dir);
}

#[test]
fn what_the_command_left_in_the_background_ends_with_it() {
    let rig = Rig::among_fakes();
    let child = rig.start("setsid nohup sleep 600 >/dev/null 2>&1 & sleep 0.2");
    let dir = rig.run_dir();
    assert_eq!(rig.finish(child).status, 0);
    rig.is_all_gone(&dir);
}

#[test]
fn a_killed_rig_leaves_no_process_and_no_file() {
    let rig = Rig::among_fakes();
    let mut child = rig.start("setsid sleep 600 & sleep 600");
    let dir = rig.run_dir();
    pid_in(&dir, "command");
    child.kill().unwrap();
    child.wait().unwrap();
    rig.is_all_gone(&dir);
}

#[test]
fn a_rig_whose_keeper_is_killed_leaves_no_process_and_no_file() {
    let rig = Rig::among_fakes();
    let child = rig.start("setsid sleep 600 & sleep 600");
    let dir = rig.run_dir();
    pid_in(&dir, "command");
    let keeper = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    kill(Pid::from_raw(keeper.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
    let run = rig.finish(child);
    assert_eq!(run.status, 137, "{}", run.all());
    rig.is_all_gone(&dir);
}

#[test]
fn a_rig_killed_while_it_starts_leaves_nothing() {
    let rig = Rig::among_fakes();
    let mut child = rig.start("sleep 600");
    let dir = rig.run_dir();
    child.kill().unwrap();
    child.wait().unwrap();
    rig.is_all_gone(&dir);
}

#[test]
fn a_signal_to_the_rig_reaches_the_command() {
    let rig = Rig::among_fakes();
    let child = rig.start("trap 'echo told; exit 5' TERM; sleep 600 & wait");
    let dir = rig.run_dir();
    let command = pid_in(&dir, "command");
    // The trap stands once the shell waits for its child.
    let children = format!("/proc/{command}/task/{command}/children");
    eventually("the shell's child", || {
        std::fs::read_to_string(&children).ok().filter(|text| !text.is_empty())
    });
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    let run = rig.finish(child);
    assert_eq!((run.status, run.stdout.as_str()), (5, "told\n"), "{}", run.all());
    rig.is_all_gone(&dir);
}

#[test]
fn a_daemon_that_is_killed_is_started_again() {
    let rig = Rig::among_fakes();
    let child = rig.start("sleep 600");
    let dir = rig.run_dir();
    pid_in(&dir, "command");
    for name in ["sd-decide", "sd-gate", "sd-agent"] {
        let first = pid_in(&dir, name);
        kill(first, Signal::SIGKILL).unwrap();
        eventually(name, || (pid_in(&dir, name) != first).then_some(()));
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(rig.finish(child).status, 143);
}

#[test]
fn asking_a_person_needs_a_terminal() {
    let run = Rig::among_fakes().with(&["--answer", "ask"]).run("true");
    assert_eq!(run.status, 64, "{}", run.all());
    assert!(run.stderr.contains("terminal"), "{}", run.all());
}
