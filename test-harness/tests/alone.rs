//! What can be tried only where all roles have one uid: as root, COMMAND reaches neither the chain's sockets nor the
//! companion's bus. The root ring leaves this file out.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::process::{Command, Stdio};
use std::time::Instant;

use nix::unistd::geteuid;
use support::{KNOCK, Rig, eventually};
use test_harness::cli::Size;
use test_harness::people::People;
use test_harness::vt::Vt;

fn rig_of_one_uid() -> Rig {
    assert!(
        !People::here().apart,
        "this test needs one uid for all roles, and root has one for each; run it by `just test-pipeline`"
    );
    Rig::among_fakes()
}

#[test]
fn the_backend_holds_what_is_stored() {
    let run = rig_of_one_uid().run(
        "export DBUS_SESSION_BUS_ADDRESS=unix:path=$SD_RIG_RUN/companion/bus
         printf hunter2 | secret-tool store --label=x a b && secret-tool lookup a b",
    );
    assert_eq!((run.status, run.stdout.as_str()), (0, "hunter2"), "{}", run.all());
}

#[test]
fn one_key_is_typed_an_ask_and_only_once_the_screen_offers_it() {
    let rig = rig_of_one_uid().with(&["--answer", "yny"]);
    let run = rig.run(&format!("for n in 1 2 3 4; do {KNOCK}/decide.sock; done"));
    assert_eq!(run.stdout.split_whitespace().collect::<String>(), "ynyn", "{}", run.all());
    let offered =
        |picture: &&String| picture.contains("ask 0000000000000002") && picture.contains("y approve");
    assert!(run.screens.iter().any(|picture| picture.contains("wait")), "{}", run.all());
    assert_eq!(run.screens.iter().filter(offered).count(), 1, "{}", run.all());
}

#[test]
fn a_worker_is_born_with_its_socket_and_nothing_else_and_born_again_when_needed() {
    let rig = rig_of_one_uid();
    let run =
        rig.run(&format!("exec 7</dev/null; for n in 1 2 3; do {KNOCK}/fetch.sock; done; {KNOCK}/sign.sock"));
    assert_eq!(run.status, 0, "{}", run.all());
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", run.all());
    let common = "CREDENTIALS_DIRECTORY DBUS_SESSION_BUS_ADDRESS HOME LANG";
    assert!(lines[0].contains(common) && !lines[0].contains("GNUPGHOME"), "{}", run.all());
    assert!(lines[3].contains("GNUPGHOME") && !lines[3].contains("DBUS_"), "{}", run.all());
    // 0, 1, 2, the listener, the connection, and the directory that is read.
    assert!(lines.iter().all(|line| line.contains(" files=6 ")), "{}", run.all());
}

#[test]
fn a_person_answers_on_the_terminal_that_the_rig_was_called_from() {
    let rig = rig_of_one_uid().with(&["--answer", "ask"]);
    let mut terminal = Vt::open(Size { cols: 60, rows: 12 }, geteuid().as_raw()).unwrap();
    let mut command = rig.command(&format!("{KNOCK}/decide.sock; echo done"));
    command
        .stdin(terminal.share().unwrap())
        .stdout(terminal.share().unwrap())
        .stderr(terminal.share().unwrap());
    let mut child = command.spawn().unwrap();
    let mut see = |what: &str, alternate: bool| {
        eventually(what, || {
            terminal.read(Instant::now());
            let seen = terminal.picture().contains(what) && terminal.screen().alternate_screen() == alternate;
            seen.then_some(())
        });
        if what == "y approve" {
            terminal.type_in(b"n").unwrap();
        }
    };
    see("y approve", true);
    see("done", false);
    let status = eventually("the rig's end", || child.try_wait().unwrap());
    terminal.read(Instant::now());
    assert!(status.success(), "{}", terminal.picture());
    assert!(terminal.picture().starts_with("n\ndone"), "{}", terminal.picture());
}

/// A bus of the test's own with a Secret Service on it; both end with the value.
struct ElsewhereBackend(Vec<std::process::Child>, String);

impl ElsewhereBackend {
    fn start(place: &std::path::Path) -> Self {
        use std::io::BufRead;
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address", "--address"])
            .arg(format!("unix:path={}", place.join("elsewhere").display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        std::io::BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        let service = Command::new(env!("CARGO_BIN_EXE_sd-fake-backend"))
            .args(["--item", "elsewhere=hunter2,service=demo"])
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .spawn()
            .unwrap();
        Self(vec![service, bus], address)
    }
}

impl Drop for ElsewhereBackend {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn a_secret_service_that_lives_elsewhere_is_used_and_left_alone() {
    assert!(!People::here().apart, "run it by `just test-pipeline`: the bus admits one uid only");
    let rig = Rig::real();
    let elsewhere = ElsewhereBackend::start(rig.place());
    let rig = rig.with(&["--answer", "y", "--backend", "external", "--backend-bus", &elsewhere.1]);
    for _ in 0..2 {
        let run = rig.run("secret-tool lookup service demo");
        assert_eq!((run.status, run.stdout.as_str()), (0, "hunter2"), "{}", run.all());
    }
}
