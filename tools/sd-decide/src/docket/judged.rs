//! An ask before the rules: what of it they may look at, once when it is filed and once when it is described.

use sd_git::signed::Signed;
use sd_wire::ask::Want;
use sd_wire::change::{Before, Change};
use sd_wire::description::{CollectionShown, Description};

use crate::caller::Seen;
use crate::docket::event::Filing;
use crate::routing::Described;
use crate::rules::{Judgement, Rules, Subject, Thing};

/// What the rules say about an ask, as far as it is known.
pub(super) fn judge(rules: &Rules, filing: &Filing, described: Option<&Described>) -> Judgement {
    let processes = processes(filing);
    let subject = Subject {
        kind: filing.ask.want.kind(),
        things: &things(filing, described),
        key: match described {
            Some(Described::Key(key)) => Some(key.fingerprint.as_str()),
            _ => None,
        },
        processes: &processes,
    };
    let mut judged = rules.judge(&subject);
    // Nobody can say what a signature of such bytes is good for, so it takes more than a key that is quickly pressed.
    if filing.signed.as_ref().is_some_and(Signed::is_unknown) {
        judged.code.get_or_insert_with(|| UNKNOWN.into());
    }
    judged
}

/// Stands for the rule, where none of the person's own wants a code for what is no commit, tag or push certificate.
const UNKNOWN: &str = "unknown data";

/// The names of the caller, of the app that it claims, and of the parents of both. None when nobody could be looked at.
pub(super) fn processes(filing: &Filing) -> Vec<&str> {
    let app = filing.caller.app.as_ref().and_then(|app| app.seen.as_ref());
    filing.caller.seen.iter().chain(app).flat_map(names).collect()
}

fn names(seen: &Seen) -> impl Iterator<Item = &str> {
    std::iter::once(&seen.process.comm)
        .chain(seen.parents.iter().map(|parent| &parent.comm))
        .map(String::as_str)
}

fn things<'a>(filing: &'a Filing, described: Option<&'a Described>) -> Vec<Thing<'a>> {
    match (&filing.ask.want, described) {
        (_, Some(Described::Items(items))) => items.iter().map(known).collect(),
        (
            Want::Store { label, attributes, .. },
            Some(Described::Target { label: collection, replaces, .. }),
        ) => {
            let new = Thing {
                item: None,
                collection: Some(collection),
                label: Some(label),
                attributes: Some(attributes),
            };
            std::iter::once(new).chain(replaces.iter().map(known)).collect()
        }
        (Want::Store { label, attributes, .. }, _) => {
            vec![Thing { label: Some(label), attributes: Some(attributes), ..Thing::default() }]
        }
        (Want::Import { .. }, plan) => imported(filing, plan),
        (Want::Search { attributes, .. }, _) => {
            vec![Thing { attributes: Some(attributes), ..Thing::default() }]
        }
        (Want::Change { change }, before) => changed(change, before),
        (Want::List { .. }, Some(Described::Listing(collections))) => {
            let label =
                |shown: &'a CollectionShown| Thing { collection: Some(&shown.label), ..Thing::default() };
            collections.iter().map(label).collect()
        }
        (Want::Read { item } | Want::Delete { item } | Want::SetSecret { item, .. }, _) => {
            vec![Thing { item: Some(item.as_str()), ..Thing::default() }]
        }
        (Want::Access { items }, _) => {
            items.iter().map(|item| Thing { item: Some(item.as_str()), ..Thing::default() }).collect()
        }
        (
            Want::Collections {} | Want::List { .. } | Want::Sign { .. } | Want::Lock {} | Want::Unlock {},
            _,
        ) => Vec::new(),
    }
}

/// What an import is about: each new item, and what is there already.
fn imported<'a>(filing: &'a Filing, plan: Option<&'a Described>) -> Vec<Thing<'a>> {
    let plan = if let Some(Described::Plan(plan)) = plan { Some(plan) } else { None };
    let collection = plan.map(|plan| plan.label.as_str());
    let new = filing.manifest.iter().flat_map(|manifest| manifest.items.iter()).map(move |item| Thing {
        item: None,
        collection,
        label: Some(&item.label),
        attributes: Some(&item.attributes),
    });
    new.chain(plan.into_iter().flat_map(|plan| &plan.met).map(|met| known(&met.there))).collect()
}

/// What a change is about: what is there before, and what it would become.
fn changed<'a>(change: &'a Change, before: Option<&'a Described>) -> Vec<Thing<'a>> {
    let before = if let Some(Described::Before(before)) = before { Some(before) } else { None };
    let of = |shown: &'a CollectionShown| Thing { collection: Some(&shown.label), ..Thing::default() };
    let old: Vec<Thing<'a>> = match before {
        Some(Before::Item(item)) => vec![known(item)],
        Some(Before::Collection(shown)) => vec![of(shown)],
        Some(Before::Alias { now, then }) => now.iter().chain(then).map(of).collect(),
        Some(Before::Nothing { alias }) => alias.iter().map(of).collect(),
        None => Vec::new(),
    };
    let new = match change {
        Change::ItemLabel { item, label } => {
            Thing { item: Some(item.as_str()), label: Some(label), ..Thing::default() }
        }
        Change::ItemAttributes { item, attributes } => {
            Thing { item: Some(item.as_str()), attributes: Some(attributes), ..Thing::default() }
        }
        Change::CollectionLabel { label, .. } | Change::CreateCollection { label, .. } => {
            Thing { collection: Some(label), ..Thing::default() }
        }
        Change::Alias { .. } | Change::DeleteCollection { .. } => Thing::default(),
    };
    old.into_iter().chain([new]).collect()
}

fn known(item: &Description) -> Thing<'_> {
    Thing {
        item: Some(item.item.as_str()),
        collection: Some(&item.collection),
        label: Some(&item.label),
        attributes: Some(&item.attributes),
    }
}
