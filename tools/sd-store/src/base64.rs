//! Base64 (RFC 4648, section 4), from and into locked memory: what encodes a secret into an ordinary string leaves it
//! behind there.

use sd_sys::secret::Secret;

use crate::fault::Fault;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How long so many bytes become.
pub(crate) fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// Hands the text on, four letters at a time.
pub(crate) fn encode(bytes: &[u8], mut put: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
    for group in bytes.chunks(3) {
        let at = |n: usize| u32::from(group.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let letter = |n: u32| {
            let place = usize::try_from(bits >> (18 - 6 * n) & 63).unwrap_or(0);
            LETTERS.get(place).copied().unwrap_or(b'=')
        };
        let mut four = [letter(0), letter(1), b'=', b'='];
        for (n, place) in (2..).zip(four.iter_mut().skip(2)) {
            if group.len() >= usize::try_from(n).unwrap_or(4) {
                *place = letter(n);
            }
        }
        put(&four)?;
    }
    Ok(())
}

/// The text in an ordinary string, for what is no secret.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_len(bytes.len()));
    // Cannot fail: nothing in it does.
    let _ = encode(bytes, |four| {
        text.extend(four.iter().map(|letter| char::from(*letter)));
        Ok(())
    });
    text
}

/// The bytes of a text, put into `room`, and how many they are; none when it is no such text, or they do not fit.
fn decode_into(text: &[u8], room: &mut [u8]) -> Option<usize> {
    let body = match text {
        [body @ .., b'=', b'='] | [body @ .., b'='] => body,
        body => body,
    };
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut out = room.iter_mut();
    let mut written = 0;
    for group in body.chunks(4) {
        let mut bits = 0u32;
        for letter in group {
            let value = LETTERS.iter().position(|known| known == letter)?;
            bits = bits << 6 | u32::try_from(value).ok()?;
        }
        // Two letters are one byte and four bits, three are two bytes and two bits.
        let (bytes, rest) = match group.len() {
            4 => (3, 0),
            3 => (2, 2),
            2 => (1, 4),
            _ => return None,
        };
        if bits & ((1 << rest) - 1) != 0 {
            return None;
        }
        bits >>= rest;
        for n in (0..bytes).rev() {
            *out.next()? = u8::try_from(bits >> (8 * n) & 255).ok()?;
            written += 1;
        }
    }
    Some(written)
}

/// The secret that a text stands for; none when it is no such text.
pub(crate) fn decode(text: &[u8]) -> Result<Option<Secret>, Fault> {
    Secret::fill(text.len(), |room| decode_into(text, room)).map_err(Fault::NoMemory)
}

/// As [`decode`], for what is no secret and is text.
pub(crate) fn decode_text(text: &[u8]) -> Option<String> {
    let mut room = vec![0; text.len()];
    let length = decode_into(text, &mut room)?;
    room.truncate(length);
    String::from_utf8(room).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (bytes, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(text(bytes.as_bytes()), encoded);
            assert_eq!(decode(encoded.as_bytes()).unwrap().unwrap().expose(), bytes.as_bytes());
        }
    }

    #[test]
    fn what_is_no_base64_is_none() {
        for wrong in ["Z", "Zg", "Zg=", "Zh==", "Z===", "Zg==Zg==", "Zg =", "====", "Zm9v\n"] {
            assert!(decode(wrong.as_bytes()).unwrap().is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_decodes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = text(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            let decoded = decode(text.as_bytes()).unwrap().unwrap();
            prop_assert_eq!(decoded.expose(), &bytes[..]);
        }

        #[test]
        fn whatever_decodes_breaks_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&bytes).unwrap();
        }
    }
}
