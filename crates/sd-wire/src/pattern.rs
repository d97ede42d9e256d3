//! A pattern over text: `*` stands for any characters, also none; everything else stands for itself.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The most bytes of a pattern.
pub const MAX_PATTERN: usize = 512;

/// A pattern. No `?`, no classes, no escapes: a rule that its writer misreads protects nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence, when it is empty (it would match nothing) or longer than [`MAX_PATTERN`].
    pub fn new(text: impl Into<String>) -> Result<Self, &'static str> {
        let text = text.into();
        match text.len() {
            0 => Err("a pattern cannot be empty; use \"*\" for anything"),
            1..=MAX_PATTERN => Ok(Self(text)),
            _ => Err("a pattern has at most 512 bytes"),
        }
    }

    /// Whether the whole of a text fits. Case counts.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        // The leftmost place for each part leaves the most for those after it.
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        true
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().fits(text)
    }

    #[test]
    fn without_a_star_it_stands_for_itself_alone() {
        assert!(fits("bank", "bank"));
        assert!(!fits("bank", "banks") && !fits("bank", "my bank") && !fits("bank", "Bank"));
    }

    #[test]
    fn a_star_stands_for_anything_also_nothing() {
        for text in ["bank", "bank of ada", "my bank", "my bank of ada"] {
            assert!(fits("*bank*", text), "{text}");
        }
        assert!(fits("*", "") && fits("**", "x") && fits("a*b*c", "abbc") && fits("a*b*c", "aXbYc"));
        assert!(!fits("a*b*c", "acb") && !fits("ab*ba", "aba"));
    }

    #[test]
    fn an_empty_pattern_is_refused() {
        assert!(Pattern::new("").is_err());
        assert!(Pattern::new("x".repeat(513)).is_err());
    }
}
