//! Where the walk gets its objects from.

use std::borrow::Cow;

pub use gix_hash::oid;
pub use gix_object::Kind;

use crate::gap::Gap;

/// A source of raw objects by their hash.
pub trait Objects {
    /// The bytes of an object, without git's header.
    ///
    /// # Errors
    /// [`Gap::Missing`] when there is none of that kind and hash; what else keeps the source from giving it.
    fn object(&mut self, kind: Kind, id: &oid) -> Result<Cow<'_, [u8]>, Gap>;
}
