//! No record, no release: what every ask leaves in the audit record, and what becomes of asks while it cannot be written.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::geteuid;
use serde_json::Value;
use support::{Going, Rig, eventually, keys};

/// What a requester is told.
const SENTENCE: &str = "could not be written into the audit record";

/// The folder of the run's record.
fn folder(going: &Going) -> PathBuf {
    going.dir.join("audit/record")
}

/// Every whole line of it.
fn record(going: &Going) -> Vec<Value> {
    let text = fs::read_to_string(folder(going).join("audit.jsonl")).unwrap_or_default();
    let end = text.rfind('\n').map_or(0, |end| end + 1);
    text[..end].lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A line in a few words: `released read key`.
fn words(line: &Value) -> String {
    let word = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
    [word("event"), word("kind"), word("how"), word("ended")].join(" ")
}

/// Waits for a line that these words begin.
fn has(going: &Going, begin: &str) -> Value {
    let found = || record(going).into_iter().find(|line| words(line).starts_with(begin));
    eventually(&format!("{begin:?} in the record"), found)
}

/// Something stored with a yes, and its path; keys are typed by the test.
fn stored(rig: Rig) -> (Going, String) {
    let going = Going::start(
        rig,
        "printf the-canary | sd-ask store demo service=demo > stored.part; mv stored.part stored",
    );
    going.shows("y approve");
    going.types("y");
    let path = going.file("stored").trim().to_owned();
    assert!(path.starts_with('/'), "{path}");
    (going, path)
}

/// Searches until the requester is told that nothing could be recorded, and never what is there. It gives up by itself
/// where the machine is too busy to tell it in 1.8 s.
fn finds_nothing(going: &Going, path: &str) {
    eventually("the search to fail for want of a record", || {
        let said = going.desktop("sd-ask", &["search", "service=demo"]);
        assert!(!said.contains(path), "released: {said}");
        said.contains(SENTENCE).then_some(())
    });
}

#[test]
fn every_kind_of_ask_leaves_its_lines_and_no_secret() {
    let (rig, _) = keys::rig(&["--answer", "yyynyyy", "--size", "120x60"]);
    let going = Going::start(
        rig,
        &format!(
            "printf the-canary | sd-ask store demo service=demo
             path=$(sd-ask search service=demo)
             sd-ask read $path > read
             sd-ask access $path > accessed 2>&1
             sd-ask --says 'looking round' list > denied 2>&1
             sd-ask list /org/freedesktop/secrets/collection/login > listed
             ( {} git commit -q -S -m 'mend the pump' ) < /dev/null > commit 2>&1
             sd-ask delete $path; sd-ask access $path > gone 2>&1; sd-ask lock; touch done",
            keys::REPOSITORY
        ),
    );
    going.file("done");
    assert_eq!(going.file("read"), "the-canary", "{}", going.file("denied"));
    assert!(going.file("denied").contains("denied"), "{}", going.file("denied"));
    has(&going, "ended lock");
    let record = record(&going);
    let told: Vec<String> = record.iter().map(words).collect();
    let mut rest = told.iter();
    for expected in [
        "started - - -",
        "released store key -",
        "ended store - granted",
        "released search free -",
        "released read key -",
        "ended read - granted",
        "allowed access key -",
        "ended access - approved",
        "released read grant -",
        "ended read - granted",
        "ended list key denied",
        "released list key -",
        "ended list - granted",
        "released sign key -",
        "ended sign - granted",
        "released delete key -",
        "ended delete - granted",
        "ended access nobody failed",
        "released lock free -",
        "ended lock - granted",
    ] {
        assert!(rest.any(|line| line == expected), "{expected:?} does not follow in\n{}", told.join("\n"));
    }
    let text: String = record.iter().map(Value::to_string).collect();
    assert!(!text.contains("the-canary"), "the secret is in the record");
    let line = |begin: &str| record.iter().find(|line| words(line).starts_with(begin)).unwrap();
    let desktop = u64::from(test_harness::people::People::here().desktop);
    for begin in ["released store", "released read key", "released read grant", "ended list key"] {
        let line = line(begin);
        assert_eq!(line["attested"]["uid"].as_u64(), Some(desktop), "{line}");
        assert!(line["attested"]["pid"].as_u64().is_some_and(|pid| pid > 1), "{line}");
        assert!(line["claimed"]["looks"].as_str().is_some_and(|looks| looks.contains("sd-ask")), "{line}");
    }
    // By the backend's own description, also under a grant.
    for begin in ["released read key", "released read grant", "released delete"] {
        let item = &line(begin)["what"]["items"][0];
        assert_eq!(item["label"], "demo", "{begin}: {item}");
        assert!(item["path"].as_str().is_some_and(|path| path.starts_with("/org/")), "{begin}: {item}");
    }
    let signed = &line("released sign")["what"]["signed"];
    assert_eq!((signed["sort"].as_str(), signed["key"].as_str().map(str::len)), (Some("commit"), Some(40)));
    assert_eq!(signed["payload"].as_str().map(str::len), Some(64), "{signed}");
    let numbers: Vec<u64> = record.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}

#[test]
fn killed_sd_audit_is_there_again_for_the_next_ask_and_stopped_it_releases_nothing() {
    let (going, path) = stored(Rig::real().with_keyboard());
    kill(going.pid("sd-audit"), Signal::SIGKILL).unwrap();
    // Nothing was under way, so nothing is lost by it.
    let reading = going.desktop_beside("sd-ask", &["read", &path]);
    going.stands("y approve");
    going.types("y");
    reading.says("the-canary");
    let auditor = going.pid("sd-audit");
    kill(auditor, Signal::SIGSTOP).unwrap();
    finds_nothing(&going, &path);
    going.stands("NO RECORD");
    // An approved read waits for its line, and is not released by the kill of who would have written it.
    let reading = going.desktop_beside("sd-ask", &["read", &path]);
    going.stands("y approve");
    going.types("y");
    going.stands("nothing is waiting");
    kill(auditor, Signal::SIGKILL).unwrap();
    reading.says(SENTENCE);
    assert!(!reading.said().contains("the-canary"), "{}", reading.said());
    eventually("the search to be released again", || {
        going.desktop("sd-ask", &["search", "service=demo"]).contains(&path).then_some(())
    });
    has(&going, "ended read key failed");
    let run = going.let_go();
    assert_eq!(run.status, 0, "{}", run.all());
}

#[test]
fn sd_audit_that_cannot_start_releases_nothing() {
    let (going, path) = stored(Rig::real().with_keyboard());
    fs::rename(folder(&going), folder(&going).with_extension("away")).unwrap();
    kill(going.pid("sd-audit"), Signal::SIGKILL).unwrap();
    finds_nothing(&going, &path);
    going.stands("NO RECORD");
}

#[test]
fn a_full_disk_releases_nothing_and_what_was_denied_meanwhile_is_written_once_there_is_room() {
    if !geteuid().is_root() {
        eprintln!("skipped: only root can give the record a disk of its own");
        return;
    }
    let (going, path) = stored(Rig::real().with_keyboard());
    let fill = disk(&going);
    // The last page of its file has room for a line or two.
    eventually("a search to fail", || {
        going.desktop("sd-ask", &["search", "service=demo"]).contains(SENTENCE).then_some(())
    });
    let reading = going.desktop_beside("sd-ask", &["read", &path]);
    going.stands("y approve");
    going.types("y");
    reading.says(SENTENCE);
    going.shows("the disk of the audit record is full");
    let reading = going.desktop_beside("sd-ask", &["read", &path]);
    going.stands("y approve");
    going.types("n");
    reading.says("denied");
    within(&going, &format!("rm {}", fill.display()));
    eventually("the search to be released again", || {
        going.desktop("sd-ask", &["search", "service=demo"]).contains(&path).then_some(())
    });
    let text = eventually("the denial in the record", || {
        let text = within(&going, &format!("cat {}", folder(&going).join("audit.jsonl").display()));
        text.contains(r#""ended":"denied""#).then_some(text)
    });
    assert!(!text.contains("the-canary"), "the secret is in the record");
}

/// Gives the record a disk of its own, which is full; the file that fills it. The run has its own view of the disks.
fn disk(going: &Going) -> PathBuf {
    let folder = folder(going);
    let at = folder.display();
    let uid = test_harness::people::People::here().audit;
    let before = going.pid("sd-audit");
    within(
        going,
        &format!(
            "cp -a {at} {at}.copy && mount -t tmpfs -o size=1m,mode=0750,uid={uid},gid={uid} record {at} && \
             cp -a {at}.copy/. {at} && (cat /dev/zero > {at}/fill || true) 2> /dev/null"
        ),
    );
    // It starts anew, on the disk that it finds.
    kill(before, Signal::SIGKILL).unwrap();
    folder.join("fill")
}

/// Runs this as root where the run's disks are; what it printed.
fn within(going: &Going, script: &str) -> String {
    let mounts = format!("--mount=/proc/{}/ns/mnt", going.pid("sd-decide"));
    let output = Command::new("nsenter").args([&mounts, "sh", "-c", script]).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_was_decided_stands_on_the_screen_after_sd_decide_was_killed() {
    let (going, path) = stored(Rig::real().with_keyboard());
    let reading = going.desktop_beside("sd-ask", &["read", &path]);
    going.stands("y approve");
    going.types("n");
    reading.says("denied");
    has(&going, "ended read key denied");
    let before = going.pid("sd-decide");
    kill(before, Signal::SIGKILL).unwrap();
    eventually("another sd-decide", || (going.pid("sd-decide") != before).then_some(()));
    going.stands("n: denied");
    going.stands("y: granted");
    let starts = || record(&going).iter().filter(|line| line["event"] == "started").count();
    eventually("its start in the record", || (starts() == 2).then_some(()));
}
