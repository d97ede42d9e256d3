//! What the fuzzer feeds, and a test with any compiler: the store's files, once they are decrypted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use crate::index::{Index, Kept};
use crate::{entry, moment, names, tree};

/// An entry, whoever wrote it: what it tells and its secret are the same after it was written again.
pub fn entry(bytes: &[u8]) {
    let facts = entry::facts(bytes);
    let _ = facts.size();
    for (name, value) in entry::pairs(bytes) {
        assert!(!name.contains('\n') && !value.contains('\n'));
        let _ = moment::read(value);
    }
    let Ok(secret) = entry::secret(bytes) else { return };
    let again = entry::compose(&facts, &secret, bytes).unwrap();
    assert_eq!(entry::secret(again.expose()).unwrap().expose(), secret.expose());
    let told = entry::facts(again.expose());
    assert_eq!(
        (&told.label, &told.attributes),
        (&facts.label, &facts.attributes),
        "{}",
        again.expose().escape_ascii()
    );
    assert_eq!((told.created, told.modified), (facts.created, facts.modified));
    let other = entry::with_secret(&secret, bytes).unwrap();
    assert_eq!(entry::secret(other.expose()).unwrap().expose(), secret.expose());
    assert_eq!(entry::facts(other.expose()), facts);
}

/// The files beside the entries: whom they are encrypted to, the index, and the names that labels become.
pub fn store_files(bytes: &[u8]) {
    if let Some(names) = tree::names_in(bytes) {
        assert!(!names.is_empty());
        for name in names {
            assert!(!name.is_empty() && !name.contains(['\0', '\n', '#']), "{name:?}");
        }
    }
    if let Ok(kept) = serde_json::from_slice::<Vec<Kept>>(bytes) {
        let index = Index::default();
        index.load(index.era(), kept);
        let _ = index.save(|_| true);
    }
    let text = String::from_utf8_lossy(bytes);
    let element = names::element(&text);
    assert!(!element.is_empty() && element.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    let folder = names::folder(&text, &std::collections::BTreeSet::new());
    assert!(
        !folder.is_empty()
            && !names::is_own(&folder)
            && folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_entry_tells_the_same_after_it_was_written_again() {
        sd_twin::feed("entry", super::entry);
    }

    #[test]
    fn no_file_of_the_store_breaks_its_reader() {
        sd_twin::feed("store_files", super::store_files);
    }
}
