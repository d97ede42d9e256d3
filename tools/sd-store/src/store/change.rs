//! Changes: one at a time, each file whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sd_sys::secret::Secret;

use super::{Store, collection, lock, look};
use crate::entry::{self, Facts};
use crate::fault::Fault;
use crate::names::{self, PREFIX};
use crate::{base64, gpg, moment, shelf};

const NOT_OF_PASS: Fault =
    Fault::NotSupported("this is an entry of pass: its path is its name, and `pass mv` changes it");
const NOT_IN_PASS: Fault =
    Fault::NotSupported("new entries of pass are made with pass; give another collection");
const META: &str = "collection-metadata";

/// What is to be kept.
pub(crate) struct NewItem {
    pub(crate) label: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) content_type: String,
    pub(crate) secret: Secret,
}

/// Where it went.
pub(crate) struct Made {
    pub(crate) item: String,
    /// Whether it took the place of another.
    pub(crate) replaced: bool,
}

impl Store {
    /// Keeps an item: a new one, or in the place of the first that has exactly its attributes.
    pub(crate) fn create(&self, element: &str, new: &NewItem, replace: bool) -> Result<Made, Fault> {
        let _alone = lock(&self.changing);
        let shelf = self.shelf()?;
        let collection = collection(&shelf, element)?;
        let folder = collection.folder.as_ref().ok_or(NOT_IN_PASS)?;
        self.is_open(&shelf::meta(folder))?;
        if replace {
            for (item, name) in &collection.items {
                match self.facts_of(name, true) {
                    Ok(facts) if facts.attributes == new.attributes => {
                        let facts = Facts {
                            label: new.label.clone(),
                            content_type: new.content_type.clone(),
                            ..facts.as_ref().clone()
                        };
                        self.rewrite(name, &facts, &new.secret)?;
                        return Ok(Made { item: item.clone(), replaced: true });
                    }
                    Ok(_) | Err(Fault::NotFound | Fault::Gpg(_) | Fault::Wrong(_) | Fault::Unfit(..)) => {}
                    Err(why) => return Err(why),
                }
            }
        }
        let item = names::item().ok_or(Fault::Invalid("there are no random numbers to be had"))?;
        let now = moment::now();
        let facts = Facts {
            label: new.label.clone(),
            attributes: new.attributes.clone(),
            content_type: new.content_type.clone(),
            created: now,
            modified: now,
        };
        self.put(&format!("{PREFIX}/{folder}/{item}"), &entry::compose(&facts, &new.secret, b"")?)?;
        Ok(Made { item, replaced: false })
    }

    /// Another secret for an item.
    pub(crate) fn set_secret(
        &self,
        element: &str,
        item: &str,
        secret: &Secret,
        content_type: &str,
    ) -> Result<(), Fault> {
        let _alone = lock(&self.changing);
        let (name, is_ours) = self.entry(element, item)?;
        if is_ours {
            let facts = Facts {
                content_type: content_type.to_owned(),
                ..self.facts_of(&name, true)?.as_ref().clone()
            };
            return self.rewrite(&name, &facts, secret);
        }
        let (before, _) = self.text(&name)?;
        self.put(&name, &entry::with_secret(secret, before.expose())?)
    }

    /// Another label, or other attributes, for an item.
    pub(crate) fn set_facts(
        &self,
        element: &str,
        item: &str,
        change: impl FnOnce(&mut Facts),
    ) -> Result<(), Fault> {
        let _alone = lock(&self.changing);
        let (name, is_ours) = self.entry(element, item)?;
        if !is_ours {
            return Err(NOT_OF_PASS);
        }
        let mut facts = self.facts_of(&name, true)?.as_ref().clone();
        change(&mut facts);
        let (before, _) = self.text(&name)?;
        let secret = entry::secret(before.expose())?;
        self.rewrite(&name, &facts, &secret)
    }

    /// Removes an item.
    pub(crate) fn delete(&self, element: &str, item: &str) -> Result<(), Fault> {
        let _alone = lock(&self.changing);
        let (name, _) = self.entry(element, item)?;
        self.is_open(&name)?;
        self.tree.remove(&name)
    }

    /// A new collection; gives its element.
    pub(crate) fn create_collection(&self, label: &str) -> Result<String, Fault> {
        let _alone = lock(&self.changing);
        let shelf = self.shelf()?;
        // Also folders that hold nothing yet.
        let there = std::fs::read_dir(self.tree.root().join(PREFIX)).into_iter().flatten().flatten();
        let mut taken: BTreeSet<String> =
            there.map(|one| one.file_name().to_string_lossy().into_owned()).collect();
        taken.extend(shelf.collections.keys().cloned());
        let folder = names::folder(label, &taken);
        self.is_open(&shelf::meta(&folder))?;
        let now = moment::now();
        self.put(&shelf::meta(&folder), &meta(label, now, now)?)?;
        Ok(names::element(&folder))
    }

    /// The first collection of a store, which is the default one. Takes no passphrase: it only encrypts.
    pub(crate) fn begin(&self, label: &str) -> Result<(), Fault> {
        let _alone = lock(&self.changing);
        let folder = names::folder(label, &BTreeSet::new());
        let now = moment::now();
        self.write(&shelf::meta(&folder), &meta(label, now, now)?)?;
        let aliases = [(look::DEFAULT, folder.as_str())].into_iter();
        self.write(&shelf::aliases(), &entry::of_names("aliases", aliases)?)
    }

    /// Another label for a collection.
    pub(crate) fn set_label(&self, element: &str, label: &str) -> Result<(), Fault> {
        let _alone = lock(&self.changing);
        let shelf = self.shelf()?;
        let folder = collection(&shelf, element)?.folder.clone().ok_or(NOT_IN_PASS)?;
        let created = self.called(element)?.created;
        self.put(&shelf::meta(&folder), &meta(label, created, moment::now())?)
    }

    /// Removes a collection, and the aliases that named it.
    pub(crate) fn delete_collection(&self, element: &str) -> Result<(), Fault> {
        let _alone = lock(&self.changing);
        let shelf = self.shelf()?;
        let it = collection(&shelf, element)?;
        let folder = it.folder.as_ref().ok_or(NOT_IN_PASS)?;
        let meta = shelf::meta(folder);
        self.is_open(&meta)?;
        let mut aliases = self.aliases()?;
        let before = aliases.len();
        aliases.retain(|_, of| of != folder);
        if aliases.len() != before {
            self.put_aliases(&aliases)?;
        }
        // Its name last: as long as anything is left of it, it is still that collection.
        for name in it.items.values().chain([&meta]) {
            match self.tree.remove(name) {
                Ok(()) | Err(Fault::NotFound) => {}
                Err(why) => return Err(why),
            }
        }
        lock(&self.called).remove(folder);
        Ok(())
    }

    /// Points an alias to a collection, or nowhere.
    pub(crate) fn set_alias(&self, alias: &str, to: Option<&str>) -> Result<(), Fault> {
        let _alone = lock(&self.changing);
        let shelf = self.shelf()?;
        let mut aliases = self.aliases()?;
        match to {
            Some(element) => {
                let folder = collection(&shelf, element)?.folder.clone().ok_or(NOT_IN_PASS)?;
                aliases.insert(alias.to_owned(), folder);
            }
            None => drop(aliases.remove(alias)),
        }
        self.put_aliases(&aliases)
    }

    fn put_aliases(&self, aliases: &BTreeMap<String, String>) -> Result<(), Fault> {
        let pairs = aliases.iter().map(|(name, folder)| (name.as_str(), folder.as_str()));
        self.put(&shelf::aliases(), &entry::of_names("aliases", pairs)?)
    }

    /// The entry of an item, and whether it is one of ours.
    fn entry(&self, element: &str, item: &str) -> Result<(String, bool), Fault> {
        let shelf = self.shelf()?;
        let it = collection(&shelf, element)?;
        let name = it.items.get(item).ok_or(Fault::NotFound)?;
        Ok((name.clone(), it.folder.is_some()))
    }

    /// The same entry with other content; what somebody wrote below it is kept.
    fn rewrite(&self, name: &str, facts: &Facts, secret: &Secret) -> Result<(), Fault> {
        let (before, _) = self.text(name)?;
        let facts = Facts { modified: moment::now(), ..facts.clone() };
        self.put(name, &entry::compose(&facts, secret, before.expose())?)
    }

    fn put(&self, name: &str, text: &Secret) -> Result<(), Fault> {
        if text.len() > gpg::MAX_ENTRY {
            return Err(Fault::TooLarge("the entry is too large"));
        }
        self.is_open(name)?;
        self.write(name, text)
    }

    fn write(&self, name: &str, text: &Secret) -> Result<(), Fault> {
        let cipher = gpg::encrypt(text, &self.recipients(name)?)?;
        let era = self.index.era();
        let stamp = self.tree.write(name, &cipher)?;
        if !names::is_own(name.rsplit('/').next().unwrap_or_default()) {
            self.index.put(era, name, stamp, &Arc::new(look::told(text.expose(), name, &stamp)));
        }
        Ok(())
    }

    /// To encrypt takes no passphrase; but a locked store is not changed.
    fn is_open(&self, name: &str) -> Result<(), Fault> {
        if self.is_locked_for(name)? { Err(Fault::Locked) } else { Ok(()) }
    }
}

/// What a collection is called.
fn meta(label: &str, created: u64, modified: u64) -> Result<Secret, Fault> {
    let plain: String = label.replace(char::is_control, " ").trim().to_owned();
    let (created, modified) = (moment::write(created), moment::write(modified));
    let exact = (plain != label).then(|| base64::text(label.as_bytes()));
    let names = [
        ("_ss_coll_label", Some(&plain)),
        ("_ss_coll_label_base64", exact.as_ref()),
        ("_ss_coll_created", Some(&created)),
        ("_ss_coll_modified", Some(&modified)),
    ];
    let names = names.into_iter().filter_map(|(name, value)| value.map(|value| (name, value.as_str())));
    entry::of_names(META, names)
}
