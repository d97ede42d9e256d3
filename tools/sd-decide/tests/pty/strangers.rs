//! Whoever may not speak, or does not speak the words.

use super::*;

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
        (line(Want::Sign { key: Text::default(), objects: false }), "a sign takes 2 descriptors, 1 came"),
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
    let sign = line(Want::Sign { key: Text::default(), objects: false });
    stage.gate().send(sign.as_bytes(), &[unsealed.as_fd(), file.as_fd()]).unwrap();
    assert_eq!(outcome(&unsealed_ours).unwrap().what, malformed);
    stage.logs("not a sealed memfd");

    let (sink, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    stage.types(b"n");
    assert_eq!(outcome(&sink).unwrap().what, What::Denied {});
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
