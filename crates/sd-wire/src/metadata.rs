//! What leaves of items without a key: a setting of the companion's side, which `sd-decide` reads and keeps to.
//!
//! It travels with the answer about the collections, so that `sd-agent` learns it from the companion's uid, and from
//! nobody who could gain by another word. Whoever believes a wrong one asks for the wrong thing; `sd-decide` still
//! decides by its own.

use serde::{Deserialize, Serialize};

/// How much is told of items without a key. Their secrets always take one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    /// Which items match attributes that the searcher already knows.
    #[default]
    Matched,
    /// Labels and attributes too, and what there is.
    Open,
    /// Nothing, not even whether anything matches.
    Hidden,
}

impl Metadata {
    /// Every one of them, the usual one first.
    pub const ALL: [Self; 3] = [Self::Matched, Self::Open, Self::Hidden];

    /// The word for it, as in the file and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Open => "open",
            Self::Hidden => "hidden",
        }
    }

    /// The one that this word means; `None` for any other word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metadata| metadata.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_what_it_says_and_no_other_word_means_anything() {
        for metadata in Metadata::ALL {
            assert_eq!(Metadata::named(metadata.as_str()), Some(metadata));
            let json = serde_json::to_string(&metadata).unwrap();
            assert_eq!(json, format!("\"{}\"", metadata.as_str()));
        }
        assert_eq!(Metadata::named("Open"), None);
        assert_eq!(Metadata::named(""), None);
    }
}
