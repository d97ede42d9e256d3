//! What a session is encrypted with.

use std::fmt;

use zeroize::Zeroizing;

/// The key of a session, for AES-128. Wiped when it is dropped.
pub struct Key(Zeroizing<[u8; 16]>);

impl Key {
    /// The key that this writes.
    pub(crate) fn made<E>(write: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Zeroizing::default());
        write(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// One that tests know.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_sevens() -> Self {
        Self(Zeroizing::new([7; 16]))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
