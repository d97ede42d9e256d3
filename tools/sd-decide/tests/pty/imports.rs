//! Many items by one yes: the list goes to the worker and to the screen, and stays what it is.

use sd_wire::import::{self, Manifest, Met, Plan};
use sd_wire::path::CollectionPath;

use super::*;

fn collection() -> CollectionPath {
    CollectionPath::parse("/org/freedesktop/secrets/collection/login").unwrap()
}

fn manifest(items: usize) -> Manifest {
    let item = |n: usize| import::Listed {
        label: Text::new(format!("label {n}")).unwrap(),
        attributes: Attributes::default(),
        content_type: Text::default(),
        len: 1,
    };
    Manifest { items: List::new((0..items).map(item).collect()).unwrap() }
}

fn want() -> Want {
    Want::Import { collection: collection(), replace: false }
}

fn refused(bytes: &[u8]) {
    let stage = Stage::new(300);
    let (sink, gate) = stage.file_with(1, want(), &[Payload::seal(bytes).unwrap().as_fd()]);
    assert_eq!(outcome(&sink).unwrap().what, What::Failed { stage: At::Decide, why: Fault::Malformed });
    assert!(hear(&gate).is_none());
}

#[test]
fn a_yes_sends_the_sink_and_the_very_list_that_was_shown() {
    let stage = Stage::new(300);
    let line = manifest(60).to_line().unwrap();
    let payload = Payload::seal(&line).unwrap();
    let (_sink, gate) = stage.file_with(1, want(), &[payload.as_fd()]);
    let came = |fd| Payload::admit(fd, import::MAX_MANIFEST).unwrap().read().unwrap();
    let id = AskId::from_random(1_u64.to_be_bytes());

    let (worker, order, packet) = stage.ordered::<fetch::Order>();
    assert_eq!(order, fetch::Order::DescribeImport { id: id.clone(), collection: collection() });
    let described: Vec<_> = packet.fds.into_iter().map(came).collect();
    assert_eq!(described, std::slice::from_ref(&line), "the manifest, and no sink");
    let met = Met { n: 59, there: description() };
    say(&worker, &fetch::Note::Met(met.clone()));
    let label = Text::new("Login").unwrap();
    say(&worker, &fetch::Note::Planned { collection: collection(), label: label.clone(), met: 1 });

    stage.shows("import 60 items");
    stage.shows("1 of 60");
    stage.shows("scroll to the end before approving");
    while stage.picture().contains("more lines: PageDown") {
        stage.types(b" ");
        std::thread::sleep(Duration::from_millis(100));
    }
    stage.shows("y approve   n deny");
    stage.types(b"y");
    let (worker, order, packet) = stage.ordered::<fetch::Order>();
    let digest = Plan { collection: collection(), label, met: vec![met] }.digest();
    assert_eq!(order, fetch::Order::Import { id, collection: collection(), replace: false, digest });
    assert_eq!(packet.fds.len(), 2);
    assert_eq!(packet.fds.into_iter().skip(1).map(came).collect::<Vec<_>>(), [line]);
    say(&worker, &fetch::Note::Done {});
    assert_eq!(resolved(&gate), Resolution::Granted);
    assert!(!stage.log().contains("label 1"), "labels are not logged");
}

#[test]
fn a_list_that_is_none_or_longer_than_it_may_be_is_shown_to_nobody() {
    refused(b"no list");
    refused(&manifest(0).to_line().unwrap());
    let mut long = manifest(1).to_line().unwrap();
    long.pop();
    long.resize(import::MAX_MANIFEST, b' ');
    long.push(b'\n');
    refused(&long);
    let item = r#"{"label":"","attributes":{},"content_type":"","len":4194304}"#;
    refused(format!("{{\"v\":1,\"body\":{{\"items\":[{item}]}}}}\n").as_bytes());
}

#[test]
fn a_worker_that_counts_otherwise_than_it_tells_is_not_believed() {
    let stage = Stage::new(300);
    let payload = Payload::seal(&manifest(2).to_line().unwrap()).unwrap();
    let (sink, _gate) = stage.file_with(1, want(), &[payload.as_fd()]);
    let (worker, _, _) = stage.ordered::<fetch::Order>();
    let label = Text::new("Login").unwrap();
    say(&worker, &fetch::Note::Planned { collection: collection(), label, met: 1 });
    assert_eq!(outcome(&sink).unwrap().what, What::Failed { stage: At::Decide, why: Fault::Lost });
}
