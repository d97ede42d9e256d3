//! An import: every item that a yes stores, and what is there already.

use sd_wire::import::{Listed, Manifest, Met, Plan};
use sd_wire::printable::Printable;

use crate::dates;
use crate::screen::detail::fact;
use crate::screen::row::{Row, Trust};

/// The import: where it goes, and the items one after the other, in two lines each where they fit.
pub(super) fn rows(manifest: &Manifest, replace: bool, plan: &Plan, rows: &mut Vec<Row>) {
    rows.push(Row::Section(Trust::Fact, "BACKEND SAYS"));
    rows.push(fact("collection", &plan.label));
    rows.push(fact("path", plan.collection.as_str()));
    there(plan, replace, rows);
    rows.push(Row::Section(Trust::Fact, "WILL BE STORED"));
    let all = manifest.items.len();
    for (n, item) in (0_u32..).zip(manifest.items.iter()) {
        rows.push(fact(&format!("{} of {all}", n.saturating_add(1)), &item.label));
        rows.push(Row::fact(Trust::Fact, "", of(item)));
        rows.extend(plan.met.iter().filter(|met| met.n == n).map(|met| meets(met, replace)));
    }
}

/// How much of it is there already, and what becomes of that.
fn there(plan: &Plan, replace: bool, rows: &mut Vec<Row>) {
    let mut met: Vec<u32> = plan.met.iter().map(|met| met.n).collect();
    met.dedup();
    if met.is_empty() {
        return rows.push(fact("there", "none of these items"));
    }
    rows.push(fact("there", &format!("{} of these items, by their attributes", met.len())));
    rows.push(Row::Note(if replace {
        " Where the one that is there has another secret, THAT SECRET IS LOST by a yes.".to_owned()
    } else {
        " What is there stays as it is; of an item with another secret nothing is stored.".to_owned()
    }));
}

fn of(item: &Listed) -> Printable {
    if item.attributes.is_empty() {
        return Printable::line("no attributes");
    }
    Printable::pairs(item.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn meets(met: &Met, replace: bool) -> Row {
    // The label at the end: whatever it says, nothing of ours stands behind it.
    let text = format!("changed {}: {}", dates::utc(met.there.modified), &*met.there.label);
    fact(if replace { "REPLACES" } else { "is there" }, &text)
}
