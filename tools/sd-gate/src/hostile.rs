//! What the fuzzer feeds, and a test with any compiler: arguments of the gate's methods, as they are on the bus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use std::collections::HashMap;

use sd_wire::ask::{Ask, Packet, Want};
use sd_wire::id::AskId;
use sd_wire::line::{MAX_LINE, Words};
use zbus::zvariant::serialized::{Context, Data};
use zbus::zvariant::{LE, OwnedObjectPath, OwnedValue, Type};

use crate::{admission, claims};

/// The first byte says for which kind of argument the others stand, in D-Bus's own encoding. What is admitted fits into
/// a line of the next hop, or into none; what is refused is refused in one printable line.
pub fn gate(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 5 {
        0 => {
            let Some(untrusted) = read::<HashMap<String, OwnedValue>>(bytes) else { return };
            match claims::read(untrusted) {
                Ok(claims) => passes(Packet::Ask(Box::new(Ask { id: id(), want: Want::Lock {}, claims }))),
                Err(why) => refused(&why.to_string()),
            }
        }
        1 => {
            let Some(untrusted) = read::<HashMap<String, String>>(bytes) else { return };
            match admission::attributes(untrusted) {
                Ok(attributes) => {
                    let want = Want::Search { collection: None, attributes };
                    passes(Packet::Ask(Box::new(Ask { id: id(), want, claims: Default::default() })));
                }
                Err(why) => refused(&why.to_string()),
            }
        }
        2 => {
            let Some(paths) = read::<Vec<OwnedObjectPath>>(bytes) else { return };
            for path in &paths {
                let (object, item) = (admission::object(path), admission::item(path));
                assert!(item.is_err() || object.is_ok());
                if let Err(why) = object {
                    refused(&why.to_string());
                }
                let _ = admission::collection_or_none(path);
            }
        }
        3 => {
            let Some(text) = read::<String>(bytes) else { return };
            match admission::text::<256>("label", text) {
                Ok(text) => assert!(text.len() <= 256),
                Err(why) => refused(&why.to_string()),
            }
        }
        _ => {
            let Some(value) = read::<OwnedValue>(bytes) else { return };
            // A descriptor's number means nothing without descriptors.
            assert!(admission::objects(value).is_err());
        }
    }
}

fn read<T: Type + zbus::export::serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let data = Data::new(bytes, Context::new_dbus(LE, 0));
    data.deserialize::<T>().ok().map(|(value, _)| value)
}

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn passes(packet: Packet) {
    if let Ok(line) = packet.to_line() {
        assert!(line.len() <= MAX_LINE);
        assert_eq!(Packet::from_line(&line), Ok(packet));
    }
}

fn refused(why: &str) {
    assert!(!why.contains(|c: char| c.is_control()) && why.len() < 8192, "{why:?}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_argument_passes_the_gate_that_the_next_hop_does_not_understand() {
        sd_twin::feed("gate", super::gate);
    }
}
