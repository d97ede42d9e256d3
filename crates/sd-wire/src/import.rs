//! Many items in one ask: what a requester wants stored of another keyring.
//!
//! What a person is to see, the [`Manifest`], travels beside the ask as a sealed memfd, like what is to be signed: who
//! shows it and who carries it out read the same bytes. No secret is in it. The secrets are invited after the yes, as for
//! a store, one after the other in the order of the manifest, and so come by neither the gate nor `sd-decide`.

use serde::{Deserialize, Serialize};

use crate::bounded::{Attributes, List, Text};
use crate::description::{Description, MAX_LABEL};
use crate::digest::Digest;
use crate::fault::Fault;
use crate::line::Words;
use crate::outcome::MAX_SECRET;
use crate::path::CollectionPath;

/// The most items of one import: more is more than a person looks through before one yes.
pub const MAX_ITEMS: usize = 256;
/// The most bytes of a manifest. Any single item fits, whatever it takes to escape its texts.
pub const MAX_MANIFEST: usize = 512 * 1024;
/// The most bytes of the secrets of one import together.
pub const MAX_SECRETS: u32 = 4 * 1024 * 1024;
/// The most items of the backend that those of one import may meet.
pub const MAX_MET: usize = 512;

/// The items of an import, without their secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// At least one.
    pub items: List<Listed, MAX_ITEMS>,
}

impl Words for Manifest {
    const NAME: &'static str = "manifest";
    const MAX: usize = MAX_MANIFEST;
}

/// One item that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its label.
    pub label: Text<MAX_LABEL>,
    /// Its attributes; may be none.
    pub attributes: Attributes,
    /// The secret's media type.
    pub content_type: Text<256>,
    /// The secret's length in bytes, at most [`MAX_SECRET`].
    pub len: u32,
}

impl Manifest {
    /// How many bytes the secrets have together. `None` when there is no item, or when one secret or all of them are
    /// longer than they may be.
    #[must_use]
    pub fn secrets(&self) -> Option<u32> {
        if self.items.is_empty() || self.items.iter().any(|item| item.len > MAX_SECRET) {
            return None;
        }
        let all = self.items.iter().try_fold(0_u32, |all, item| all.checked_add(item.len))?;
        Some(all).filter(|all| *all <= MAX_SECRETS)
    }
}

/// Where an import would go, and what it would meet there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The collection's own path (an alias resolved).
    pub collection: CollectionPath,
    /// Its label.
    pub label: Text<MAX_LABEL>,
    /// What is there already, in order of the manifest.
    pub met: Vec<Met>,
}

/// An item of the manifest has the same attributes as one that is there; without any, also the same label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Met {
    /// Which item of the manifest, the first being 0.
    pub n: u32,
    /// The item that is there.
    pub there: Description,
}

impl Plan {
    /// The digest of what was shown: the order that follows a yes carries it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let met: Vec<(_, _)> = self.met.iter().map(|met| (met.n.to_be_bytes(), met.there.digest())).collect();
        let met = met.iter().flat_map(|(n, digest)| [n.as_slice(), digest.as_str().as_bytes()]);
        Digest::of([b"import".as_slice(), self.collection.as_str().as_bytes()].into_iter().chain(met))
    }
}

/// What became of one item. All but the last two were read back and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fate {
    /// It is there now.
    Stored {},
    /// It is there now, in the place of one with the same attributes.
    Replaced {},
    /// It was there already, with the same secret.
    There {},
    /// One with the same attributes and another secret is there, and was left as it is.
    Conflict {},
    /// It could not be stored, or was not kept as it was given.
    Failed {
        /// Why.
        why: Fault,
    },
}

impl Fate {
    /// Whether the item is in the backend now as it was given, by what was read back.
    #[must_use]
    pub fn is_there(self) -> bool {
        matches!(self, Self::Stored {} | Self::Replaced {} | Self::There {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(lens: &[u32]) -> Manifest {
        let item = |len: &u32| Listed {
            label: Text::default(),
            attributes: Attributes::default(),
            content_type: Text::default(),
            len: *len,
        };
        Manifest { items: List::new(lens.iter().map(item).collect()).unwrap() }
    }

    #[test]
    fn the_secrets_of_an_import_are_bounded_one_by_one_and_together() {
        assert_eq!(manifest(&[0, 7]).secrets(), Some(7));
        assert_eq!(manifest(&[]).secrets(), None);
        assert_eq!(manifest(&[MAX_SECRET + 1]).secrets(), None);
        assert_eq!(manifest(&[MAX_SECRET; 4]).secrets(), Some(MAX_SECRETS));
        assert_eq!(manifest(&[MAX_SECRET, MAX_SECRET, MAX_SECRET, MAX_SECRET, 1]).secrets(), None);
        assert_eq!(manifest(&[u32::MAX, u32::MAX]).secrets(), None);
    }

    #[test]
    fn any_item_that_a_description_can_have_fits_a_manifest_alone() {
        let worst = "\u{1}".repeat(MAX_LABEL);
        let attributes = Attributes::new([(String::new(), "\u{1}".repeat(Attributes::MAX_BYTES))]).unwrap();
        let content_type = Text::new("\u{1}".repeat(256)).unwrap();
        let item = Listed { label: Text::new(worst).unwrap(), attributes, content_type, len: MAX_SECRET };
        let manifest = Manifest { items: List::new(vec![item]).unwrap() };
        let line = manifest.to_line().unwrap();
        assert_eq!(Manifest::from_line(&line).unwrap(), manifest);
    }
}
