//! A settler at the other end of the sink, which runs as whoever runs the tests: so a role is forged by giving the
//! roles other uids than that.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use sd_sys::identity::own_uid;
use sd_sys::link::Link;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage};
use sd_wire::outcome::BODY_PACKET;
use sd_wire::parties::Parties;
use smol::block_on;

use super::*;

const SOON: Duration = Duration::from_secs(5);

fn id() -> AskId {
    AskId::from_random([7; 8])
}

/// Everybody is whoever runs the test.
fn ourselves() -> Parties {
    let uid = own_uid();
    Parties { desktop: uid, gate: uid, decide: uid, companion: uid, audit: None }
}

fn answer_from(parties: Parties) -> (Answer, Link) {
    let (home, sink) = Home::pair(parties, SOON).unwrap();
    (Answer::new(home, id(), None), sink)
}

fn say(sink: &Link, what: What, fds: &[BorrowedFd<'_>]) {
    sink.send(&Outcome { id: id(), what }.to_line().unwrap(), fds).unwrap();
}

fn announced(len: u32) -> What {
    What::Granted(Granted::Secret { len, content_type: Text::clipped("text/plain") })
}

fn garbled<T>(result: Result<T, Failure>) -> String {
    match result {
        Err(Failure::Garbled(what)) => what,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was believed"),
    }
}

#[test]
fn a_granted_secret_comes_whole() {
    let (answer, sink) = answer_from(ourselves());
    say(&sink, announced(7), &[]);
    sink.send(b"hun", &[]).unwrap();
    sink.send(b"ter2", &[]).unwrap();
    block_on(async {
        assert!(matches!(answer.granted().await, Ok(Granted::Secret { len: 7, .. })));
        assert_eq!(answer.secret(7).await.unwrap().expose(), b"hunter2");
    });
}

#[test]
fn an_empty_secret_needs_no_packet() {
    let (answer, sink) = answer_from(ourselves());
    say(&sink, announced(0), &[]);
    block_on(async {
        answer.granted().await.unwrap();
        assert!(answer.secret(0).await.unwrap().is_empty());
    });
}

#[test]
fn each_role_is_believed_from_its_own_uid_only() {
    let stranger = own_uid() + 1;
    let words = [
        (Parties { companion: stranger, ..ourselves() }, announced(3), Role::Companion),
        (Parties { companion: stranger, ..ourselves() }, What::Invited {}, Role::Companion),
        (Parties { decide: stranger, ..ourselves() }, What::Approved { seconds: 10, len: 0 }, Role::Decide),
        (Parties { decide: stranger, ..ourselves() }, What::Denied {}, Role::Decide),
        (Parties { decide: stranger, ..ourselves() }, What::Expired {}, Role::Decide),
        (Parties { decide: stranger, ..ourselves() }, What::Cancelled {}, Role::Decide),
        (Parties { gate: stranger, ..ourselves() }, What::Rejected { why: Fault::TooMany }, Role::Gate),
        (
            Parties { companion: stranger, ..ourselves() },
            What::Failed { stage: Stage::Sign, why: Fault::Timeout },
            Role::Companion,
        ),
    ];
    for (parties, what, forged) in words {
        let (answer, sink) = answer_from(parties);
        say(&sink, what.clone(), &[]);
        match block_on(answer.granted()) {
            Err(Failure::Forged { role, writer }) => assert_eq!((role, writer), (forged, Some(own_uid()))),
            other => panic!("{what:?} was taken for {other:?}"),
        }
    }
}

/// What a person saw of one item, as `sd-decide` writes it.
fn shown() -> (Listed, Vec<u8>) {
    let description = Description {
        item: sd_wire::path::ItemPath::parse("/org/freedesktop/secrets/collection/login/1").unwrap(),
        collection: Text::clipped("Login"),
        label: Text::clipped("Mail"),
        attributes: Attributes::default(),
        created: 1,
        modified: 2,
        locked: false,
    };
    let shown = Listed { items: vec![description] };
    let json = serde_json::to_vec(&shown).unwrap();
    (shown, json)
}

#[test]
fn an_approval_brings_what_the_person_saw_or_nothing_of_it() {
    let (shown, json) = shown();
    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Approved { seconds: 10, len: u32::try_from(json.len()).unwrap() }, &[]);
    sink.send(&json, &[]).unwrap();
    assert_eq!(block_on(answer.approved()).unwrap(), (10, shown));

    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Approved { seconds: 7, len: 0 }, &[]);
    assert_eq!(block_on(answer.approved()).unwrap(), (7, Listed::default()));
}

#[test]
fn what_the_person_saw_is_believed_from_the_decider_alone_and_is_bounded() {
    let (_, json) = shown();
    let (home, sink) = Home::pair(Parties { decide: own_uid() + 1, ..ourselves() }, SOON).unwrap();
    sink.send(&json, &[]).unwrap();
    let len = u32::try_from(json.len()).unwrap();
    let told = block_on(Answer::new(home, id(), None).bytes(len, MAX_SHOWN, Role::Decide));
    assert!(matches!(told, Err(Failure::Forged { role: Role::Decide, .. })));

    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Approved { seconds: 10, len: MAX_SHOWN + 1 }, &[]);
    garbled(block_on(answer.approved()));
}

#[test]
fn bytes_of_a_secret_from_another_uid_are_refused() {
    let (home, sink) = Home::pair(Parties { companion: own_uid() + 1, ..ourselves() }, SOON).unwrap();
    sink.send(b"forged", &[]).unwrap();
    let body = block_on(home.body(6, Role::Companion, |_| panic!("they were used")));
    assert!(matches!(body, Err(Failure::Forged { .. })));
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let (answer, sink) = answer_from(ourselves());
    let other = Outcome { id: AskId::from_random([8; 8]), what: What::Denied {} };
    sink.send(&other.to_line().unwrap(), &[]).unwrap();
    assert!(garbled(block_on(answer.granted())).contains(other.id.as_str()));
}

#[test]
fn a_sink_that_closes_without_a_word_means_lost() {
    let (answer, sink) = answer_from(ourselves());
    drop(sink);
    assert!(matches!(block_on(answer.granted()), Err(Failure::Lost)));
}

#[test]
fn a_secret_that_ends_early_is_not_a_secret() {
    let (answer, sink) = answer_from(ourselves());
    say(&sink, announced(8), &[]);
    sink.send(b"half", &[]).unwrap();
    drop(sink);
    block_on(async {
        answer.granted().await.unwrap();
        assert!(garbled(answer.secret(8).await).contains("last 4 bytes"));
    });
}

#[test]
fn a_secret_longer_than_announced_is_refused() {
    let (answer, sink) = answer_from(ourselves());
    say(&sink, announced(3), &[]);
    sink.send(b"four", &[]).unwrap();
    block_on(async {
        answer.granted().await.unwrap();
        garbled(answer.secret(3).await);
    });
}

#[test]
fn more_than_the_most_is_refused_before_it_is_read() {
    let (answer, _sink) = answer_from(ourselves());
    block_on(async {
        garbled(answer.secret(MAX_SECRET + 1).await);
        garbled(answer.signature(MAX_BODY + 1).await);
    });
}

#[test]
fn garbage_is_refused() {
    for bytes in [&b"\n"[..], b"{}\n", b"\xff\xff", b"{\"v\":2,\"body\":{}}\n"] {
        let (answer, sink) = answer_from(ourselves());
        sink.send(bytes, &[]).unwrap();
        garbled(block_on(answer.granted()));
    }
}

#[test]
fn descriptors_where_none_belong_are_refused() {
    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Denied {}, &[sink.as_fd()]);
    garbled(block_on(answer.granted()));

    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Invited {}, &[sink.as_fd(), sink.as_fd()]);
    garbled(block_on(answer.granted()));

    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Invited {}, &[]);
    garbled(block_on(answer.granted()));

    let (answer, sink) = answer_from(ourselves());
    say(&sink, announced(3), &[]);
    sink.send(b"abc", &[sink.as_fd()]).unwrap();
    block_on(async {
        answer.granted().await.unwrap();
        garbled(answer.secret(3).await);
    });
}

#[test]
fn an_invitation_to_a_request_that_stores_nothing_is_refused() {
    let (answer, sink) = answer_from(ourselves());
    let (ours, theirs) = Link::pair().unwrap();
    say(&sink, What::Invited {}, &[theirs.as_fd()]);
    garbled(block_on(answer.granted()));
    drop(theirs);
    assert!(matches!(ours.receive(), Ok(None)), "something was sent");
}

#[test]
fn an_invited_secret_is_sent_in_packets_and_then_the_socket_ends() {
    let (answer, sink) = answer_from(ourselves());
    let bytes = vec![b'x'; BODY_PACKET + 1];
    let mut secret = Secret::with_capacity(bytes.len()).unwrap();
    secret.push(&bytes).unwrap();
    let (ours, theirs) = Link::pair().unwrap();
    say(&sink, What::Invited {}, &[theirs.as_fd()]);
    drop(theirs);
    let item = sd_wire::path::ItemPath::parse("/org/freedesktop/secrets/collection/login/1").unwrap();
    say(&sink, What::Granted(Granted::Stored { item: item.clone() }), &[]);
    match block_on(answer.granted_after_upload(&secret)) {
        Ok(Granted::Stored { item: stored }) => assert_eq!(stored, item),
        other => panic!("{other:?}"),
    }
    let lengths: Vec<usize> = std::iter::from_fn(|| {
        ours.receive_by(Instant::now() + SOON).unwrap().map(|packet| packet.bytes.len())
    })
    .collect();
    assert_eq!(lengths.get(1..), Some(&[BODY_PACKET, 1][..]), "after the line that announces them");
}

#[test]
fn a_secret_is_not_sent_to_a_socket_that_another_uid_made() {
    let (ours, theirs) = Link::pair().unwrap();
    let sent = block_on(upload(theirs.into(), own_uid() + 1, b"hunter2", SOON));
    assert!(matches!(sent, Err(Failure::Forged { role: Role::Companion, .. })));
    assert!(matches!(ours.receive(), Ok(None)), "something was sent");
}

#[test]
fn a_second_invitation_is_refused() {
    let (answer, sink) = answer_from(ourselves());
    let mut secret = Secret::with_capacity(1).unwrap();
    secret.push(b"x").unwrap();
    let pairs: Vec<_> = (0..2).map(|_| Link::pair().unwrap()).collect();
    for (_, theirs) in &pairs {
        say(&sink, What::Invited {}, &[theirs.as_fd()]);
    }
    garbled(block_on(answer.granted_after_upload(&secret)));
}

#[test]
fn nobody_waits_longer_than_the_patience() {
    let (home, _sink) = Home::pair(ourselves(), Duration::from_millis(20)).unwrap();
    assert!(matches!(block_on(Answer::new(home, id(), None).granted()), Err(Failure::Timeout)));
}

#[test]
fn dropping_the_answer_hangs_up_the_sink() {
    let (answer, sink) = answer_from(ourselves());
    assert!(!sink.hung_up());
    drop(answer);
    assert!(sink.hung_up());
}

#[test]
fn locked_and_unlocked_are_believed_from_the_decider_alone_and_each_where_it_was_asked_for() {
    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Locked {}, &[]);
    assert!(block_on(answer.locked()).is_ok());
    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Unlocked {}, &[]);
    assert!(block_on(answer.unlocked()).is_ok());

    let stranger = Parties { decide: own_uid() + 1, ..ourselves() };
    let (answer, sink) = answer_from(stranger);
    say(&sink, What::Locked {}, &[]);
    assert!(matches!(block_on(answer.locked()), Err(Failure::Forged { role: Role::Decide, .. })));
    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Locked {}, &[]);
    assert!(matches!(block_on(answer.unlocked()), Err(Failure::Ended(What::Locked {}))));
    let (answer, sink) = answer_from(ourselves());
    say(&sink, What::Granted(Granted::Deleted {}), &[]);
    garbled(block_on(answer.locked()));
}

fn manifest() -> Manifest {
    let item = |len| sd_wire::import::Listed {
        label: Text::default(),
        attributes: Attributes::default(),
        content_type: Text::default(),
        len,
    };
    Manifest { items: sd_wire::bounded::List::new(vec![item(3), item(4)]).unwrap() }
}

/// What an import that was answered so heard of its items, and how it ended.
fn imported(words: Vec<What>) -> (Vec<(u32, Fate)>, Result<Granted, Failure>) {
    let (answer, sink) = answer_from(ourselves());
    for what in words {
        say(&sink, what, &[]);
    }
    drop(sink);
    let secrets = Secret::with_capacity(7).unwrap();
    let mut heard = Vec::new();
    let ended = block_on(answer.imported(&manifest(), &secrets, |n, fate| heard.push((n, fate))));
    (heard, ended)
}

#[test]
fn what_became_of_each_item_is_heard_also_when_the_end_never_comes() {
    let settled = |n, fate| What::Settled { n, fate };
    let (stored, there) = (Fate::Stored {}, Fate::There {});
    let (heard, ended) =
        imported(vec![settled(0, stored), settled(1, there), What::Granted(Granted::Imported {})]);
    assert_eq!(heard, [(0, stored), (1, there)]);
    assert!(matches!(ended, Ok(Granted::Imported {})), "{ended:?}");
    let (heard, ended) = imported(vec![settled(0, stored)]);
    assert_eq!(heard, [(0, stored)]);
    assert!(matches!(ended, Err(Failure::Lost)), "{ended:?}");
}

#[test]
fn an_import_is_not_done_before_each_item_is_settled_and_none_is_settled_twice() {
    let settled = |n| What::Settled { n, fate: Fate::Stored {} };
    let done = || What::Granted(Granted::Imported {});
    for words in [vec![settled(0), done()], vec![settled(0), settled(0)], vec![settled(2)]] {
        garbled(imported(words.clone()).1);
    }
    let (answer, sink) = answer_from(ourselves());
    say(&sink, settled(0), &[]);
    garbled(block_on(answer.granted()));
}
