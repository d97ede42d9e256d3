use std::fs;

use sd_wire::record::{Note, Packet};

use crate::stage::{Stage, released};

#[test]
fn a_record_is_on_the_disk_before_it_is_said_to_be() {
    let mut stage = Stage::new();
    stage.start();
    let decide = stage.connect();
    // The first line is that the record begins.
    assert_eq!(decide.record(7, released(1)), Some(Note::Written { n: 7, seq: 2 }), "{}", stage.log());
    let lines = stage.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[1].contains("\"seq\":2,") && lines[1].contains("\"how\":\"key\""), "{}", lines[1]);
    assert!(!stage.folder().join("first.key").exists(), "the first key is left to whoever breaks in later");
}

#[test]
fn many_at_once_are_answered_in_order() {
    let mut stage = Stage::new();
    stage.start();
    let decide = stage.connect();
    for n in 0..200 {
        decide.say(&Packet::Record { n, record: Box::new(released(3)) });
    }
    for n in 0..200 {
        assert_eq!(decide.hear(), Some(Note::Written { n, seq: n + 2 }), "{}", stage.log());
    }
    assert_eq!(stage.lines().len(), 201);
}

#[test]
fn what_was_recorded_is_told_again_after_a_kill() {
    let mut stage = Stage::new();
    stage.start();
    let decide = stage.connect();
    for n in 0..10 {
        decide.record(u64::from(n), released(n)).unwrap();
    }
    stage.stop();
    assert_eq!(decide.hear(), None);
    stage.start();
    let decide = stage.connect();
    decide.say(&Packet::Recent { most: 4 });
    for (id, line) in (6..10).zip(8..) {
        match decide.hear() {
            Some(Note::Past { seq, record, .. }) => assert_eq!((seq, *record), (line, released(id))),
            other => panic!("{other:?}\n{}", stage.log()),
        }
    }
    assert_eq!(decide.hear(), Some(Note::End {}));
    assert_eq!(decide.record(0, released(1)), Some(Note::Written { n: 0, seq: 12 }));
    assert_eq!(fs::read_dir(stage.folder()).unwrap().count(), 3, "audit.jsonl, state, metrics.prom");
}
