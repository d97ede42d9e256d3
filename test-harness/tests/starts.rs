//! How the tools refuse to start, by their exit statuses (sysexits).

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use nix::unistd::geteuid;
use support::RIG;
use tempfile::TempDir;

/// Each daemon with a role, the role, and the arguments that it cannot do without.
const DAEMONS: [(&str, &str, &[&str]); 5] = [
    ("sd-gate", "gate", &["--decide", "/nowhere"]),
    ("sd-decide", "decide", &["--fetch", "/nowhere", "--sign", "/nowhere", "--audit", "/nowhere"]),
    ("sd-fetch", "companion", &[]),
    ("sd-sign", "companion", &[]),
    ("sd-audit", "audit", &["serve", "--folder", "/nowhere"]),
];

fn run(tool: &str, arguments: &[&str], parties: &Path) -> Output {
    Command::new(Path::new(RIG).with_file_name(tool))
        .args(arguments)
        .arg("--parties")
        .arg(parties)
        .env_clear()
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .output()
        .unwrap()
}

/// A parties file that gives every role to this process but one, which another uid gets.
fn parties(place: &TempDir, stolen: &str) -> std::path::PathBuf {
    let own = geteuid().as_raw();
    let uid = |role: &str| if role == stolen { own + 1 } else { own };
    let [desktop, gate, decide, companion, audit] =
        ["desktop", "gate", "decide", "companion", "audit"].map(uid);
    let path = place.path().join("parties");
    let body = format!(
        r#"{{"desktop":{desktop},"gate":{gate},"decide":{decide},"companion":{companion},"audit":{audit}}}"#
    );
    fs::write(&path, format!("{{\"v\":1,\"body\":{body}}}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    path
}

#[test]
fn a_daemon_whose_role_another_uid_has_does_not_start() {
    let place = TempDir::new().unwrap();
    for (tool, role, arguments) in DAEMONS {
        let output = run(tool, arguments, &parties(&place, role));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{tool}: {said}");
        let own = geteuid().as_raw();
        assert!(said.contains(&format!("the role {role} to uid {}", own + 1)), "{tool}: {said}");
        assert!(said.contains(&format!("this process has uid {own}")), "{tool}: {said}");
    }
}

#[test]
fn a_daemon_does_not_believe_who_is_who_of_a_file_that_others_may_write() {
    let place = TempDir::new().unwrap();
    let open = parties(&place, "nobody's");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
    for (tool, _, arguments) in DAEMONS {
        assert_eq!(run(tool, arguments, &open).status.code(), Some(78), "{tool}");
    }
}

#[test]
fn a_daemon_in_its_own_role_gets_as_far_as_what_it_serves_from() {
    let place = TempDir::new().unwrap();
    for (tool, _, arguments) in DAEMONS {
        let output = run(tool, arguments, &parties(&place, "nobody's"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{tool}: {said}");
    }
}

#[test]
fn a_command_line_that_is_not_understood_ends_with_64() {
    for tool in ["sd-gate", "sd-decide", "sd-fetch", "sd-sign", "sd-agent", "sd-audit"] {
        let output = Command::new(Path::new(RIG).with_file_name(tool)).arg("--relaxed").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{tool}: {said}");
        assert!(said.contains("--relaxed"), "{tool}: {said}");
    }
}

#[test]
fn an_agent_without_a_session_bus_ends_as_unavailable() {
    let output = Command::new(Path::new(RIG).with_file_name("sd-agent"))
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", String::from_utf8_lossy(&output.stderr));
}
