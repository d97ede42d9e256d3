//! The server's end of a session's key exchange (specification, "Transfer of Secrets").

use std::fmt;

use oo7::Key;

use crate::{Cipher, DH, PLAIN, PUBLIC_KEY, padded};

/// Agrees on a key with a client that gave this public key. Returns also ours, padded as it goes over the bus; none for
/// a session without encryption.
///
/// # Errors
/// [`NoAgreement`].
pub fn agree(algorithm: &str, theirs: Option<Vec<u8>>) -> Result<(Cipher, Option<Vec<u8>>), NoAgreement> {
    match algorithm {
        PLAIN => Ok((Cipher::Plain, None)),
        DH => {
            let theirs = theirs.ok_or(NoAgreement::NoKey)?;
            if theirs.is_empty() || theirs.len() > PUBLIC_KEY {
                return Err(NoAgreement::WrongLength);
            }
            let private = Key::generate_private_key().map_err(NoAgreement::Failed)?;
            let public = Key::generate_public_key(&private).map_err(NoAgreement::Failed)?;
            let agreed = Key::generate_aes_key(&private, &Key::new(theirs)).map_err(NoAgreement::Failed)?;
            Ok((Cipher::Dh(agreed), Some(padded(&public))))
        }
        other => Err(NoAgreement::Unknown(other.to_owned())),
    }
}

/// Why there is no session.
#[derive(Debug)]
pub enum NoAgreement {
    /// No such algorithm. libsecret falls back to a plain session where this is `NotSupported`.
    Unknown(String),
    /// What should be a public key is not an array of bytes.
    NoKey,
    /// The public key is empty, or longer than the group.
    WrongLength,
    /// No key could be made.
    Failed(oo7::crypto::Error),
}

impl fmt::Display for NoAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(algorithm) => write!(f, "the algorithm {algorithm} is not supported"),
            Self::NoKey => f.write_str("the public key is not an array of bytes"),
            Self::WrongLength => write!(f, "the public key is not 1 to {PUBLIC_KEY} bytes long"),
            Self::Failed(why) => write!(f, "no session key could be made: {why}"),
        }
    }
}

impl std::error::Error for NoAgreement {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_public_keys_break_nothing() {
        let secret = || {
            let mut secret = sd_sys::secret::Secret::with_capacity(1).unwrap();
            secret.push(b"x").unwrap();
            secret
        };
        for key in [vec![0u8], vec![0; 128], vec![1], vec![0xff; 128]] {
            let (cipher, _) = agree(DH, Some(key)).unwrap();
            cipher.seal(&secret()).unwrap();
        }
        for key in [Some(vec![0u8; 129]), Some(vec![]), None] {
            assert!(agree(DH, key).is_err());
        }
    }

    #[test]
    fn both_ends_arrive_at_the_same_key() {
        let private = Key::generate_private_key().unwrap();
        let public = Key::generate_public_key(&private).unwrap();
        let (cipher, ours) = agree(DH, Some(public.as_ref().to_vec())).unwrap();
        let ours = ours.unwrap();
        assert_eq!(ours.len(), PUBLIC_KEY);
        let Cipher::Dh(agreed) = cipher else { panic!("not encrypted") };
        assert_eq!(Key::generate_aes_key(&private, &Key::new(ours)).unwrap().as_ref(), agreed.as_ref());
    }
}
