//! A change in a few words.

use sd_wire::change::{Before, Change};
use sd_wire::printable::Printable;

use crate::docket::entry::SHORT;

/// The change in a few words: what it does, and to what.
pub(super) fn short(change: &Change, before: Option<&Before>) -> Printable {
    let of = match before {
        Some(Before::Item(item)) => item.label.as_str(),
        Some(Before::Collection(shown)) => shown.label.as_str(),
        _ => "",
    };
    let short = |text: &str| text.chars().take(SHORT).collect::<String>();
    let of = short(of);
    Printable::line(&match change {
        Change::ItemLabel { .. } => format!("label of {of}"),
        Change::ItemAttributes { .. } => format!("attributes of {of}"),
        Change::CollectionLabel { .. } => format!("label of collection {of}"),
        Change::Alias { name, .. } => format!("alias {}", &**name),
        Change::CreateCollection { label, .. } => format!("new collection {}", short(label)),
        Change::DeleteCollection { .. } => format!("DELETE collection {of}"),
    })
}
