//! Object paths of the Secret Service: `/org/freedesktop/secrets/collection/C[/I]` or `…/aliases/A[/I]`.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Under it live all objects of the Secret Service (specification, part II, "Object Paths").
pub const ROOT: &str = "/org/freedesktop/secrets";

/// The longest path in bytes.
pub const MAX_PATH: usize = 512;

macro_rules! path {
    ($(#[$doc:meta])* $name:ident, $depth:literal) => {
        $(#[$doc])*
        // Shared, not copied: a search may find 10,000, and each is remembered in several places.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads a path that somebody wrote.
            ///
            /// # Errors
            /// [`NotAPath`] unless it has this type's shape.
            pub fn parse(untrusted: &str) -> Result<Self, NotAPath> {
                check(untrusted, $depth)?;
                Ok(Self(untrusted.into()))
            }

            /// The path.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Reader;
                impl Visitor<'_> for Reader {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a path of the Secret Service")
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(E::custom)
                    }
                }
                d.deserialize_str(Reader)
            }
        }
    };
}

path!(
    /// The path of an item, for example `/org/freedesktop/secrets/collection/login/12`.
    ItemPath,
    3
);
path!(
    /// The path of a collection or of an alias of one, for example `/org/freedesktop/secrets/aliases/default`.
    CollectionPath,
    2
);

impl ItemPath {
    /// The path of the collection (or alias) that the item is in.
    #[must_use]
    pub fn collection(&self) -> CollectionPath {
        let end = self.0.rfind('/').unwrap_or(self.0.len());
        CollectionPath(self.0.get(..end).unwrap_or_default().into())
    }
}

fn check(untrusted: &str, depth: usize) -> Result<(), NotAPath> {
    if untrusted.len() > MAX_PATH {
        return Err(NotAPath::TooLong);
    }
    let rest =
        untrusted.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/')).ok_or(NotAPath::Elsewhere)?;
    let named = |e: &str| !e.is_empty() && e.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !rest.split('/').all(named) {
        return Err(NotAPath::Element);
    }
    match rest.split('/').next() {
        Some("collection" | "aliases") if rest.split('/').count() == depth => Ok(()),
        Some("collection" | "aliases") => Err(NotAPath::Depth),
        _ => Err(NotAPath::Elsewhere),
    }
}

/// Why a text is not such a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAPath {
    /// Over [`MAX_PATH`] bytes.
    TooLong,
    /// Not under `/org/freedesktop/secrets/collection` or `…/aliases`.
    Elsewhere,
    /// An empty element, or one with other characters than letters, digits and `_`.
    Element,
    /// A collection where an item is wanted, or the other way round.
    Depth,
}

impl fmt::Display for NotAPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the path is longer than 512 bytes",
            Self::Elsewhere => "the path is not below /org/freedesktop/secrets/collection or …/aliases",
            Self::Element => "an element of the path is empty or holds more than letters, digits and _",
            Self::Depth => "the path has too many or too few elements",
        })
    }
}

impl std::error::Error for NotAPath {}
