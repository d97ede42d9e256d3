use std::time::{Duration, Instant};

use sd_sys::identity::own_uid;
use sd_sys::listener::Listener;
use tempfile::TempDir;

use super::*;

fn record() -> Box<Record> {
    let what = Some(Box::new(Matter { words: Text::clipped(&"x".repeat(500)), ..Matter::default() }));
    Box::new(Record { what, ..Record::of(record::Event::Ended) })
}

fn ledger(place: &TempDir) -> Ledger {
    Ledger::new(&place.path().join("audit.sock"), own_uid())
}

fn listener(place: &TempDir) -> Listener {
    Listener::bind(&place.path().join("audit.sock"), 0o600).unwrap()
}

/// The numbers of what is not recorded.
fn refused(events: &[Event]) -> Vec<u64> {
    let number =
        |event: &Event| if let Event::Unrecorded { number, .. } = event { Some(*number) } else { None };
    events.iter().filter_map(number).collect()
}

#[test]
fn where_nobody_listens_who_waits_hears_it_at_once_and_the_rest_is_tried_again_ever_more_seldom() {
    let place = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&place);
    assert!(ledger.record(1, false, record(), Moment(0)).is_empty());
    assert_eq!(refused(&ledger.record(2, true, record(), Moment(1))), [2]);
    let mut rests = Vec::new();
    let mut now = Moment(1);
    for _ in 0..8 {
        let due = ledger.due().unwrap();
        rests.push(due.since(now));
        now = due;
        assert!(ledger.send(now).is_empty());
    }
    assert_eq!(rests, [999, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    let listener = listener(&place);
    assert!(ledger.send(ledger.due().unwrap()).is_empty());
    assert_eq!(ledger.due(), None);
    let link = listener.accept().unwrap().unwrap();
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let packet = link.receive_by(Instant::now() + Duration::from_secs(9)).unwrap().unwrap();
        heard.push(record::Packet::from_line(&packet.bytes).unwrap());
    }
    assert!(matches!(heard[1], record::Packet::Record { n: 1, .. }), "{heard:?}");
}

#[test]
fn where_nobody_answers_nothing_is_due_and_memory_is_bounded() {
    let place = tempfile::tempdir().unwrap();
    let (_listener, mut ledger) = (listener(&place), ledger(&place));
    for number in 1..5_000 {
        assert!(ledger.record(number, false, record(), Moment(number)).is_empty());
    }
    assert!(ledger.bytes() <= MOST_BYTES, "{}", ledger.bytes());
    assert!(ledger.lost > 500, "{}", ledger.lost);
    assert_eq!(ledger.due(), None, "it waits for room, and turns in no circle");
    assert!(ledger.out.len() <= MAX_UNDER_WAY);
    // There is room for what is waited for: the others make it.
    assert!(ledger.record(5_000, true, record(), Moment(5_000)).is_empty());
}

#[test]
fn a_connection_that_ends_takes_what_was_waited_for_with_it_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let (listener, mut ledger) = (listener(&place), ledger(&place));
    for (number, awaited) in [(1, true), (2, false), (3, true)] {
        assert!(ledger.record(number, awaited, record(), Moment(0)).is_empty());
    }
    drop(listener.accept().unwrap());
    assert_eq!(refused(&ledger.hear(Moment(10))), [1, 3]);
    assert_eq!((ledger.waiting.len(), ledger.due()), (1, Some(Moment(1010))), "not again at once");
    // What is waited for does not wait for that.
    assert!(ledger.record(4, true, record(), Moment(20)).is_empty());
    assert_eq!(ledger.out.len(), 1);
}
