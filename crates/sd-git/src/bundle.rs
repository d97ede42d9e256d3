//! Raw objects in a row, as they travel beside what is to be signed.
//!
//! The format: `sd-objects 1\n`; then for each object a letter (`c` commit, `t` tree, `a` annotated tag), the length
//! of its bytes as four bytes in network order, and these bytes. It says no hash: the reader computes them all.

use std::borrow::Cow;
use std::collections::HashMap;

use gix_hash::{Kind as Hash, ObjectId, oid};
use gix_object::{Kind, compute_hash};

use crate::gap::Gap;
use crate::objects::Objects;

/// The longest bundle, in bytes.
pub const MOST: usize = sd_wire::sign::MAX_OBJECTS;
/// The most objects in one.
pub const MOST_OBJECTS: usize = 100_000;

const MAGIC: &[u8] = b"sd-objects 1\n";

/// Objects that somebody sent, by the hashes that they really have.
#[derive(Debug)]
pub struct Bundle<'a> {
    objects: HashMap<(Kind, ObjectId), &'a [u8]>,
}

impl<'a> Bundle<'a> {
    /// Reads and hashes all that was sent. The time that it takes is that of hashing as many bytes.
    ///
    /// # Errors
    /// [`Gap::Nothing`] for no bytes; [`Gap::NotABundle`], [`Gap::TooMuch`] and [`Gap::Collision`] as they say.
    pub fn read(untrusted: &'a [u8], hash: Hash) -> Result<Self, Gap> {
        if untrusted.is_empty() {
            return Err(Gap::Nothing);
        }
        if untrusted.len() > MOST {
            return Err(Gap::TooMuch { what: "bytes of objects", most: MOST });
        }
        let mut rest = untrusted.strip_prefix(MAGIC).ok_or(Gap::NotABundle("it begins otherwise"))?;
        let mut objects = HashMap::new();
        while let Some((&letter, more)) = rest.split_first() {
            let kind = kind_of(letter).ok_or(Gap::NotABundle("an object of no known kind"))?;
            let cut = Gap::NotABundle("it ends inside of an object");
            let (len, more) = more.split_first_chunk::<4>().ok_or(cut.clone())?;
            let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| cut.clone())?;
            let (bytes, more) = more.split_at_checked(len).ok_or(cut)?;
            if objects.len() >= MOST_OBJECTS {
                return Err(Gap::TooMuch { what: "objects", most: MOST_OBJECTS });
            }
            // The one thing that can fail here is that a collision was found.
            let id = compute_hash(hash, kind, bytes).map_err(|_| Gap::Collision)?;
            objects.insert((kind, id), bytes);
            rest = more;
        }
        Ok(Self { objects })
    }
}

impl Objects for Bundle<'_> {
    fn object(&mut self, kind: Kind, id: &oid) -> Result<Cow<'_, [u8]>, Gap> {
        let found = self.objects.get(&(kind, id.to_owned()));
        found.map(|bytes| Cow::Borrowed(*bytes)).ok_or(Gap::Missing { kind, id: id.to_owned() })
    }
}

/// A bundle that is being written.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    objects: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self { bytes: MAGIC.to_vec(), objects: 0 }
    }
}

impl Writer {
    /// Adds an object.
    ///
    /// # Errors
    /// [`Gap::TooMuch`] when the bundle would be longer than the reader takes; it is unchanged then.
    pub fn add(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), Gap> {
        let too_long = Gap::TooMuch { what: "bytes of objects", most: MOST };
        let len = u32::try_from(bytes.len()).map_err(|_| too_long.clone())?;
        if self.bytes.len().saturating_add(bytes.len()).saturating_add(5) > MOST {
            return Err(too_long);
        }
        if self.objects >= MOST_OBJECTS {
            return Err(Gap::TooMuch { what: "objects", most: MOST_OBJECTS });
        }
        self.bytes.push(letter_of(kind));
        self.bytes.extend_from_slice(&len.to_be_bytes());
        self.bytes.extend_from_slice(bytes);
        self.objects = self.objects.saturating_add(1);
        Ok(())
    }

    /// The bundle as it is sent.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn kind_of(letter: u8) -> Option<Kind> {
    match letter {
        b'c' => Some(Kind::Commit),
        b't' => Some(Kind::Tree),
        b'a' => Some(Kind::Tag),
        _ => None,
    }
}

fn letter_of(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => b'c',
        Kind::Tree => b't',
        Kind::Tag => b'a',
        // No file's content is ever sent; the reader would refuse it.
        Kind::Blob => b'b',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle() -> Vec<u8> {
        let mut writer = Writer::default();
        writer.add(Kind::Tree, b"").unwrap();
        writer.add(Kind::Commit, b"not one, and nobody asks").unwrap();
        writer.into_bytes()
    }

    #[test]
    fn objects_are_found_by_the_hash_that_they_have() {
        let bytes = bundle();
        for hash in [Hash::Sha1, Hash::Sha256] {
            let mut read = Bundle::read(&bytes, hash).unwrap();
            assert_eq!(read.object(Kind::Tree, hash.empty_tree().as_ref()).unwrap().as_ref(), b"");
            let other = hash.null();
            assert_eq!(
                read.object(Kind::Tree, other.as_ref()).unwrap_err(),
                Gap::Missing { kind: Kind::Tree, id: other }
            );
        }
    }

    #[test]
    fn an_object_of_one_kind_is_not_found_as_another() {
        let bytes = bundle();
        let mut read = Bundle::read(&bytes, Hash::Sha1).unwrap();
        assert!(read.object(Kind::Commit, Hash::Sha1.empty_tree().as_ref()).is_err());
    }

    #[test]
    fn what_is_no_bundle_is_refused_as_that() {
        let whole = bundle();
        assert_eq!(Bundle::read(b"", Hash::Sha1).unwrap_err(), Gap::Nothing);
        for cut in 1..whole.len() {
            let read = Bundle::read(&whole[..cut], Hash::Sha1);
            // After the magic and after the first object it is a shorter one.
            let whole = [13, 18].contains(&cut);
            assert_eq!(read.is_ok(), whole, "{cut}");
        }
        let mut blob = MAGIC.to_vec();
        blob.extend_from_slice(b"b\0\0\0\0");
        assert_eq!(
            Bundle::read(&blob, Hash::Sha1).unwrap_err(),
            Gap::NotABundle("an object of no known kind")
        );
        assert!(matches!(Bundle::read(&vec![0; MOST + 1], Hash::Sha1).unwrap_err(), Gap::TooMuch { .. }));
    }

    #[test]
    fn more_than_fits_is_not_added() {
        let mut writer = Writer::default();
        writer.add(Kind::Tree, &vec![0; MOST / 2]).unwrap();
        let before = writer.bytes.len();
        assert!(matches!(writer.add(Kind::Tree, &vec![0; MOST / 2]).unwrap_err(), Gap::TooMuch { .. }));
        assert_eq!(writer.bytes.len(), before);
    }
}
