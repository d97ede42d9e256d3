//! Asks, descriptions and callers that nobody made, for the tests.

use sd_wire::ask::{Ask, Want};
use sd_wire::bounded::{Attributes, List, Text};
use sd_wire::change::{Before, Change};
use sd_wire::claims::Claims;
use sd_wire::description::{CollectionShown, Description};
use sd_wire::digest::Digest;
use sd_wire::id::AskId;
use sd_wire::import::{Listed, Manifest, Met, Plan};
use sd_wire::passphrase::{Unlocks, Wanted};
use sd_wire::path::{CollectionPath, ItemPath};
use sd_wire::sign::{Fingerprint, Key};

use crate::caller::Caller;
use crate::docket::code::Code;
use crate::docket::event::{Event, Filing};
use crate::routing::Described;
use sd_git::proof;
use sd_git::signed::Signed;

pub(crate) const COMMIT: &[u8] = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
parent 1111111111111111111111111111111111111111\n\
author Ada Lovelace <ada@example.org> 1700000000 +0100\n\
committer Grace Hopper <grace@example.org> 1700000060 +0000\n\
\n\
engine: count further\n\
\n\
The mill had one wheel too few.\n";

pub(crate) fn id(n: u64) -> AskId {
    AskId::from_random(n.to_be_bytes())
}

pub(crate) fn item(n: u64) -> ItemPath {
    ItemPath::parse(&format!("/org/freedesktop/secrets/collection/login/{n}")).unwrap()
}

pub(crate) fn collection() -> CollectionPath {
    CollectionPath::parse("/org/freedesktop/secrets/collection/login").unwrap()
}

pub(crate) fn attributes() -> Attributes {
    let pairs = [("service", "demo"), ("user", "nb")];
    Attributes::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap()
}

pub(crate) fn read(n: u64) -> Want {
    Want::Read { item: item(n) }
}

pub(crate) fn access(items: &[u64]) -> Want {
    Want::Access { items: List::new(items.iter().map(|n| item(*n)).collect()).unwrap() }
}

pub(crate) fn store() -> Want {
    Want::Store {
        collection: collection(),
        label: Text::new("new password").unwrap(),
        attributes: attributes(),
        replace: true,
        content_type: Text::new("text/plain").unwrap(),
    }
}

pub(crate) fn sign() -> Want {
    Want::Sign { key: Text::default(), objects: false }
}

pub(crate) fn description(n: u64, label: &str) -> Description {
    Description {
        item: item(n),
        collection: Text::new("Login").unwrap(),
        label: Text::new(label).unwrap(),
        attributes: attributes(),
        created: 1_600_000_000,
        modified: 1_700_000_000,
        locked: false,
    }
}

/// The description that fits the want.
pub(crate) fn described(want: &Want) -> Described {
    let number = |path: &ItemPath| path.as_str().rsplit('/').next().unwrap().parse().unwrap();
    match want {
        Want::Read { item } | Want::Delete { item } | Want::SetSecret { item, .. } => {
            Described::Items(vec![description(number(item), "demo")])
        }
        Want::Access { items } => {
            Described::Items(items.iter().map(|item| description(number(item), "demo")).collect())
        }
        Want::Store { .. } => {
            Described::Target { collection: collection(), label: Text::new("Login").unwrap(), replaces: None }
        }
        Want::Unlock {} => Described::Plain,
        Want::Import { .. } => Described::Plan(plan()),
        Want::List { .. } => Described::Listing(vec![shown_collection()]),
        Want::Change { change } => Described::Before(before(change)),
        _ => Described::Key(key()),
    }
}

pub(crate) fn import(replace: bool) -> Want {
    Want::Import { collection: collection(), replace }
}

/// So many items.
pub(crate) fn manifest(items: u32) -> Manifest {
    let item = |n: u32| Listed {
        label: Text::new(format!("password of service {n}")).unwrap(),
        attributes: attributes(),
        content_type: Text::new("text/plain").unwrap(),
        len: n,
    };
    Manifest { items: List::new((1..=items).map(item).collect()).unwrap() }
}

/// The second item is there already.
pub(crate) fn plan() -> Plan {
    let met = vec![Met { n: 1, there: description(7, "an old password") }];
    Plan { collection: collection(), label: Text::new("Login").unwrap(), met }
}

pub(crate) fn shown_collection() -> CollectionShown {
    CollectionShown { collection: collection(), label: Text::new("Login").unwrap(), items: 12 }
}

/// What is there before the change.
pub(crate) fn before(change: &Change) -> Before {
    match change {
        Change::ItemLabel { .. } | Change::ItemAttributes { .. } => Before::Item(description(7, "demo")),
        Change::CollectionLabel { .. } | Change::DeleteCollection { .. } => {
            Before::Collection(shown_collection())
        }
        Change::Alias { .. } => Before::Alias { now: None, then: Some(shown_collection()) },
        Change::CreateCollection { .. } => Before::Nothing { alias: None },
    }
}

pub(crate) fn key() -> Key {
    Key {
        fingerprint: Fingerprint::parse("0123456789ABCDEF0123456789ABCDEF01234567").unwrap(),
        user_id: Text::new("Nobody <nobody@example.org>").unwrap(),
    }
}

pub(crate) fn filing(n: u64, want: Want, caller: Caller) -> Filing {
    let signed = matches!(want, Want::Sign { .. }).then(|| Signed::read(COMMIT));
    let changes = signed.as_ref().and_then(|_| proof::check(COMMIT, &[]));
    let code = Code::from_random([[0, 0], [0, 1], [0, 2], [0, 3]]);
    let manifest = matches!(want, Want::Import { .. }).then(|| manifest(3));
    Filing {
        ask: Ask { id: id(n), want, claims: Claims::default() },
        caller,
        payload: signed.as_ref().map(|_| Digest::of_bytes(COMMIT)),
        signed,
        changes,
        manifest,
        code,
    }
}

pub(crate) fn filed(n: u64, want: Want) -> Event {
    filed_by(n, want, Caller::made_up(4711, 99))
}

pub(crate) fn filed_by(n: u64, want: Want, caller: Caller) -> Event {
    Event::Filed(Box::new(filing(n, want, caller)))
}

/// What gpg-agent says of a passphrase that it wants.
pub(crate) fn wanted() -> Wanted {
    let lines = [
        "Please enter the passphrase to unlock the OpenPGP secret key:",
        "\"Ada Lovelace <ada@example.org>\"",
        "255-bit EDDSA key, ID 89ABCDEF01234567,",
        "created 2023-11-14.",
    ];
    Wanted {
        unlocks: Unlocks::Key { grip: Text::new("0123456789ABCDEF0123456789ABCDEF01234567").unwrap() },
        lines: List::new(lines.map(|line| Text::new(line).unwrap()).to_vec()).unwrap(),
        wrong: None,
        tries: None,
    }
}
