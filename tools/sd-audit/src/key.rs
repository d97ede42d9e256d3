//! The key of a line, which becomes the key of the next one and cannot be had back.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// The bytes of a key, of a MAC and of a hash.
pub(crate) const LEN: usize = 32;
/// What is hashed before a key, so that the next one is nothing that is ever written anywhere.
const STEP: &[u8] = b"secrets-dispatcher audit: the key of the next line\n";

/// Wiped when it is let go.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key([u8; LEN]);

impl Key {
    /// As it is written in a file: 64 hexadecimal digits.
    pub(crate) fn read(text: &str) -> Option<Self> {
        unhex(text.trim_end_matches('\n')).map(Self)
    }

    /// From bytes that were kept.
    pub(crate) fn from_bytes(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }

    /// To keep it.
    pub(crate) fn bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    /// The key of the next line. From that one nobody can tell this one.
    pub(crate) fn next(&self) -> Self {
        Self(Sha256::new().chain_update(STEP).chain_update(self.0).finalize().into())
    }

    /// HMAC-SHA256 with this key.
    pub(crate) fn mac(&self, bytes: &[u8]) -> [u8; LEN] {
        self.started().chain_update(bytes).finalize().into_bytes().into()
    }

    /// Whether this is the MAC of these bytes with this key, in a time that says nothing.
    pub(crate) fn has_made(&self, mac: &[u8; LEN], bytes: &[u8]) -> bool {
        self.started().chain_update(bytes).verify_slice(mac).is_ok()
    }

    fn started(&self) -> Hmac<Sha256> {
        // Of 32 bytes, which are fewer than a block: used as they are.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(self.0) {
            *to = from;
        }
        let mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
        block.zeroize();
        mac
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The hash by which a line names the one before it.
pub(crate) fn hash(line: &[u8]) -> [u8; LEN] {
    Sha256::digest(line).into()
}

/// In lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What 64 lower-case hexadecimal digits stand for.
pub(crate) fn unhex(text: &str) -> Option<[u8; LEN]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut bytes = [0; LEN];
    if pairs.len() != LEN {
        return None;
    }
    for (to, [high, low]) in bytes.iter_mut().zip(pairs) {
        *to = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c & 0xf),
        b'a'..=b'f' => Some((c & 0xf) + 9),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_that_of_the_standard() {
        // RFC 4231, test case 1, whose key is 20 bytes; padded with zeros it is the same key.
        let mut key = [0; LEN];
        key[..20].fill(0x0b);
        let mac = Key::from_bytes(key).mac(b"Hi There");
        assert_eq!(hex(&mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn a_key_steps_to_another_and_makes_other_macs() {
        let first = Key::from_bytes([1; LEN]);
        let second = first.next();
        assert_ne!(first, second);
        assert_eq!(second, first.next());
        assert!(first.has_made(&first.mac(b"x"), b"x"));
        assert!(!second.has_made(&first.mac(b"x"), b"x"));
        assert!(!first.has_made(&first.mac(b"x"), b"y"));
    }

    #[test]
    fn digits_read_back_and_what_is_none_is_none() {
        let bytes: [u8; LEN] = std::array::from_fn(|n| u8::try_from(n * 7).unwrap());
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        assert_eq!(unhex(&"A".repeat(64)), None);
        assert_eq!(unhex(&"a".repeat(63)), None);
        assert_eq!(unhex(&"a".repeat(66)), None);
        assert!(Key::read(&format!("{}\n", "0".repeat(64))).is_some());
    }
}
