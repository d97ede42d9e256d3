//! What a change changes, and what a list tells.

use sd_wire::change::{Before, Change};
use sd_wire::description::CollectionShown;

use crate::screen::detail::{attributes, described, fact};
use crate::screen::row::{Row, Trust};

/// A change: what it makes, and what is there before.
pub(super) fn rows(change: &Change, before: &Before, rows: &mut Vec<Row>) {
    rows.push(Row::Section(Trust::Fact, "WILL BECOME"));
    match change {
        Change::ItemLabel { label, .. } | Change::CollectionLabel { label, .. } => {
            rows.push(fact("label", label))
        }
        Change::ItemAttributes { attributes: new, .. } => attributes(new, rows),
        Change::Alias { name, collection } => {
            rows.push(fact("alias", name));
            rows.push(fact("points to", collection.as_ref().map_or("nothing", |path| path.as_str())));
        }
        Change::CreateCollection { label, alias } => {
            rows.push(fact("collection", label));
            rows.push(fact("alias", if alias.is_empty() { "none" } else { alias }));
        }
        Change::DeleteCollection { .. } => rows.push(fact("collection", "GONE, with every item in it")),
    }
    rows.push(Row::Section(Trust::Fact, "BACKEND SAYS"));
    match before {
        Before::Item(item) => described(item, None, rows),
        Before::Collection(shown) => collection(shown, rows),
        Before::Alias { now, then } => {
            pointed("now", now.as_ref(), rows);
            pointed("then", then.as_ref(), rows);
        }
        Before::Nothing { alias } => pointed("alias now", alias.as_ref(), rows),
    }
}

/// A list: how much it tells.
pub(super) fn listing(collections: &[CollectionShown], rows: &mut Vec<Row>) {
    rows.push(Row::Section(Trust::Fact, "BACKEND SAYS"));
    if collections.is_empty() {
        rows.push(fact("collections", "none"));
    }
    for shown in collections {
        collection(shown, rows);
    }
}

fn pointed(title: &str, to: Option<&CollectionShown>, rows: &mut Vec<Row>) {
    match to {
        None => rows.push(fact(title, "nothing")),
        Some(shown) => {
            rows.push(fact(title, "this collection:"));
            collection(shown, rows);
        }
    }
}

fn collection(shown: &CollectionShown, rows: &mut Vec<Row>) {
    rows.push(fact("collection", &shown.label));
    rows.push(fact("path", shown.collection.as_str()));
    rows.push(fact("items", &shown.items.to_string()));
}
