//! Everything that is known about one ask, one fact a line.

use ratatui::text::Line;
use sd_git::proof::Changes;
use sd_git::signed::Signed;
use sd_wire::ask::Want;
use sd_wire::bounded::Attributes;
use sd_wire::change::Change;
use sd_wire::deadline;
use sd_wire::description::Description;
use sd_wire::path::ItemPath;
use sd_wire::printable::Printable;
use sd_wire::sign::Key;

use crate::dates;
use crate::docket::entry::Entry;
use crate::routing::Described;
use crate::screen::row::{Row, Trust};
use crate::screen::{change, claims, files, import};

/// The detail in lines of at most `width` columns.
pub(super) fn lines(entry: &Entry, width: usize) -> Vec<Line<'static>> {
    let not_there = matches!(entry.shown(), Some(Described::Not(_)));
    let meaning = if not_there { NOT_THERE.to_owned() } else { meaning(entry.want()) };
    let mut rows = vec![Row::Note(format!(" {meaning}"))];
    match (entry.want(), entry.shown()) {
        (Want::Store { label, attributes, content_type, .. }, Some(Described::Target { .. })) => {
            store(entry, label, attributes, content_type, &mut rows);
        }
        (Want::Import { replace, .. }, Some(Described::Plan(plan))) => {
            if let Some(manifest) = &entry.filing().manifest {
                import::rows(manifest, *replace, plan, &mut rows);
            }
        }
        (Want::Sign { .. }, Some(Described::Key(key))) => {
            sign(entry.filing().signed.as_ref(), entry.changes(), key, &mut rows);
        }
        (Want::Change { change }, Some(Described::Before(before))) => change::rows(change, before, &mut rows),
        (_, Some(Described::Not(why))) => {
            rows.push(Row::Section(Trust::Fact, "BACKEND SAYS"));
            rows.push(fact("state", &format!("THERE IS NO SUCH ITEM TO BE HAD: {why}")));
            paths(entry.want()).for_each(|path| rows.push(fact("asked for", path)));
        }
        (Want::Search { collection, attributes: wanted }, _) => {
            rows.push(Row::Section(Trust::Fact, "WILL BE SEARCHED FOR"));
            attributes(wanted, &mut rows);
            rows.push(fact("where", collection.as_ref().map_or("everywhere", |path| path.as_str())));
        }
        (Want::List { .. }, Some(Described::Listing(collections))) => change::listing(collections, &mut rows),
        (want, Some(Described::Items(items))) => {
            rows.push(Row::Section(Trust::Fact, "BACKEND SAYS"));
            let many = items.len() > 1;
            for (n, item) in items.iter().enumerate() {
                if many {
                    rows.push(fact("item", &format!("{} of {}", n.saturating_add(1), items.len())));
                }
                described(item, asked_as(want, n), &mut rows);
            }
        }
        _ => {}
    }
    claims::caller(&entry.filing().caller, &mut rows);
    claims::claimed(entry, &mut rows);
    let mut lines = Vec::new();
    for row in &rows {
        row.wrap(width, &mut lines);
    }
    lines
}

/// What a yes does where the setting is `hidden` and there is nothing to be had.
const NOT_THERE: &str = "A yes tells the process below that this item is not to be had; nothing else.";

/// The items that are asked for.
fn paths(want: &Want) -> impl Iterator<Item = &str> {
    let (one, several) = match want {
        Want::Read { item } | Want::Delete { item } | Want::SetSecret { item, .. } => (Some(item), None),
        Want::Change { change: Change::ItemLabel { item, .. } | Change::ItemAttributes { item, .. } } => {
            (Some(item), None)
        }
        Want::Access { items } => (None, Some(items.iter())),
        _ => (None, None),
    };
    one.into_iter().chain(several.into_iter().flatten()).map(ItemPath::as_str)
}

/// What a yes would do.
fn meaning(want: &Want) -> String {
    let text = match want {
        Want::Read { .. } => "A yes gives the secret of this item to the process below.",
        Want::Access { items } => {
            let seconds = deadline::access(items.len()).as_secs();
            return format!("A yes lets the process below read these items for {seconds} seconds.");
        }
        Want::Store { .. } => "A yes lets the process below store a secret.",
        Want::Import { .. } => {
            "A yes lets the process below store all these items, whatever their secrets are."
        }
        Want::Delete { .. } => "A yes deletes this item for good.",
        Want::Sign { .. } => "A yes signs these bytes with this key.",
        Want::Unlock {} => "A yes asks you for the passphrases of the key and of the store, on this screen.",
        Want::List { .. } => {
            "A yes tells the process below the labels and attributes of all these items, not their secrets."
        }
        Want::SetSecret { .. } => {
            "A yes lets the process below give this item another secret; the old one is lost."
        }
        Want::Change { change } => match change {
            Change::ItemLabel { .. } => "A yes gives this item another label.",
            Change::ItemAttributes { .. } => "A yes gives this item other attributes.",
            Change::CollectionLabel { .. } => "A yes gives this collection another label.",
            Change::Alias { .. } => "A yes points this alias elsewhere: what uses it finds and stores there.",
            Change::CreateCollection { .. } => "A yes makes a new collection.",
            Change::DeleteCollection { .. } => {
                "A yes deletes this collection for good, and every item in it."
            }
        },
        Want::Search { .. } => {
            "A yes tells the process below which items have these attributes; not their secrets."
        }
        // Never on the screen.
        Want::Collections {} | Want::Lock {} => "",
    };
    text.to_owned()
}

/// The path by which the item was asked for.
fn asked_as(want: &Want, n: usize) -> Option<&ItemPath> {
    match want {
        Want::Read { item } | Want::Delete { item } | Want::SetSecret { item, .. } => Some(item),
        Want::Access { items } => items.get(n),
        _ => None,
    }
}

pub(super) fn fact(name: &str, value: &str) -> Row {
    Row::fact(Trust::Fact, name, Printable::line(value))
}

pub(super) fn described(item: &Description, asked_as: Option<&ItemPath>, rows: &mut Vec<Row>) {
    rows.push(fact("label", &item.label));
    rows.push(fact("collection", &item.collection));
    rows.push(fact("path", item.item.as_str()));
    if let Some(asked) = asked_as.filter(|asked| **asked != item.item) {
        rows.push(fact("asked as", asked.as_str()));
    }
    attributes(&item.attributes, rows);
    rows.push(fact("modified", &dates::utc(item.modified)));
    if item.locked {
        rows.push(fact("state", "locked at the backend"));
    }
}

pub(super) fn attributes(attributes: &Attributes, rows: &mut Vec<Row>) {
    if attributes.is_empty() {
        rows.push(fact("attributes", "none"));
    }
    for (n, (name, value)) in attributes.iter().enumerate() {
        let title = if n == 0 { "attributes" } else { "" };
        rows.push(Row::fact(Trust::Fact, title, Printable::pair(name, value)));
    }
}

fn store(entry: &Entry, label: &str, wanted: &Attributes, content_type: &str, rows: &mut Vec<Row>) {
    let Some(Described::Target { collection, label: collection_label, replaces }) = entry.shown() else {
        return;
    };
    rows.push(Row::Section(Trust::Fact, "WILL BE STORED"));
    rows.push(fact("label", label));
    attributes(wanted, rows);
    rows.push(fact("type", content_type));
    rows.push(Row::Section(Trust::Fact, "BACKEND SAYS"));
    rows.push(fact("collection", collection_label));
    rows.push(fact("path", collection.as_str()));
    match replaces {
        None => rows.push(fact("replaces", "nothing")),
        Some(item) => {
            rows.push(fact("replaces", "THIS ITEM, whose secret is lost by a yes:"));
            described(item, None, rows);
        }
    }
}

fn sign(signed: Option<&Signed>, changes: Option<&Changes>, key: &Key, rows: &mut Vec<Row>) {
    if let Some(signed) = signed {
        rows.push(Row::Section(Trust::Fact, "SIGNED BYTES SAY"));
        rows.push(fact("kind", &signed.what));
        let named = |(name, value): &(String, Printable)| Row::fact(Trust::Fact, name.clone(), value.clone());
        rows.extend(signed.facts.iter().map(named));
        rows.extend(changes.map(files::summary));
        let title = signed.title();
        rows.push(fact(title, if signed.text.is_empty() { "none" } else { "" }));
        rows.extend(signed.text.iter().map(|line| Row::Text(Trust::Fact, line.clone())));
        rows.extend(signed.rest.iter().map(named));
    }
    rows.push(Row::Section(Trust::Fact, "KEYRING SAYS"));
    rows.push(fact("key id", key.fingerprint.key_id()));
    rows.push(fact("user id", &key.user_id));
    rows.push(fact("fingerprint", key.fingerprint.as_str()));
    if let Some(changes) = changes {
        files::rows(changes, rows);
    }
}
