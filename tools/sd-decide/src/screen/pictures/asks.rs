//! What the screen says about an ask.

use sd_wire::ask::Want;
use sd_wire::bounded::{List, Text};
use sd_wire::change::Change;
use sd_wire::claims::App;
use sd_wire::fault::Fault;

use super::stage::*;
use crate::caller::{Caller, ClaimedApp};
use crate::docket::event::Event;
use crate::keys::Key;
use crate::made_up::{self, access, description, filing, read, store};
use crate::routing::Described;
use crate::rules::Rules;

#[test]
fn a_read_shows_what_the_backend_the_kernel_and_the_caller_say() {
    for size in SIZES {
        let lines = one(size, read(7));
        let all = text(&lines);
        for part in [
            "ask 0000000000000001",
            "BACKEND SAYS",
            "/org/freedesktop/secrets/collection/login/7",
            "label       demo",
            "collection  Login",
            "service = demo",
            "user = nb",
            "2023-11-14 22:13:20 +0000",
            "KERNEL ATTESTS",
            "pid 4711   uid 1000   gid 1000",
            "3 s before it asked",
            "pts/3   login session none",
            "1234 ← 1200",
            "LOOKS LIKE",
            "name        secret-tool",
            "command     secret-tool lookup \"a b\"",
            "sh (1234) ← sd-rig (1200)",
            "app.slice/foot.scope",
            "5:00",
        ] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        assert!(!all.contains("CLAIMED"), "nothing was claimed");
        assert!(lines.last().unwrap().starts_with(" y approve   n deny"));
    }
}

#[test]
fn the_bottom_line_says_wait_until_a_key_counts() {
    let mut stage = Stage::new((80, 25));
    stage.file(filing(1, read(7), Caller::made_up(4711, 99)), made_up::described(&read(7)));
    for milliseconds in [0, 100, 300, 299] {
        stage.now += milliseconds;
        let (_, lines) = stage.draw();
        let bottom = lines.last().unwrap();
        assert!(bottom.contains("wait") && !bottom.contains("y approve"), "{bottom}");
    }
    stage.now += 1;
    let (_, lines) = stage.draw();
    assert!(lines.last().unwrap().contains("y approve   n deny"));
    assert!(!lines.last().unwrap().contains("wait"));
    stage.step(Event::Key(Key::Other));
    let (_, lines) = stage.draw();
    assert!(lines.last().unwrap().contains("wait"));
}

#[test]
fn a_signature_shows_what_is_signed_and_by_which_key() {
    for size in SIZES {
        let want = Want::Sign { key: Text::new("ada@example.org").unwrap(), objects: false };
        let mut filing = filing(1, want, Caller::made_up(4711, 99));
        filing.ask.claims.repository = Some(Text::new("/home/nb/engine").unwrap());
        filing.ask.claims.branch = Some(Text::new("main").unwrap());
        filing.ask.claims.files = List::new(vec![file("M", "src/mill.rs"), file("A", "README")]).unwrap();
        let mut stage = Stage::new(size);
        stage.file(filing, Described::Key(made_up::key()));
        let mut all = text(&stage.quiet());
        for _ in 0..3 {
            stage.step(Event::Key(Key::PageDown));
            all.push('\n');
            all.push_str(&text(&stage.quiet()));
        }
        for part in [
            "SIGNED BYTES SAY",
            "git commit",
            "Ada Lovelace <ada@example.org>",
            "2023-11-14 23:13:20 +0100",
            "Grace Hopper <grace@example.org>",
            "engine: count further",
            "The mill had one wheel too few.",
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            "parent      1111111111111111111111111111111111111111",
            "KEYRING SAYS",
            "key id      89ABCDEF01234567",
            "Nobody <nobody@example.org>",
            "0123456789ABCDEF0123456789ABCDEF01234567",
            "~ key wanted  ada@example.org",
            "CLAIMED, NOT CHECKED",
            "~ repository  /home/nb/engine",
            "~ branch      main",
            "~ files       M src/mill.rs",
            "A README",
        ] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
        assert!(stage.quiet().last().unwrap().contains("y approve   n deny"));
    }
}

#[test]
fn a_store_shows_what_will_be_stored_and_what_is_lost() {
    for size in SIZES {
        let mut stage = Stage::new(size);
        let what = Described::Target {
            collection: made_up::collection(),
            label: Text::new("Login").unwrap(),
            replaces: Some(description(7, "old password")),
        };
        stage.file(filing(1, store(), Caller::made_up(4711, 99)), what);
        let mut all = text(&stage.quiet());
        stage.step(Event::Key(Key::PageDown));
        all.push_str(&text(&stage.quiet()));
        for part in ["WILL BE STORED", "new password", "text/plain", "THIS ITEM", "old password"] {
            assert!(all.contains(part), "{part} is missing in\n{all}");
        }
    }
    assert!(text(&one((120, 40), store())).contains("replaces    nothing"));
}

#[test]
fn a_claimed_app_that_is_not_there_is_called_so() {
    let claim = App { pid: 99, start: 1, exe: Some(Text::new("/usr/bin/firefox").unwrap()) };
    let mut caller = Caller::made_up(4711, 99);
    caller.app = Some(ClaimedApp { claim: claim.clone(), seen: None });
    let mut stage = Stage::new((120, 40));
    stage.file(filing(1, read(7), caller), made_up::described(&read(7)));
    assert!(text(&stage.quiet()).contains("~ app         pid 99: there is no such process of this user"));

    let mut caller = Caller::made_up(4711, 99);
    caller.app = Some(ClaimedApp { claim, seen: Caller::made_up(99, 1).seen });
    let mut stage = Stage::new((120, 40));
    stage.file(filing(1, read(7), caller), made_up::described(&read(7)));
    let all = text(&stage.quiet());
    assert!(all.contains("~ app         secret-tool (99)") && all.contains("/usr/bin/firefox"), "{all}");
}

#[test]
fn arguments_that_could_not_be_read_in_time_are_said_to_be() {
    let mut caller = Caller::made_up(4711, 99);
    caller.seen.as_mut().unwrap().arguments = None;
    let mut stage = Stage::new((120, 40));
    stage.file(filing(1, read(7), caller), made_up::described(&read(7)));
    assert!(text(&stage.quiet()).contains("? command     not readable in time"));
}

#[test]
fn each_kind_of_ask_has_its_picture() {
    for size in SIZES {
        let items: Vec<u64> = (1..=20).collect();
        let delete = Want::Delete { item: made_up::item(7) };
        let kinds = [
            ("ask-read", read(7)),
            ("ask-access", access(&items)),
            ("ask-delete", delete),
            ("ask-sign", made_up::sign()),
            ("ask-store", store()),
            ("ask-import", made_up::import(false)),
            ("ask-import-replace", made_up::import(true)),
            ("ask-unlock", Want::Unlock {}),
            ("ask-list", Want::List { collection: None }),
            ("ask-set", Want::SetSecret { item: made_up::item(7), content_type: Text::default() }),
        ];
        let changes = changes().map(|(name, change)| (name, Want::Change { change }));
        for (name, want) in kinds.into_iter().chain(changes) {
            let mut stage = Stage::new(size);
            stage.ask(1, want);
            stage.is_as_kept(name);
            stage.key(Key::Other);
            assert!(text(&stage.draw().1).contains(" wait [......."));
        }
    }
}

#[test]
fn where_items_are_hidden_a_search_and_what_is_not_there_have_pictures() {
    for size in SIZES {
        let hidden = || Rules::parse("version = 1\nmetadata = 'hidden'\n").unwrap();
        let mut stage = Stage::under(size, hidden());
        let search = Want::Search { collection: None, attributes: made_up::attributes() };
        stage.step(made_up::filed(1, search));
        let lines = stage.is_as_kept("ask-search");
        for part in ["WILL BE SEARCHED FOR", "service = demo", "everywhere", "y approve"] {
            assert!(text(&lines).contains(part), "{part}");
        }
        let mut stage = Stage::under(size, hidden());
        stage.step(made_up::filed(1, access(&[1, 2])));
        stage.step(Event::DescribeFailed { id: made_up::id(1), why: Fault::NotFound });
        let lines = stage.is_as_kept("ask-not-there");
        for part in ["THERE IS NO SUCH ITEM", "collection/login/2"] {
            assert!(text(&lines).contains(part), "{part}");
        }
    }
}

#[test]
fn that_labels_are_open_stands_in_the_header() {
    for size in SIZES {
        let rules = Rules::parse("version = 1\nmetadata = 'open'\n").unwrap();
        let mut stage = Stage::under(size, rules);
        assert!(stage.quiet()[0].contains("LABELS OPEN"));
        assert!(text(&stage.command("rules")).contains("open: without a key a process learns"));
    }
    for size in SIZES {
        assert!(!Stage::new(size).quiet()[0].contains("OPEN"));
    }
}

/// Every change, by the name of its picture.
fn changes() -> [(&'static str, Change); 6] {
    let (item, collection) = (made_up::item(7), made_up::collection);
    let label = || Text::new("another label").unwrap();
    let alias = || Text::new("default").unwrap();
    let attributes = made_up::attributes();
    [
        ("ask-change-label", Change::ItemLabel { item: item.clone(), label: label() }),
        ("ask-change-attributes", Change::ItemAttributes { item, attributes }),
        ("ask-change-collection", Change::CollectionLabel { collection: collection(), label: label() }),
        ("ask-change-alias", Change::Alias { name: alias(), collection: Some(collection()) }),
        ("ask-change-create", Change::CreateCollection { label: label(), alias: alias() }),
        ("ask-change-delete", Change::DeleteCollection { collection: collection() }),
    ]
}
