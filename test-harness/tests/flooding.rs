//! One hostile program asks ten thousand times: what it costs, who is served meanwhile, what the person sees of it, and
//! how they are rid of it.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::time::Duration;

use support::{Going, Rig};

/// How often the hostile program asks before it is muted, and after that.
const BEFORE: [usize; 3] = [1500, 1500, 1500];
const AFTER: usize = 5500;
/// What each of the daemons may grow by, in KiB: pages of an allocator, not of requests.
const GROWTH: u64 = 4096;
const TOOLS: [&str; 3] = ["sd-gate", "sd-decide", "sd-agent"];

/// The memory of a process that is nobody else's, in KiB.
fn memory(going: &Going, tool: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", going.pid(tool))).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// `sd-call`, as it asks so often for access to an item and listens that long, on one connection.
fn asks(item: usize, times: usize, milliseconds: u64) -> String {
    let item = format!("ao:/org/freedesktop/secrets/collection/fake/i{item}");
    format!("sd-call RequestAccess h:sink {item} a{{sv}}: --times {times} --listen {milliseconds}")
}

#[test]
fn ten_thousand_requests_of_one_program_are_one_line_and_one_key_and_cost_nobody_else_anything() {
    let rig = Rig::real().with_fake_backend(&["--stock", "100"]).with_keyboard().with(&[
        "--timeout",
        "150",
        "--size",
        "120x40",
    ]);
    // A session of its own, as every program of a desktop has one; in it several processes, each with its connection.
    let many = BEFORE.map(|times| asks(7, times, 60_000));
    let script = format!(
        "cat > hostile <<'END'
         n=0; for call in '{}' '{}' '{}'; do n=$((n + 1)); $call > flood.$n 2>&1 & done
         while ! test -e more; do sleep 0.05; done
         {} > after.part 2>&1; mv after.part after; wait
END
         setsid sh hostile &",
        many[0],
        many[1],
        many[2],
        asks(8, AFTER, 0)
    );
    let going = Going::start(rig, &script);
    for tool in TOOLS {
        going.pid(tool);
    }
    let idle = TOOLS.map(|tool| memory(&going, tool));
    // All that a desktop user may have waiting; the rest is turned away.
    let turned_away = |n: usize| going.file(&format!("flood.{n}")).matches("error ").count();
    support::eventually("the flood to be over", || {
        let answers = (1..=3).map(|n| going.file(&format!("flood.{n}"))).collect::<String>();
        (answers.matches("reply ").count() + answers.matches("error ").count() == 4500).then_some(())
    });
    let away: usize = (1..=3).map(turned_away).sum();
    assert_eq!(away, 4500 - 192);
    going.stands("192 are waiting");
    going.stands("[192 asks]");
    assert_eq!(going.screen().matches(" asks] ").count(), 1, "{}", going.screen());

    // Others are served meanwhile: one that needs no key, and one that a person has to see; for it there is room.
    if nix::unistd::geteuid().is_root() {
        let found = going.desktop("sd-ask", &["search", "number=3"]);
        assert!(found.contains("/fake/i3"), "{found}");
        let other =
            going.desktop_beside("sd-ask", &["access", "/org/freedesktop/secrets/collection/fake/i3"]);
        going.stands("[191 asks]");
        going.stands("192 are waiting");
        going.types("M");
        going.stands("1 is waiting");
        going.types("y");
        support::eventually("the other's secret", || other.said().contains("hunter2").then_some(()));
    } else {
        // With one uid for all, what this test starts is of the hostile family wherever it was itself started in a session.
        going.types("M");
    }
    going.stands("U unmute");
    going.make("more");
    let after = going.file_within("after", Duration::from_secs(60));
    // Each is answered at once: denied, or turned away where the gate has not heard yet that the one before was.
    let (denied, away) = (after.matches("reply ").count(), after.matches("error ").count());
    assert_eq!((denied + away, denied > AFTER / 2), (AFTER, true), "{denied} denied, {away} turned away");
    going.stands("nothing is waiting");
    let grown = TOOLS.map(|tool| memory(&going, tool));
    for ((tool, before), after) in TOOLS.iter().zip(idle).zip(grown) {
        println!("{tool}: {before} KiB idle, {after} KiB after 10,000 requests");
        assert!(after < before + GROWTH, "{tool}: {before} KiB and then {after} KiB");
    }
    going.types("U");
    going.stands("may ask again");
}
