//! What the fuzzer feeds, and a test with any compiler: arguments of applications' calls, as they are on the bus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use std::collections::HashMap;

use sd_cipher::Cipher;
use zbus::zvariant::serialized::{Context, Data};
use zbus::zvariant::{LE, OwnedObjectPath, OwnedValue, Type};

use crate::place::{self, Place};
use crate::{collection, dummy, exchange};

/// The first byte says for which method's arguments the others stand, in D-Bus's own encoding.
pub fn agent(bytes: &[u8]) {
    let Some((method, bytes)) = bytes.split_first() else { return };
    match method % 3 {
        // CreateItem.
        0 => {
            type Arguments = (HashMap<String, OwnedValue>, (OwnedObjectPath, Vec<u8>, Vec<u8>, String), bool);
            let Some((properties, (session, parameters, value, _), _)) = read::<Arguments>(bytes) else {
                return;
            };
            object(session.as_str());
            let Ok((label, attributes)) = collection::shape(properties) else { return };
            // What is never read is known by all of what it is, not by some of it.
            if dummy::looks_so(&label, &attributes)
                && dummy::is_its_secret(&Cipher::Plain, &parameters, &value)
            {
                assert_eq!(value, b"The meaning of life");
            }
            let _ = dummy::is_for_nothing(&attributes);
        }
        // OpenSession, but for the powers: sd-cipher's target `exchange` takes them.
        1 => {
            let Some((algorithm, input)) = read::<(String, OwnedValue)>(bytes) else { return };
            let agreed = algorithm != sd_cipher::DH && exchange::agree(&algorithm, &input).is_ok();
            assert_eq!(agreed, algorithm == sd_cipher::PLAIN);
        }
        // Unlock, SearchItems.
        _ => {
            if let Some(paths) = read::<Vec<OwnedObjectPath>>(bytes) {
                paths.iter().for_each(|path| object(path.as_str()));
            }
            let _ = read::<HashMap<String, String>>(bytes);
            object(&String::from_utf8_lossy(bytes));
        }
    }
}

/// A path names one object, and an object of ours has one path.
fn object(path: &str) {
    match Place::of(path) {
        Some(Place::Session(number)) => assert_eq!(place::session(number), path),
        Some(Place::Prompt(number)) => assert_eq!(place::prompt(number), path),
        Some(Place::Item(item)) => assert_eq!(item.as_str(), path),
        Some(Place::Collection(collection)) => assert_eq!(collection.as_str(), path),
        Some(Place::Service | Place::Above(_)) | None => {}
    }
}

fn read<T: Type + serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let data = Data::new(bytes, Context::new_dbus(LE, 0));
    data.deserialize::<T>().ok().map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_argument_of_an_application_breaks_the_agent() {
        sd_twin::feed("agent", super::agent);
    }
}
