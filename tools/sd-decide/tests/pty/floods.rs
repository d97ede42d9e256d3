//! More than anybody reads, and who is served meanwhile.

use super::*;

/// The orders that are out, as many as there are by and by.
fn out(stage: &Stage) -> Vec<(Link, fetch::Order)> {
    let mut out = Vec::new();
    while stage.fetch.wait(Duration::from_millis(300)).unwrap() {
        let (worker, order, _) = stage.ordered::<fetch::Order>();
        out.push((worker, order));
    }
    out
}

fn search() -> Want {
    Want::Search {
        collection: None,
        attributes: Attributes::new([("a".to_owned(), "b".to_owned())]).unwrap(),
    }
}

#[test]
fn more_than_can_be_shown_is_not_signed() {
    let stage = Stage::new(300);
    let payload = Payload::seal(&vec![b'x'; sign::MAX_PAYLOAD + 1]).unwrap();
    let (sink, gate) =
        stage.file_with(1, Want::Sign { key: Text::default(), objects: false }, &[payload.as_fd()]);
    assert_eq!(outcome(&sink).unwrap().what, What::Failed { stage: At::Decide, why: Fault::Malformed });
    drop(gate);
}

#[test]
fn payloads_that_wait_are_bounded_together() {
    let stage = Stage::new(300);
    let payload = Payload::seal(&vec![b'x'; sign::MAX_PAYLOAD]).unwrap();
    let want = || Want::Sign { key: Text::default(), objects: false };
    let all: Vec<(Link, Link)> = (0..9).map(|n| stage.file_with(n, want(), &[payload.as_fd()])).collect();
    let (last, _) = all.last().unwrap();
    assert_eq!(outcome(last).unwrap().what, What::Failed { stage: At::Decide, why: Fault::TooMany });
}

#[test]
fn a_flood_of_questions_for_the_state_does_not_fill_the_workers_queue() {
    let stage = Stage::new(300);
    let asked: Vec<Link> = (0..40)
        .map(|_| {
            let link = stage.gate();
            say(&link, &ask::Packet::Status {});
            link
        })
        .collect();
    // The last one is answered while none of those before it has been: so it was not even asked on.
    for link in asked.iter().skip(4) {
        let status = Note::from_line(&hear(link).unwrap().bytes).unwrap();
        assert_eq!(status, Note::Status { pending: 0, locked: None });
    }
    let mut orders = 0;
    while stage.fetch.wait(std::time::Duration::from_millis(200)).unwrap() {
        orders += usize::from(stage.fetch.accept().unwrap().is_some());
    }
    assert_eq!(orders, 4);
}

#[test]
fn a_connection_that_says_nothing_is_dropped_and_so_are_a_hundred() {
    let stage = Stage::new(300);
    let silent: Vec<Link> = (0..100).map(|_| stage.gate()).collect();
    let (sink, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    stage.types(b"n");
    assert_eq!(outcome(&sink).unwrap().what, What::Denied {});
    assert!(silent.iter().all(|link| hear(link).is_none()));
}

#[test]
fn more_asks_than_may_wait_are_turned_away_and_the_others_described() {
    let stage = Stage::new(300);
    let all: Vec<(Link, Link)> = (0..70).map(|n| stage.file(n, read())).collect();
    let too_many = What::Failed { stage: At::Decide, why: Fault::TooMany };
    for (sink, _) in &all[64..] {
        assert_eq!(outcome(sink).unwrap().what, too_many);
    }
    for _ in 0..64 {
        let (worker, _, _) = stage.ordered::<fetch::Order>();
        say(&worker, &fetch::Note::Described(description()));
    }
    stage.shows("64 are waiting");
}

#[test]
fn a_flood_of_searches_holds_up_no_other_maker_and_no_approved_order() {
    const DOOR: &str = "SD_DECIDE_TEST_DOOR";
    if let Some(door) = std::env::var_os(DOOR) {
        // Another maker, until it is killed.
        let _held = stage::file_at(door.as_ref(), 500, search(), &[]);
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let stage = Stage::new(300);
    let (_sink, _gate) = described(&stage, 1);
    stage.offers_keys();
    let flood: Vec<(Link, Link)> = (100..170).map(|n| stage.file(n, search())).collect();
    // With the read one process has 64 on the docket.
    let too_many = What::Failed { stage: At::Decide, why: Fault::TooMany };
    for (sink, _) in &flood[63..] {
        assert_eq!(outcome(sink).unwrap().what, too_many);
    }
    let mut flooding = out(&stage);
    assert_eq!(flooding.len(), 4, "one maker's share");

    let me = "floods::a_flood_of_searches_holds_up_no_other_maker_and_no_approved_order";
    let mut other = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", me])
        .env(DOOR, stage.door())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let (_worker, order, packet) = stage.ordered::<fetch::Order>();
    let id = AskId::from_random(500_u64.to_be_bytes());
    assert!(matches!(order, fetch::Order::Search { id: found, .. } if found == id));
    assert_eq!(packet.fds.len(), 1);

    stage.types(b"y");
    let (_worker, order, _) = stage.ordered::<fetch::Order>();
    assert!(matches!(order, fetch::Order::Read { .. }), "{order:?}");

    let (worker, first) = flooding.remove(0);
    assert!(
        matches!(first, fetch::Order::Search { id, .. } if id == AskId::from_random(100_u64.to_be_bytes()))
    );
    say(&worker, &fetch::Note::Done {});
    assert_eq!(resolved(&flood[0].1), Resolution::Granted);
    assert_eq!(out(&stage).len(), 1, "who is done makes room for the next");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_search_whose_requester_hangs_up_before_its_turn_is_never_ordered() {
    let stage = Stage::new(300);
    let mut searches: Vec<(Link, Link)> = (100..105).map(|n| stage.file(n, search())).collect();
    let flooding = out(&stage);
    assert_eq!(flooding.len(), 4);
    let (sink, gate) = searches.pop().unwrap();
    drop(sink);
    assert_eq!(resolved(&gate), Resolution::Withdrawn);
    for (worker, _) in &flooding {
        say(worker, &fetch::Note::Done {});
    }
    assert!(out(&stage).is_empty());
}

#[test]
fn a_flood_is_one_line_and_one_key_denies_it_and_one_key_lets_it_ask_again() {
    let stage = Stage::new(300);
    let flood: Vec<(Link, Link)> = (0..64).map(|n| stage.file(n, read())).collect();
    for _ in 0..64 {
        let (worker, _, _) = stage.ordered::<fetch::Order>();
        say(&worker, &fetch::Note::Described(description()));
    }
    stage.shows("[64 asks] the label");
    stage.shows("M denies them all");
    assert_eq!(stage.picture().matches("[64 asks]").count(), 1);
    stage.offers_keys();
    stage.types(b"M");
    for (sink, gate) in &flood {
        assert_eq!(outcome(sink).unwrap().what, What::Denied {});
        assert_eq!(resolved(gate), Resolution::Denied);
    }
    stage.shows("denied everything");
    stage.shows("U unmute");
    // Ten at a time, as many as the gate would have under way: each is answered at once, and nobody is asked.
    for n in 100..200 {
        let (sink, _gate) = stage.file(n, read());
        assert_eq!(outcome(&sink).unwrap().what, What::Denied {});
    }
    assert!(!stage.fetch.wait(Duration::from_millis(100)).unwrap(), "no worker hears of it");
    stage.types(b"U");
    stage.shows("may ask again");
    // The no of a moment ago holds for the very same for its seconds; another item is asked about.
    let (_sink, _gate) = stage.file(300, Want::Unlock {});
    stage.offers_keys();
}
