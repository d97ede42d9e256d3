//! The store: what is asked of it, by the elements of object paths. Everything here blocks.

mod change;
mod lock;
mod locks;
mod look;
mod remember;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fault::Fault;
use crate::gpg::{self, Recipients};
use crate::index::Index;
use crate::shelf::{Collection, Shelf};
use crate::tree::{Entries, Stamp, Tree};

use locks::Locks;

pub(crate) use change::NewItem;
pub(crate) use look::Called;

/// Which alias is which folder, and what the file was that said so, if there was one.
type Aliases = (Option<Stamp>, BTreeMap<String, String>);

/// A password store.
pub(crate) struct Store {
    tree: Tree,
    index: Index,
    /// One change at a time: what is looked at is not to change before it is acted on.
    changing: Mutex<()>,
    looked: Mutex<Option<(Entries, Arc<Shelf>)>>,
    keys: Mutex<HashMap<Vec<String>, Recipients>>,
    locks: Locks,
    /// What collections and aliases are called, as it was last read. No secrets; kept while locked, so that a locked
    /// collection has its name.
    called: Mutex<HashMap<String, (Stamp, Called)>>,
    aliases: Mutex<Option<Aliases>>,
}

impl Store {
    /// The store in this folder.
    ///
    /// # Errors
    /// [`Fault::Unfit`], when it is none that we work with.
    pub(crate) fn open(root: PathBuf) -> Result<Self, Fault> {
        let store = Self {
            tree: Tree::at(root),
            index: Index::default(),
            changing: Mutex::default(),
            looked: Mutex::default(),
            keys: Mutex::default(),
            locks: Locks::default(),
            called: Mutex::default(),
            aliases: Mutex::default(),
        };
        store.tree.recipients("x")?;
        store.shelf()?;
        store.tree.tidy();
        Ok(store)
    }

    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        self.tree.root()
    }

    /// What is there.
    pub(crate) fn shelf(&self) -> Result<Arc<Shelf>, Fault> {
        // A list asks for thousands of items, one after the other.
        if let Some((entries, shelf)) = &*lock(&self.looked)
            && entries.are_still_all()
        {
            return Ok(Arc::clone(shelf));
        }
        let entries = self.tree.entries()?;
        self.index.retain(|name| entries.files.contains_key(name));
        let shelf = Arc::new(Shelf::of(&entries.files));
        *lock(&self.looked) = Some((entries, Arc::clone(&shelf)));
        Ok(shelf)
    }

    /// Whom an entry of this name is encrypted to.
    fn recipients(&self, name: &str) -> Result<Recipients, Fault> {
        let names = self.tree.recipients(name)?;
        if let Some(known) = lock(&self.keys).get(&names) {
            return Ok(known.clone());
        }
        let found = gpg::recipients(&names)?;
        lock(&self.keys).insert(names, found.clone());
        Ok(found)
    }
}

fn collection<'a>(shelf: &'a Shelf, element: &str) -> Result<&'a Collection, Fault> {
    shelf.collections.get(element).ok_or(Fault::NotFound)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
