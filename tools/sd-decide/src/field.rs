//! The field in which a passphrase is typed: locked memory, wiped with each change of mind.

use std::io;

use sd_sys::secret::Secret;
use sd_wire::passphrase::MAX_PASSPHRASE;

use crate::keys::Key;

/// The field.
pub(crate) struct Field(Secret);

impl Field {
    /// An empty field.
    ///
    /// # Errors
    /// When the kernel gives no memory for it.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Secret::with_capacity(MAX_PASSPHRASE)?))
    }

    /// Whether this key is for the field.
    pub(crate) fn takes(key: Key) -> bool {
        matches!(key, Key::Char(_) | Key::Backspace | Key::ClearLine)
    }

    /// Types a key, which stands for these bytes. A passphrase that is too long is not typed any further.
    pub(crate) fn press(&mut self, key: Key, bytes: &[u8]) {
        match key {
            Key::Char(_) => drop(self.0.push(bytes)),
            Key::Backspace => {
                let text = self.0.expose();
                // The beginning of the last character (in UTF-8 a byte that does not continue one).
                let last = text.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
                self.0.truncate(last);
            }
            _ => self.wipe(),
        }
    }

    /// How many characters stand in it.
    pub(crate) fn characters(&self) -> usize {
        self.0.expose().iter().filter(|byte| **byte & 0xc0 != 0x80).count()
    }

    /// What was typed.
    pub(crate) fn passphrase(&self) -> &Secret {
        &self.0
    }

    /// Forgets it.
    pub(crate) fn wipe(&mut self) {
        self.0.truncate(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    fn typed(bytes: &[u8]) -> Field {
        let mut field = Field::new().unwrap();
        let mut rest = bytes;
        while let Some((key, used)) = keys::first(rest) {
            if Field::takes(key) {
                field.press(key, &rest[..used]);
            }
            rest = &rest[used..];
        }
        field
    }

    #[test]
    fn characters_of_any_length_are_typed_and_erased_whole() {
        let field = typed("pä€😀".as_bytes());
        assert_eq!((field.characters(), field.passphrase().expose()), (4, "pä€😀".as_bytes()));
        let field = typed("pä€😀\x7f\x7f\x7fx".as_bytes());
        assert_eq!(field.passphrase().expose(), b"px");
        assert_eq!(typed(b"\x7f\x7f").characters(), 0);
    }

    #[test]
    fn all_of_it_can_be_cleared() {
        assert_eq!(typed(b"secret\x15new").passphrase().expose(), b"new");
    }

    #[test]
    fn what_is_too_long_is_not_typed() {
        let field = typed(&[b'x'; MAX_PASSPHRASE + 5]);
        assert_eq!(field.characters(), MAX_PASSPHRASE);
    }
}
