//! The server's end of a session's key exchange (specification, "Transfer of Secrets").

use std::fmt;

use crate::{Cipher, DH, PLAIN, PUBLIC_KEY, Pair};

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
            let pair = Pair::new()?;
            Ok((pair.agrees(&theirs)?, Some(pair.public().to_vec())))
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
    /// The kernel gives no random bytes for a key.
    Failed,
}

impl fmt::Display for NoAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(algorithm) => write!(f, "the algorithm {algorithm} is not supported"),
            Self::NoKey => f.write_str("the public key is not an array of bytes"),
            Self::WrongLength => write!(f, "the public key is not 1 to {PUBLIC_KEY} bytes long"),
            Self::Failed => f.write_str("no session key could be made: the kernel gives no random bytes"),
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
        let client = Pair::new().unwrap();
        let (cipher, ours) = agree(DH, Some(client.public().to_vec())).unwrap();
        let (iv, value) = cipher.seal(&Cipher::Plain.open(&[], b"hunter2").unwrap()).unwrap();
        let clients = client.agrees(&ours.unwrap()).unwrap();
        assert_eq!(clients.open(&iv, &value).unwrap().expose(), b"hunter2");
    }
}
