//! What goes wrong: the disk, the files, the peer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use sd_sys::identity::own_uid;
use sd_wire::line::Words;
use sd_wire::record::{Note, Packet, Unwritten};

use crate::stage::{PATIENCE, Stage, released};

/// No file may grow beyond so many blocks of 512 bytes; as on a full disk the kernel says so at the write.
fn with_room_for(blocks: u32) -> String {
    format!("trap '' XFSZ; ulimit -f {blocks};")
}

#[test]
fn a_full_disk_is_said_and_writing_goes_on_when_there_is_room() {
    let mut stage = Stage::new();
    stage.start_after(&with_room_for(8));
    let decide = stage.connect();
    let mut written = 0;
    let why = loop {
        match decide.record(written, released(1)) {
            Some(Note::Written { .. }) => written += 1,
            Some(Note::Unwritten { n, why }) => {
                assert_eq!(n, written);
                break why;
            }
            other => panic!("{other:?}\n{}", stage.log()),
        }
        assert!(written < 100);
    };
    assert_eq!(why, Unwritten::Full);
    assert!(written > 3);
    // It stays there, and stays full.
    assert!(matches!(decide.record(0, released(1)), Some(Note::Unwritten { .. })));
    let whole = stage.lines().len();
    assert_eq!(u64::try_from(whole).unwrap(), written + 1, "what could not be written left half a line");
    stage.stop();
    assert!(stage.verified().0, "{}", stage.verified().1);
    assert!(stage.log().contains("not recorded, so not released"), "{}", stage.log());
    stage.start();
    let decide = stage.connect();
    assert_eq!(decide.record(5, released(1)), Some(Note::Written { n: 5, seq: written + 2 }));
    assert!(stage.verified().0, "{}", stage.verified().1);
}

#[test]
fn a_record_that_somebody_changes_while_it_is_served_is_said_once_and_recorded() {
    let mut stage = Stage::new();
    stage.start();
    let decide = stage.connect();
    decide.record(0, released(1)).unwrap();
    let text = fs::read_to_string(stage.file()).unwrap();
    fs::write(stage.file(), text.lines().next().unwrap().to_owned() + "\n").unwrap();
    let said = decide.record(1, released(2));
    assert_eq!(said, Some(Note::Unwritten { n: 1, why: Unwritten::Changed }));
    // A line about that, and the next one.
    assert_eq!(decide.record(2, released(3)), Some(Note::Written { n: 2, seq: 4 }), "{}", stage.log());
    let (good, said) = stage.verified();
    assert!(!good && said.contains("line 2 is missing"), "{said}");
    assert!(said.contains("line 3 says that sd-audit found the record changed"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_is_said() {
    if own_uid() == 0 {
        // Nothing is closed to root.
        return;
    }
    let mut stage = Stage::new();
    fs::set_permissions(stage.folder(), fs::Permissions::from_mode(0o500)).unwrap();
    stage.start();
    assert_eq!(stage.ended(), Some(69), "{}", stage.log());
    fs::set_permissions(stage.folder(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn without_a_first_key_it_says_who_makes_one() {
    let mut stage = Stage::new();
    fs::remove_file(stage.folder().join("first.key")).unwrap();
    stage.start();
    assert_eq!(stage.ended(), Some(78));
    assert!(stage.log().contains("run sd-provision for this user again"), "{}", stage.log());
}

#[test]
fn only_the_decider_may_come() {
    let mut stage = Stage::new();
    stage.parties(own_uid() + 1);
    stage.start();
    let decide = stage.connect();
    // Refused before it was heard.
    let _ = decide.0.send(&Packet::Recent { most: 1 }.to_line().unwrap(), &[]);
    let began = Instant::now();
    while !decide.0.hung_up() || !stage.log().contains("only uid") {
        assert!(began.elapsed() < PATIENCE, "{}", stage.log());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(stage.lines().len(), 1);
}

#[test]
fn a_peer_that_misspeaks_is_dropped_and_the_next_is_served() {
    let mut stage = Stage::new();
    stage.start();
    let bad: [&[u8]; 5] = [
        b"\xff\xfe\n",
        b"{}\n",
        b"{\"v\":2,\"body\":{\"recent\":{\"most\":1}}}\n",
        b"{\"v\":1,\"body\":{\"recent\":{\"most\":1}}}",
        &[b'x'; 60_000],
    ];
    for bytes in bad {
        let decide = stage.connect();
        decide.0.send(bytes, &[]).unwrap();
        assert_eq!(decide.hear(), None, "{}", stage.log());
    }
    let decide = stage.connect();
    let (one, _other) = sd_sys::link::Link::pair().unwrap();
    let line = Packet::Recent { most: 1 }.to_line().unwrap();
    decide.0.send(&line, &[std::os::fd::AsFd::as_fd(&one)]).unwrap();
    assert_eq!(decide.hear(), None, "{}", stage.log());
    let decide = stage.connect();
    assert!(matches!(decide.record(1, released(1)), Some(Note::Written { seq: 2, .. })));
}

#[test]
fn one_that_takes_no_answers_holds_up_nobody() {
    let mut stage = Stage::new();
    stage.start();
    let deaf = stage.connect();
    let line = Packet::Record { n: 1, record: Box::new(released(1)) }.to_line().unwrap();
    // Until neither its questions nor the answers have room.
    let began = Instant::now();
    let mut refused = 0;
    while refused < 50 && began.elapsed() < PATIENCE {
        if deaf.0.send(&line, &[]).is_err() {
            refused += 1;
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    assert_eq!(refused, 50, "it was never stopped");
    let decide = stage.connect();
    assert!(matches!(decide.record(2, released(2)), Some(Note::Written { n: 2, .. })), "{}", stage.log());
}

#[test]
fn what_was_said_before_hanging_up_is_written_all_the_same() {
    let mut stage = Stage::new();
    let decide = stage.connect();
    for n in 0..5 {
        decide.say(&Packet::Record { n, record: Box::new(released(1)) });
    }
    drop(decide);
    stage.start();
    let decide = stage.connect();
    assert!(matches!(decide.record(9, released(1)), Some(Note::Written { n: 9, seq: 7 })), "{}", stage.log());
}

#[test]
fn it_ends_when_nobody_is_there_and_goes_on_with_the_next() {
    let mut stage = Stage::with(&["--idle", "1"]);
    stage.start();
    let decide = stage.connect();
    decide.record(1, released(1)).unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    // Not while somebody is.
    decide.record(2, released(1)).unwrap();
    drop(decide);
    assert_eq!(stage.ended(), Some(0));
    let metrics = fs::read_to_string(stage.folder().join("metrics.prom")).unwrap();
    assert!(
        metrics.contains("secrets_dispatcher_audit_lines_total{user=\"nb\",event=\"released\"} 2"),
        "{metrics}"
    );
    stage.start();
    let decide = stage.connect();
    assert_eq!(decide.record(3, released(1)), Some(Note::Written { n: 3, seq: 4 }));
}

#[test]
fn it_keeps_no_descriptor_and_little_memory_whatever_comes() {
    let mut stage = Stage::new();
    stage.start();
    let files = |stage: &Stage| fs::read_dir(format!("/proc/{}/fd", stage.pid())).map(Iterator::count);
    let decide = stage.connect();
    decide.record(0, released(1)).unwrap();
    // /proc of a hardened process is root's.
    let before = files(&stage).ok();
    for round in 0..50 {
        let other = stage.connect();
        other.record(round, released(1)).unwrap();
        other.say(&Packet::Recent { most: u32::MAX });
    }
    for round in 0..150 {
        decide.record(round, released(1)).unwrap();
    }
    let after = files(&stage).ok();
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after <= before + 4, "{before} {after}");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", stage.pid())).unwrap();
    let kib = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
        line.split_whitespace().find_map(|word| word.parse().ok()).unwrap()
    };
    assert!(kib("VmHWM:") < 40_000, "{status}");
}
