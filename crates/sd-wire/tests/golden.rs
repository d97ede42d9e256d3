//! Every message, byte for byte: a change of what is on the wire is a change of these files, and raises the version.
//!
//! `BLESS=1 cargo test -p sd-wire --test golden` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Debug;
use std::path::PathBuf;

use sd_wire::ask::{self, Ask, Packet, Resolution, Want};
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::change::{Before, Change};
use sd_wire::claims::{App, ChangedFile, Claims};
use sd_wire::description::{CollectionShown, Description};
use sd_wire::digest::Digest;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{self, Hidden, Shown};
use sd_wire::id::AskId;
use sd_wire::import::{self, Fate, Manifest, Met, Plan};
use sd_wire::line::Words;
use sd_wire::metadata::Metadata;
use sd_wire::outcome::{Granted, Outcome, Upload, What};
use sd_wire::parties::Parties;
use sd_wire::passphrase;
use sd_wire::path::{CollectionPath, ItemPath};
use sd_wire::pattern::Pattern;
use sd_wire::print::Print;
use sd_wire::record::{self, Attested, Claimed, Event, How, Item, Matter, Record, Signed, Unwritten};
use sd_wire::sign::{self, Fingerprint, Key};

fn golden<W: Words + PartialEq + Debug>(name: &str, words: &W) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.json"));
    let line = words.to_line().unwrap();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &line).unwrap();
    }
    let kept = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(String::from_utf8_lossy(&line), String::from_utf8_lossy(&kept), "{name}");
    assert_eq!(&W::from_line(&kept).unwrap(), words, "{name} does not read back");
}

fn id() -> AskId {
    AskId::parse("0123456789abcdef").unwrap()
}

fn item() -> ItemPath {
    ItemPath::parse("/org/freedesktop/secrets/collection/login/12").unwrap()
}

fn collection() -> CollectionPath {
    CollectionPath::parse("/org/freedesktop/secrets/collection/login").unwrap()
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

fn attributes() -> Attributes {
    Attributes::new([("service".into(), "demo".into()), ("user".into(), "nb".into())]).unwrap()
}

fn description() -> Description {
    Description {
        item: item(),
        collection: text("Login"),
        label: text("demo \u{1b}[31m"),
        attributes: attributes(),
        created: 1_700_000_000,
        modified: 1_700_000_001,
        locked: false,
    }
}

fn shown_collection() -> CollectionShown {
    CollectionShown { collection: collection(), label: text("Login"), items: 12 }
}

fn changes() -> [(&'static str, Change); 6] {
    [
        ("item-label", Change::ItemLabel { item: item(), label: text("other") }),
        ("item-attributes", Change::ItemAttributes { item: item(), attributes: attributes() }),
        ("collection-label", Change::CollectionLabel { collection: collection(), label: text("other") }),
        ("alias", Change::Alias { name: text("default"), collection: Some(collection()) }),
        ("create", Change::CreateCollection { label: text("Work"), alias: text("") }),
        ("delete", Change::DeleteCollection { collection: collection() }),
    ]
}

fn manifest() -> Manifest {
    let item = import::Listed {
        label: text("demo"),
        attributes: attributes(),
        content_type: text("text/plain"),
        len: 7,
    };
    Manifest { items: List::new(vec![item]).unwrap() }
}

fn plan() -> Plan {
    let met = vec![Met { n: 0, there: description() }];
    Plan { collection: collection(), label: text("Login"), met }
}

fn shown() -> Shown {
    Shown { item: item(), digest: description().digest() }
}

fn fingerprint() -> Fingerprint {
    Fingerprint::parse("0123456789ABCDEF0123456789ABCDEF01234567").unwrap()
}

fn claims() -> Claims {
    Claims {
        app: Some(App { pid: 4242, start: 77, exe: Some(text("/usr/bin/git")) }),
        says: Some(text("the thing")),
        repository: Some(text("/home/nb/src")),
        branch: Some(text("main")),
        files: List::new(vec![ChangedFile { status: text("M"), path: text("a.rs") }]).unwrap(),
        files_omitted: 3,
        unproved: Some(text("a shallow clone")),
    }
}

#[test]
fn what_the_gate_says_to_decide() {
    let wants = [
        ("read", Want::Read { item: item() }),
        ("access", Want::Access { items: List::new(vec![item()]).unwrap() }),
        ("search", Want::Search { collection: None, attributes: attributes() }),
        ("search-in", Want::Search { collection: Some(collection()), attributes: attributes() }),
        ("collections", Want::Collections {}),
        (
            "store",
            Want::Store {
                collection: collection(),
                label: text("demo"),
                attributes: attributes(),
                replace: true,
                content_type: text("text/plain"),
            },
        ),
        ("import", Want::Import { collection: collection(), replace: false }),
        ("delete", Want::Delete { item: item() }),
        ("sign", Want::Sign { key: text("nb@example.org"), objects: false }),
        ("sign-proved", Want::Sign { key: text("nb@example.org"), objects: true }),
        ("list", Want::List { collection: Some(collection()) }),
        ("set", Want::SetSecret { item: item(), content_type: text("text/plain") }),
        ("change", Want::Change { change: changes()[0].1.clone() }),
        ("lock", Want::Lock {}),
        ("unlock", Want::Unlock {}),
    ];
    for (name, want) in wants {
        let ask = Ask { id: id(), want, claims: Claims::default() };
        golden(&format!("ask-{name}"), &Packet::Ask(Box::new(ask)));
    }
    let claimed = Ask { id: id(), want: Want::Read { item: item() }, claims: claims() };
    golden("ask-claims", &Packet::Ask(Box::new(claimed)));
    golden("ask-cancel", &Packet::Cancel { id: id() });
    golden("ask-status", &Packet::Status {});
}

#[test]
fn what_decide_says_to_the_gate() {
    for how in [
        Resolution::Granted,
        Resolution::Approved,
        Resolution::Denied,
        Resolution::Expired,
        Resolution::Cancelled,
        Resolution::Withdrawn,
        Resolution::Failed,
    ] {
        golden(&format!("note-resolved-{}", how.as_str()), &ask::Note::Resolved { id: id(), how });
    }
    golden("note-cancelled", &ask::Note::Cancelled { found: true });
    golden("note-status", &ask::Note::Status { pending: 2, locked: Some(false) });
    golden("note-status-unknown", &ask::Note::Status { pending: 0, locked: None });
}

#[test]
fn what_decide_orders_from_fetch() {
    use fetch::Order;
    golden("fetch-describe", &Order::Describe { id: id(), items: List::new(vec![item()]).unwrap() });
    golden(
        "fetch-describe-target",
        &Order::DescribeTarget {
            id: id(),
            collection: collection(),
            attributes: attributes(),
            replace: true,
        },
    );
    golden("fetch-state", &Order::State {});
    golden("fetch-describe-list", &Order::DescribeList { id: id(), collection: None });
    golden(
        "fetch-list",
        &Order::List {
            id: id(),
            collections: List::new(vec![collection()]).unwrap(),
            hidden: List::default(),
        },
    );
    golden(
        "fetch-set",
        &Order::SetSecret {
            id: id(),
            item: item(),
            digest: description().digest(),
            content_type: text("text/plain"),
        },
    );
    for (name, change) in changes() {
        golden(
            &format!("fetch-describe-change-{name}"),
            &Order::DescribeChange { id: id(), change: change.clone() },
        );
        let digest = description().digest();
        golden(&format!("fetch-change-{name}"), &Order::Change { id: id(), change, digest });
    }
    golden("fetch-describe-import", &Order::DescribeImport { id: id(), collection: collection() });
    let digest = plan().digest();
    golden("fetch-import", &Order::Import { id: id(), collection: collection(), replace: false, digest });
    golden("fetch-lock", &Order::Lock { id: id() });
    golden("fetch-unlock", &Order::Unlock { id: id() });
    let search = |hidden| Order::Search {
        id: id(),
        collection: None,
        attributes: attributes(),
        hidden: List::new(hidden).unwrap(),
        describe: false,
    };
    golden("fetch-search", &search(vec![]));
    let bank = Hidden {
        item: None,
        label: Some(Pattern::new("Bank*").unwrap()),
        attributes: [(text("service"), Pattern::new("*").unwrap())].into(),
    };
    golden("fetch-search-hidden", &search(vec![bank]));
    golden("fetch-collections", &Order::Collections { id: id(), metadata: Metadata::Matched });
    golden("fetch-read", &Order::Read { id: id(), item: item(), digest: description().digest() });
    golden("fetch-delete", &Order::Delete { id: id(), item: item(), digest: description().digest() });
    golden(
        "fetch-store",
        &Order::Store {
            id: id(),
            collection: collection(),
            label: text("demo"),
            attributes: attributes(),
            content_type: text("text/plain"),
            replaces: Some(shown()),
        },
    );
}

#[test]
fn what_follows_an_order_that_came_ahead_of_its_sink() {
    golden("fetch-sequel-go", &fetch::Sequel::Go {});
}

#[test]
fn what_fetch_says_to_decide() {
    use fetch::Note;
    golden("fetch-note-described", &Note::Described(description()));
    golden(
        "fetch-note-target",
        &Note::Target { collection: collection(), label: text("Login"), replaces: Some(description()) },
    );
    golden(
        "fetch-note-listing",
        &Note::Listing { collections: List::new(vec![shown_collection()]).unwrap() },
    );
    golden("fetch-note-met", &Note::Met(plan().met.remove(0)));
    golden("fetch-note-planned", &Note::Planned { collection: collection(), label: text("Login"), met: 1 });
    let befores = [
        ("item", Before::Item(description())),
        ("collection", Before::Collection(shown_collection())),
        ("alias", Before::Alias { now: None, then: Some(shown_collection()) }),
        ("nothing", Before::Nothing { alias: None }),
    ];
    for (name, before) in befores {
        golden(&format!("fetch-note-before-{name}"), &Note::Before(before));
    }
    golden("fetch-note-state", &Note::State { locked: true });
    golden("fetch-note-done", &Note::Done {});
    golden("fetch-note-made", &Note::Made(description()));
    golden("fetch-note-failed", &Note::Failed { why: Fault::Changed });
}

#[test]
fn what_decide_and_sign_say_to_each_other() {
    golden("sign-describe", &sign::Order::Describe { id: id(), key: text("") });
    golden("sign-sign", &sign::Order::Sign { id: id(), fingerprint: fingerprint() });
    golden("sign-state", &sign::Order::State {});
    golden("sign-lock", &sign::Order::Lock { id: id() });
    golden("sign-unlock", &sign::Order::Unlock { id: id() });
    golden("sign-note-state", &sign::Note::State { locked: true });
    golden(
        "sign-note-key",
        &sign::Note::Key(Key { fingerprint: fingerprint(), user_id: text("N B <nb@example.org>") }),
    );
    golden("sign-note-done", &sign::Note::Done {});
    golden("sign-note-failed", &sign::Note::Failed { why: Fault::UnusableKey });
    let print = Print::from(&fingerprint());
    let changed = Fault::KeyChanged { trusted: print, found: print };
    golden("sign-note-key-changed", &sign::Note::Failed { why: changed });
    golden("sign-note-key-not-allowed", &sign::Note::Failed { why: Fault::KeyNotAllowed { found: print } });
}

#[test]
fn what_is_said_about_a_passphrase() {
    use passphrase::{Note, Packet, Unlocks, Wanted};
    let key = Wanted {
        unlocks: Unlocks::Key { grip: text("0123456789ABCDEF0123456789ABCDEF01234567") },
        lines: List::new(vec![text("Please enter the passphrase to unlock the OpenPGP secret key:")])
            .unwrap(),
        wrong: Some(text("Bad Passphrase")),
        tries: Some((2, 3)),
    };
    golden("passphrase-key", &Packet::Passphrase(Box::new(key)));
    let collection = Wanted {
        unlocks: Unlocks::Collection { label: text("Login") },
        lines: List::default(),
        wrong: None,
        tries: None,
    };
    golden("passphrase-collection", &Packet::Passphrase(Box::new(collection)));
    golden("passphrase-note-entered", &Note::Entered { len: 11 });
    golden("passphrase-note-dismissed", &Note::Dismissed {});
    golden("passphrase-note-expired", &Note::Expired {});
    golden("passphrase-note-refused", &Note::Refused {});
}

#[test]
fn what_is_said_in_a_sink() {
    let all = [
        ("secret", What::Granted(Granted::Secret { len: 7, content_type: text("text/plain") })),
        ("found", What::Granted(Granted::Found { len: 20 })),
        ("collections", What::Granted(Granted::Collections { len: 20 })),
        ("stored", What::Granted(Granted::Stored { item: item() })),
        ("deleted", What::Granted(Granted::Deleted {})),
        ("signature", What::Granted(Granted::Signature { len: 200, status: text("SIG_CREATED D") })),
        ("listed", What::Granted(Granted::Listed { len: 20 })),
        ("changed", What::Granted(Granted::Changed { collection: Some(collection()) })),
        ("imported", What::Granted(Granted::Imported {})),
        ("invited", What::Invited {}),
        ("settled-stored", What::Settled { n: 0, fate: Fate::Stored {} }),
        ("settled-replaced", What::Settled { n: 1, fate: Fate::Replaced {} }),
        ("settled-there", What::Settled { n: 2, fate: Fate::There {} }),
        ("settled-conflict", What::Settled { n: 3, fate: Fate::Conflict {} }),
        ("settled-failed", What::Settled { n: 4, fate: Fate::Failed { why: Fault::Refused } }),
        ("approved", What::Approved { seconds: 10, len: 20 }),
        ("locked", What::Locked {}),
        ("unlocked", What::Unlocked {}),
        ("denied", What::Denied {}),
        ("expired", What::Expired {}),
        ("cancelled", What::Cancelled {}),
        ("rejected", What::Rejected { why: Fault::TooMany }),
        ("failed", What::Failed { stage: Stage::Fetch, why: Fault::Timeout }),
    ];
    for (name, what) in all {
        golden(&format!("outcome-{name}"), &Outcome { id: id(), what });
    }
    golden("upload", &Upload { len: 7 });
}

#[test]
fn what_travels_beside_an_import() {
    golden("manifest", &manifest());
}

#[test]
fn who_is_who() {
    golden("parties", &Parties { desktop: 1000, gate: 990, decide: 989, companion: 1001, audit: Some(988) });
}

fn records() -> Vec<(&'static str, Record)> {
    let attested = Attested {
        pid: 1207,
        uid: 1000,
        gid: 1000,
        start: Some(4711),
        pinned: true,
        parents: List::new(vec![1100, 1]).unwrap(),
    };
    let claimed = Claimed {
        looks: text("sd-agent"),
        arguments: Some(text("sd-agent --verbose")),
        app: Some(App { pid: 1398, start: 4712, exe: Some(text("/usr/bin/secret-tool")) }),
        says: Some(text("demo")),
        repository: Some(text("/home/nb/pump")),
        branch: Some(text("main")),
    };
    let matter = Matter {
        words: text("demo"),
        items: List::new(vec![Item { path: item(), label: text("demo \u{1b}[31m") }]).unwrap(),
        more: 2,
        collection: Some(collection()),
        signed: Some(Signed {
            key: Some(Print::from(&Fingerprint::parse(&"0123ABCD".repeat(5)).unwrap())),
            sort: text("commit"),
            payload: Digest::of_bytes(b"tree"),
            object: Some(text("4b825dc642cb6eb9a060e54bf8d69288fbee4904")),
            parent: None,
        }),
    };
    let full = Record {
        event: Event::Released,
        ask: Some(id()),
        kind: text("read"),
        how: Some(How::Grant { number: 3 }),
        ended: None,
        why: None,
        attested: Some(attested),
        claimed: Some(Box::new(claimed)),
        what: Some(Box::new(matter)),
    };
    let ended = Record {
        ask: Some(id()),
        kind: text("read"),
        how: Some(How::Rule { name: text("no-ssh") }),
        ended: Some(Resolution::Failed),
        why: Some(Fault::Forbidden),
        ..Record::of(Event::Ended)
    };
    vec![("released", full), ("ended", ended), ("started", Record::of(Event::Started))]
}

#[test]
fn what_is_recorded() {
    for (name, record) in records() {
        golden(&format!("record-{name}"), &record::Packet::Record { n: 7, record: Box::new(record.clone()) });
        golden(
            &format!("recorded-past-{name}"),
            &record::Note::Past { seq: 12, at: 1_700_000_000_123, record: Box::new(record) },
        );
    }
    golden("record-recent", &record::Packet::Recent { most: 500 });
    golden("recorded-written", &record::Note::Written { n: 7, seq: 12 });
    golden("recorded-unwritten", &record::Note::Unwritten { n: 7, why: Unwritten::Full });
    golden("recorded-end", &record::Note::End {});
}
