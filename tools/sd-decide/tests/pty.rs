//! The binary as it is installed, on a pseudo terminal.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stage;

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sd_sys::link::Link;
use sd_sys::payload::Payload;
use sd_wire::ask::{self, Note, Resolution, Want};
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage as At};
use sd_wire::fetch;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::outcome::What;
use sd_wire::path::ItemPath;
use sd_wire::sign;
use stage::{Stage, everybody_is_me, hear, outcome, say};

fn item() -> ItemPath {
    ItemPath::parse("/org/freedesktop/secrets/collection/login/7").unwrap()
}

fn read() -> Want {
    Want::Read { item: item() }
}

fn description() -> Description {
    Description {
        item: item(),
        collection: Text::new("Login").unwrap(),
        label: Text::new("the label").unwrap(),
        attributes: Attributes::default(),
        created: 0,
        modified: 0,
        locked: false,
    }
}

/// Files a read and describes it; our end of the sink, and the gate's connection.
fn described(stage: &Stage, n: u64) -> (Link, Link) {
    let (sink, gate) = stage.file(n, read());
    let (worker, order, packet) = stage.ordered::<fetch::Order>();
    assert!(matches!(order, fetch::Order::Describe { .. }) && packet.fds.is_empty());
    say(&worker, &fetch::Note::Described(description()));
    (sink, gate)
}

fn resolved(gate: &Link) -> Resolution {
    match Note::from_line(&hear(gate).unwrap().bytes).unwrap() {
        Note::Resolved { how, .. } => how,
        other => panic!("{other:?}"),
    }
}

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
    let (_sink, gate) = stage.file_with(1, Want::Sign { key: Text::default() }, &[payload.as_fd()]);
    let (worker, order, _) = stage.ordered_at::<sign::Order>(&stage.sign);
    assert!(matches!(order, sign::Order::Describe { .. }));
    let fingerprint = sign::Fingerprint::parse("0123456789ABCDEF0123456789ABCDEF01234567").unwrap();
    let user_id = Text::new("A <a@b>").unwrap();
    say(&worker, &sign::Note::Key(sign::Key { fingerprint: fingerprint.clone(), user_id }));
    stage.shows("a title");
    stage.shows("PageDown   n deny");
    stage.types(b" ");
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
fn more_than_can_be_shown_is_not_signed() {
    let stage = Stage::new(300);
    let payload = Payload::seal(&vec![b'x'; sign::MAX_PAYLOAD + 1]).unwrap();
    let (sink, gate) = stage.file_with(1, Want::Sign { key: Text::default() }, &[payload.as_fd()]);
    assert_eq!(outcome(&sink).unwrap().what, What::Failed { stage: At::Decide, why: Fault::Malformed });
    drop(gate);
}

#[test]
fn payloads_that_wait_are_bounded_together() {
    let stage = Stage::new(300);
    let payload = Payload::seal(&vec![b'x'; sign::MAX_PAYLOAD]).unwrap();
    let want = || Want::Sign { key: Text::default() };
    let all: Vec<(Link, Link)> = (0..9).map(|n| stage.file_with(n, want(), &[payload.as_fd()])).collect();
    let (last, _) = all.last().unwrap();
    assert_eq!(outcome(last).unwrap().what, What::Failed { stage: At::Decide, why: Fault::TooMany });
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
    assert_eq!(outcome(&sink).unwrap().what, What::Approved { seconds: 10 });
    assert!(outcome(&sink).is_none(), "and no bytes");
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
fn bad_packets_are_refused_by_name_and_others_are_served() {
    let stage = Stage::new(300);
    let line = |want: Want| {
        let id = AskId::from_random(9_u64.to_be_bytes());
        let ask = ask::Ask { id, want, claims: Default::default() };
        String::from_utf8(ask::Packet::Ask(Box::new(ask)).to_line().unwrap()).unwrap()
    };
    let good = line(read());
    let malformed = What::Failed { stage: At::Decide, why: Fault::Malformed };
    let told = [
        (good.replace("\"v\":1", "\"v\":2"), "version 2"),
        (good.replace("\"item\"", "\"thing\""), "unknown field"),
        (good.trim_end().to_owned(), "does not end with a newline"),
        (format!("{good}{good}"), "more than one line"),
        (line(Want::Sign { key: Text::default() }), "a sign takes 2 descriptors, 1 came"),
    ];
    for (bytes, fault) in &told {
        let (ours, theirs) = Link::pair().unwrap();
        stage.gate().send(bytes.as_bytes(), &[theirs.as_fd()]).unwrap();
        drop(theirs);
        assert_eq!(outcome(&ours).unwrap().what, malformed, "{fault}");
        stage.logs(fault);
    }
    let (ours, theirs) = Link::pair().unwrap();
    stage.gate().send(good.as_bytes(), &[theirs.as_fd(), theirs.as_fd()]).unwrap();
    assert_eq!(outcome(&ours).unwrap().what, malformed);
    stage.logs("a read takes 1 descriptors, 2 came");

    let file = File::open("/dev/null").unwrap();
    let (unsealed_ours, unsealed) = Link::pair().unwrap();
    stage.gate().send(b"\x00\xff garbage\n", &[]).unwrap();
    stage.gate().send(good.as_bytes(), &[]).unwrap();
    stage.logs("a read takes 1 descriptors, 0 came");
    stage.gate().send(good.as_bytes(), &[file.as_fd()]).unwrap();
    stage.logs("not a socket");
    let sign = line(Want::Sign { key: Text::default() });
    stage.gate().send(sign.as_bytes(), &[unsealed.as_fd(), file.as_fd()]).unwrap();
    assert_eq!(outcome(&unsealed_ours).unwrap().what, malformed);
    stage.logs("not a sealed memfd");

    let (sink, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    stage.types(b"n");
    assert_eq!(outcome(&sink).unwrap().what, What::Denied {});
}

#[test]
fn a_worker_that_is_gone_fails_the_ask() {
    let mut stage = Stage::new(300);
    let (sink, _gate) = stage.file(1, read());
    let (worker, _, _) = stage.ordered::<fetch::Order>();
    drop(worker);
    let lost = What::Failed { stage: At::Decide, why: Fault::Lost };
    assert_eq!(outcome(&sink).unwrap().what, lost);
    let (sink, gate) = stage.file(2, Want::Sign { key: Text::default() });
    drop(gate);
    assert_eq!(outcome(&sink).unwrap().what, What::Failed { stage: At::Decide, why: Fault::Malformed });
    assert!(stage.decide.try_wait().unwrap().is_none());
}

#[test]
fn a_connection_of_another_uid_than_the_gates_is_dropped() {
    let mut parties = everybody_is_me();
    parties.gate += 1;
    let stage = Stage::among(parties, 300);
    let link = stage.gate();
    assert!(hear(&link).is_none());
    stage.logs("only the gate");
}

#[test]
fn a_sink_of_another_uid_is_refused() {
    let mut parties = everybody_is_me();
    parties.desktop += 1;
    let stage = Stage::among(parties, 300);
    let (sink, _gate) = stage.file(1, read());
    assert!(outcome(&sink).is_none());
    stage.logs("the sink is refused: uid");
}

#[test]
fn a_note_of_another_uid_than_the_companions_is_not_believed() {
    let mut parties = everybody_is_me();
    parties.companion += 1;
    let stage = Stage::among(parties, 300);
    let (sink, _gate) = described(&stage, 1);
    assert_eq!(outcome(&sink).unwrap().what, What::Failed { stage: At::Decide, why: Fault::Lost });
    stage.logs("it was written by uid");
}

#[test]
fn it_does_not_start_as_another_uid_than_the_parties_file_says() {
    let mut parties = everybody_is_me();
    parties.decide += 1;
    let mut stage = Stage::start(parties, 300);
    assert_eq!(stage.exit_code(), Some(78));
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
fn another_size_is_drawn_anew() {
    let stage = Stage::new(300);
    let (_sink, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    stage.resize(120, 40);
    // Side by side now.
    stage.shows("│ ask 0000000000000001");
}

#[test]
fn a_terminal_that_takes_no_more_does_not_stop_the_clock() {
    let stage = Stage::new(3);
    let (sink, _gate) = described(&stage, 1);
    stage.shows("the label");
    let stalled = stage.stall();
    // Each size is a picture from nothing, until no more fits.
    for n in 0..300 {
        stage.say_size(120 - n % 2, 40);
        std::thread::sleep(Duration::from_millis(5));
    }
    stage.say_size(80, 25);
    assert_eq!(outcome(&sink).unwrap().what, What::Expired {});
    drop(stalled);
    stage.shows("nothing is waiting");
}

#[test]
fn told_to_end_it_settles_nothing_and_leaves_the_terminal_clear() {
    let mut stage = Stage::new(300);
    let (sink, _gate) = described(&stage, 1);
    stage.shows("the label");
    kill(Pid::from_raw(stage.decide.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(stage.exit_code(), Some(0));
    assert!(outcome(&sink).is_none());
    assert_eq!(stage.picture().trim(), "");
}

#[test]
fn hung_up_it_ends_as_unavailable() {
    let mut stage = Stage::new(300);
    kill(Pid::from_raw(stage.decide.id().try_into().unwrap()), Signal::SIGHUP).unwrap();
    assert_eq!(stage.exit_code(), Some(69));
    assert!(stage.log().contains("the terminal hung up"));
}

/// The words to the service manager that are there now, or come within this time.
fn words(notify: &UnixDatagram, wait: Duration) -> Vec<String> {
    let until = Instant::now() + wait;
    let mut words = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        notify.set_read_timeout(Some(left)).unwrap();
        let mut bytes = [0; 64];
        match notify.recv(&mut bytes) {
            Ok(read) => words.push(String::from_utf8(bytes[..read].to_vec()).unwrap()),
            Err(_) => return words,
        }
        if Instant::now() > until {
            return words;
        }
    }
}

#[test]
fn idle_it_says_that_it_goes_on_and_stopped_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "400000")];
    let stage = Stage::start_with(everybody_is_me(), 300, &environment);
    stage.shows("nothing is waiting");
    let said = words(&notify, Duration::from_secs(2));
    assert_eq!(said[0], "READY=1\n");
    let pings = said.iter().filter(|word| *word == "WATCHDOG=1\n").count();
    // Every 200 ms, and not without a pause; a busy machine may be late.
    assert!((4..=12).contains(&pings) && pings == said.len() - 1, "{said:?}");
    let decide = Pid::from_raw(stage.decide.id().try_into().unwrap());
    kill(decide, Signal::SIGSTOP).unwrap();
    words(&notify, Duration::from_millis(100));
    assert!(words(&notify, Duration::from_millis(800)).is_empty(), "it is stopped");
    kill(decide, Signal::SIGCONT).unwrap();
    assert!(words(&notify, Duration::from_secs(1)).contains(&"WATCHDOG=1\n".to_owned()));
}

#[test]
fn nobody_who_did_not_ask_is_told_that_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    let stage = Stage::start_with(everybody_is_me(), 300, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    stage.answers_whether_locked(false, false);
    let (_sink, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    assert_eq!(words(&notify, Duration::from_millis(300)), ["READY=1\n"]);
}

fn search() -> Want {
    Want::Search {
        collection: None,
        attributes: Attributes::new([("a".to_owned(), "b".to_owned())]).unwrap(),
    }
}

/// The orders that are out, as many as there are by and by.
fn out(stage: &Stage) -> Vec<(Link, fetch::Order)> {
    let mut out = Vec::new();
    while stage.fetch.wait(Duration::from_millis(300)).unwrap() {
        let (worker, order, _) = stage.ordered::<fetch::Order>();
        out.push((worker, order));
    }
    out
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
    stage.shows("y approve   n deny");
    let flood: Vec<(Link, Link)> = (100..170).map(|n| stage.file(n, search())).collect();
    // With the read one process has 64 on the docket.
    let too_many = What::Failed { stage: At::Decide, why: Fault::TooMany };
    for (sink, _) in &flood[63..] {
        assert_eq!(outcome(sink).unwrap().what, too_many);
    }
    let mut flooding = out(&stage);
    assert_eq!(flooding.len(), 4, "one maker's share");

    let me = "a_flood_of_searches_holds_up_no_other_maker_and_no_approved_order";
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
