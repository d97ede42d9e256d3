//! The index in its file: encrypted to those that the store is encrypted to.

use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;

use sd_sys::secret::Secret;
use zeroize::Zeroizing;

use super::Store;
use crate::fault::Fault;
use crate::gpg::{self, Asking};
use crate::{index, tree};

/// The longest file: less than what is remembered.
const MAX_FILE: u64 = 64 * 1024 * 1024;

impl Store {
    /// Reads what was known before the store was locked. It only saves time: what is wrong with it is no matter.
    pub(super) fn recall(&self) {
        if !self.index.loads() {
            return;
        }
        let era = self.index.era();
        let read = || {
            let (cipher, _) = tree::get(&index::file(self.root())?, MAX_FILE).ok()?;
            let text = gpg::decrypt_long(&cipher, Asking::Nobody).ok()?;
            serde_json::from_slice(text.expose()).ok()
        };
        if let Some(kept) = read() {
            self.index.load(era, kept);
        }
    }

    /// Writes what is known, if the file does not know it yet. Takes no passphrase: it only encrypts.
    pub(crate) fn remember(&self) {
        if let Err(why) = self.write_index() {
            sd_journal::warning(format!(
                "what the store's entries tell is not kept for the next time: {why}"
            ));
        }
    }

    fn write_index(&self) -> Result<(), Fault> {
        let Some(file) = index::file(self.root()) else { return Ok(()) };
        // Not what is encrypted to others than this is.
        let names = self.tree.recipients("x")?;
        let same = |name: &str| self.tree.recipients(name).is_ok_and(|others| others == names);
        let Some(kept) = self.index.save(same) else { return Ok(()) };
        let text = serde_json::to_vec(&kept).map(Zeroizing::new);
        let text = text.map_err(|why| Fault::Wrong(format!("the index cannot be written: {why}")))?;
        let mut plain = Secret::with_capacity(text.len()).map_err(Fault::NoMemory)?;
        plain.push(&text).map_err(|_| Fault::TooLarge("the index is too large"))?;
        let folder = file.parent().unwrap_or(&file);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Fault::io(folder))?;
        tree::is_fit(folder, 0o022)?;
        tree::put(&file, &gpg::encrypt(&plain, &self.recipients("x")?)?).map(drop)
    }

    /// Reads every entry that is not known yet, on a thread of its own, so that no search has to.
    pub(crate) fn read_ahead(self: &Arc<Self>) {
        let store = Arc::clone(self);
        let all = move || {
            let Ok(shelf) = store.shelf() else { return };
            let ours = shelf.collections.values().filter(|one| one.folder.is_some());
            for name in ours.flat_map(|one| one.items.values()) {
                if matches!(store.facts_of(name, true), Err(Fault::Locked)) {
                    return;
                }
            }
            store.remember();
        };
        // Without it the searches do it.
        let _ = std::thread::Builder::new().name("read-ahead".into()).spawn(all);
    }
}
