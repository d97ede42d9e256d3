//! What is written into the record about an ask: who asked, what for, how it was decided, how it ended.
//!
//! Never a value of a secret. Nor a process's arguments: people do type passwords there.

use sd_wire::ask::{Resolution, Want};
use sd_wire::bounded::{List, Text};
use sd_wire::change::{Before, Change};
use sd_wire::description::Description;
use sd_wire::fault::Fault;
use sd_wire::path::{CollectionPath, ItemPath};
use sd_wire::print::Print;
use sd_wire::record::{Attested, Claimed, Event, How, Item, MAX_NAMED, Matter, Record, Signed};

use crate::caller::Caller;
use crate::docket::entry::Entry;
use crate::docket::event::Filing;
use crate::docket::history::Decided;
use crate::routing::Described;

/// That it may be done, and why; `event` says whether a grant comes of it or more. `label` is that of the one item that
/// a grant covers, where nothing was described for this ask.
pub(super) fn let_through(
    entry: &Entry,
    event: Event,
    how: &Decided,
    shown: Option<&Described>,
    label: Option<&Text<128>>,
) -> Record {
    let how = if *how == Decided::Nobody { How::Free {} } else { said(how) };
    Record { how: Some(how), ..about(entry, event, shown, label) }
}

/// How it ended. Of what was let through before, the other line tells more.
pub(super) fn ended(entry: &Entry, how: &Decided, ended: Resolution, why: Option<Fault>) -> Record {
    let record = if entry.recorded {
        brief(entry, Event::Ended)
    } else {
        let how = match (how, ended) {
            (Decided::Nobody, Resolution::Expired) => How::Expiry {},
            (how, _) => said(how),
        };
        Record { how: Some(how), ..about(entry, Event::Ended, entry.shown(), None) }
    };
    Record { ended: Some(ended), why, ..record }
}

/// Something that a person did on the screen, or that the session's start brought about, of this kind.
pub(super) fn done(event: Event, kind: &str, words: &str) -> Record {
    let what =
        (!words.is_empty()).then(|| Box::new(Matter { words: Text::clipped(words), ..Matter::default() }));
    Record { kind: Text::clipped(kind), what, ..Record::of(event) }
}

fn brief(entry: &Entry, event: Event) -> Record {
    Record { ask: Some(entry.id().clone()), kind: Text::clipped(entry.want().kind()), ..Record::of(event) }
}

fn about(entry: &Entry, event: Event, shown: Option<&Described>, label: Option<&Text<128>>) -> Record {
    let filing = entry.filing();
    Record {
        attested: Some(attested(&filing.caller)),
        claimed: Some(Box::new(claimed(filing))),
        what: Some(Box::new(matter(entry, shown, label))),
        ..brief(entry, event)
    }
}

fn said(how: &Decided) -> How {
    let seconds = |minutes: &u64| minutes.saturating_mul(60);
    match how {
        Decided::Yes | Decided::No => How::Key {},
        Decided::Code => How::Code {},
        Decided::Granted(minutes) => How::KeyAndGrant { seconds: seconds(minutes) },
        Decided::NoAndMuted(minutes) => How::KeyAndMute { seconds: seconds(minutes) },
        Decided::ByGrant(number) => How::Grant { number: *number },
        Decided::WrongCode => How::WrongCode {},
        Decided::Muted => How::Muted {},
        Decided::Remembered => How::Remembered {},
        Decided::Everything => How::Everything {},
        Decided::Rule(name) => How::Rule { name: Text::clipped(name) },
        Decided::Nobody => How::Nobody {},
    }
}

fn attested(caller: &Caller) -> Attested {
    let parents =
        caller.seen.iter().flat_map(|seen| &seen.parents).map(|parent| parent.pid).take(8).collect();
    Attested {
        pid: caller.pid,
        uid: caller.uid,
        gid: caller.gid,
        start: caller.maker().map(|maker| maker.start),
        pinned: caller.pinned,
        parents: List::new(parents).unwrap_or_default(),
    }
}

fn claimed(filing: &Filing) -> Claimed {
    let claims = &filing.ask.claims;
    Claimed {
        looks: Text::clipped(filing.caller.name().as_str()),
        arguments: None,
        app: claims.app.clone(),
        says: claims.says.as_ref().map(|says| Text::clipped(says)),
        repository: claims.repository.as_ref().map(|repository| Text::clipped(repository)),
        branch: claims.branch.as_ref().map(|branch| Text::clipped(branch)),
    }
}

fn matter(entry: &Entry, shown: Option<&Described>, label: Option<&Text<128>>) -> Matter {
    let all = items(entry.want(), shown, label);
    let more = all.len().saturating_sub(MAX_NAMED);
    Matter {
        words: Text::clipped(entry.short().as_str()),
        items: List::new(all.into_iter().take(MAX_NAMED).collect()).unwrap_or_default(),
        more: u32::try_from(more).unwrap_or(u32::MAX),
        collection: collection(entry.want(), shown),
        signed: signed(entry.filing(), shown),
    }
}

/// The items as the backend describes them; where nothing is described, by the paths that were asked for.
fn items(want: &Want, shown: Option<&Described>, label: Option<&Text<128>>) -> Vec<Item> {
    let asked = |path: &ItemPath| Item { path: path.clone(), label: label.cloned().unwrap_or_default() };
    match (want, shown) {
        (_, Some(Described::Items(items))) => items.iter().map(known).collect(),
        (_, Some(Described::Target { replaces, .. })) => replaces.iter().map(known).collect(),
        (_, Some(Described::Plan(plan))) => plan.met.iter().map(|met| known(&met.there)).collect(),
        (_, Some(Described::Before(Before::Item(item)))) => vec![known(item)],
        (Want::Read { item } | Want::Delete { item } | Want::SetSecret { item, .. }, _) => vec![asked(item)],
        (
            Want::Change { change: Change::ItemLabel { item, .. } | Change::ItemAttributes { item, .. } },
            _,
        ) => vec![asked(item)],
        (Want::Access { items }, _) => items.iter().map(asked).collect(),
        _ => Vec::new(),
    }
}

fn known(item: &Description) -> Item {
    Item { path: item.item.clone(), label: Text::clipped(&item.label) }
}

fn collection(want: &Want, shown: Option<&Described>) -> Option<CollectionPath> {
    match (want, shown) {
        (_, Some(Described::Target { collection, .. })) => Some(collection.clone()),
        (_, Some(Described::Plan(plan))) => Some(plan.collection.clone()),
        (_, Some(Described::Before(Before::Collection(shown)))) => Some(shown.collection.clone()),
        (Want::Store { collection, .. } | Want::Import { collection, .. }, _) => Some(collection.clone()),
        (Want::Search { collection, .. } | Want::List { collection }, _) => collection.clone(),
        (
            Want::Change {
                change: Change::CollectionLabel { collection, .. } | Change::DeleteCollection { collection },
            },
            _,
        ) => Some(collection.clone()),
        (Want::Change { change: Change::Alias { collection, .. } }, _) => collection.clone(),
        _ => None,
    }
}

fn signed(filing: &Filing, shown: Option<&Described>) -> Option<Signed> {
    let (signed, payload) = (filing.signed.as_ref()?, filing.payload.clone()?);
    let key = if let Some(Described::Key(key)) = shown { Some(Print::from(&key.fingerprint)) } else { None };
    let header = |names: &[&str]| {
        let found = signed.rest.iter().find(|(name, _)| names.contains(&name.as_str()));
        // A commit's first has no parent, and says so in words.
        let found = found.and_then(|(_, value)| value.as_str().split(' ').next());
        found.filter(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit())).map(Text::clipped)
    };
    Some(Signed {
        key,
        sort: Text::clipped(if signed.is_unknown() {
            "data"
        } else {
            signed.what.trim_start_matches("git ")
        }),
        payload,
        object: header(&["tree", "object"]),
        parent: header(&["parent"]),
    })
}
