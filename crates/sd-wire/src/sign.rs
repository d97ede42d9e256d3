//! `sd-decide` → `sd-sign`, and the notes back: one connection an order.

use serde::{Deserialize, Serialize};

use crate::bounded::Text;
use crate::fault::Fault;
use crate::id::AskId;
use crate::line::Words;

/// The most bytes that a payload may have: everything that is signed is shown in full, and nobody reads more.
pub const MAX_PAYLOAD: usize = 2 * 1024 * 1024;

/// The most bytes of objects that prove which files a commit changes: the parents, and the trees along the changed paths.
pub const MAX_OBJECTS: usize = 16 * 1024 * 1024;

/// What `sd-decide` may order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Which key would sign? Answered by one [`Note::Key`]. No descriptor.
    Describe {
        /// For the log.
        id: AskId,
        /// The key as the requester names it; empty for the default key.
        key: Text<512>,
    },
    /// Would the default key ask for a passphrase? Answered by one [`Note::State`].
    State {},
    /// Make gpg-agent forget every passphrase. Answered by one [`Note::Done`].
    Lock {
        /// For the log.
        id: AskId,
    },
    /// Make gpg-agent know the default key's passphrase; it asks for it at `passphrase.sock`. Answered by one
    /// [`Note::Done`], also when there is no key at all.
    Unlock {
        /// For the log.
        id: AskId,
    },
    /// Sign. Descriptors: the sink, then the sealed payload.
    Sign {
        /// Whose sink it is.
        id: AskId,
        /// The primary key's fingerprint that was shown.
        fingerprint: Fingerprint,
    },
}

impl Words for Order {
    const NAME: &'static str = "order to sd-sign";
}

impl Order {
    /// How many descriptors travel beside the order.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        if matches!(self, Self::Sign { .. }) { 2 } else { 0 }
    }
}

/// What `sd-sign` may say back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// The key that would sign.
    Key(Key),
    /// Whether a passphrase would be asked for.
    State {
        /// So it is.
        locked: bool,
    },
    /// The order was carried out; if a sink came with it, the signature is in it.
    Done {},
    /// There is none. If a sink came with the order, it was told so.
    Failed {
        /// Why.
        why: Fault,
    },
}

impl Words for Note {
    const NAME: &'static str = "note of sd-sign";
}

/// A key as the companion's keyring describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The primary key's fingerprint.
    pub fingerprint: Fingerprint,
    /// Its first user id that is neither revoked nor invalid.
    pub user_id: Text<1024>,
}

/// 40 or 64 upper-case hexadecimal digits (OpenPGP v4, v5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads a fingerprint that somebody wrote.
    ///
    /// # Errors
    /// A sentence, when it is not one.
    pub fn parse(untrusted: &str) -> Result<Self, &'static str> {
        let hex = untrusted.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        if hex && matches!(untrusted.len(), 40 | 64) {
            Ok(Self(untrusted.to_owned()))
        } else {
            Err("a fingerprint is 40 or 64 upper-case hexadecimal digits")
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The long key id: the last 16 digits.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(16)..).unwrap_or(&self.0)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}
