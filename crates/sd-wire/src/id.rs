//! The name of one ask, in logs, signals and on the screen. It grants nothing: whoever knows it holds no right.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Sixteen lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AskId(String);

impl AskId {
    /// The id made of eight random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(bytes.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// Reads an id that somebody wrote.
    ///
    /// # Errors
    /// [`NotAnId`] unless it is sixteen lower-case hexadecimal digits.
    pub fn parse(untrusted: &str) -> Result<Self, NotAnId> {
        let digits = untrusted.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if untrusted.len() == 16 && digits { Ok(Self(untrusted.to_owned())) } else { Err(NotAnId) }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AskId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(D::Error::custom)
    }
}

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is sixteen lower-case hexadecimal digits")
    }
}

impl std::error::Error for NotAnId {}
