//! What the fuzzer feeds, and a test with any compiler: the key exchange of a session, and sealed secrets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use sd_wire::outcome::MAX_SECRET;

use crate::{BLOCK, Cipher, DH, Fault, Key, PUBLIC_KEY, agree};

/// The public key of another end: as long as it may be or none, and what is agreed on carries a secret both ways.
pub fn exchange(bytes: &[u8]) {
    let wrong = bytes.is_empty() || bytes.len() > PUBLIC_KEY;
    match agree(DH, Some(bytes.to_vec())) {
        Ok((cipher, ours)) => {
            assert!(!wrong && ours.is_some());
            let (iv, value) = cipher.seal(&Cipher::Plain.open(&[], b"text").unwrap()).unwrap();
            assert_eq!(cipher.open(&iv, &value).unwrap().expose(), b"text");
        }
        Err(_) => assert!(wrong, "{bytes:?}"),
    }
    let algorithm = String::from_utf8_lossy(bytes);
    assert_eq!(agree(&algorithm, None).is_ok(), algorithm == crate::PLAIN);
}

/// A sealed secret: the first byte says how many of the next are its parameters, the rest is its value.
pub fn sealed(bytes: &[u8]) {
    let Some((many, rest)) = bytes.split_first() else { return };
    let (parameters, value) = rest.split_at(usize::from(*many % 33).min(rest.len()));
    let plain = Cipher::Plain.open(parameters, value);
    assert!(
        plain.is_ok_and(|secret| secret.expose() == value)
            || value.len() > usize::try_from(MAX_SECRET).unwrap()
    );
    match Cipher::Dh(Key::of_sevens()).open(parameters, value) {
        // Padding takes a byte at least, and a block at most.
        Ok(secret) => assert!((1..=BLOCK).contains(&(value.len() - secret.expose().len()))),
        Err(Fault::NotAsAgreed) => {
            assert!(parameters.len() != BLOCK || value.is_empty() || !value.len().is_multiple_of(BLOCK));
        }
        Err(why) => assert_eq!(why, Fault::WrongKey),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_public_key_breaks_the_exchange() {
        // Each costs a few powers of a number of 1024 bits.
        sd_twin::feed_few("exchange", super::exchange);
    }

    #[test]
    fn no_sealed_secret_breaks_what_opens_it() {
        sd_twin::feed("sealed", super::sealed);
    }
}
