//! `sd-store init`: the skeleton of a store.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::fault::Fault;
use crate::gpg;
use crate::store::Store;
use crate::tree;

/// Makes what is missing: the folder, `.gpg-id`, a collection that is the default one. Run again, it changes nothing.
///
/// # Errors
/// [`Fault::Invalid`] when the store is encrypted to others than these keys: `pass init` is what changes that.
pub(crate) fn init(root: &Path, keys: &[String], label: &str) -> Result<(), Fault> {
    if !keys.iter().all(|key| (16..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(Fault::Invalid("a key is given by its fingerprint, 40 hexadecimal digits"));
    }
    gpg::recipients(keys)?;
    match DirBuilder::new().mode(0o700).create(root) {
        Err(why) if why.kind() != ErrorKind::AlreadyExists => return Err(Fault::Io(root.to_owned(), why)),
        _ => drop(tree::is_fit(root, 0o077)?),
    }
    let file = root.join(".gpg-id");
    let text: String = keys.iter().flat_map(|key| [key.as_str(), "\n"]).collect();
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file) {
        Ok(mut new) => {
            new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).map_err(|e| Fault::Io(file, e))?
        }
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {
            let there = tree::Tree::at(root.to_owned()).recipients("x")?;
            if there != keys {
                return Err(Fault::Invalid(
                    "the store is there and has other keys; `pass init KEY…` changes them",
                ));
            }
        }
        Err(why) => return Err(Fault::Io(file, why)),
    }
    let store = Store::open(root.to_owned())?;
    if store.shelf()?.collections.values().any(|one| one.folder.is_some()) {
        return Ok(());
    }
    store.begin(label)
}
