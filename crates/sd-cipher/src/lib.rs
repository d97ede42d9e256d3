//! How a secret travels over a session of the Secret Service (specification, "Transfer of Secrets"), for both of its
//! ends: `sd-agent` is one towards the applications, `sd-fetch` the other towards the backend.
//!
//! Encryption and decryption are done straight from and into locked memory: a function that returns what it has decrypted leaves the secret behind in freed memory, and one that pads
//! while it encrypts leaves the last block, which of a short secret is all of it, behind on the stack.
#![forbid(unsafe_code)]

mod exchange;
#[cfg(any(test, fuzzing))]
pub mod hostile;
mod key;
mod pair;

use std::fmt;

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use sd_sys::secret::Secret;
use sd_wire::outcome::MAX_SECRET;
use zeroize::Zeroizing;

pub use exchange::{NoAgreement, agree};
pub use key::Key;
pub use pair::Pair;

/// The algorithm without encryption.
pub const PLAIN: &str = "plain";
/// The algorithm with it.
pub const DH: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";
/// The bytes of a public key of the 1024-bit group.
pub const PUBLIC_KEY: usize = 128;
/// AES's block, which is also the length of the initialisation vector.
const BLOCK: usize = 16;

/// What a session has agreed on.
#[derive(Debug)]
pub enum Cipher {
    /// Nothing: the bus daemon sees the secrets.
    Plain,
    /// AES-128-CBC with a key by Diffie and Hellman.
    Dh(Key),
}

/// A secret as it goes over the bus: parameters and value.
pub type Sealed = (Vec<u8>, Zeroizing<Vec<u8>>);

impl Cipher {
    /// The secret as this session's other end can open it.
    ///
    /// # Errors
    /// [`Fault::NoMemory`] when the kernel gives no locked memory or no random bytes.
    pub fn seal(&self, secret: &Secret) -> Result<Sealed, Fault> {
        match self {
            Self::Plain => Ok((Vec::new(), Zeroizing::new(secret.expose().to_vec()))),
            Self::Dh(key) => {
                let mut iv = vec![0; BLOCK];
                getrandom::fill(&mut iv).map_err(|_| Fault::NoMemory)?;
                let padded = padded_secret(secret)?;
                let mut value = Zeroizing::new(vec![0; padded.len()]);
                cbc::Encryptor::<aes::Aes128>::new_from_slices(key.bytes(), &iv)
                    .map_err(|_| Fault::WrongKey)?
                    .encrypt_padded_b2b_mut::<NoPadding>(padded.expose(), &mut value)
                    .map_err(|_| Fault::WrongKey)?;
                Ok((iv, value))
            }
        }
    }

    /// The secret that this session's other end sealed.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn open(&self, parameters: &[u8], value: &[u8]) -> Result<Secret, Fault> {
        fits(value)?;
        let secret = match self {
            Self::Plain => Secret::fill(value.len(), |room| {
                room.copy_from_slice(value);
                Some(room.len())
            }),
            Self::Dh(key) => {
                if parameters.len() != BLOCK || value.is_empty() || !value.len().is_multiple_of(BLOCK) {
                    return Err(Fault::NotAsAgreed);
                }
                Secret::fill(value.len(), |room| {
                    let cipher =
                        cbc::Decryptor::<aes::Aes128>::new_from_slices(key.bytes(), parameters).ok()?;
                    Some(cipher.decrypt_padded_b2b_mut::<Pkcs7>(value, room).ok()?.len())
                })
            }
        };
        secret.map_err(|_| Fault::NoMemory)?.ok_or(Fault::WrongKey)
    }
}

/// Whether a value this long can hold a secret that is not too long, whatever the session agreed on.
///
/// # Errors
/// [`Fault::TooLong`].
pub fn fits(value: &[u8]) -> Result<(), Fault> {
    let most = usize::try_from(MAX_SECRET).unwrap_or(usize::MAX);
    if value.len() > most.saturating_add(BLOCK) { Err(Fault::TooLong) } else { Ok(()) }
}

/// The secret and its padding by PKCS #7 (RFC 5652, section 6.3), a whole number of blocks.
fn padded_secret(secret: &Secret) -> Result<Secret, Fault> {
    let bytes = secret.expose();
    let padding = BLOCK - bytes.len() % BLOCK;
    let value = u8::try_from(padding).map_err(|_| Fault::NotAsAgreed)?;
    let filled = Secret::fill(bytes.len() + padding, |room| {
        let (start, end) = room.split_at_mut_checked(bytes.len())?;
        start.copy_from_slice(bytes);
        end.fill(value);
        Some(start.len() + end.len())
    });
    filled.map_err(|_| Fault::NoMemory)?.ok_or(Fault::NoMemory)
}

/// Why a secret was not opened or sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not of the form that the session's algorithm gives.
    NotAsAgreed,
    /// It does not decrypt with the session's key.
    WrongKey,
    /// Longer than a secret may be.
    TooLong,
    /// No locked memory, or no random bytes.
    NoMemory,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsAgreed => f.write_str("the secret is not encrypted as its session agreed"),
            Self::WrongKey => f.write_str("the secret is not encrypted with its session's key"),
            Self::TooLong => write!(f, "a secret has at most {MAX_SECRET} bytes"),
            Self::NoMemory => f.write_str("the kernel gives no memory for the secret"),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: &[u8]) -> Secret {
        let mut secret = Secret::with_capacity(bytes.len()).unwrap();
        secret.push(bytes).unwrap();
        secret
    }

    fn dh() -> Cipher {
        Cipher::Dh(Key::of_sevens())
    }

    #[test]
    fn what_is_sealed_is_not_the_secret_and_opens_to_it() {
        for text in [&b"hunter2"[..], b"", &[0xff; 15], &[0xff; 16], &[0xff; 17], &[b'x'; 100_000]] {
            let (iv, value) = dh().seal(&secret(text)).unwrap();
            assert_ne!(value.as_slice(), text);
            assert_eq!(dh().open(&iv, &value).unwrap().expose(), text);
        }
    }

    #[test]
    fn oo7_opens_what_is_sealed_and_seals_what_is_opened() {
        let key = oo7::Key::new(vec![7; 16]);
        for text in [&b"hunter2"[..], b"", &[0xff; 15], &[0xff; 16], &[b'x'; 100_000]] {
            let (iv, value) = dh().seal(&secret(text)).unwrap();
            assert_eq!(oo7::crypto::decrypt(&value, &key, &iv).unwrap().as_slice(), text);
        }
        let iv = oo7::crypto::generate_iv().unwrap();
        let value = oo7::crypto::encrypt(b"hunter2", &key, &iv).unwrap();
        assert_eq!(dh().open(&iv, &value).unwrap().expose(), b"hunter2");
    }

    #[test]
    fn a_plain_session_carries_the_bytes_as_they_are() {
        let (iv, value) = Cipher::Plain.seal(&secret(b"hunter2")).unwrap();
        assert_eq!((iv.as_slice(), value.as_slice()), (&b""[..], &b"hunter2"[..]));
        assert_eq!(Cipher::Plain.open(&[], b"").unwrap().expose(), b"");
    }

    #[test]
    fn what_is_not_sealed_as_agreed_is_refused_and_not_a_crash() {
        for (iv, value) in [
            (&[0; 15][..], &[0; 16][..]),
            (&[0; 16], &[0; 15]),
            (&[0; 16], &[]),
            (&[], &[0; 16]),
            (&[0; 300], &[0; 32]),
        ] {
            assert_eq!(dh().open(iv, value).unwrap_err(), Fault::NotAsAgreed);
        }
        assert_eq!(dh().open(&[1; 16], &[9; 32]).unwrap_err(), Fault::WrongKey);
    }

    #[test]
    fn a_secret_over_the_bound_is_refused_before_it_is_copied() {
        for cipher in [dh(), Cipher::Plain] {
            assert_eq!(cipher.open(&[0; 16], &vec![0; 2 << 20]).unwrap_err(), Fault::TooLong);
        }
    }
}
