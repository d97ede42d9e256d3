//! Where a secret must not be: logs, screens, arguments, environments, files, and the memory of those who never see it.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::Path;

use nix::unistd::geteuid;
use support::memory::{contains, memory_holds};
use support::{Going, Rig};

/// Put together at run time, so that no executable holds it.
fn canary() -> String {
    ["canary", "that", "sings", &std::process::id().to_string()].join("-")
}

/// The chain after the canary was stored, looked up, searched for, denied once, and deleted.
fn after_every_flow() -> Going {
    let rig = Rig::real().with(&["--answer", "yynyyy"]);
    let going = Going::start(
        rig,
        "sd-keyring serve 0 > source &
         while ! test -e canary || ! test -s source; do sleep 0.02; done
         source=$(cut -d' ' -f2 source)
         sd-keyring put $source imported \"$(cat canary)\" service=imported
         secret-tool store --label=demo service demo < canary && rm canary
         secret-tool lookup service demo | cksum > looked-up
         secret-tool lookup service demo > denied
         secret-tool search --unlock service demo 2> /dev/null | cksum > searched
         path=$(sd-ask search service=demo); sd-ask read $path | cksum > read
         sdctl import --from $source --json > imported 2>&1; touch done",
    );
    going.write("canary", &canary());
    going.file("done");
    assert_eq!(going.file("denied"), "");
    assert_eq!(going.file("looked-up"), going.file("read"), "the canary did not come through");
    let imported = going.file("imported");
    assert!(imported.contains(r#""stored":1"#), "the canary was not imported: {imported}");
    going
}

/// Every file below a directory that holds the canary.
fn files_with(dir: &Path, canary: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            files_with(&path, canary, found);
        } else if kind.is_file() && fs::read(&path).is_ok_and(|bytes| contains(&bytes, canary.as_bytes())) {
            found.push(path.display().to_string());
        }
    }
}

const TOOLS: &[&str] = &["sd-gate", "sd-decide", "sd-fetch", "sd-agent", "sd-audit"];

#[test]
fn a_secret_is_in_no_log_no_screen_no_file_no_argument_and_no_environment() {
    let going = after_every_flow();
    let canary = canary();
    let mut found = Vec::new();
    files_with(&going.dir, &canary, &mut found);
    files_with(going.place(), &canary, &mut found);
    assert_eq!(found, Vec::<String>::new());
    for name in TOOLS.iter().chain(&["system-bus", "session-bus", "companion-bus", "backend"]) {
        let pid = going.pid(name);
        let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(!contains(&cmdline, canary.as_bytes()), "in the arguments of {name}");
        match fs::read(format!("/proc/{pid}/environ")) {
            Ok(environ) => assert!(!contains(&environ, canary.as_bytes()), "in the environment of {name}"),
            // The kernel keeps an undumpable process's environment from its own uid.
            Err(_) => assert!(TOOLS.contains(name) && !geteuid().is_root(), "{name} cannot be looked at"),
        }
    }
}

#[test]
fn a_secret_is_not_in_the_memory_of_those_who_never_see_it() {
    let going = after_every_flow();
    let canary = canary();
    if !geteuid().is_root() {
        // Nobody of the same uid can look: that is the protection, and it is what is tested here. What root sees is
        // tested when the same test runs as root.
        for name in TOOLS {
            assert_eq!(memory_holds(going.pid(name).as_raw(), canary.as_bytes()), None, "{name} can be read");
        }
        return;
    }
    // The search finds what is there: the backend keeps the secret.
    assert_eq!(memory_holds(going.pid("backend").as_raw(), canary.as_bytes()), Some(true));
    for name in ["sd-fetch", "sd-agent", "sd-gate", "sd-decide", "system-bus", "session-bus", "companion-bus"]
    {
        assert_eq!(memory_holds(going.pid(name).as_raw(), canary.as_bytes()), Some(false), "{name}");
    }
}
