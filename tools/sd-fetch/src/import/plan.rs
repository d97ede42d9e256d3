//! Where an import would go, and what is there already: told before a yes, and looked at again after it.

use std::collections::BTreeMap;

use sd_wire::bounded::{Attributes, Text};
use sd_wire::description::{Description, MAX_LABEL};
use sd_wire::fault::Fault;
use sd_wire::fetch::Note;
use sd_wire::import::{MAX_MET, Manifest, Met, Plan};
use sd_wire::path::CollectionPath;

use crate::backend::Backend;
use crate::find;

/// The attribute that says as much as none: gnome-keyring gives it to an item without a schema, sooner or later.
const NO_SCHEMA: (&str, &str) = ("xdg:schema", "org.freedesktop.Secret.Generic");

/// What an item is, whatever its secret: its attributes, and of one without any the label.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Thing<'a> {
    attributes: BTreeMap<&'a str, &'a str>,
    label: Option<&'a str>,
}

impl<'a> Thing<'a> {
    /// Of an item with this label and these attributes.
    pub(crate) fn of(label: &'a str, attributes: &'a Attributes) -> Self {
        let attributes = telling(attributes);
        let label = attributes.is_empty().then_some(label);
        Self { attributes, label }
    }
}

/// Whether two items have the same attributes, as far as these tell anything.
pub(crate) fn same(one: &Attributes, other: &Attributes) -> bool {
    telling(one) == telling(other)
}

fn telling(attributes: &Attributes) -> BTreeMap<&str, &str> {
    let pairs = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    pairs.filter(|pair| *pair != NO_SCHEMA).collect()
}

/// The plan of an import into this collection, as things are now.
///
/// # Errors
/// [`Fault::Locked`]: what is locked does not tell what it is. [`Fault::TooLarge`] when it would meet more than a person
/// can be shown.
pub(crate) async fn plan(
    backend: &Backend,
    collection: &CollectionPath,
    manifest: &Manifest,
) -> Result<Plan, Fault> {
    let collection = backend.resolve(collection).await?;
    let facts = backend.collection(&collection).await?;
    if facts.locked {
        return Err(Fault::Locked);
    }
    let mut plan =
        Plan { collection, label: Text::new(facts.label).map_err(|_| Fault::TooLarge)?, met: Vec::new() };
    let mut searched: BTreeMap<BTreeMap<&str, &str>, Vec<Description>> = BTreeMap::new();
    for (n, item) in (0_u32..).zip(manifest.items.iter()) {
        let wanted = telling(&item.attributes);
        if !searched.contains_key(&wanted) {
            let found = found(backend, &plan.collection, &plan.label, &wanted).await?;
            searched.insert(wanted.clone(), found);
        }
        let thing = Thing::of(&item.label, &item.attributes);
        let like = |it: &&Description| Thing::of(&it.label, &it.attributes) == thing;
        for there in searched.get(&wanted).into_iter().flatten().filter(like) {
            plan.met.push(Met { n, there: there.clone() });
        }
        if plan.met.len() > MAX_MET {
            return Err(Fault::TooLarge);
        }
    }
    Ok(plan)
}

/// What these attributes find, as it is described: also items that have more of them.
async fn found(
    backend: &Backend,
    collection: &CollectionPath,
    label: &Text<MAX_LABEL>,
    wanted: &BTreeMap<&str, &str>,
) -> Result<Vec<Description>, Fault> {
    let pairs = wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let wanted = Attributes::new(pairs).map_err(|_| Fault::TooLarge)?;
    let found = find::items(backend, Some(collection), &wanted).await?;
    let mut described = Vec::new();
    for item in found.unlocked.iter().chain(&found.locked) {
        match backend.describe_in(item, label.clone()).await {
            Ok(one) => described.push(one),
            // Gone, or nothing that could have been imported.
            Err(Fault::NotFound | Fault::TooLarge | Fault::Malformed) => {}
            Err(why) => return Err(why),
        }
    }
    // By path: backends do not find in the same order each time, and the digest counts it.
    described.sort_by(|one, other| one.item.as_str().cmp(other.item.as_str()));
    Ok(described)
}

/// The plan as notes for `sd-decide`.
pub(crate) fn notes(plan: Plan) -> Result<Vec<Note>, Fault> {
    let met = u32::try_from(plan.met.len()).map_err(|_| Fault::TooLarge)?;
    let last = Note::Planned { collection: plan.collection, label: plan.label, met };
    Ok(plan.met.into_iter().map(Note::Met).chain([last]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        Attributes::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }

    #[test]
    fn a_thing_is_its_attributes_and_without_any_its_label() {
        let (demo, none) = (attributes(&[("service", "demo")]), attributes(&[]));
        assert_eq!(Thing::of("one", &demo), Thing::of("other", &demo));
        assert_ne!(Thing::of("one", &none), Thing::of("other", &none));
        assert_eq!(Thing::of("one", &none), Thing::of("one", &attributes(&[NO_SCHEMA])));
        assert_ne!(Thing::of("one", &demo), Thing::of("one", &none));
    }

    #[test]
    fn the_generic_schema_makes_no_other_thing_and_any_other_does() {
        let demo = attributes(&[("service", "demo")]);
        assert!(same(&demo, &attributes(&[("service", "demo"), NO_SCHEMA])));
        assert!(!same(&demo, &attributes(&[("service", "demo"), ("xdg:schema", "net.example.Mine")])));
        assert!(!same(&demo, &attributes(&[("service", "demo"), ("user", "ada")])));
    }
}
