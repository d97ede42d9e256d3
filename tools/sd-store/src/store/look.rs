//! Looking: what collections and items tell, and what is found.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use sd_sys::secret::Secret;
use sd_wire::fault::Fault as Wire;

use super::{Store, collection, lock};
use crate::entry::{self, Facts};
use crate::fault::Fault;
use crate::gpg::{self, Asking};
use crate::names;
use crate::tree::Stamp;
use crate::{moment, shelf};

/// The attribute of an entry that pass or gopass made: its path.
pub(crate) const PATH: &str = "path";
/// What the collection of these is called.
const PASS_LABEL: &str = "Password store";
/// Whom everybody means who names no collection.
pub(crate) const DEFAULT: &str = "default";

/// What a collection tells of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Called {
    pub(crate) label: String,
    pub(crate) created: u64,
    pub(crate) modified: u64,
}

impl Store {
    /// What a collection tells of itself; as far as it is known while it is locked.
    pub(crate) fn called(&self, element: &str) -> Result<Called, Fault> {
        let shelf = self.shelf()?;
        let Some(folder) = &collection(&shelf, element)?.folder else {
            return Ok(Called { label: PASS_LABEL.to_owned(), ..Called::default() });
        };
        let meta = shelf::meta(folder);
        let unknown = || Called { label: folder.clone(), ..Called::default() };
        let known = lock(&self.called).get(folder).cloned();
        match (self.tree.stamp(&meta), known) {
            (Err(Fault::NotFound), _) => return Ok(unknown()),
            (Ok(now), Some((then, called))) if now == then => return Ok(called),
            _ => {}
        }
        match self.text(&meta) {
            Ok((text, stamp)) => {
                let text = text.expose();
                let time = |name| entry::value(text, name).and_then(moment::read).unwrap_or(stamp.modified);
                let called = Called {
                    label: label(text).unwrap_or_else(|| folder.clone()),
                    created: time("_ss_coll_created"),
                    modified: time("_ss_coll_modified"),
                };
                lock(&self.called).insert(folder.clone(), (stamp, called.clone()));
                Ok(called)
            }
            Err(Fault::Locked | Fault::NotFound) => Ok(unknown()),
            Err(why) => Err(why),
        }
    }

    /// What an item tells of itself.
    ///
    /// # Errors
    /// [`Fault::Locked`] when it tells nothing without a passphrase.
    pub(crate) fn facts(&self, element: &str, item: &str) -> Result<Arc<Facts>, Fault> {
        let shelf = self.shelf()?;
        let collection = collection(&shelf, element)?;
        let name = collection.items.get(item).ok_or(Fault::NotFound)?;
        self.facts_of(name, collection.folder.is_some())
    }

    /// What an entry tells of itself.
    pub(super) fn facts_of(&self, name: &str, is_ours: bool) -> Result<Arc<Facts>, Fault> {
        let stamp = self.tree.stamp(name)?;
        if !is_ours {
            return Ok(Arc::new(plain(name, &stamp)));
        }
        if self.is_locked_for(name)? {
            return Err(Fault::Locked);
        }
        if let Some(known) = self.index.get(name, &stamp) {
            return Ok(known);
        }
        self.recall();
        if let Some(known) = self.index.get(name, &stamp) {
            return Ok(known);
        }
        let era = self.index.era();
        let (text, stamp) = self.text(name)?;
        let facts = Arc::new(told(text.expose(), name, &stamp));
        self.index.put(era, name, stamp, &facts);
        Ok(facts)
    }

    /// An item's secret, and what kind of secret it is.
    pub(crate) fn secret(&self, element: &str, item: &str) -> Result<(Secret, String), Fault> {
        let shelf = self.shelf()?;
        let name = collection(&shelf, element)?.items.get(item).ok_or(Fault::NotFound)?;
        let (text, _) = self.text(name)?;
        let text = text.expose();
        Ok((entry::secret(text)?, entry::facts(text).content_type))
    }

    /// The items of a collection that have these attributes.
    ///
    /// # Errors
    /// [`Fault::Locked`] when that cannot be known; [`Fault::Late`] when it takes too long: what was read is remembered,
    /// so that the next try goes on from there.
    pub(crate) fn search(
        &self,
        element: &str,
        wanted: &BTreeMap<String, String>,
        until: Instant,
    ) -> Result<Vec<String>, Fault> {
        let shelf = self.shelf()?;
        let collection = collection(&shelf, element)?;
        let mut found = Vec::new();
        for (n, (item, name)) in collection.items.iter().enumerate() {
            let facts = match self.facts_of(name, collection.folder.is_some()) {
                Ok(facts) => facts,
                Err(Fault::NotFound) => continue,
                // One that cannot be read must not keep the others back, and nobody could read it anyway.
                Err(why @ (Fault::Gpg(_) | Fault::Wrong(_) | Fault::Unfit(..) | Fault::TooLarge(_))) => {
                    sd_journal::warning(format!("an entry is not found by any search: {why}"));
                    continue;
                }
                Err(why) => return Err(why),
            };
            if wanted.iter().all(|(name, value)| facts.attributes.get(name) == Some(value)) {
                found.push(item.clone());
            }
            if Instant::now() >= until {
                let all = collection.items.len();
                return Err(Fault::Late(format!("{n} of {all} entries are read so far; try again")));
            }
        }
        Ok(found)
    }

    /// The collection that an alias names; while the store is locked, as it was when it was last open.
    pub(crate) fn alias(&self, alias: &str) -> Result<Option<String>, Fault> {
        let aliases = match self.aliases() {
            Ok(aliases) => Some(aliases),
            Err(Fault::Locked) => lock(&self.aliases).clone().map(|(_, aliases)| aliases),
            Err(why) => return Err(why),
        };
        let shelf = self.shelf()?;
        let folder = aliases.as_ref().and_then(|aliases| aliases.get(alias));
        if let Some(element) = folder.and_then(|folder| shelf.element_of(folder)) {
            return Ok(Some(element.to_owned()));
        }
        // As gopass-secret-service has it: unless it is said otherwise, the collection of that name. While nobody has
        // yet unlocked the store to find out: the first there is.
        let ours = || shelf.collections.iter().find(|(_, one)| one.folder.is_some());
        Ok(match (alias, &aliases) {
            (DEFAULT, None) => {
                shelf.element_of(DEFAULT).or_else(|| ours().map(|(element, _)| element.as_str()))
            }
            (DEFAULT, Some(_)) if folder.is_none() => shelf.element_of(DEFAULT),
            _ => None,
        }
        .map(str::to_owned))
    }

    /// All aliases, each with the folder of its collection.
    pub(super) fn aliases(&self) -> Result<BTreeMap<String, String>, Fault> {
        let stamp = match self.tree.stamp(&shelf::aliases()) {
            Ok(stamp) => Some(stamp),
            Err(Fault::NotFound) => None,
            Err(why) => return Err(why),
        };
        if let Some((then, aliases)) = &*lock(&self.aliases)
            && *then == stamp
        {
            return Ok(aliases.clone());
        }
        let (aliases, stamp) = match self.text(&shelf::aliases()) {
            Ok((text, stamp)) => {
                let own = |name: &str| !names::is_own(name);
                let pairs = entry::pairs(text.expose()).filter(|(name, _)| own(name));
                (pairs.map(|(name, folder)| (name.to_owned(), folder.to_owned())).collect(), Some(stamp))
            }
            Err(Fault::NotFound) => (BTreeMap::new(), None),
            Err(why) => return Err(why),
        };
        *lock(&self.aliases) = Some((stamp, aliases));
        Ok(lock(&self.aliases).as_ref().map(|(_, aliases)| aliases.clone()).unwrap_or_default())
    }

    /// The text of an entry. Nobody is asked for a passphrase.
    pub(super) fn text(&self, name: &str) -> Result<(Secret, Stamp), Fault> {
        let (cipher, stamp) = self.tree.read(name)?;
        if self.is_locked_for(name)? {
            return Err(Fault::Locked);
        }
        match gpg::decrypt(&cipher, Asking::Nobody) {
            Ok(text) => Ok((text, stamp)),
            // gpg-agent would have asked: it has forgotten the passphrase since we looked, or this is another key's.
            Err(Fault::Gpg(Wire::Dismissed | Wire::WrongPassphrase)) => {
                self.locks.forget();
                if self.is_locked_for(name)? {
                    return Err(Fault::Locked);
                }
                Err(Fault::Wrong(format!(
                    "{name} is encrypted to another key than .gpg-id names, which is locked"
                )))
            }
            Err(why) => Err(why),
        }
    }
}

/// What an entry in a collection of ours tells.
pub(super) fn told(text: &[u8], name: &str, stamp: &Stamp) -> Facts {
    let mut facts = entry::facts(text);
    if facts.label.is_empty() {
        facts.label = name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for time in [&mut facts.created, &mut facts.modified] {
        if *time == 0 {
            *time = stamp.modified;
        }
    }
    facts
}

/// What an entry of pass or gopass tells without being decrypted. Not what stands in its lines: one may be a PIN.
fn plain(name: &str, stamp: &Stamp) -> Facts {
    Facts {
        label: name.to_owned(),
        attributes: BTreeMap::from([(PATH.to_owned(), name.to_owned())]),
        content_type: "text/plain".to_owned(),
        created: stamp.modified,
        modified: stamp.modified,
    }
}

fn label(meta: &[u8]) -> Option<String> {
    let exact = entry::value(meta, "_ss_coll_label_base64")
        .and_then(|text| crate::base64::decode_text(text.as_bytes()));
    exact.or_else(|| entry::value(meta, "_ss_coll_label").map(str::to_owned))
}
