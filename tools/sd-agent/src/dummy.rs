//! What Chromium, and what is built on it (Electron), asks for without wanting it, where it loads libsecret itself.
//!
//! To have a keyring unlocked it stores an item with a text that anybody may know, and never reads it; and to see whether
//! there is a Secret Service it searches for what it hopes is not there (read: components/os_crypt,
//! `LibsecretLoader::EnsureKeyringUnlocked`, `LibsecretIsAvailable`). A person must not be asked for either.
//!
//! The item is believed to be that item only with exactly its shape and its secret: then nothing is lost by storing
//! nothing. It is made up for the connection that stored it, and nobody else can use it for anything.

use sd_cipher::Cipher;
use sd_sys::secret::Secret;
use sd_wire::bounded::Attributes;
use sd_wire::path::{CollectionPath, ItemPath};

use crate::dispatch::Turn;
use crate::refusal::Refusal;

const SCHEMA: &str = "_chrome_dummy_schema_for_unlocking";
/// Chromium's derivatives put their own name before it.
const LABEL: &str = " Safe Storage Control";
const EXPLAINS: &str = "Because of quirks in the gnome libsecret API, ";
const SECRET: &[u8] = b"The meaning of life";
/// No one client has use for more.
const MOST: usize = 4;

/// Whether an item looks like the one that is never read. Whether it is, its secret says.
pub(crate) fn looks_so(label: &str, attributes: &Attributes) -> bool {
    label.ends_with(LABEL)
        && attributes.len() == 2
        && attributes.get("xdg:schema").is_some_and(|schema| schema == SCHEMA)
        && attributes.get("explanation").is_some_and(|text| text.starts_with(EXPLAINS))
}

/// Whether this is the secret of that item.
pub(crate) fn is_its_secret(cipher: &Cipher, parameters: &[u8], value: &[u8]) -> bool {
    cipher.open(parameters, value).is_ok_and(|secret| secret.expose() == SECRET)
}

/// Whether a search is for what is not there. Then it may be told so, whatever there is.
pub(crate) fn is_for_nothing(attributes: &Attributes) -> bool {
    attributes.len() == 1
        && attributes.get("application").is_some_and(|value| value == "chrome-string_to_get_empty_result")
}

/// Makes such an item up for the caller's connection; the same one again, if it has one in this collection.
pub(crate) fn make(turn: &Turn<'_>, collection: &CollectionPath) -> Result<ItemPath, Refusal> {
    let new = format!("{collection}/unread{}", turn.desk.number());
    let new = ItemPath::parse(&new).map_err(|e| Refusal::invalid_args(e.to_string()))?;
    turn.desk.seated(&turn.call.sender, |seat| {
        if let Some(there) = seat.dummies.iter().find(|item| item.collection() == *collection) {
            return Ok(there.clone());
        }
        if seat.dummies.len() >= MOST {
            return Err(Refusal::limits_exceeded(format!("{MOST} items that nobody reads are enough")));
        }
        seat.dummies.insert(new.clone());
        Ok(new)
    })
}

/// Whether this is such an item of the caller's connection.
pub(crate) fn is(turn: &Turn<'_>, item: &ItemPath) -> bool {
    turn.desk.seat(&turn.call.sender, |seat| seat.dummies.contains(item)) == Some(true)
}

/// Deletes such an item; returns whether there was one.
pub(crate) fn delete(turn: &Turn<'_>, item: &ItemPath) -> bool {
    turn.desk.seat(&turn.call.sender, |seat| seat.dummies.remove(item)) == Some(true)
}

/// Its secret and its media type, as it was stored.
pub(crate) fn secret() -> Result<(Secret, String), Refusal> {
    let no_memory = |_| Refusal::failed("there is no memory for it");
    let mut secret = Secret::with_capacity(SECRET.len()).map_err(no_memory)?;
    secret.push(SECRET).map_err(|_| Refusal::failed("there is no memory for it"))?;
    Ok((secret, "text/plain".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Because of quirks in the gnome libsecret API, Chrome needs to store a dummy entry to guarantee \
                        that this keyring was properly unlocked. More details at http://crbug.com/660005.";

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        Attributes::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
    }

    #[test]
    fn only_exactly_that_item_looks_like_the_one_that_is_never_read() {
        let its = [("xdg:schema", SCHEMA), ("explanation", TEXT)];
        assert!(looks_so("Chrome Safe Storage Control", &attributes(&its)));
        assert!(looks_so("Brave Safe Storage Control", &attributes(&its)));
        assert!(!looks_so("Chrome Safe Storage", &attributes(&its)));
        assert!(!looks_so("Chrome Safe Storage Control", &attributes(&its[..1])));
        assert!(!looks_so("Chrome Safe Storage Control", &attributes(&[its[0], ("explanation", "mine")])));
        let more = [its[0], its[1], ("service", "demo")];
        assert!(!looks_so("Chrome Safe Storage Control", &attributes(&more)));
        let other = [("xdg:schema", "org.example"), its[1]];
        assert!(!looks_so("Chrome Safe Storage Control", &attributes(&other)));
    }

    #[test]
    fn only_exactly_that_search_is_for_nothing() {
        assert!(is_for_nothing(&attributes(&[("application", "chrome-string_to_get_empty_result")])));
        assert!(!is_for_nothing(&attributes(&[("application", "chrome")])));
        let two = [("application", "chrome-string_to_get_empty_result"), ("service", "demo")];
        assert!(!is_for_nothing(&attributes(&two)));
    }
}
