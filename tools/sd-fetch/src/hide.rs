//! Leaving out of a search, or of a list, what a rule hides.
//!
//! What cannot be known counts as hidden. A locked item often tells little of itself: gnome-keyring, started with its
//! store locked, gives no label and hashes for attributes. But an attribute that was searched by is known.

use std::collections::HashMap;

use sd_wire::bounded::{Attributes, List};
use sd_wire::description::Description;
use sd_wire::fault::Fault;
use sd_wire::fetch::{Hidden, MAX_HIDDEN};
use sd_wire::outcome::Found;
use sd_wire::path::ItemPath;

use crate::backend::{Backend, take};

/// What an item says of itself, as far as rules look at it.
struct Told {
    label: String,
    attributes: HashMap<String, String>,
    locked: bool,
}

/// Leaves out what is hidden, unlocked or locked.
pub(crate) async fn from(
    backend: &Backend,
    found: &mut Found,
    searched: &Attributes,
    hidden: &List<Hidden, MAX_HIDDEN>,
) {
    for list in [&mut found.unlocked, &mut found.locked] {
        let mut shown = Vec::with_capacity(list.len());
        for item in std::mem::take(list) {
            if !is_hidden(backend, &item, searched, hidden).await {
                shown.push(item);
            }
        }
        *list = shown;
    }
}

async fn is_hidden(backend: &Backend, item: &ItemPath, searched: &Attributes, hidden: &[Hidden]) -> bool {
    let mut near = hidden.iter().filter(|one| one.item.as_ref().is_none_or(|path| path.fits(item.as_str())));
    let Some(first) = near.next() else { return false };
    let near: Vec<&Hidden> = std::iter::once(first).chain(near).collect();
    if near.iter().any(|one| one.label.is_none() && one.attributes.is_empty()) {
        return true;
    }
    // Read only now: most items are none that a rule could mean.
    match told(backend, item).await {
        Ok(told) => near.iter().any(|one| told.fits(one, searched)),
        Err(_) => true,
    }
}

/// Whether a rule hides an item that is described already.
pub(crate) fn hides(hidden: &[Hidden], item: &Description) -> bool {
    let near = |one: &&Hidden| one.item.as_ref().is_none_or(|path| path.fits(item.item.as_str()));
    let mut near = hidden.iter().filter(near).peekable();
    if near.peek().is_none() {
        return false;
    }
    let told = Told {
        label: item.label.as_str().to_owned(),
        attributes: item.attributes.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        locked: item.locked,
    };
    near.any(|one| told.fits(one, &Attributes::default()))
}

async fn told(backend: &Backend, item: &ItemPath) -> Result<Told, Fault> {
    let mut all = backend.properties(item.as_str(), "org.freedesktop.Secret.Item").await?;
    let locked = take(&mut all, "Locked")?;
    if locked {
        // oo7-daemon tells neither; then as if they were empty.
        let label = take(&mut all, "Label").unwrap_or_default();
        return Ok(Told { label, attributes: take(&mut all, "Attributes").unwrap_or_default(), locked });
    }
    Ok(Told { label: take(&mut all, "Label")?, attributes: take(&mut all, "Attributes")?, locked })
}

impl Told {
    /// Whether the item has this label and these attributes, or could have them.
    fn fits(&self, hidden: &Hidden, searched: &Attributes) -> bool {
        let label = hidden.label.as_ref().is_none_or(|label| {
            let untold = self.locked && self.label.is_empty();
            untold || label.fits(&self.label)
        });
        label
            && hidden.attributes.iter().all(|(name, value)| {
                let known = self.attributes.get(name.as_str()).or_else(|| searched.get(name.as_str()));
                known.map_or(self.locked, |known| value.fits(known))
            })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sd_wire::bounded::Text;
    use sd_wire::pattern::Pattern;

    use super::*;

    fn told(locked: bool, label: &str, attributes: &[(&str, &str)]) -> Told {
        let attributes = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Told { label: label.into(), attributes, locked }
    }

    fn rule(label: Option<&str>, attributes: &[(&str, &str)]) -> Hidden {
        let attributes: BTreeMap<_, _> =
            attributes.iter().map(|(n, v)| (Text::new(*n).unwrap(), Pattern::new(*v).unwrap())).collect();
        Hidden { item: None, label: label.map(|l| Pattern::new(l).unwrap()), attributes }
    }

    fn searched(pairs: &[(&str, &str)]) -> Attributes {
        Attributes::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }

    #[test]
    fn every_part_of_a_rule_must_fit() {
        let by = searched(&[("service", "demo")]);
        let item = told(false, "Bank of Ada", &[("service", "demo"), ("user", "ada")]);
        assert!(item.fits(&rule(Some("Bank*"), &[]), &by));
        assert!(item.fits(&rule(Some("Bank*"), &[("user", "a*")]), &by));
        assert!(!item.fits(&rule(Some("Bank*"), &[("user", "b*")]), &by));
        assert!(!item.fits(&rule(Some("Bank"), &[("user", "a*")]), &by));
        assert!(!item.fits(&rule(None, &[("absent", "*")]), &by));
    }

    #[test]
    fn what_a_locked_item_does_not_tell_counts_as_hidden() {
        let item = told(true, "", &[("gkr:compat:hashed:user", "9c59")]);
        let by = searched(&[("service", "demo")]);
        assert!(item.fits(&rule(Some("Bank*"), &[]), &by));
        assert!(item.fits(&rule(None, &[("user", "ada")]), &by));
        assert!(item.fits(&rule(Some("Bank*"), &[("user", "ada")]), &by));
    }

    #[test]
    fn what_was_searched_by_is_known_of_a_locked_item_too() {
        let item = told(true, "", &[]);
        let by = searched(&[("service", "demo")]);
        assert!(!item.fits(&rule(None, &[("service", "bank*")]), &by));
        assert!(item.fits(&rule(None, &[("service", "de*")]), &by));
        assert!(!item.fits(&rule(Some("Bank*"), &[("service", "bank*")]), &by));
    }
}
