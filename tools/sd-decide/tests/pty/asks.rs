//! One ask from its coming in to its end.

use sd_wire::outcome::Listed;

use super::*;

#[test]
fn a_yes_moves_the_sink_to_the_worker_with_the_digest_shown() {
    let stage = Stage::new(300);
    let (sink, gate) = described(&stage, 1);
    stage.shows("ask 0000000000000001");
    stage.shows("the label");
    stage.shows("y approve   n deny");
    stage.types(b"y");
    let (worker, order, packet) = stage.ordered::<fetch::Order>();
    let id = AskId::from_random(1_u64.to_be_bytes());
    assert_eq!(order, fetch::Order::Read { id, item: item(), digest: description().digest() });
    assert_eq!(packet.fds.len(), 1);
    say(&worker, &fetch::Note::Done {});
    assert_eq!(resolved(&gate), Resolution::Granted);
    drop(packet);
    assert!(outcome(&sink).is_none(), "nothing of ours is in the sink");
    stage.shows("nothing is waiting");
    assert!(!stage.log().contains("the label"), "labels are not logged");
}

#[test]
fn a_signature_carries_the_very_payload_and_the_key_that_was_shown() {
    let stage = Stage::new(300);
    let commit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> 1 +0000\n\
                  committer A <a@b> 1 +0000\n\na title\n";
    let payload = Payload::seal(commit.as_bytes()).unwrap();
    let (_sink, gate) =
        stage.file_with(1, Want::Sign { key: Text::default(), objects: false }, &[payload.as_fd()]);
    let (worker, order, _) = stage.ordered_at::<sign::Order>(&stage.sign);
    assert!(matches!(order, sign::Order::Describe { .. }));
    let fingerprint = sign::Fingerprint::parse("0123456789ABCDEF0123456789ABCDEF01234567").unwrap();
    let user_id = Text::new("A <a@b>").unwrap();
    say(&worker, &sign::Note::Key(sign::Key { fingerprint: fingerprint.clone(), user_id }));
    stage.shows("a title");
    stage.shows("y approve   n deny");
    stage.types(b"y");
    let (worker, order, packet) = stage.ordered_at::<sign::Order>(&stage.sign);
    let id = AskId::from_random(1_u64.to_be_bytes());
    assert_eq!(order, sign::Order::Sign { id, fingerprint });
    let mut fds = packet.fds.into_iter().skip(1);
    let came = Payload::admit(fds.next().unwrap(), sign::MAX_PAYLOAD).unwrap();
    assert_eq!(came.read().unwrap(), commit.as_bytes());
    say(&worker, &sign::Note::Failed { why: Fault::UnusableKey });
    assert_eq!(resolved(&gate), Resolution::Failed);
}

#[test]
fn a_yes_to_a_prompt_covers_the_read_that_follows() {
    let stage = Stage::new(300);
    let items = List::new(vec![item()]).unwrap();
    let (sink, gate) = stage.file(1, Want::Access { items });
    let (worker, _, _) = stage.ordered::<fetch::Order>();
    say(&worker, &fetch::Note::Described(description()));
    stage.shows("y approve   n deny");
    stage.types(b"y");
    let What::Approved { seconds: 10, len } = outcome(&sink).unwrap().what else { panic!("not approved") };
    // The application is told what the person saw of the items, and no more.
    let body = hear(&sink).unwrap().bytes;
    assert_eq!(body.len(), usize::try_from(len).unwrap());
    let told: Listed = serde_json::from_slice(&body).unwrap();
    assert_eq!(told.items, [description()]);
    assert!(hear(&sink).is_none(), "and nothing else");
    assert_eq!(resolved(&gate), Resolution::Approved);
    let (_sink, _gate) = stage.file(2, read());
    let (_worker, order, packet) = stage.ordered::<fetch::Order>();
    let id = AskId::from_random(2_u64.to_be_bytes());
    assert_eq!(order, fetch::Order::Read { id, item: item(), digest: description().digest() });
    assert_eq!(packet.fds.len(), 1);
}

#[test]
fn an_id_that_is_pending_is_refused_and_the_first_ask_stays() {
    let stage = Stage::new(300);
    let (first, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    let (second, _second_gate) = stage.file(1, read());
    let malformed = What::Failed { stage: At::Decide, why: Fault::Malformed };
    assert_eq!(outcome(&second).unwrap().what, malformed);
    stage.types(b"n");
    assert_eq!(outcome(&first).unwrap().what, What::Denied {});
}

#[test]
fn a_no_is_told_to_the_requester_and_the_gate() {
    let stage = Stage::new(300);
    let (sink, gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    stage.types(b"n");
    assert_eq!(outcome(&sink).unwrap().what, What::Denied {});
    assert_eq!(resolved(&gate), Resolution::Denied);
    stage.logs("OUTCOME=denied");
}

#[test]
fn keys_typed_before_the_ask_was_there_settle_nothing() {
    let stage = Stage::new(2);
    stage.types(b"yyyy");
    let (sink, _gate) = described(&stage, 1);
    stage.shows("wait");
    stage.types(b"y");
    assert_eq!(outcome(&sink).unwrap().what, What::Expired {});
}

#[test]
fn a_requester_that_hangs_up_leaves_the_screen() {
    let stage = Stage::new(300);
    let (sink, gate) = described(&stage, 1);
    stage.shows("the label");
    drop(sink);
    assert_eq!(resolved(&gate), Resolution::Withdrawn);
    stage.shows("nothing is waiting");
}

#[test]
fn a_cancel_is_carried_out_and_an_unknown_one_is_said_to_be() {
    let stage = Stage::new(300);
    let (sink, gate) = described(&stage, 1);
    for (found, n) in [(false, 2_u64), (true, 1)] {
        let link = stage.gate();
        say(&link, &ask::Packet::Cancel { id: AskId::from_random(n.to_be_bytes()) });
        let note = Note::from_line(&hear(&link).unwrap().bytes).unwrap();
        assert_eq!(note, Note::Cancelled { found });
    }
    assert_eq!(outcome(&sink).unwrap().what, What::Cancelled {});
    assert_eq!(resolved(&gate), Resolution::Cancelled);
}

#[test]
fn the_state_is_asked_of_the_worker_and_a_missing_one_is_no_answer() {
    let stage = Stage::new(300);
    let link = stage.gate();
    say(&link, &ask::Packet::Status {});
    let (worker, order, _) = stage.ordered::<fetch::Order>();
    assert_eq!(order, fetch::Order::State {});
    say(&worker, &fetch::Note::State { locked: true });
    let status = |link: &Link| Note::from_line(&hear(link).unwrap().bytes).unwrap();
    assert_eq!(status(&link), Note::Status { pending: 0, locked: Some(true) });
    let link = stage.gate();
    say(&link, &ask::Packet::Status {});
    let (_worker, _, _) = stage.ordered::<fetch::Order>();
    assert_eq!(status(&link), Note::Status { pending: 0, locked: None });
}

#[test]
fn a_worker_that_is_gone_fails_the_ask() {
    let mut stage = Stage::new(300);
    let (sink, _gate) = stage.file(1, read());
    let (worker, _, _) = stage.ordered::<fetch::Order>();
    drop(worker);
    let lost = What::Failed { stage: At::Decide, why: Fault::Lost };
    assert_eq!(outcome(&sink).unwrap().what, lost);
    let (sink, gate) = stage.file(2, Want::Sign { key: Text::default(), objects: false });
    drop(gate);
    assert_eq!(outcome(&sink).unwrap().what, What::Failed { stage: At::Decide, why: Fault::Malformed });
    assert!(stage.decide.try_wait().unwrap().is_none());
}
