//! A line: one JSON object, a newline, an exact version.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version that both ends of every hop must speak. Raised with any change of any message: the tools are
/// installed together, so there is nothing to negotiate.
pub const VERSION: u32 = 1;

/// The longest line in bytes, its newline included. A default `SEQPACKET` socket carries about 208 KiB; anything
/// of ours that is larger travels as a sealed memfd.
pub const MAX_LINE: usize = 64 * 1024;

/// What one end of a hop may say, as one line.
pub trait Words: Serialize + DeserializeOwned {
    /// What the line is called in an error, for example `ask`.
    const NAME: &'static str;
    /// The longest such line in bytes, its newline included: [`MAX_LINE`] for all that are packets.
    const MAX: usize = MAX_LINE;

    /// The line's bytes, newline included.
    ///
    /// # Errors
    /// [`Malformed::TooLong`] when the line would exceed [`Words::MAX`].
    fn to_line(&self) -> Result<Vec<u8>, Malformed> {
        let mut line = serde_json::to_vec(&Envelope { v: Version, body: self })
            .map_err(|e| Malformed::Wrong { name: Self::NAME, at: "body".into(), why: e.to_string() })?;
        line.push(b'\n');
        if line.len() > Self::MAX {
            return Err(Malformed::TooLong { name: Self::NAME, len: line.len(), max: Self::MAX });
        }
        Ok(line)
    }

    /// Reads exactly one line.
    ///
    /// # Errors
    /// [`Malformed`], which names the field at fault: another version, an unknown or missing field, text over its
    /// bound, bytes after the newline, no newline.
    fn from_line(untrusted: &[u8]) -> Result<Self, Malformed> {
        if untrusted.len() > Self::MAX {
            return Err(Malformed::TooLong { name: Self::NAME, len: untrusted.len(), max: Self::MAX });
        }
        let Some((b'\n', json)) = untrusted.split_last() else {
            return Err(Malformed::Wrong {
                name: Self::NAME,
                at: "line".into(),
                why: "does not end with a newline".into(),
            });
        };
        if json.contains(&b'\n') {
            return Err(Malformed::Wrong {
                name: Self::NAME,
                at: "line".into(),
                why: "holds more than one line".into(),
            });
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        let envelope: Envelope<Self> = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
            Malformed::Wrong { name: Self::NAME, at: e.path().to_string(), why: e.inner().to_string() }
        })?;
        reader.end().map_err(|e| Malformed::Wrong {
            name: Self::NAME,
            at: "line".into(),
            why: e.to_string(),
        })?;
        Ok(envelope.body)
    }
}

/// Why a line was not understood. Shown in logs and, by the gate, to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// The line is longer than it may be.
    TooLong {
        /// The kind of line.
        name: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The most that it may have.
        max: usize,
    },
    /// The line is not what its hop speaks.
    Wrong {
        /// The kind of line.
        name: &'static str,
        /// The field at fault, as a path such as `body.ask.want`.
        at: String,
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { name, len, max } => {
                write!(f, "{name} line is {len} bytes long, the limit is {max}")
            }
            Self::Wrong { name, at, why } => write!(f, "{name} line, field {at}: {why}"),
        }
    }
}

impl std::error::Error for Malformed {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<B> {
    v: Version,
    body: B,
}

struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u32(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match u32::deserialize(d)? {
            VERSION => Ok(Self),
            other => Err(D::Error::custom(format!(
                "version {other}, this side speaks {VERSION}; install all tools from one release and restart them"
            ))),
        }
    }
}
