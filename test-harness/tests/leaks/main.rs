//! Where a secret must not be. A canary of its own goes through every kind of flow, well or badly ended; then everything
//! is searched for all of them, and for their halves: the memory of every process of the chain, logs, files, the screen,
//! the buses' traffic, and, while it goes on, the arguments and environments of every process of the machine.
//!
//! Not here, as there is none of it: the journal, the audit record and the core dumps that systemd takes (an installed
//! machine, tests/container), the kernel's terminal and its scrollback (tests/vt).

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod canaries;
mod flows;
mod search;
mod watchers;

use nix::sys::signal::{Signal, kill};
use nix::unistd::geteuid;

use canaries::Canaries;
use flows::Flow;

/// Who may hold which canary when all is over, beside the clients themselves.
fn may_hold(flow: &str, who: &str) -> bool {
    match flow {
        // Whoever stores keeps; what was deleted or replaced a backend may have in pages that it has freed.
        "stored" | "replaced" | "uploaded" | "imported" | "deleted" | "read" => who == "backend",
        // An application that wants no encryption: its bus has what crosses it, and so has the end of that bus.
        "plain" | "plain-set" => matches!(who, "backend" | "session-bus" | "sd-agent"),
        // gpg-agent keeps what it may use until it is locked; a wrong one stays in what it has freed.
        "key-passphrase" | "wrong-passphrase" => who == "gpg-agent",
        "keyring-password" => who == "backend",
        // Letters that stand on the screen while they are typed are drawn, and no drawing is wiped.
        "typed-by-accident" => who == "sd-decide",
        _ => false,
    }
}

fn searched(flow: &Flow, canaries: &Canaries) -> Vec<String> {
    let mut found = flow.watchers.found();
    found.extend(search::files(&flow.places(), canaries));
    // While it is typed it stands there; that it stands nowhere afterwards is what counts.
    let album = flow.going.place().join("screens");
    let typed = format!("typed-by-accident: in the file {}", album.display());
    found.retain(|one| *one != typed);
    found.extend(
        canaries.among(flow.going.screen().as_bytes()).into_iter().map(|it| format!("{it}: on the screen")),
    );
    found.extend(search::outside(flow.began, canaries));
    found.extend(search::processes(&flow.processes(), canaries, may_hold));
    found
}

#[test]
fn a_secret_is_where_it_belongs_and_nowhere_else_after_every_flow() {
    let canaries = Canaries::new();
    let flow = flows::all(&canaries);
    let found = searched(&flow, &canaries);
    assert!(found.is_empty(), "found where it must not be:\n{}", found.join("\n"));
    let backend = flow.going.pid("backend").as_raw();
    if geteuid().is_root() {
        // The search finds what is there.
        let held = search::memory(backend, &canaries).unwrap();
        assert!(
            ["replaced", "uploaded", "imported"].iter().any(|it| held.iter().any(|one| one == it)),
            "{held:?}"
        );
    } else {
        // Nobody of the same uid can look: that is the protection, and here it is what is tested.
        for name in ["sd-gate", "sd-decide", "sd-fetch", "sd-agent"] {
            assert_eq!(search::memory(flow.going.pid(name).as_raw(), &canaries), None, "{name} can be read");
        }
    }
}

#[test]
fn a_secret_is_nowhere_after_flows_that_failed_half_way() {
    if !geteuid().is_root() {
        // What differs is in memory, which only root may look into.
        return;
    }
    let canaries = Canaries::new();
    let flow = flows::failing(&canaries);
    let found = searched(&flow, &canaries);
    assert!(found.is_empty(), "found where it must not be:\n{}", found.join("\n"));
}

#[test]
fn no_tool_of_the_chain_leaves_a_core_file() {
    if !geteuid().is_root() {
        // Whoever may have core files at all: the rig's own limit is the caller's.
        return;
    }
    let flow = flows::stored_only(&Canaries::new());
    for name in ["sd-fetch", "sd-agent", "sd-gate", "sd-decide"] {
        let pid = flow.going.pid(name);
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{name}: {core}");
        kill(pid, Signal::SIGABRT).unwrap();
        flow.going.logged("sd-rig", &format!("{name}: it was killed by SIGABRT"));
    }
    // The kernel's own word: whether there was a core, wherever it went.
    assert!(!flow.going.log("sd-rig").contains("core dumped"), "{}", flow.going.log("sd-rig"));
}
