//! Text and lists that cannot be longer than their type says.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// UTF-8 text of at most `MAX` bytes. It may hold control characters: only [`crate::printable::Printable`] is fit
/// for a screen.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text, or [`OverBound`] when it is longer than `MAX` bytes.
    ///
    /// # Errors
    /// [`OverBound`].
    pub fn new(text: impl Into<String>) -> Result<Self, OverBound> {
        let text = text.into();
        if text.len() > MAX {
            return Err(OverBound { what: "text", len: text.len(), max: MAX });
        }
        Ok(Self(text))
    }

    /// As much of the text's beginning as fits, ended by `…` when something was cut: for claims, which may be
    /// shortened, never for what is released.
    #[must_use]
    pub fn clipped(text: &str) -> Self {
        if text.len() <= MAX {
            return Self(text.to_owned());
        }
        let mark = "…";
        let mut end = MAX.saturating_sub(mark.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self(text.get(..end).unwrap_or_default().to_owned() + mark)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(d)?).map_err(D::Error::custom)
    }
}

/// A list of at most `MAX` entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    /// The list, or [`OverBound`] when it has more than `MAX` entries.
    ///
    /// # Errors
    /// [`OverBound`].
    pub fn new(entries: Vec<T>) -> Result<Self, OverBound> {
        if entries.len() > MAX {
            return Err(OverBound { what: "list", len: entries.len(), max: MAX });
        }
        Ok(Self(entries))
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(d)?).map_err(D::Error::custom)
    }
}

/// The attributes of an item or of a search: name to value, sorted.
///
/// At most [`Attributes::MAX_ENTRIES`] entries and [`Attributes::MAX_BYTES`] bytes of names and values in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// The most entries.
    pub const MAX_ENTRIES: usize = 128;
    /// The most bytes of names and values together.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The attributes, or which bound they break.
    ///
    /// # Errors
    /// [`OverBound`].
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Result<Self, OverBound> {
        let entries: BTreeMap<_, _> = entries.into_iter().collect();
        if entries.len() > Self::MAX_ENTRIES {
            return Err(OverBound { what: "attributes", len: entries.len(), max: Self::MAX_ENTRIES });
        }
        let bytes = entries.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > Self::MAX_BYTES {
            return Err(OverBound { what: "bytes of attributes", len: bytes, max: Self::MAX_BYTES });
        }
        Ok(Self(entries))
    }
}

impl Deref for Attributes {
    type Target = BTreeMap<String, String>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(BTreeMap::<String, String>::deserialize(d)?).map_err(D::Error::custom)
    }
}

/// Something is longer than its bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverBound {
    what: &'static str,
    len: usize,
    max: usize,
}

impl fmt::Display for OverBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of length {} where at most {} is allowed", self.what, self.len, self.max)
    }
}

impl std::error::Error for OverBound {}
