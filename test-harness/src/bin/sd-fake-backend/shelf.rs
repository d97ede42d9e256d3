//! What it holds: items in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zbus::zvariant::OwnedObjectPath;

use crate::service::{COLLECTION, path};

pub(crate) type Shelf = Arc<Mutex<HashMap<String, Kept>>>;

#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) label: String,
    pub(crate) attributes: HashMap<String, String>,
    pub(crate) secret: Vec<u8>,
    pub(crate) content_type: String,
    pub(crate) modified: u64,
}

pub(crate) fn matching(shelf: &Shelf, wanted: &HashMap<String, String>) -> Vec<OwnedObjectPath> {
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let has = |kept: &Kept| wanted.iter().all(|(name, value)| kept.attributes.get(name) == Some(value));
    let mut found: Vec<_> = shelf
        .iter()
        .filter(|(_, kept)| has(kept))
        .map(|(name, _)| path(&format!("{COLLECTION}/{name}")))
        .collect();
    found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    found
}

/// The item with exactly the attributes of this one.
pub(crate) fn equal(shelf: &Shelf, kept: &Kept) -> Option<String> {
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    shelf.iter().find(|(_, other)| other.attributes == kept.attributes).map(|(name, _)| name.clone())
}

pub(crate) fn put(shelf: &Shelf, kept: Kept) -> String {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    // Never the name of one that was deleted.
    static NAMED: AtomicUsize = AtomicUsize::new(0);
    let name = format!("i{}", NAMED.fetch_add(1, Ordering::SeqCst) + 1);
    shelf.insert(name.clone(), kept);
    name
}

pub(crate) fn item(words: &str) -> Option<Kept> {
    let mut parts = words.split(',');
    let (label, secret) = parts.next()?.split_once('=')?;
    let named = |part: &str| part.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()));
    let attributes: Option<HashMap<_, _>> = parts.map(named).collect();
    Some(Kept {
        label: label.to_owned(),
        attributes: attributes?,
        secret: secret.as_bytes().to_vec(),
        content_type: "text/plain".into(),
        modified: 1,
    })
}
