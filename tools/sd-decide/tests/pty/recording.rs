//! No record, no release.

use sd_wire::outcome::Outcome;
use sd_wire::record::{Attested, Claimed, Event, How, Matter, Record};

use super::*;
use crate::recorder::Does;

/// How long nothing may come where nothing is to come.
const NOTHING: Duration = Duration::from_millis(300);

/// A read that a person has approved.
fn approved(stage: &Stage, n: u64) -> (Link, Link) {
    let links = described(stage, n);
    stage.shows("ask 00000000000000");
    stage.offers_keys();
    stage.types(b"y");
    links
}

fn failed(why: Fault) -> Option<What> {
    Some(What::Failed { stage: At::Decide, why })
}

fn what(sink: &Link) -> Option<What> {
    outcome(sink).map(|Outcome { what, .. }| what)
}

#[test]
fn the_order_of_an_approved_read_goes_out_once_the_line_is_written_and_not_before() {
    let stage = Stage::new(300);
    stage.recorder.does(Does::Waits);
    let (sink, _gate) = approved(&stage, 1);
    stage.shows("nothing is waiting");
    assert!(!stage.fetch.wait(NOTHING).unwrap(), "an order, and no line");
    stage.recorder.does(Does::Writes);
    let (worker, order, _) = stage.ordered::<fetch::Order>();
    assert!(matches!(order, fetch::Order::Read { .. }));
    let line = stage.recorder.told(Event::Released).pop().unwrap();
    assert_eq!((line.kind.as_str(), line.how), ("read", Some(How::Key {})));
    let attested: Attested = line.attested.unwrap();
    assert_eq!((attested.pid, attested.uid), (sd_sys::identity::own_pid(), sd_sys::identity::own_uid()));
    let item = line.what.unwrap().items.first().cloned().unwrap();
    assert_eq!((item.path, item.label.as_str()), (self::item(), "the label"));
    say(&worker, &fetch::Note::Done {});
    assert!(hear(&sink).is_none());
    stage.recorder.has(Event::Ended, Resolution::Granted);
}

#[test]
fn without_a_line_an_approved_read_fails_and_the_screen_says_why_until_it_is_mended() {
    for (does, why) in [
        (Does::Refuses, "the disk of the audit"),
        (Does::HangsUp, "sd-audit does not answer"),
        (Does::Misspeaks, "sd-audit does not answer"),
    ] {
        let stage = Stage::new(300);
        stage.recorder.does(does);
        let (sink, gate) = approved(&stage, 1);
        assert_eq!(what(&sink), failed(Fault::Unrecorded), "{does:?}");
        assert_eq!(resolved(&gate), Resolution::Failed);
        stage.shows("NOT RELEASED, as it could not be recorded");
        stage.shows(why);
        stage.shows("NO RECORD");
        assert!(!stage.fetch.wait(NOTHING).unwrap(), "{does:?}: an order");
        stage.recorder.does(Does::Writes);
        let (_sink, _gate) = approved(&stage, 2);
        stage.ordered::<fetch::Order>();
        stage.shows_no("NO RECORD");
    }
}

#[test]
fn who_is_not_sd_audit_records_nothing_by_saying_so() {
    let mut parties = everybody_is_me();
    parties.audit = parties.audit.map(|uid| uid + 1);
    let stage = Stage::among(parties, 300);
    let (sink, _gate) = stage.file(1, Want::Collections {});
    assert_eq!(what(&sink), failed(Fault::Unrecorded));
    stage.logs("note of sd-audit refused");
}

#[test]
fn a_search_that_sd_audit_keeps_waiting_fails_before_its_requester_gives_up() {
    let stage = Stage::new(300);
    stage.recorder.does(Does::Waits);
    let began = Instant::now();
    let (sink, _gate) = stage.file(1, Want::Collections {});
    assert_eq!(what(&sink), failed(Fault::Unrecorded));
    assert!(began.elapsed() < sd_wire::deadline::WITHOUT_KEYPRESS, "{:?}", began.elapsed());
    let (worker, packet) = stage.ordered_ahead(&stage.fetch);
    assert!(packet.fds.is_empty() && hear(&worker).is_none(), "a sink, and no line");
    // What is written too late releases nothing.
    stage.recorder.does(Does::Writes);
    stage.recorder.has(Event::Ended, Resolution::Failed);
    assert!(!stage.fetch.wait(NOTHING).unwrap(), "an order");
    let (_sink, _gate) = stage.file(2, Want::Collections {});
    stage.ordered::<fetch::Order>();
}

#[test]
fn an_order_that_only_looks_goes_ahead_and_its_sink_follows_once_the_line_is_written_and_not_before() {
    let stage = Stage::new(300);
    stage.recorder.does(Does::Waits);
    let (sink, _gate) = stage.file(1, Want::Collections {});
    let (worker, packet) = stage.ordered_ahead(&stage.fetch);
    let order = fetch::Order::from_line(&packet.bytes).unwrap();
    assert!(matches!(order, fetch::Order::Collections { .. }) && packet.fds.is_empty());
    assert!(worker.receive_by(Instant::now() + NOTHING).is_err(), "a sink, and no line");
    stage.recorder.does(Does::Writes);
    let packet = hear(&worker).unwrap();
    assert_eq!(fetch::Sequel::from_line(&packet.bytes).unwrap(), fetch::Sequel::Go {});
    assert_eq!(packet.fds.len(), 1);
    drop(packet);
    say(&worker, &fetch::Note::Done {});
    assert!(hear(&sink).is_none());
    assert!(!stage.fetch.wait(NOTHING).unwrap(), "another order");
}

#[test]
fn an_order_whose_worker_ends_before_its_sink_has_followed_is_sent_anew() {
    let stage = Stage::new(300);
    stage.recorder.does(Does::Waits);
    let (_sink, _gate) = stage.file(1, Want::Collections {});
    let (worker, packet) = stage.ordered_ahead(&stage.fetch);
    assert!(packet.fds.is_empty());
    drop(worker);
    stage.recorder.does(Does::Writes);
    let (_worker, packet) = stage.ordered_ahead(&stage.fetch);
    assert_eq!(packet.fds.len(), 1, "with its sink");
}

#[test]
fn what_nothing_waits_for_is_kept_until_it_can_be_written() {
    let stage = Stage::new(300);
    stage.recorder.does(Does::Refuses);
    let (sink, _gate) = described(&stage, 1);
    stage.offers_keys();
    stage.types(b"n");
    assert_eq!(what(&sink), Some(What::Denied {}), "a denial waits for nothing");
    assert_eq!(stage.recorder.told(Event::Ended), []);
    stage.recorder.does(Does::Writes);
    let line = stage.recorder.has(Event::Ended, Resolution::Denied);
    assert_eq!((line.how, line.kind.as_str()), (Some(How::Key {}), "read"));
}

#[test]
fn what_the_record_tells_of_the_past_stands_in_the_history() {
    let line = |event, n: u64, how| Record {
        ask: Some(AskId::from_random(n.to_be_bytes())),
        kind: Text::new("sign").unwrap(),
        how: Some(how),
        claimed: Some(Box::new(Claimed { looks: Text::new("git (4711)").unwrap(), ..Claimed::default() })),
        what: Some(Box::new(Matter { words: Text::new("mend the pump").unwrap(), ..Matter::default() })),
        ..Record::of(event)
    };
    let ended = |n: u64, how| Record {
        ask: Some(AskId::from_random(n.to_be_bytes())),
        kind: Text::new("sign").unwrap(),
        ended: Some(how),
        ..Record::of(Event::Ended)
    };
    let stage = Stage::with_past(vec![
        (1_700_000_000_000, Record::of(Event::Started)),
        (1_700_000_001_000, line(Event::Released, 1, How::Key {})),
        (1_700_000_002_000, ended(1, Resolution::Granted)),
        (1_700_000_003_000, line(Event::Released, 2, How::Grant { number: 7 })),
    ]);
    stage.shows("22:13:21  sign");
    stage.shows("y: granted");
    stage.shows("grant 7: end not");
    stage.types(b":history\r");
    stage.shows("2023-11-14");
    stage.shows("git (4711)");
}

#[test]
fn a_parties_file_without_audit_is_refused() {
    let parties = Parties { audit: None, ..everybody_is_me() };
    let mut stage = Stage::start(parties, 300);
    assert_eq!(stage.exit_code(), Some(78));
    stage.logs("names no `audit`");
}
